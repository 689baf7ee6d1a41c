// A connection to SQLite and its statements; what went wrong as a Failure.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "ce/state/store.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace forces::state::sqlite {

// One thread at a time.
class Database {
 public:
  // `vfs`: "" is SQLite's own.
  [[nodiscard]] static std::expected<Database, Failure> open(const std::string& path, int flags,
                                                             const std::string& vfs);

  [[nodiscard]] std::expected<void, Failure> run(const char* sql) const;
  // The first column of the first row as text; "" without one.
  [[nodiscard]] std::expected<std::string, Failure> value(const char* sql) const;
  [[nodiscard]] Failure failure(std::string_view doing) const;  // of the last call that failed
  [[nodiscard]] sqlite3* handle() const { return handle_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

class Statement {
 public:
  Statement() = default;
  // Not longer than the database.
  [[nodiscard]] static std::expected<Statement, Failure> prepare(const Database& database,
                                                                 const char* sql);

  // Counted from 1; the octets must stay until reset().
  void bind(int index, std::string_view text);
  void bind(int index, Bytes octets);
  void bind(int index, std::int64_t number);

  [[nodiscard]] std::expected<bool, Failure> step();  // true: there is a row
  void reset();

  // Counted from 0; good until the next step() or reset().
  [[nodiscard]] Bytes octets(int column) const;
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] std::int64_t number(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

}  // namespace forces::state::sqlite
