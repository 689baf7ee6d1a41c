#include "ce/app/signaling/text.hpp"

#include <asio/ip/address_v4.hpp>
#include <charconv>
#include <limits>
#include <utility>

namespace forces::ce {

using signaling::te::LabelRanges;

namespace {

template <class T>
std::optional<T> decimal(std::string_view text, T most = std::numeric_limits<T>::max()) {
  T value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, wrong] = std::from_chars(text.data(), end, value);
  if (wrong != std::errc{} || stop != end || value > most) return std::nullopt;
  return value;
}

// What stands before and behind the last `mark`; nothing without one.
std::optional<std::pair<std::string_view, std::string_view>> cut(std::string_view text, char mark) {
  const auto at = text.rfind(mark);
  if (at == std::string_view::npos) return std::nullopt;
  return std::pair(text.substr(0, at), text.substr(at + 1));
}

// One text of a set; false: it is none, or there are too many labels.
bool insert(std::string_view text, LabelRanges& into) {
  std::optional<std::uint32_t> step = 1;
  if (const auto parts = cut(text, '/')) {
    text = parts->first;
    step = number_in(parts->second);
  }
  std::string_view first = text, last = text;
  if (const auto parts = cut(text, '-')) std::tie(first, last) = *parts;
  const auto from = number_in(first), to = number_in(last);
  if (!from || !to || *to < *from || !step || *step == 0) return false;
  if (*step == 1) {
    into.insert(*from, *to);
    return true;
  }
  if ((*to - *from) / *step >= kMostLabels) return false;
  for (std::uint64_t label = *from; label <= *to; label += *step) {
    into.insert(static_cast<signaling::Label>(label));
  }
  return into.ranges().size() <= kMostLabels;
}

}  // namespace

std::optional<std::uint32_t> number_in(std::string_view text) {
  if (!text.starts_with("0x")) return decimal<std::uint32_t>(text);
  std::uint32_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, wrong] = std::from_chars(text.data() + 2, end, value, 16);
  if (wrong != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::optional<signaling::NodeId> node_in(std::string_view text) {
  asio::error_code wrong;
  const auto address = asio::ip::make_address_v4(std::string(text), wrong);
  if (wrong || address.to_uint() == 0) return std::nullopt;
  return signaling::NodeId{address.to_uint()};
}

std::optional<signaling::LinkEnd> end_in(std::string_view text) {
  const auto parts = cut(text, ':');
  if (!parts) return std::nullopt;
  const auto node = node_in(parts->first);
  const auto interface = decimal<std::uint32_t>(parts->second);
  if (!node || !interface || *interface == 0) return std::nullopt;
  return signaling::LinkEnd{*node, *interface};
}

std::optional<signaling::FePort> port_in(std::string_view text) {
  const auto parts = cut(text, ':');
  if (!parts) return std::nullopt;
  const auto fe = decimal<std::uint32_t>(parts->first);
  const auto port = decimal<std::uint32_t>(parts->second);
  if (!fe || !port || *fe == 0 || *port == 0) return std::nullopt;
  return signaling::FePort{*fe, *port};
}

std::optional<LabelRanges> labels_in(std::span<const std::string> texts) {
  LabelRanges labels;
  for (const std::string& text : texts) {
    if (!insert(text, labels)) return std::nullopt;
  }
  return labels;
}

std::optional<signaling::te::Labels> label_list_in(std::string_view text) {
  signaling::te::Labels labels;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto label = number_in(text.substr(0, comma));
    if (!label || labels.size() == kMostLabels) return std::nullopt;
    labels.push_back(*label);
    if (comma + 1 == text.size()) return std::nullopt;  // "1,"
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return labels;
}

std::optional<signaling::ason::calls::Prefix> prefix_in(std::string_view text) {
  std::optional<unsigned> length = 32;
  if (const auto parts = cut(text, '/')) {
    text = parts->first;
    length = decimal<unsigned>(parts->second, 32);
  }
  asio::error_code wrong;
  const auto address = asio::ip::make_address_v4(std::string(text), wrong);
  if (wrong || !length) return std::nullopt;
  return signaling::ason::calls::Prefix{signaling::ason::calls::Address::v4(address.to_uint()),
                                        *length};
}

std::optional<std::chrono::sys_seconds> date_in(std::string_view text) {
  constexpr std::string_view kForm = "dddd-dd-ddTdd:dd:ddZ";
  if (text.size() != kForm.size()) return std::nullopt;
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kForm[i] == 'd' ? !digit : text[i] != kForm[i]) return std::nullopt;
  }
  const auto field = [&](std::size_t at, std::size_t size) {
    return decimal<unsigned>(text.substr(at, size)).value_or(0);
  };
  using namespace std::chrono;
  const year_month_day day{year(static_cast<int>(field(0, 4))), month(field(5, 2)),
                           std::chrono::day(field(8, 2))};
  if (!day.ok() || field(11, 2) > 23 || field(14, 2) > 59 || field(17, 2) > 59) return std::nullopt;
  return sys_days(day) + hours(field(11, 2)) + minutes(field(14, 2)) + seconds(field(17, 2));
}

}  // namespace forces::ce
