// What leaves for one neighbour: messages and acknowledgments, until they are made into packets.
// What gathers here in one step of the owner leaves in one Bundle (RFC 2961 section 3), and
// acknowledgments ride on what leaves anyhow (section 4.6).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ce/signaling/rsvp/link/guard.hpp"

namespace forces::signaling::engine {

// A message on its way: what stands behind INTEGRITY, ACKs and MESSAGE_ID is encoded already.
struct Letter {
  rsvp::MessageType type{};
  std::optional<rsvp::MessageId> id{};
  rsvp::Octets body{};
  std::uint64_t key = 0;  // to sign an Integrity Response with; 0: the one that signs now
};

// What every message of ours to this neighbour needs.
struct Writing {
  Guard& guard;
  std::uint64_t& sequence;  // the last one used
  Counters& counters;
  Instant now;
  std::uint8_t flags = 0;
  bool bundle = false;
  std::size_t limit = 1'400;  // octets of a packet
};

// One whole message. Empty: it does not fit RSVP's length, or cannot be signed.
[[nodiscard]] rsvp::Octets compose(const Letter& letter, std::span<const rsvp::MessageIdAck> acks,
                                   std::uint8_t ttl, const Writing& writing);

class Outbox {
 public:
  void push(Letter letter) { letters_.push_back(std::move(letter)); }
  void acknowledge(const rsvp::MessageIdAck& ack) { acks_.push_back(ack); }
  [[nodiscard]] bool has_letters() const { return !letters_.empty(); }
  [[nodiscard]] std::size_t acks() const { return acks_.size(); }
  void clear() {
    letters_.clear();
    acks_.clear();
  }
  // Packets for all that is here, in order.
  [[nodiscard]] std::vector<rsvp::Octets> take(const Writing& writing);

 private:
  std::vector<Letter> letters_;
  std::vector<rsvp::MessageIdAck> acks_;
};

}  // namespace forces::signaling::engine
