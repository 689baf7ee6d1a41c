#include "ce/multicast/scsp/guard.hpp"

#include <algorithm>

#include "proto/scsp/authentication.hpp"

namespace forces::multicast::sync {
namespace {

bool valid(const Key& key, Instant now) { return key.from <= now && now < key.until; }

// Takes as long for the first octet that differs as for the last.
bool equal(Bytes a, Bytes b) {
  if (a.size() != b.size()) return false;
  std::byte differs{};
  for (std::size_t i = 0; i < a.size(); ++i) differs |= a[i] ^ b[i];
  return differs == std::byte{};
}

}  // namespace

const Key* signing_key(const Security& security, Instant now) {
  const Key* best = nullptr;
  for (const Key& key : security.send) {
    if (valid(key, now) && (best == nullptr || key.from > best->from)) best = &key;
  }
  return best;
}

Result<void> sign(std::span<std::byte> packet, const Key& key, const Hmac& hmac) {
  const Bytes whole = packet;  // checksum and digest are zeros
  const auto mac = hmac ? hmac(key.secret, {&whole, 1}) : std::vector<std::byte>{};
  return scsp::seal(packet, mac);
}

Result<void> verify(const scsp::Packet& packet, const Security& security, const Hmac& hmac,
                    Instant now) {
  if (security.receive.empty()) return {};
  const auto found = scsp::authentication(packet);
  if (!found) return fail(Errc::Missing, kFieldAuthentication, 6);
  const auto at = static_cast<std::size_t>(found->mac.data() - packet.octets.data());
  const auto key = std::ranges::find_if(
      security.receive, [&](const Key& k) { return k.spi == found->spi && valid(k, now); });
  if (key == security.receive.end()) return fail(Errc::BadValue, kFieldAuthentication, at - 4);
  const auto input = scsp::digest_input(packet);
  const auto mac = hmac && input ? hmac(key->secret, *input) : std::vector<std::byte>{};
  if (mac.empty() || !equal(mac, found->mac)) {
    return fail(Errc::BadChecksum, kFieldAuthentication, at);
  }
  return {};
}

}  // namespace forces::multicast::sync
