#include "ce/state/sqlite/database.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace forces::state::sqlite {
namespace {

Reason reason_of(int extended, int system_error) {
  if (extended == SQLITE_READONLY_DBMOVED) return Reason::Moved;
  switch (extended & 0xff) {
    case SQLITE_FULL:
      return Reason::Full;
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return Reason::ReadOnly;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return Reason::InUse;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_ERROR:  // our statements are right: tables or columns are not those of the schema
      return Reason::Damaged;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      if (system_error == ENOSPC || system_error == EDQUOT) return Reason::Full;
      if (system_error == EROFS || system_error == EACCES) return Reason::ReadOnly;
      return Reason::Io;
    case SQLITE_TOOBIG:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
      return Reason::Refused;
    default:
      return Reason::Io;
  }
}

Failure failure_of(sqlite3* handle, std::string_view path, std::string_view doing) {
  const int code = sqlite3_extended_errcode(handle);
  const int system_error = sqlite3_system_errno(handle);
  std::string text(path);
  text.append(": ").append(doing).append(": ").append(sqlite3_errmsg(handle));
  if ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN) {
    text.append(" (").append(std::generic_category().message(system_error)).append(")");
  }
  return {reason_of(code, system_error), std::move(text)};
}

}  // namespace

void Database::Close::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

std::expected<Database, Failure> Database::open(const std::string& path, int flags,
                                                const std::string& vfs) {
  Database database;
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX,
                                   vfs.empty() ? nullptr : vfs.c_str());
  database.handle_.reset(handle);
  if (handle == nullptr) return std::unexpected(Failure{Reason::Io, path + ": no memory"});
  if (code != SQLITE_OK) return std::unexpected(failure_of(handle, path, "opening"));
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, 2000);  // somebody looks with the sqlite3 program
  return database;
}

Failure Database::failure(std::string_view doing) const {
  return failure_of(handle_.get(), sqlite3_db_filename(handle_.get(), "main"), doing);
}

std::expected<void, Failure> Database::run(const char* sql) const {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return std::unexpected(failure(sql));
  }
  return {};
}

std::expected<std::string, Failure> Database::value(const char* sql) const {
  auto statement = Statement::prepare(*this, sql);
  if (!statement) return std::unexpected(statement.error());
  const auto row = statement->step();
  if (!row) return std::unexpected(row.error());
  return *row ? std::string(statement->text(0)) : std::string();
}

std::expected<Statement, Failure> Statement::prepare(const Database& database, const char* sql) {
  Statement statement;
  sqlite3_stmt* made = nullptr;
  const int code =
      sqlite3_prepare_v3(database.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr);
  statement.statement_.reset(made);
  if (code != SQLITE_OK) return std::unexpected(database.failure(sql));
  return statement;
}

void Statement::bind(int index, std::string_view text) {
  sqlite3_bind_text(statement_.get(), index, text.data(), static_cast<int>(text.size()),
                    SQLITE_STATIC);
}

void Statement::bind(int index, Bytes octets) {
  if (octets.empty()) {  // a null pointer would be NULL, not no octets
    sqlite3_bind_zeroblob(statement_.get(), index, 0);
  } else {
    sqlite3_bind_blob64(statement_.get(), index, octets.data(), octets.size(), SQLITE_STATIC);
  }
}

void Statement::bind(int index, std::int64_t number) {
  sqlite3_bind_int64(statement_.get(), index, number);
}

std::expected<bool, Failure> Statement::step() {
  sqlite3_stmt* const statement = statement_.get();
  switch (sqlite3_step(statement)) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default: {
      sqlite3* const handle = sqlite3_db_handle(statement);
      return std::unexpected(
          failure_of(handle, sqlite3_db_filename(handle, "main"), sqlite3_sql(statement)));
    }
  }
}

void Statement::reset() {
  sqlite3_reset(statement_.get());  // repeats the error of step(), which was told
  sqlite3_clear_bindings(statement_.get());
}

Bytes Statement::octets(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return {static_cast<const std::byte*>(data), static_cast<std::size_t>(size)};
}

std::string_view Statement::text(int column) const {
  const auto* data = sqlite3_column_text(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (data == nullptr) return {};
  return {reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)};
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

}  // namespace forces::state::sqlite
