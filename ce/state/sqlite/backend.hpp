// Tables in one SQLite database in WAL mode. A commit of the store is one transaction.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ce/state/sqlite/database.hpp"
#include "ce/state/sqlite/file_lock.hpp"
#include "ce/state/threaded.hpp"

namespace forces::state::sqlite {

// Over a row: SQLite would not notice a bit that changed inside a value.
[[nodiscard]] std::int64_t sum_of(std::string_view table, Bytes key, Bytes value);

// A file by what it is, not by its name.
class Place {
 public:
  [[nodiscard]] static std::optional<Place> of(std::string path);
  [[nodiscard]] bool still_there() const;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  dev_t device_{};
  ino_t inode_{};
};

class SqliteBackend final : public Backend {
 public:
  // Two connections to one database, in WAL mode and with the schema of kSchemaVersion.
  [[nodiscard]] static std::expected<std::unique_ptr<SqliteBackend>, Failure> make(
      const std::string& file, Database writer, Database reader);
  void hold(FileLock lock) { lock_.emplace(std::move(lock)); }
  [[nodiscard]] sqlite3* writer() const { return writer_.handle(); }

  [[nodiscard]] std::expected<void, Failure> commit(std::span<const Batch> batches) override;
  [[nodiscard]] std::expected<void, Failure> scan(std::string_view table, Bytes from,
                                                  const Store::Visitor& visit) const override;

 private:
  SqliteBackend(Database writer, Database reader)
      : writer_(std::move(writer)), reader_(std::move(reader)) {}
  [[nodiscard]] std::expected<void, Failure> write(std::span<const Batch> batches);

  std::optional<FileLock> lock_;  // given back last
  Database writer_, reader_;      // closed in the other order: the writer empties the log
  Statement put_, remove_;
  std::vector<Place> places_;   // the database and its log
  mutable std::mutex reading_;  // of select_
  mutable Statement select_;
};

}  // namespace forces::state::sqlite
