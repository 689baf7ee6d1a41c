#include "ce/state/sqlite/open.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <optional>
#include <system_error>
#include <utility>

namespace forces::state::sqlite {
namespace {

using Done = std::expected<void, Failure>;

constexpr std::string_view kMagic{"SQLite format 3", 16};  // with its zero

// PRAGMA values are numbers in text.
int number(const std::string& text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Failure system_failure(const std::string& path, int error) {
  const Reason reason = error == EROFS || error == EACCES || error == EPERM ? Reason::ReadOnly
                        : error == ENOSPC || error == EDQUOT                ? Reason::Full
                                                                            : Reason::Io;
  return {reason, path + ": " + std::generic_category().message(error)};
}

enum class Look : std::uint8_t { New, Ours, SomeDatabase, SomethingElse };

// Before SQLite sees it, made when it is missing. Nobody in this process has it open: closing it
// here would end the locks of SQLite.
std::expected<Look, Failure> look_at(const std::string& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
  if (descriptor < 0) return std::unexpected(system_failure(file, errno));
  std::array<unsigned char, 100> header{};
  const ssize_t got = pread(descriptor, header.data(), header.size(), 0);
  const int error = errno;
  close(descriptor);
  if (got < 0) return std::unexpected(system_failure(file, error));
  if (got == 0) return Look::New;
  if (static_cast<std::size_t>(got) < header.size() ||
      std::memcmp(header.data(), kMagic.data(), kMagic.size()) != 0) {
    return Look::SomethingElse;
  }
  const int id = header[68] << 24 | header[69] << 16 | header[70] << 8 | header[71];
  return id == kApplicationId ? Look::Ours : Look::SomeDatabase;
}

Failure not_ours(const std::string& file) {
  return {Reason::NotOurs,
          file + ": is no state of ce, and is left alone; name another file, or move it away"};
}

Failure damaged(const std::string& file, std::string what) {
  return {Reason::Damaged, file + ": " + std::move(what)};
}

void sync_folder_of(const std::string& file) {
  const auto slash = file.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : file.substr(0, slash + 1);
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  (void)fsync(descriptor);  // file systems without it have nothing to sync
  close(descriptor);
}

// Before WAL mode, so that the file itself, not only its log, says whose it is.
Done create_schema(const Database& database) {
  const std::string sql =
      "BEGIN IMMEDIATE;"
      "CREATE TABLE entry (part TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, "
      "sum INTEGER NOT NULL, PRIMARY KEY (part, key)) WITHOUT ROWID;"
      "PRAGMA application_id = " +
      std::to_string(kApplicationId) +
      ";"
      "PRAGMA user_version = " +
      std::to_string(kSchemaVersion) + "; COMMIT";
  return database.run(sql.c_str());
}

Done check_schema(const Database& database, const std::string& file) {
  const auto id = database.value("PRAGMA application_id");
  if (!id) return std::unexpected(id.error());
  const auto version_text = database.value("PRAGMA user_version");
  if (!version_text) return std::unexpected(version_text.error());
  const auto tables = database.value("SELECT count(*) FROM sqlite_schema");
  if (!tables) return std::unexpected(tables.error());
  const int version = number(*version_text);
  if (number(*id) == 0 && version == 0 && *tables == "0") return create_schema(database);
  if (number(*id) != kApplicationId) return std::unexpected(not_ours(file));
  if (version > kSchemaVersion) {
    return std::unexpected(
        Failure{Reason::NewerVersion,
                file + ": has schema version " + *version_text + ", this program knows " +
                    std::to_string(kSchemaVersion) +
                    "; start the newer program that wrote it, or move it away to start without"});
  }
  // Version 1 is the first. Later ones change the schema of older files here, in one transaction.
  if (version < kSchemaVersion) {
    return std::unexpected(damaged(file, "has no schema version"));
  }
  return {};
}

Done check_content(const Database& database, const std::string& file) {
  const auto verdict = database.value("PRAGMA quick_check(1)");
  if (!verdict) return std::unexpected(verdict.error());
  if (*verdict != "ok") return std::unexpected(damaged(file, *verdict));
  auto rows = Statement::prepare(database, "SELECT part, key, value, sum FROM entry");
  if (!rows) return std::unexpected(rows.error());
  for (;;) {
    const auto row = rows->step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return {};
    const std::string_view table = rows->text(0);
    if (sum_of(table, rows->octets(1), rows->octets(2)) != rows->number(3)) {
      return std::unexpected(
          damaged(file, "a row of " + std::string(table) + " is not as it was written"));
    }
  }
}

Done set_up(const Database& database, const Options& options) {
  const auto mode = database.value("PRAGMA journal_mode = WAL");
  if (!mode) return std::unexpected(mode.error());
  if (*mode != "wal") {
    return std::unexpected(Failure{
        Reason::Io, options.file + ": this file system cannot share memory, which WAL mode needs"});
  }
  // FULL: SQLite syncs the log in each commit. A checkpoint syncs log and database in every mode
  // but OFF. Its default, 1,000 pages, makes a long commit every few hundred batches.
  auto done = database.run(options.sync == Sync::EachCommit ? "PRAGMA synchronous = FULL"
                                                            : "PRAGMA synchronous = OFF");
  if (done) done = database.run("PRAGMA wal_autocheckpoint = 4000");
  if (done) done = database.run("PRAGMA journal_size_limit = 33554432");
  return done;
}

// Takes the lock along only when all is well.
std::expected<std::unique_ptr<Backend>, Failure> try_open(const Options& options, FileLock& lock) {
  auto writer = Database::open(options.file, SQLITE_OPEN_READWRITE, options.vfs);
  if (!writer) return std::unexpected(writer.error());
  if (sqlite3_db_readonly(writer->handle(), "main") != 0) {
    return std::unexpected(Failure{Reason::ReadOnly, options.file + ": may not be written to"});
  }
  // Until it is known to be good nothing of it changes, also when it is closed again.
  (void)sqlite3_db_config(writer->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  // Damage is found where it is read, not where it leads; and nothing of a file is trusted as code.
  auto done = writer->run("PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF");
  if (done) done = check_schema(*writer, options.file);
  if (done) done = check_content(*writer, options.file);
  if (done) done = set_up(*writer, options);
  if (!done) return std::unexpected(done.error());
  auto reader = Database::open(options.file, SQLITE_OPEN_READONLY, options.vfs);
  if (!reader) return std::unexpected(reader.error());
  auto made = SqliteBackend::make(options.file, std::move(*writer), std::move(*reader));
  if (!made) return std::unexpected(made.error());
  (void)sqlite3_db_config((*made)->writer(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
  sync_folder_of(options.file);
  lock.mark();
  (*made)->hold(std::move(lock));
  return std::move(*made);
}

// With its log, under the name of the moment. Its new name.
std::expected<std::string, Failure> move_aside(const std::string& file) {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 32> stamp{};
  (void)std::strftime(stamp.data(), stamp.size(), "%Y%m%dT%H%M%SZ", &utc);
  const std::string first = file + ".damaged-" + stamp.data();
  std::string to = first;
  for (int n = 2; access(to.c_str(), F_OK) == 0; ++n) to = first + "-" + std::to_string(n);
  // The file first: without it SQLite does not use the log, but it would use the file without the
  // log.
  for (const char* part : {"", "-wal", "-journal"}) {
    if (rename((file + part).c_str(), (to + part).c_str()) != 0 && errno != ENOENT) {
      return std::unexpected(system_failure(file + part + ": is damaged, moving it aside", errno));
    }
  }
  (void)unlink((file + "-shm").c_str());  // an index of the log, made anew by who opens it
  sync_folder_of(file);
  return to;
}

}  // namespace

std::expected<Opened, Failure> open(const Options& options) {
  auto lock = FileLock::take(options.file, false);
  if (!lock) return std::unexpected(lock.error());
  const auto look = look_at(options.file);
  if (!look) return std::unexpected(look.error());
  const bool known = *look == Look::Ours || (*lock && (*lock)->marked());
  if (*look == Look::SomethingElse && !known) return std::unexpected(not_ours(options.file));
  if (!*lock) {
    lock = FileLock::take(options.file, true);
    if (!lock) return std::unexpected(lock.error());
  }
  auto backend = try_open(options, **lock);
  if (backend) return Opened{std::move(*backend), {}, {}};
  if (backend.error().reason != Reason::Damaged) return std::unexpected(backend.error());
  if (!known) return std::unexpected(not_ours(options.file));
  auto kept = move_aside(options.file);
  if (!kept) return std::unexpected(kept.error());
  const std::string damage = backend.error().text;
  if (const auto made = look_at(options.file); !made) return std::unexpected(made.error());
  backend = try_open(options, **lock);
  if (!backend) return std::unexpected(backend.error());
  return Opened{std::move(*backend), std::move(*kept), damage};
}

}  // namespace forces::state::sqlite
