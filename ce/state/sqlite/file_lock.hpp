// One process at a time: a lock on a file beside the database, FILE-lock. It also remembers that a
// state of ours was at FILE before, so that whatever is found there damaged is known to be ours.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <utility>

#include "ce/state/store.hpp"

namespace forces::state::sqlite {

class FileLock {
 public:
  // Nothing: there is no such file, and it was not to be made.
  [[nodiscard]] static std::expected<std::optional<FileLock>, Failure> take(
      const std::string& database, bool create);
  FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~FileLock();

  [[nodiscard]] bool marked() const;
  void mark() const;  // a state of ours was opened here

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace forces::state::sqlite
