#include "ce/ctl/decode/capture.hpp"

#include <arpa/inet.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <pcap/pcap.h>

#include <array>
#include <memory>
#include <optional>

namespace forces::decode {
namespace {

using wire::ByteReader;
using wire::Bytes;

constexpr std::uint16_t kEtherIpv4 = 0x0800;
constexpr std::uint16_t kEtherIpv6 = 0x86dd;
constexpr std::uint16_t kEtherVlan = 0x8100;
constexpr std::uint16_t kEtherQinQ = 0x88a8;
constexpr std::uint8_t kTcp = 6;

// The IP packet inside a frame of the link, or nothing.
Bytes ip_of_ethernet(ByteReader r) {
  r.take(12, "ethernet");
  std::uint16_t type = r.u16("ethernet");
  while (type == kEtherVlan || type == kEtherQinQ) {
    r.u16("vlan");
    type = r.u16("vlan");
  }
  return type == kEtherIpv4 || type == kEtherIpv6 ? r.rest() : Bytes{};
}

Bytes ip_of_linux_sll(ByteReader r) {
  r.take(14, "sll");
  r.u16("sll");
  return r.rest();
}

Bytes ip_of_linux_sll2(ByteReader r) {
  r.take(20, "sll2");
  return r.rest();
}

Bytes ip_of_bsd_loopback(ByteReader r) {
  r.take(4, "loopback");
  return r.rest();
}

Bytes ip_of_raw(ByteReader r) { return r.rest(); }

using Unwrap = Bytes (*)(ByteReader);

Unwrap find_unwrap(int link_type) {
  switch (link_type) {
    case DLT_EN10MB:
      return &ip_of_ethernet;
    case DLT_LINUX_SLL:
      return &ip_of_linux_sll;
    case DLT_LINUX_SLL2:
      return &ip_of_linux_sll2;
    case DLT_NULL:
    case DLT_LOOP:
      return &ip_of_bsd_loopback;
    case DLT_RAW:
    case DLT_IPV4:
    case DLT_IPV6:
      return &ip_of_raw;
    default:
      return nullptr;
  }
}

struct IpPacket {
  std::string source, destination;
  Bytes payload;
};

std::string address_text(int family, Bytes address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, address.data(), text.data(), text.size());
  return family == AF_INET6 ? fmt::format("[{}]", text.data()) : text.data();
}

// RFC 791. The total length, not the frame's, ends the packet: short frames are padded.
std::optional<IpPacket> read_ipv4(Bytes octets) {
  ByteReader r(octets);
  const std::size_t header = (r.u8("ip") & 0x0fu) * std::size_t{4};
  r.u8("ip");
  const std::size_t total = r.u16("ip");
  r.u16("ip");
  const unsigned fragment = r.u16("ip");
  r.u8("ip");
  const unsigned protocol = r.u8("ip");
  r.u16("ip");
  const Bytes source = r.take(4, "ip");
  const Bytes destination = r.take(4, "ip");
  if (!r.ok() || header < 20 || total < header || octets.size() < header) return std::nullopt;
  if (protocol != kTcp || (fragment & 0x3fff) != 0) return std::nullopt;
  return IpPacket{address_text(AF_INET, source), address_text(AF_INET, destination),
                  octets.first(std::min(total, octets.size())).subspan(header)};
}

// RFC 8200, with the extension headers that may stand before TCP.
std::optional<IpPacket> read_ipv6(Bytes octets) {
  constexpr std::uint8_t kHopByHop = 0, kRouting = 43, kDestination = 60;
  ByteReader r(octets);
  r.u32("ip6");
  const std::size_t length = r.u16("ip6");
  std::uint8_t next = r.u8("ip6");
  r.u8("ip6");
  const Bytes source = r.take(16, "ip6");
  const Bytes destination = r.take(16, "ip6");
  if (!r.ok()) return std::nullopt;
  ByteReader payload = r.sub(std::min(length, r.remaining()), "ip6");
  while (next == kHopByHop || next == kRouting || next == kDestination) {
    next = payload.u8("ip6");
    payload.take(payload.u8("ip6") * std::size_t{8} + 6, "ip6");
    if (!payload.ok()) return std::nullopt;
  }
  if (next != kTcp) return std::nullopt;
  return IpPacket{address_text(AF_INET6, source), address_text(AF_INET6, destination),
                  payload.rest()};
}

std::optional<Segment> read_segment(Bytes ip) {
  if (ip.empty()) return std::nullopt;
  const auto version = std::to_integer<unsigned>(ip[0] >> 4);
  const auto packet = version == 4 ? read_ipv4(ip) : version == 6 ? read_ipv6(ip) : std::nullopt;
  if (!packet) return std::nullopt;
  ByteReader r(packet->payload);  // RFC 9293 section 3.1
  Segment segment;
  segment.source_port = r.u16("tcp");
  segment.destination_port = r.u16("tcp");
  segment.sequence = r.u32("tcp");
  r.u32("tcp");
  const std::size_t header = (r.u8("tcp") >> 4) * std::size_t{4};
  segment.syn = (r.u8("tcp") & 0x02u) != 0;
  if (!r.ok() || header < 20 || header > packet->payload.size()) return std::nullopt;
  segment.source = fmt::format("{}:{}", packet->source, segment.source_port);
  segment.destination = fmt::format("{}:{}", packet->destination, segment.destination_port);
  segment.payload = packet->payload.subspan(header);
  return segment;
}

}  // namespace

std::string read_capture(const std::string& path,
                         const std::function<void(const Segment&)>& on_segment) {
  std::array<char, PCAP_ERRBUF_SIZE> error{};
  const std::unique_ptr<pcap_t, decltype(&pcap_close)> capture(
      pcap_open_offline(path.c_str(), error.data()), &pcap_close);
  if (!capture) return error.data();
  const Unwrap unwrap = find_unwrap(pcap_datalink(capture.get()));
  if (unwrap == nullptr) {
    return fmt::format("{}: link type {} is not supported", path, pcap_datalink(capture.get()));
  }
  pcap_pkthdr* header = nullptr;
  const unsigned char* octets = nullptr;
  int status = 0;
  while ((status = pcap_next_ex(capture.get(), &header, &octets)) == 1) {
    const Bytes frame = std::as_bytes(std::span(octets, header->caplen));
    auto segment = read_segment(unwrap(ByteReader(frame)));
    if (!segment) continue;
    segment->time = fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(header->ts.tv_sec),
                                header->ts.tv_usec);
    on_segment(*segment);
  }
  return status == PCAP_ERROR ? fmt::format("{}: {}", path, pcap_geterr(capture.get())) : "";
}

}  // namespace forces::decode
