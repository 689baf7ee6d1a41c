#include "fe/dataplane/ports/gate.hpp"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "fe/dataplane/ports/request.hpp"

namespace forces::fe::dataplane {
namespace {

constexpr std::array<unsigned char, 2> kFamilies{AF_INET, AF_INET6};
constexpr int kMostRules = 100'000;  // a bound, should the kernel never say that there are no more

class Rule {
 public:
  Rule(std::uint16_t type, std::uint16_t flags, unsigned char family, std::uint8_t protocol) {
    nlmsghdr header{};
    header.nlmsg_type = type;
    header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    fib_rule_hdr rule{};
    rule.family = family;
    rule.action = FR_ACT_BLACKHOLE;
    put(&header, sizeof header);
    put(&rule, sizeof rule);
    attribute(FRA_PRIORITY, &kGatePriority, sizeof kGatePriority);
    attribute(FRA_PROTOCOL, &protocol, sizeof protocol);
  }
  Rule& at(const std::string& device) {
    attribute(FRA_IIFNAME, device.c_str(), device.size() + 1);
    return *this;
  }
  [[nodiscard]] std::error_code ask() {
    const auto length = static_cast<std::uint32_t>(size_);
    std::memcpy(octets_.data(), &length, sizeof length);
    return ask_kernel(std::span(octets_).first(size_));
  }

 private:
  void put(const void* from, std::size_t size) {
    std::memcpy(octets_.data() + size_, from, size);
    size_ += (size + NLMSG_ALIGNTO - 1) & ~std::size_t{NLMSG_ALIGNTO - 1};
  }
  void attribute(std::uint16_t type, const void* value, std::size_t size) {
    const rtattr head{static_cast<unsigned short>(sizeof(rtattr) + size), type};
    put(&head, sizeof head);
    put(value, size);
  }

  alignas(nlmsghdr) std::array<std::byte, 128> octets_{};
  std::size_t size_ = 0;
};

// A kernel without IPv6 forwards none.
bool is_absent(const std::error_code& error) {
  return error == std::errc::address_family_not_supported ||
         error == std::errc::operation_not_supported;
}

}  // namespace

std::error_code shut_gate(const std::vector<std::string>& devices, std::uint8_t protocol) {
  std::error_code failed;
  for (const unsigned char family : kFamilies) {
    for (const std::string& device : devices) {
      const auto error =
          Rule(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, family, protocol).at(device).ask();
      if (error && error != std::errc::file_exists && !is_absent(error)) failed = error;
    }
  }
  return failed;
}

std::error_code open_gate(std::uint8_t protocol) {
  std::error_code failed;
  for (const unsigned char family : kFamilies) {
    std::error_code error;
    for (int i = 0; !error && i < kMostRules; ++i) {
      error = Rule(RTM_DELRULE, 0, family, protocol).ask();  // the first of ours
    }
    if (error != std::errc::no_such_file_or_directory && !is_absent(error)) failed = error;
  }
  return failed;
}

}  // namespace forces::fe::dataplane
