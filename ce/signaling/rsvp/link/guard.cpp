#include "ce/signaling/rsvp/link/guard.hpp"

#include <algorithm>
#include <array>

#include "proto/rsvp/integrity.hpp"

namespace forces::signaling::engine {
namespace {

using rsvp::MessageType;

constexpr std::size_t kDigestAt = rsvp::kHeaderSize + rsvp::kObjectHeader + 16;
constexpr Duration kFirstWait = std::chrono::seconds(1), kLongestWait = std::chrono::seconds(32);
constexpr std::size_t kLargestWindow = 64;

constexpr std::size_t size_of(Digest digest) { return digest == Digest::HmacMd5 ? 16 : 20; }

// Section 3: sequence numbers go round.
bool later(std::uint64_t a, std::uint64_t b) { return static_cast<std::int64_t>(a - b) > 0; }

}  // namespace

void Guard::configure(const Security& security, bool ask_first, Instant now) {
  security_ = security;
  security_.window = std::clamp<std::size_t>(security_.window, 1, kLargestWindow);
  std::erase_if(windows_, [this](const auto& entry) { return find(entry.first) == nullptr; });
  for (const Key& key : security_.keys) {
    Window& window = windows_[key.id];
    if (!ask_first || !security_.handshake || window.known) continue;
    if (window.asked && window.last == Instant::min()) window.asked = false;  // at another time now
    if (!window.asked) ask(window, std::max(now, key.accept_from));
  }
}

const Key* Guard::find(std::uint64_t id) const {
  const auto key = std::ranges::find(security_.keys, id, &Key::id);
  return key == security_.keys.end() ? nullptr : &*key;
}

const Key* Guard::signing(Instant now) const {
  const Key* best = nullptr;
  for (const Key& key : security_.keys) {
    if (key.send_from > now || key.send_until <= now) continue;
    if (best == nullptr || key.send_from > best->send_from) best = &key;
  }
  if (best != nullptr) return best;
  // Never without authentication: the one that ended last, before any the one that begins first.
  for (const Key& key : security_.keys) {
    if (best == nullptr) {
      best = &key;
      continue;
    }
    const bool over = key.send_until <= now, best_over = best->send_until <= now;
    const bool better = over != best_over ? over
                        : over            ? key.send_until > best->send_until
                                          : key.send_from < best->send_from;
    if (better) best = &key;
  }
  return best;
}

bool Guard::expired(Instant now) const {
  const Key* const key = signing(now);
  return key != nullptr && key->send_until <= now;
}

const Key* Guard::acceptable(std::uint64_t id, Instant now) const {
  const Key* const key = find(id);
  if (key == nullptr || key->accept_from > now) return nullptr;
  if (now < key->accept_until) return key;
  const bool last = std::ranges::none_of(security_.keys, [&](const Key& other) {
    return other.accept_from <= now && other.accept_until > key->accept_until;
  });
  return last ? key : nullptr;
}

rsvp::Integrity Guard::blank(const Key& key, std::uint64_t sequence) {
  return {.flags = rsvp::Integrity::kHandshake,
          .key_id = key.id,
          .sequence = sequence,
          .digest = rsvp::Octets(size_of(key.digest))};
}

bool Guard::seal(rsvp::Octets& message, const Key& key) const {
  const std::size_t size = size_of(key.digest);
  if (!hmac_ || message.size() < kDigestAt + size) return false;
  const rsvp::IntegrityView integrity{.digest = wire::Bytes(message).subspan(kDigestAt, size),
                                      .digest_at = kDigestAt};
  const auto digest = hmac_(key.digest, key.secret, integrity.digested(message));
  if (digest.size() != size) return false;
  std::ranges::copy(digest, std::span(message).subspan(kDigestAt).begin());
  rsvp::put_checksum(message);
  return true;
}

std::optional<Drop> Guard::check(const rsvp::MessageView& view, Instant now) {
  const auto found = rsvp::find_integrity(view);
  if (!found || !*found) return Drop::NoIntegrity;
  const rsvp::IntegrityView& integrity = **found;
  const Key* const key = acceptable(integrity.key_id, now);
  if (key == nullptr || !hmac_) return Drop::UnknownKey;
  const auto digest = hmac_(key->digest, key->secret, integrity.digested(view.octets()));
  if (digest.empty() || !rsvp::same_digest(digest, integrity.digest)) return Drop::BadDigest;
  Window& window = windows_[key->id];
  if (view.header().type == MessageType::IntegrityResponse) {
    if (!answers(view, key->id, window)) return Drop::Replayed;
    window.start(integrity.sequence);
    return std::nullopt;
  }
  if (window.known) {
    if (window.take(integrity.sequence, security_.window)) return std::nullopt;
    return Drop::Replayed;
  }
  if (security_.handshake) {
    const bool willing = (integrity.flags & rsvp::Integrity::kHandshake) != 0;
    if (willing) ask(window, now);
    if (willing || !security_.accept_without_handshake) return Drop::AwaitingHandshake;
  }
  window.start(integrity.sequence);
  return std::nullopt;
}

bool Guard::answers(const rsvp::MessageView& view, std::uint64_t key, const Window& window) const {
  const auto object = view.find(rsvp::Class::Challenge);
  if (!object || !window.asked || window.last == Instant::min()) return false;
  const auto challenge = rsvp::decode_as<rsvp::Challenge>(*object);
  return challenge && challenge->key_id == key && challenge->cookie == window.cookie;
}

void Guard::Window::start(std::uint64_t sequence) {
  known = true;
  asked = false;
  seen.assign(1, sequence);
}

bool Guard::Window::take(std::uint64_t sequence, std::size_t size) {
  auto at = seen.end();
  while (at != seen.begin() && later(*(at - 1), sequence)) --at;
  // Below all that is remembered, or among them.
  if (at == seen.begin() || *(at - 1) == sequence) return false;
  seen.insert(at, sequence);
  if (seen.size() > size) seen.erase(seen.begin());
  return true;
}

void Guard::ask(Window& window, Instant when) {
  if (!window.asked) {
    window.asked = true;
    window.wait = kFirstWait;
    window.next = when;
  }
  // It is there, so it is worth asking soon again; but not for each of its messages.
  if (window.last != Instant::min()) {
    window.next = std::min(window.next, std::max(when, window.last + kFirstWait));
  }
}

std::optional<Instant> Guard::next_challenge() const {
  std::optional<Instant> next;
  for (const auto& [id, window] : windows_) {
    if (window.asked && (!next || window.next < *next)) next = window.next;
  }
  return next;
}

std::vector<rsvp::Challenge> Guard::take_challenges(Instant now) {
  std::vector<rsvp::Challenge> due;
  for (auto& [id, window] : windows_) {
    if (!window.asked || window.next > now) continue;
    window.cookie = cookie();
    window.last = now;
    window.next = now + window.wait;
    window.wait = std::min(window.wait * 2, kLongestWait);
    due.push_back({.key_id = id, .cookie = window.cookie});
  }
  return due;
}

// Section 4.3: of a local secret.
std::uint64_t Guard::cookie() {
  std::array<std::byte, 16> octets{};
  wire::store_be<8>(octets.data(), secret_);
  wire::store_be<8>(octets.data() + 8, ++cookies_);
  const wire::Bytes bytes(octets);
  const std::array parts{bytes.last(8)};
  const auto digest = hmac_ ? hmac_(Digest::HmacSha1, bytes.first(8), parts) : rsvp::Octets{};
  return digest.size() >= 8 ? wire::load_be<8>(digest.data()) : secret_ ^ cookies_;
}

}  // namespace forces::signaling::engine
