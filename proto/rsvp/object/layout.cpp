#include "proto/rsvp/object/layout.hpp"

#include <algorithm>

namespace forces::rsvp {

Address Reading::address(bool v6, std::string_view f) {
  if (!v6) return Address::v4(r_.u32(f));
  std::array<std::byte, 16> octets{};
  std::ranges::copy(r_.take(octets.size(), f), octets.begin());
  return Address::v6(octets);
}

void Reading::words(Words& v, std::string_view f) {
  const std::size_t at = r_.offset();
  const wire::Bytes octets = r_.rest();
  if (octets.size() % 4 != 0) r_.fail(Errc::BadLength, f, at);
  if (octets.empty()) r_.fail(Errc::Missing, f, at);
  if (!r_.ok()) return;
  v.resize(octets.size() / 4);
  for (std::size_t i = 0; i < v.size(); ++i) {
    v[i] = static_cast<std::uint32_t>(wire::load_be<4>(octets.data() + 4 * i));
  }
}

void Reading::text(std::string& v, std::size_t n, std::string_view f) {
  const wire::Bytes octets = r_.take(n, f);
  v.assign(reinterpret_cast<const char*>(octets.data()), octets.size());
}

}  // namespace forces::rsvp
