// In place of libtml: what is written is kept, what is watched is remembered. For unit tests of the
// classes that hand packets to tmlWrite; link this or tml_core, not both.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "tml/tml.h"

namespace forces::test {

struct FakeTml {
  struct Written {
    std::uint64_t channel;
    std::vector<std::byte> message;
  };
  std::vector<Written> written;
  tml_status status = TML_SUCCESS;  // of every write
  std::map<int, std::pair<tmlx_ready_handler, void*>> watched;

  // As libtml's I/O thread does when the descriptor is readable.
  void ready(int fd) const {
    const auto& [handler, user] = watched.at(fd);
    handler(user, fd);
  }
};

inline FakeTml& fake_tml() {
  static FakeTml fake;
  return fake;
}

inline tmlx_context* fake_context() {
  static int anything = 0;
  return reinterpret_cast<tmlx_context*>(&anything);
}

}  // namespace forces::test

// Each test program includes this header in one source only.
extern "C" {
tml_status tmlWrite(tml_descriptor channel, const void* message, size_t size, int, size_t*) {
  auto& fake = forces::test::fake_tml();
  if (fake.status != TML_SUCCESS) return fake.status;
  const auto* octets = static_cast<const std::byte*>(message);
  fake.written.push_back({channel.value, {octets, octets + size}});
  return TML_SUCCESS;
}
tml_status tmlx_watch(tmlx_context*, int fd, tmlx_ready_handler ready, void* user) {
  auto& watched = forces::test::fake_tml().watched;
  if (ready == nullptr) {
    watched.erase(fd);
  } else {
    watched[fd] = {ready, user};
  }
  return TML_SUCCESS;
}
}
