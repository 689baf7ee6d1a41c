// What the kernel counts of IP packets: of the whole namespace, for it counts no route apart.
// Text of /proc/net/{snmp,netstat,snmp6} in, numbers out; IpCounts reads the files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace forces::fe::dataplane {

struct IpStatistics {  // as IPv4UcastLPMStats has them (RFC 6956 section 5.3.1.2)
  std::uint64_t received = 0, forwarded = 0, no_route = 0;
  friend bool operator==(const IpStatistics&, const IpStatistics&) = default;
};

// Lines in pairs, "Ip: Forwarding ..." and "Ip: 1 ...".
[[nodiscard]] std::optional<std::uint64_t> column(std::string_view text, std::string_view protocol,
                                                  std::string_view name);
// Lines of a name and a number.
[[nodiscard]] std::optional<std::uint64_t> line(std::string_view text, std::string_view name);

[[nodiscard]] std::optional<IpStatistics> ipv4_statistics(std::string_view snmp,
                                                          std::string_view netstat);
[[nodiscard]] std::optional<IpStatistics> ipv6_statistics(std::string_view snmp6);

[[nodiscard]] std::string read_proc(const std::string& path);  // empty when it cannot be read

// Of one family, in the network namespace of the calling thread.
class IpCounts {
 public:
  explicit IpCounts(bool ipv4) : ipv4_(ipv4) {}
  [[nodiscard]] std::optional<IpStatistics> since_reset() const;
  void reset();

 private:
  [[nodiscard]] std::optional<IpStatistics> now() const;
  bool ipv4_;
  IpStatistics base_{};
};

}  // namespace forces::fe::dataplane
