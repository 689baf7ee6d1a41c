#include "ce/state/sqlite/backend.hpp"

#include <sqlite3.h>
#include <sys/stat.h>

#include <memory>
#include <utility>

namespace forces::state::sqlite {

std::int64_t sum_of(std::string_view table, Bytes key, Bytes value) {
  std::uint64_t sum = 0xcbf29ce484222325;  // FNV-1a: each step is a bijection, so no single change
  const auto add = [&](std::uint8_t octet) { sum = (sum ^ octet) * 0x100000001b3; };  // is missed
  for (const char c : table) add(static_cast<std::uint8_t>(c));
  add(0);
  for (std::size_t left = key.size(); left != 0; left >>= 8U) add(static_cast<std::uint8_t>(left));
  for (const std::byte b : key) add(std::to_integer<std::uint8_t>(b));
  for (const std::byte b : value) add(std::to_integer<std::uint8_t>(b));
  return static_cast<std::int64_t>(sum);
}

std::optional<Place> Place::of(std::string path) {
  struct stat found{};
  if (stat(path.c_str(), &found) != 0) return std::nullopt;
  Place place;
  place.path_ = std::move(path);
  place.device_ = found.st_dev;
  place.inode_ = found.st_ino;
  return place;
}

bool Place::still_there() const {
  const auto now = of(path_);
  return now && now->device_ == device_ && now->inode_ == inode_;
}

std::expected<std::unique_ptr<SqliteBackend>, Failure> SqliteBackend::make(const std::string& file,
                                                                           Database writer,
                                                                           Database reader) {
  std::unique_ptr<SqliteBackend> made(new SqliteBackend(std::move(writer), std::move(reader)));
  const auto prepare = [](Statement& to, const Database& in, const char* sql) {
    auto prepared = Statement::prepare(in, sql);
    if (prepared) to = std::move(*prepared);
    return prepared ? std::expected<void, Failure>() : std::unexpected(prepared.error());
  };
  auto done =
      prepare(made->put_, made->writer_,
              "INSERT OR REPLACE INTO entry (part, key, value, sum) VALUES (?1, ?2, ?3, ?4)");
  if (done) {
    done = prepare(made->remove_, made->writer_, "DELETE FROM entry WHERE part = ?1 AND key = ?2");
  }
  if (done) {
    done = prepare(made->select_, made->reader_,
                   "SELECT key, value, sum FROM entry WHERE part = ?1 AND key >= ?2 ORDER BY key");
  }
  if (!done) return std::unexpected(done.error());
  for (const char* part : {"", "-wal"}) {
    auto place = Place::of(file + part);
    if (!place) return std::unexpected(Failure{Reason::Moved, file + part + ": is not there"});
    made->places_.push_back(std::move(*place));
  }
  return made;
}

std::expected<void, Failure> SqliteBackend::commit(std::span<const Batch> batches) {
  // SQLite would go on writing into a file without a name, and the next start would not find it.
  for (const auto& place : places_) {
    if (!place.still_there()) {
      return std::unexpected(Failure{
          Reason::Moved, place.path() + ": was moved or deleted while in use; move it back, or end "
                                        "this process in good order and start again without it"});
    }
  }
  auto done = writer_.run("BEGIN IMMEDIATE");
  if (done) done = write(batches);
  if (done) done = writer_.run("COMMIT");
  // Some failures have rolled back by themselves.
  if (!done && sqlite3_get_autocommit(writer_.handle()) == 0) (void)writer_.run("ROLLBACK");
  return done;
}

std::expected<void, Failure> SqliteBackend::write(std::span<const Batch> batches) {
  for (const auto& batch : batches) {
    for (const auto& change : batch) {
      Statement& statement = change.value ? put_ : remove_;
      statement.bind(1, std::string_view(change.table));
      statement.bind(2, Bytes(change.key));
      if (change.value) {
        statement.bind(3, Bytes(*change.value));
        statement.bind(4, sum_of(change.table, change.key, *change.value));
      }
      const auto stepped = statement.step();
      statement.reset();
      if (!stepped) return std::unexpected(stepped.error());
    }
  }
  return {};
}

std::expected<void, Failure> SqliteBackend::scan(std::string_view table, Bytes from,
                                                 const Store::Visitor& visit) const {
  const std::lock_guard lock(reading_);
  select_.bind(1, table);
  select_.bind(2, from);
  std::expected<void, Failure> done;
  for (;;) {
    const auto row = select_.step();
    if (!row) done = std::unexpected(row.error());
    if (!row || !*row) break;
    const Bytes key = select_.octets(0), value = select_.octets(1);
    if (sum_of(table, key, value) != select_.number(2)) {
      done = std::unexpected(Failure{Reason::Damaged, places_.front().path() + ": a row of " +
                                                          std::string(table) +
                                                          " is not as it was written"});
      break;
    }
    if (!visit(key, value)) break;
  }
  select_.reset();
  return done;
}

}  // namespace forces::state::sqlite
