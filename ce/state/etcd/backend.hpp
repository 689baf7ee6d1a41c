// Tables in etcd, for a group of `ce` that share one state: the master writes, the others wait.
//
// Keys below PREFIX = /forces/GROUP/:
//   PREFIXschema   the schema version
//   PREFIXmaster   the master's name; lives as long as its lease
//   PREFIXseq      LEASE:N after the N-th commit of a master
//   PREFIXt/TABLE\0KEY
//
// Every commit is one transaction of etcd under two conditions: `master` is still the key that this
// life created, and `seq` is as its last commit left it. The first fences: who lost mastership
// writes nothing, whatever the clocks say. The second makes a commit whose answer was lost be
// carried out once, however late the first request arrives.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "ce/state/etcd/client.hpp"
#include "ce/state/etcd/lease.hpp"
#include "ce/state/threaded.hpp"

namespace forces::state::etcd {

inline constexpr int kSchemaVersion = 1;

// Of "http://HOST:PORT"; false for every https.
[[nodiscard]] bool is_loopback(std::string_view endpoint);

struct Options {
  ClientOptions client;
  std::string group;  // of the `ce` that share this state
  std::string name;   // ours, for the operators of the others
  std::chrono::seconds lease{10};
  std::size_t most_changes = 120;       // etcd: --max-txn-ops, default 128; we add one
  std::size_t most_octets = 1'000'000;  // etcd: --max-request-bytes, default 1.5 MiB; base64: 4/3
  Lease::Hooks lease_hooks{};
};

// A failure InUse: another is master, and the text says who; try again later. `holder` gets its
// name alone.
[[nodiscard]] std::expected<std::unique_ptr<Backend>, Failure> open(const Options& options,
                                                                    std::string* holder = nullptr);

}  // namespace forces::state::etcd
