#include "fe/forwarding/topology.hpp"

namespace forces::fe::forwarding {
namespace {
constexpr lfb::Target kRedirectIn{14, 1}, kRedirectOut{15, 1};
}  // namespace

// Names of ports as RFC 6956 section 5 has them. Index 0 is IPv4, 1 IPv6, 2 what is for the CE. Of
// SuccessOut the index is LFBOutputSelectIndex: 0 leads to the port that L3PortID names, so to
// each.
std::vector<lfb::LfbLink> topology_of(const std::vector<std::uint32_t>& ports) {
  std::vector<lfb::LfbLink> links;
  for (const std::uint32_t port : ports) {
    const lfb::Target phy = ether_phy_cop(port);
    links.push_back({phy, "EtherPHYOut", 0, kIpv4Lpm, "PktIn", 0});
    links.push_back({phy, "EtherPHYOut", 1, kIpv6Lpm, "PktIn", 0});
    links.push_back({phy, "EtherPHYOut", 2, kRedirectOut, "PktIn", 0});
  }
  links.push_back({kIpv4Lpm, "NormalOut", 0, kIpv4NextHop, "PktIn", 0});
  links.push_back({kIpv6Lpm, "NormalOut", 0, kIpv6NextHop, "PktIn", 0});
  links.push_back({kIpv4Lpm, "ECMPOut", 0, kEcmpHops, "PktIn", 0});
  links.push_back({kIpv6Lpm, "ECMPOut", 0, kEcmpHops, "PktIn", 1});
  links.push_back({kEcmpHops, "PktOut", 0, kIpv4NextHop, "PktIn", 0});
  links.push_back({kEcmpHops, "PktOut", 1, kIpv6NextHop, "PktIn", 0});
  for (const std::uint32_t port : ports) {
    const lfb::Target phy = ether_phy_cop(port);
    links.push_back({kIpv4NextHop, "SuccessOut", 0, phy, "EtherPHYIn", 0});
    links.push_back({kIpv6NextHop, "SuccessOut", 0, phy, "EtherPHYIn", 0});
    links.push_back({kRedirectIn, "PktOut", 0, phy, "EtherPHYIn", 0});
  }
  return links;
}

void add_instances(lfb::Engine& engine, const std::vector<std::uint32_t>& ports) {
  lfb::Store& store = engine.store();
  for (const std::uint32_t port : ports) store.add(lfb::kEtherPhyCopClass, port);
  store.add(lfb::kIpv4UcastLpmClass, kIpv4Lpm.instance_id);
  store.add(lfb::kIpv6UcastLpmClass, kIpv6Lpm.instance_id);
  store.add(lfb::kIpv4NextHopClass, kIpv4NextHop.instance_id);
  store.add(lfb::kIpv6NextHopClass, kIpv6NextHop.instance_id);
  store.add(lfb::kEcmpHopsClass, kEcmpHops.instance_id);
  std::uint32_t row = 0;
  for (const lfb::LfbLink& link : topology_of(ports)) {
    wire::ByteWriter w;
    write_lfb_link(link, w);
    (void)engine.put_row(lfb::kFeObject, lfb::fe_object::kTopology, row++, w.written(), Instant{});
  }
}

}  // namespace forces::fe::forwarding
