// [multicast] of a ce: the MARS of its FEs, and the server group that it is in.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ce/multicast/service/service.hpp"
#include "common/runtime/config.hpp"
#include "tml/daemon/settings.hpp"

namespace forces::ce {

struct MulticastNeighborSettings {
  std::uint32_t id = 0;  // of its ce
  std::string address;
  std::uint16_t port = 6720;
};

struct ScspSettings {
  std::string address;        // to listen at; "": that of [tml]
  std::uint16_t port = 6720;  // 0: any free one
  std::uint16_t server_group = 0;
  Duration hello = std::chrono::seconds(3);
  std::uint16_t dead_factor = 3;
  std::uint16_t hop_count = 64;
  Duration redial = std::chrono::seconds(1), redial_most = std::chrono::seconds(30);
};

struct MulticastSettings {
  bool enabled = false;
  std::vector<std::string> protocols{"ipv4", "ipv6"};
  std::uint16_t cmi_first = 1, cmi_last = 1024;
  std::string file = "/var/lib/forces-ce/multicast";  // SCSP's sequence numbers
  std::uint32_t ranges_of_a_client = 4096;
  mars::server::Times times{};
  ScspSettings scsp{};
  std::vector<MulticastNeighborSettings> neighbors{};
};

// `id` is the ce's own, `address` that of [tml]; `common` was visited before.
void visit(runtime::ConfigVisitor& v, MulticastSettings& s, std::uint32_t id,
           const std::string& address, const daemon::CommonSettings& common);

[[nodiscard]] multicast::ServiceConfig multicast_config(const MulticastSettings& s,
                                                        std::uint32_t id,
                                                        const std::string& address,
                                                        const daemon::CommonSettings& common);

}  // namespace forces::ce
