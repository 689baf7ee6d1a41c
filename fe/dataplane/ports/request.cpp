#include "fe/dataplane/ports/request.hpp"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "fe/dataplane/ports/socket.hpp"

namespace forces::fe::dataplane {
namespace {
std::error_code last_error() { return {errno, std::system_category()}; }
}  // namespace

std::error_code ask_kernel(std::span<const std::byte> message) {
  const Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket.valid()) return last_error();
  if (::send(socket.get(), message.data(), message.size(), 0) < 0) return last_error();
  // The kernel has worked off the request by now: the answer is there, or was lost.
  alignas(nlmsghdr) std::array<std::byte, 4096> answer{};
  const ssize_t got = ::recv(socket.get(), answer.data(), answer.size(), MSG_DONTWAIT);
  if (got < 0) return last_error();
  nlmsghdr header{};
  nlmsgerr error{};
  if (static_cast<std::size_t>(got) < sizeof header + sizeof error) {
    return std::make_error_code(std::errc::bad_message);
  }
  std::memcpy(&header, answer.data(), sizeof header);
  std::memcpy(&error, answer.data() + sizeof header, sizeof error);
  if (header.nlmsg_type != NLMSG_ERROR) return std::make_error_code(std::errc::bad_message);
  return {-error.error, std::system_category()};
}

}  // namespace forces::fe::dataplane
