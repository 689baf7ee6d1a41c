#include "ce/app/keys.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <span>

#include "ce/app/signaling/text.hpp"
#include "common/runtime/timer.hpp"

namespace forces::ce {

void visit(runtime::ConfigVisitor& v, KeyTimes& times) {
  const auto date = [&](std::string_view name, std::string& text) {
    v.text(name, text);
    v.check(text.empty() || date_in(text).has_value(), name,
            "is no date in UTC, such as \"2026-12-31T23:59:59Z\"");
  };
  // Dates of this form are in the order of their texts.
  const auto ends = [&](std::string_view name, std::string_view begins, const std::string& from,
                        std::string& until) {
    date(name, until);
    v.check(from.empty() || until.empty() || from < until, name,
            fmt::format("must be later than {}", begins));
  };
  date("send_from", times.send_from);
  ends("send_until", "send_from", times.send_from, times.send_until);
  date("accept_from", times.accept_from);
  ends("accept_until", "accept_from", times.accept_from, times.accept_until);
}

std::expected<std::vector<std::byte>, std::string> read_secret(std::string_view key,
                                                               const std::string& file) {
  const auto refuse = [&](std::string_view why) {
    return std::unexpected(fmt::format("{}: {} {}", key, file, why));
  };
  struct stat about{};
  if (::stat(file.c_str(), &about) != 0) return refuse(std::strerror(errno));
  if (!S_ISREG(about.st_mode)) return refuse("is no file");
  if ((about.st_mode & 07) != 0) return refuse("can be read by everybody; chmod o= it");
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) return refuse("cannot be read");
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.empty() || text.size() > 1024) return refuse("has no secret of 1 to 1,024 octets");
  const auto octets = std::as_bytes(std::span(text));
  return std::vector<std::byte>(octets.begin(), octets.end());
}

Instant instant_of(const std::string& text, Instant otherwise) {
  using namespace std::chrono;
  constexpr seconds kFar = hours(24) * 365 * 100;  // an Instant cannot tell of the year 9999
  const auto date = date_in(text);
  if (!date) return otherwise;
  const seconds away = *date - floor<seconds>(system_clock::now());
  if (away > kFar) return Instant::max();
  if (away < -kFar) return Instant::min();
  return runtime::now() + away;
}

}  // namespace forces::ce
