// As little of a MARS as a client can live with: it registers, copies joins and leaves back as
// RFC 2022 sections 6.1 and 6.2 have it (to who sent it, or to all by the control VC), and keeps
// who is in what. It knows no failures, no servers beside it, no holes.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "proto/mars/message.hpp"
#include "proto/wire/snap.hpp"

namespace forces::test {

// As it is on a VC.
inline mars::Octets sdu_of(wire::Bytes message) {
  wire::ByteWriter w;
  w.bytes(wire::snap_header(wire::SnapPid::MarsControl));
  w.bytes(message);
  return std::move(w).finish().value();
}

class MarsStub {
 public:
  struct Reply {
    bool control = false;  // by CCVC or SCVC
    mars::Octets octets;
  };
  explicit MarsStub(const mars::AtmAddress& own, std::uint16_t first_cmi = 100)
      : own_(own), next_cmi_(first_cmi) {}

  std::vector<Reply> on_message(wire::Bytes octets) {
    const auto decoded = mars::decode_message(octets);
    if (!decoded) return {};
    mars::Message m = *decoded;
    heard.push_back(m);
    if (silent) return {};
    const bool servers =
        m.operation == mars::Operation::Mserv || m.operation == mars::Operation::Unserv;
    const bool enters =
        m.operation == mars::Operation::Join || m.operation == mars::Operation::Mserv;
    if (!servers && !enters && m.operation != mars::Operation::Leave) return {};
    const Party who{m.protocol, m.source};
    m.flags = m.flags.with_copy(true);
    if (m.flags.registers()) {
      if (enters) {
        m.cmi = registered.try_emplace(who, next_cmi_).first->second;
        if (m.cmi == next_cmi_) ++next_cmi_;
      } else {
        registered.erase(who);
        std::erase_if(in, [&](const auto& one) { return one.first == who; });
      }
      m.msn = sequence;
      return reply(false, m);
    }
    if (!registered.contains(who)) return {};
    for (const mars::GroupRange& range : m.ranges) {
      if (enters) {
        in[who].insert(range);
      } else {
        in[who].erase(range);
      }
    }
    m.msn = ++sequence;
    return reply(true, m);
  }
  std::vector<Reply> redirect_map(const mars::ProtocolType& protocol,
                                  std::vector<mars::AtmAddress> targets, bool hard) {
    mars::Message m{
        .operation = mars::Operation::RedirectMap, .protocol = protocol, .source = own_};
    m.msn = sequence;
    m.hard = hard;
    m.targets = std::move(targets);
    return reply(true, m);
  }
  // How many are in it, of any protocol.
  [[nodiscard]] std::size_t members(const mars::GroupRange& range) const {
    std::size_t count = 0;
    for (const auto& [who, ranges] : in) count += ranges.count(range);
    return count;
  }
  [[nodiscard]] std::size_t count(mars::Operation operation) const {
    std::size_t n = 0;
    for (const auto& m : heard) n += m.operation == operation ? 1U : 0U;
    return n;
  }

  using Party = std::pair<mars::ProtocolType, mars::AtmAddress>;
  bool silent = false;
  std::uint32_t sequence = 7;  // CSN and SSN
  std::vector<mars::Message> heard;
  std::map<Party, std::uint16_t> registered;
  std::map<Party, std::set<mars::GroupRange>> in;

 private:
  static std::vector<Reply> reply(bool control, const mars::Message& m) {
    auto octets = mars::encode_message(m);
    if (!octets) return {};
    return {Reply{control, std::move(*octets)}};
  }

  mars::AtmAddress own_;
  std::uint16_t next_cmi_;
};

}  // namespace forces::test
