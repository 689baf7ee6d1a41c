#include "fe/dataplane/ip_statistics.hpp"

#include <fstream>
#include <iterator>

#include "common/core/number.hpp"

namespace forces::fe::dataplane {
namespace {

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

std::string_view take_word(std::string_view& line) {
  const std::size_t begin = line.find_first_not_of(" \t");
  line.remove_prefix(begin == std::string_view::npos ? line.size() : begin);
  const std::size_t end = line.find_first_of(" \t");
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(word.size());
  return word;
}

}  // namespace

std::optional<std::uint64_t> column(std::string_view text, std::string_view protocol,
                                    std::string_view name) {
  while (!text.empty()) {
    std::string_view names = take_line(text);
    if (take_word(names) != protocol) continue;
    std::string_view values = take_line(text);
    if (take_word(values) != protocol) return std::nullopt;
    while (!names.empty()) {
      const std::string_view value_name = take_word(names), value = take_word(values);
      if (value_name == name) return whole_number<std::uint64_t>(value);
    }
    return std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> line(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    std::string_view one = take_line(text);
    if (take_word(one) == name) return whole_number<std::uint64_t>(take_word(one));
  }
  return std::nullopt;
}

std::optional<IpStatistics> ipv4_statistics(std::string_view snmp, std::string_view netstat) {
  const auto received = column(snmp, "Ip:", "InReceives");
  const auto forwarded = column(snmp, "Ip:", "ForwDatagrams");
  const auto no_route = column(netstat, "IpExt:", "InNoRoutes");
  if (!received || !forwarded || !no_route) return std::nullopt;
  return IpStatistics{*received, *forwarded, *no_route};
}

std::optional<IpStatistics> ipv6_statistics(std::string_view snmp6) {
  const auto received = line(snmp6, "Ip6InReceives");
  const auto forwarded = line(snmp6, "Ip6OutForwDatagrams");
  const auto no_route = line(snmp6, "Ip6InNoRoutes");
  if (!received || !forwarded || !no_route) return std::nullopt;
  return IpStatistics{*received, *forwarded, *no_route};
}

std::string read_proc(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::optional<IpStatistics> IpCounts::now() const {
  const std::string net = "/proc/thread-self/net/";
  return ipv4_ ? ipv4_statistics(read_proc(net + "snmp"), read_proc(net + "netstat"))
               : ipv6_statistics(read_proc(net + "snmp6"));
}

std::optional<IpStatistics> IpCounts::since_reset() const {
  auto counts = now();
  if (!counts) return std::nullopt;
  counts->received -= base_.received;
  counts->forwarded -= base_.forwarded;
  counts->no_route -= base_.no_route;
  return counts;
}

void IpCounts::reset() {
  if (const auto counts = now()) base_ = *counts;
}

}  // namespace forces::fe::dataplane
