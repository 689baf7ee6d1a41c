// Octets choose rows, and packets and frames of any content: what is not dropped is an IP packet to
// a group, whole and within the octets that came; copies go only where a row says so; a frame that
// we made is a packet again at a peer, and dropped at ourselves.
#include <algorithm>
#include <map>
#include <span>

#include "fe/dataplane/multicast/endpoints.hpp"
#include "tests/fuzz/events.hpp"

namespace {

using namespace forces::fe::dataplane::multicast;
using forces::fuzz::require;

struct Octets {
  std::span<const std::uint8_t> rest;
  std::uint8_t next() {
    if (rest.empty()) return 0;
    const std::uint8_t out = rest.front();
    rest = rest.subspan(1);
    return out;
  }
  Bytes take(std::size_t n) {
    const auto out = rest.first(std::min(n, rest.size()));
    rest = rest.subspan(out.size());
    return std::as_bytes(out);
  }
};

Address group(std::uint8_t seed) {
  Address out{seed % 2 == 0 ? Family::Ipv4 : Family::Ipv6, {}};
  out.octets[0] = seed % 2 == 0 ? 239 : 0xff;
  out.octets[1] = 0x1e;
  out.octets[out.size() - 1] = static_cast<std::uint8_t>(seed / 2 % 4);
  return out;
}

class Subject {
 public:
  Subject() {
    for (const Family family : {Family::Ipv4, Family::Ipv6}) {
      us_.set_cmi(family, 7);
      other_.set_cmi(family, 9);
    }
    other_.set_peer(0, kUs);
    us_.set_peer(0, kPeer);
  }
  void row(std::uint8_t what, std::uint8_t index, std::uint8_t seed, std::uint8_t to) {
    const Address one = group(seed);
    CopyRow row{one, one, {1U + to % 4, 5000}};
    const bool there = what % 3 != 0;
    auto& rows = rows_[what % 2 == 0][one.family == Family::Ipv4];
    for (const auto& [at, other] : rows) {
      if (at != index && other == row) return;  // content is a key of the table
    }
    if (there) {
      rows[index] = row;
    } else {
      rows.erase(index);
    }
    const auto given = there ? std::optional(row) : std::nullopt;
    what % 2 == 0 ? us_.set_served(one.family, index, given)
                  : us_.set_copy(one.family, index, given);
  }
  void packet(Bytes packet) {
    const Verdict verdict = us_.on_packet(packet);
    require(verdict.deliver.empty());
    if (verdict.drop) return require(verdict.copies.empty());
    require(verdict.header != nullptr);
    check(verdict, packet, false);
    std::vector<std::byte> frame(verdict.header->begin(), verdict.header->end());
    frame.insert(frame.end(), packet.begin(), packet.end());
    const Verdict back = us_.on_frame(kPeer, false, frame);
    require(back.drop == Drop::Own || back.drop == Drop::NotForwarded);
    const Verdict there = other_.on_frame(kUs, false, frame);
    require(there.drop == Drop::NotForwarded || std::ranges::equal(there.deliver, packet));
  }
  void frame(bool peer, bool at_server, Bytes octets) {
    const Verdict verdict = us_.on_frame(peer ? kPeer : kStranger, at_server, octets);
    require(peer || verdict.drop == Drop::NotAPeer);
    require(verdict.header == nullptr);
    if (verdict.drop) return require(verdict.copies.empty() && verdict.deliver.empty());
    if (at_server) {
      require(verdict.deliver.empty());
      // What stands behind a header of either type that has no long form.
      const std::size_t header = octets[7] == std::byte{1} ? kFrameHeader : kFrameHeader + 8;
      return check(verdict, octets.subspan(header), true);
    }
    require(verdict.copies.empty());
    require(verdict.deliver.data() >= octets.data() &&
            verdict.deliver.data() + verdict.deliver.size() == octets.data() + octets.size());
    const auto to = family_of(verdict.deliver);
    require(group_of(to, verdict.deliver).has_value());
    require(is_forwarded(*group_of(to, verdict.deliver)));
  }

 private:
  static Family family_of(Bytes packet) {
    return std::to_integer<unsigned>(packet[0]) >> 4 == 6 ? Family::Ipv6 : Family::Ipv4;
  }
  void check(const Verdict& verdict, Bytes packet, bool served) {
    const Family family = family_of(packet);
    const auto to = group_of(family, packet);
    require(to.has_value() && !verdict.copies.empty());
    for (const Endpoint& e : verdict.copies) {
      require(std::ranges::any_of(rows_[served][family == Family::Ipv4], [&](const auto& row) {
        return row.second == CopyRow{*to, *to, e};
      }));
      require(std::ranges::count(verdict.copies, e) == 1);
    }
  }

  static constexpr Endpoint kUs{1, 1}, kPeer{2, 2}, kStranger{3, 3};
  Endpoints us_, other_;
  std::array<std::array<std::map<std::uint32_t, CopyRow>, 2>, 2> rows_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The whole as a frame and as a packet, so that vectors are of use.
  Subject subject;
  const Bytes whole = std::as_bytes(std::span(data, size));
  for (const bool at_server : {false, true}) subject.frame(true, at_server, whole);
  subject.packet(whole);
  Octets octets{{data, size}};
  while (!octets.rest.empty()) {
    const std::uint8_t what = octets.next();
    if (what % 4 < 2) {
      const std::uint8_t index = octets.next() % 8, seed = octets.next();
      subject.row(static_cast<std::uint8_t>(what / 4), index, seed, octets.next());
      continue;
    }
    std::vector<std::byte> out;
    if (what % 8 >= 4) {  // behind a good header
      const bool six = what % 16 >= 8;
      const Bytes head =
          std::as_bytes(std::span(six ? "\xaa\xaa\x03\x00\x00\x5e\x00\x01\x00\x09\x86\xdd"
                                      : "\xaa\xaa\x03\x00\x00\x5e\x00\x01\x00\x09\x08\x00",
                                  kFrameHeader));
      out.assign(head.begin(), head.end());
    }
    const std::size_t length = octets.next();
    const Bytes more = octets.take(length);
    if (what % 4 == 2) {
      subject.packet(more);
    } else {
      out.insert(out.end(), more.begin(), more.end());
      subject.frame(what < 224, what % 32 >= 16, out);
    }
  }
  return 0;
}
