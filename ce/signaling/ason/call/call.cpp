#include "ce/signaling/ason/call/call.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace forces::signaling::ason::calls {

using rsvp::UniSubobject;

std::string_view to_string(CallState state) {
  static constexpr std::array<std::string_view, 7> kNames{
      "null",         "setup-sent",       "setup-received", "active",
      "release-sent", "release-received", "recovering"};
  return kNames[std::to_underlying(state)];
}

std::string_view to_string(Realisation realisation) {
  static constexpr std::array<std::string_view, 3> kNames{"contiguous", "stitched", "nested"};
  return kNames[std::to_underlying(realisation)];
}

std::optional<std::uint8_t> Carried::service_level() const {
  const UniSubobject* const level = uni ? uni->find(UniSubobject::kServiceLevel) : nullptr;
  return level != nullptr ? level->service_level() : std::nullopt;
}

std::optional<Address> Carried::tna(std::uint8_t type) const {
  const UniSubobject* const tna = uni ? uni->find(type) : nullptr;
  return tna != nullptr ? tna->tna() : std::nullopt;
}

namespace {

// In the order of the types, as RFC 3476 has them; a list that came may have another.
void put(std::optional<rsvp::GeneralizedUni>& uni, UniSubobject subobject) {
  auto& list = uni ? uni->subobjects : uni.emplace().subobjects;
  const auto same = std::ranges::find(list, subobject.type, &UniSubobject::type);
  if (same != list.end()) {
    *same = std::move(subobject);
    return;
  }
  const auto behind =
      std::ranges::find_if(list, [&](const UniSubobject& s) { return s.type > subobject.type; });
  list.insert(behind, std::move(subobject));
}

}  // namespace

void Carried::set_service_level(std::uint8_t level) {
  put(uni, UniSubobject::service_level(level));
}

void Carried::set_tna(std::uint8_t type, const Address& tna) {
  put(uni, UniSubobject::tna(type, tna));
}

CallState Call::state() const {
  if (local()) return CallState::Active;
  // Whoever waits for us comes before whom we wait for.
  static constexpr std::array kOrder{CallState::ReleaseReceived, CallState::ReleaseSent,
                                     CallState::SetupReceived,   CallState::SetupSent,
                                     CallState::Recovering,      CallState::Active};
  for (const CallState state : kOrder) {
    for (const auto* leg : {&up, &down}) {
      if (*leg && (*leg)->state == state) return state;
    }
  }
  return CallState::Null;
}

std::string to_text(const Address& address) {
  const auto octets = address.octets();
  char text[64];
  if (!address.is_v6()) {
    const std::uint32_t v = address.v4();
    std::snprintf(text, sizeof text, "%u.%u.%u.%u", v >> 24, v >> 16 & 255, v >> 8 & 255, v & 255);
    return text;
  }
  std::string out;
  for (std::size_t i = 0; i < octets.size(); i += 2) {
    std::snprintf(
        text, sizeof text, "%s%x", i == 0 ? "" : ":",
        std::to_integer<unsigned>(octets[i]) << 8 | std::to_integer<unsigned>(octets[i + 1]));
    out += text;
  }
  return out;
}

}  // namespace forces::signaling::ason::calls
