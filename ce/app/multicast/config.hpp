// [multicast] of a ce: the MARS of its FEs, and the server group that it is in.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "ce/app/keys.hpp"
#include "ce/multicast/service/service.hpp"
#include "common/runtime/config.hpp"
#include "tml/daemon/settings.hpp"

namespace forces::ce {

struct MulticastNeighborSettings {
  std::uint32_t id = 0;  // of its ce
  std::string address;
  std::uint16_t port = 6720;
};

// RFC 2334 section B.3.1, entered by hand: the same spi and secret at both ends. The table is by
// <SPI, DCS ID>: keys of different neighbors may have one SPI.
struct ScspKeySettings : KeyTimes {
  std::uint32_t spi = 0;
  std::string secret_file;
  std::vector<std::string> neighbors;  // IDs; none: of all
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
  std::uint32_t ranges_of_a_client = 65'536;
  mars::server::Times times{};
  ScspSettings scsp{};
  std::vector<MulticastNeighborSettings> neighbors{};
  std::vector<ScspKeySettings> keys{};
};

// `id` is the ce's own, `address` that of [tml]; `common` was visited before.
void visit(runtime::ConfigVisitor& v, MulticastSettings& s, std::uint32_t id,
           const std::string& address, const daemon::CommonSettings& common);

// Reads the secrets of all keys; the error names key and file.
[[nodiscard]] std::expected<multicast::ServiceConfig, std::string> multicast_config(
    const MulticastSettings& s, std::uint32_t id, const std::string& address,
    const daemon::CommonSettings& common);
// The same for keys that changed: every neighbor with those that it has now.
[[nodiscard]] std::expected<std::vector<multicast::sync::NeighborConfig>, std::string>
multicast_neighbors(const MulticastSettings& s);

}  // namespace forces::ce
