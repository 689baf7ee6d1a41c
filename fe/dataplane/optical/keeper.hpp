// Cross-connects in their file: what changed is appended and on the disk before anybody is told;
// when most of the file is history it is written anew beside and renamed. One process has it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "fe/dataplane/optical/record.hpp"
#include "fe/dataplane/ports/socket.hpp"

namespace forces::fe::dataplane::optical {

struct KeeperCounters {
  std::uint64_t batches = 0, rewrites = 0, failures = 0, octets = 0;  // octets: of the file now
};

class Keeper {
 public:
  Keeper(std::string path, bool sync) : path_(std::move(path)), sync_(sync) {}

  struct Opened {
    std::string failure{};  // not empty: there is no file to keep anything in; nothing was touched
    std::string note{};     // what the operator should know of what was found
    std::map<std::uint32_t, CrossConnect> rows{};
  };
  [[nodiscard]] Opened open();
  [[nodiscard]] bool is_open() const { return file_.valid(); }

  void set(std::uint32_t index, const CrossConnect& row);
  void erase(std::uint32_t index);
  [[nodiscard]] bool dirty() const { return pending_.size() > 0 || broken_; }

  // What there is: all rows, for a file that is written anew.
  using EachRow =
      std::function<void(const std::function<void(std::uint32_t, const CrossConnect&)>&)>;
  // What has changed, to the disk. Not empty: why it is not there; it is tried again with the next
  // commit, and until then what is in the file is what was before.
  [[nodiscard]] std::string commit(std::size_t rows, const EachRow& each);
  [[nodiscard]] bool broken() const { return broken_; }

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const KeeperCounters& counters() const { return counters_; }

 private:
  [[nodiscard]] std::string append();
  [[nodiscard]] std::string rewrite(const EachRow& each);

  std::string path_;
  bool sync_;
  Fd lock_, file_;
  wire::ByteWriter pending_;  // entries
  std::size_t pending_entries_ = 0;
  std::size_t entries_ = 0;  // in the file
  bool broken_ = false;      // the file is behind, and may end in the middle of a batch
  KeeperCounters counters_;
};

}  // namespace forces::fe::dataplane::optical
