#include "fe/multicast/service/config.hpp"

#include <arpa/inet.h>

#include <algorithm>

namespace forces::fe::multicast {

std::optional<Address> address_from(std::string_view text) {
  const Family family = text.find(':') == std::string_view::npos ? Family::Ipv4 : Family::Ipv6;
  Address out = Address::zero(family);
  const int number = family == Family::Ipv4 ? AF_INET : AF_INET6;
  if (::inet_pton(number, std::string(text).c_str(), out.octets.data()) != 1) return std::nullopt;
  return out;
}

std::optional<StaticGroup> static_group_from(std::string_view text) {
  std::optional<StaticGroup> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    const auto address = address_from(word);
    if (!address || (out && address->family != out->group.family)) return std::nullopt;
    if (out) {
      out->sources.push_back(*address);
    } else {
      out.emplace().group = *address;
    }
  }
  return out;
}

std::string text_of(const Address& address) {
  char text[INET6_ADDRSTRLEN];
  const int number = address.family == Family::Ipv4 ? AF_INET : AF_INET6;
  const char* const done = ::inet_ntop(number, address.octets.data(), text, sizeof text);
  return done != nullptr ? done : "";
}

std::string text_of(const StaticGroup& group) {
  std::string out = text_of(group.group);
  for (const Address& source : group.sources) out.append(" ").append(text_of(source));
  return out;
}

std::string_view to_string(Family family) { return family == Family::Ipv4 ? "ipv4" : "ipv6"; }

LinkConfig link_of(const MulticastConfig& config, const MulticastPort& port, Family family) {
  LinkConfig link{.port = port.port_id,
                  .address = Address::zero(family),
                  .version = port.version == 2 ? igmp::Version::V2 : igmp::Version::V3,
                  .querier = port.querier,
                  .router = port.router,
                  .timing = config.timing,
                  .most_groups = port.most_groups,
                  .most_sources = port.most_sources};
  std::ranges::copy_if(port.static_groups, std::back_inserter(link.static_groups),
                       [&](const StaticGroup& one) { return one.group.family == family; });
  return link;
}

std::string problem_of(const MulticastConfig& config, const MulticastPort& port) {
  for (const Family family : config.families) {
    LinkConfig link = link_of(config, port, family);
    if (family == Family::Ipv6) {  // that of the interface, which is not known yet
      link.address.octets[0] = std::byte{0xfe};
      link.address.octets[1] = std::byte{0x80};
    }
    if (std::string problem = problem_of(link); !problem.empty()) return problem;
  }
  for (const StaticGroup& one : port.static_groups) {
    const bool spoken =
        std::ranges::find(config.families, one.group.family) != config.families.end();
    if (!spoken) return "a static group is of a family that is not among `families`";
  }
  return {};
}

}  // namespace forces::fe::multicast
