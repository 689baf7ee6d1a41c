// RFC 2747 for one neighbour: keys and their lifetimes, the window of sequence numbers, the
// handshake that fetches the first of them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "ce/signaling/rsvp/snapshot.hpp"
#include "proto/rsvp/message.hpp"

namespace forces::signaling::engine {

class Guard {
 public:
  // `hmac` outlives this. `secret` makes cookies that nobody can guess.
  Guard(const Hmac& hmac, std::uint64_t secret) : hmac_(hmac), secret_(secret) {}

  // Keys that stay keep their windows. With `ask`, keys that come into use are asked about before
  // the first message with them arrives, so that a change of keys loses none.
  void configure(const Security& security, bool ask, Instant now);
  [[nodiscard]] bool secured() const { return !security_.keys.empty(); }

  // --- sending ---
  // Section 5.1; null only where there are no keys. When all are over, the last one goes on
  // (section 5.3), and expired() says so.
  [[nodiscard]] const Key* signing(Instant now) const;
  [[nodiscard]] const Key* find(std::uint64_t id) const;
  [[nodiscard]] bool expired(Instant now) const;
  // What stands in a message until seal() has its digest.
  [[nodiscard]] static rsvp::Integrity blank(const Key& key, std::uint64_t sequence);
  // The message begins with blank() and has no checksum yet. False: there is no digest.
  [[nodiscard]] bool seal(rsvp::Octets& message, const Key& key) const;

  // --- receiving ---
  // Why it must not be believed. An Integrity Response is taken here and says nothing else.
  [[nodiscard]] std::optional<Drop> check(const rsvp::MessageView& view, Instant now);

  // --- challenges that are due, until they are answered ---
  [[nodiscard]] std::optional<Instant> next_challenge() const;
  [[nodiscard]] std::vector<rsvp::Challenge> take_challenges(Instant now);

 private:
  struct Window {
    bool known = false;
    bool asked = false;  // a challenge is out, or due
    std::uint64_t cookie = 0;
    Instant next{}, last = Instant::min();
    Duration wait{};
    std::vector<std::uint64_t> seen{};  // the largest last

    void start(std::uint64_t sequence);
    [[nodiscard]] bool take(std::uint64_t sequence, std::size_t size);
  };
  [[nodiscard]] const Key* acceptable(std::uint64_t id, Instant now) const;
  [[nodiscard]] bool answers(const rsvp::MessageView& view, std::uint64_t key,
                             const Window& window) const;
  static void ask(Window& window, Instant when);
  [[nodiscard]] std::uint64_t cookie();

  const Hmac& hmac_;
  std::uint64_t secret_, cookies_ = 0;
  Security security_;
  std::map<std::uint64_t, Window> windows_;  // by key
};

}  // namespace forces::signaling::engine
