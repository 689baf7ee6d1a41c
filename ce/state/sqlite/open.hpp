// From a file name to a database that can be trusted: made when new, refused when it is not ours or
// from a newer version, moved aside when damaged.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "ce/state/sqlite/backend.hpp"

namespace forces::state::sqlite {

inline constexpr int kApplicationId = 0x466f4345;  // "FoCE", at octet 68 of the file
inline constexpr int kSchemaVersion = 1;

enum class Sync : std::uint8_t {
  EachCommit,  // the log is synced before a batch is durable: it survives a loss of power
  Never,       // it survives the process, not the machine: for laboratories and benches
};

struct Options {
  std::string file;
  Sync sync = Sync::EachCommit;
  std::string vfs;  // tests put one between SQLite and the system
};

struct Opened {
  std::unique_ptr<Backend> backend;
  std::string kept_as;  // the file was damaged and has this name now; the state is empty
  std::string damage;   // what was the matter with it
};

[[nodiscard]] std::expected<Opened, Failure> open(const Options& options);

}  // namespace forces::state::sqlite
