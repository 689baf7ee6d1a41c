// The store a configuration asks for.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "ce/state/sqlite/open.hpp"
#include "ce/state/store.hpp"
#include "ce/state/threaded.hpp"

namespace forces::state {

struct StoreConfig {
  std::string file;
  // Said out loud: nothing survives the process. Only then may `file` be empty, and it must be.
  bool in_memory = false;
  sqlite::Sync sync = sqlite::Sync::EachCommit;
};

// A failure is for standard error or the log, and the end of the start. What was found damaged and
// moved aside is an error line of `options.log`, and Snapshot::kept_as: the state begins empty.
[[nodiscard]] std::expected<std::unique_ptr<Store>, Failure> open_store(const StoreConfig& config,
                                                                        ThreadedOptions options);

}  // namespace forces::state
