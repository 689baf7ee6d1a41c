#include "ce/redirect/tun.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "common/core/number.hpp"

namespace forces::ce {
namespace {

std::string system_error(std::string_view what, const std::string& device) {
  const int error = errno;
  auto text = std::string(what) + " on " + device + ": " + std::strerror(error);
  if (error == EACCES || error == EPERM) {
    text +=
        "; it takes CAP_NET_ADMIN and /dev/net/tun: restart the ce, which makes its devices before "
        "it gives up privileges, or keep net_admin in [process] capabilities and let the user open "
        "/dev/net/tun, then reload";
  } else if (error == ENOENT || error == ENODEV || error == ENXIO) {
    text += "; is the kernel's tun module there (modprobe tun)?";
  }
  return text;
}

struct Address {
  in_addr host{};
  std::uint8_t prefix = 0;
};

std::optional<Address> parse(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return std::nullopt;
  Address address;
  if (::inet_pton(AF_INET, text.substr(0, slash).c_str(), &address.host) != 1) return std::nullopt;
  const auto prefix = whole_number<std::uint8_t>(std::string_view(text).substr(slash + 1));
  if (!prefix || *prefix > 32) return std::nullopt;
  address.prefix = *prefix;
  return address;
}

// In one step, and none when it is there: an ioctl would give it as a /32 first, and take it away
// and give it again on a device of another controller's. Routing daemons lose their way over that
// (seen: zebra without the address). False: errno.
bool add_address(const std::string& device, const Address& address) {
  const std::unique_ptr<mnl_socket, int (*)(mnl_socket*)> socket(
      mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC), &mnl_socket_close);
  if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0) return false;
  alignas(nlmsghdr) std::array<char, 4096> room{};
  nlmsghdr* request = mnl_nlmsg_put_header(room.data());
  request->nlmsg_type = RTM_NEWADDR;
  request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
  auto* about = static_cast<ifaddrmsg*>(mnl_nlmsg_put_extra_header(request, sizeof(ifaddrmsg)));
  about->ifa_family = AF_INET;
  about->ifa_prefixlen = address.prefix;
  about->ifa_index = ::if_nametoindex(device.c_str());
  mnl_attr_put(request, IFA_LOCAL, sizeof address.host, &address.host);
  mnl_attr_put(request, IFA_ADDRESS, sizeof address.host, &address.host);
  if (mnl_socket_sendto(socket.get(), request, request->nlmsg_len) < 0) return false;
  const auto got = mnl_socket_recvfrom(socket.get(), room.data(), room.size());
  const unsigned port = mnl_socket_get_portid(socket.get());
  return got > 0 &&
         (mnl_cb_run(room.data(), static_cast<std::size_t>(got), 0, port, nullptr, nullptr) >= 0 ||
          errno == EEXIST);
}

// The socket that interface ioctls go through.
class Control {
 public:
  explicit Control(const std::string& device)
      : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)), device_(device) {}
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;
  ~Control() { ::close(fd_); }

  bool set_mtu(unsigned mtu) const {
    ifreq r = named();
    r.ifr_mtu = static_cast<int>(mtu);
    return ::ioctl(fd_, SIOCSIFMTU, &r) == 0;
  }
  bool bring_up() const {  // multicast: without it ospfd would not join its groups
    ifreq r = named();
    if (::ioctl(fd_, SIOCGIFFLAGS, &r) != 0) return false;
    r.ifr_flags = static_cast<short>(r.ifr_flags | IFF_UP | IFF_MULTICAST);
    return ::ioctl(fd_, SIOCSIFFLAGS, &r) == 0;
  }

 private:
  [[nodiscard]] ifreq named() const {
    ifreq r{};
    device_.copy(r.ifr_name, IFNAMSIZ - 1);
    return r;
  }
  int fd_;
  const std::string& device_;
};

}  // namespace

std::expected<Tun, std::string> Tun::open(const PortConfig& config) {
  const std::string& name = config.tun;
  if (name.size() >= IFNAMSIZ) return std::unexpected(name + ": longer than 15 characters");
  std::optional<Address> address;
  if (config.own_address()) {
    address = parse(config.address);
    if (!address) return std::unexpected(config.address + ": not an IPv4 address with prefix");
  }
  Tun tun(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (tun.fd_ < 0) return std::unexpected(system_error("/dev/net/tun", name));
  ifreq request{};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_flags =
      static_cast<short>(IFF_TUN | IFF_NO_PI | (config.shared ? IFF_MULTI_QUEUE : 0));
  if (::ioctl(tun.fd_, TUNSETIFF, &request) != 0) {
    return std::unexpected(system_error("TUNSETIFF", name));
  }
  const Control control(name);
  if (!control.set_mtu(config.mtu)) return std::unexpected(system_error("MTU", name));
  if (address && !add_address(name, *address)) {
    return std::unexpected(system_error("address", name));
  }
  if (!control.bring_up()) return std::unexpected(system_error("bring up", name));
  if (config.shared) tun.set_active(false);
  tun.index_ = ::if_nametoindex(name.c_str());
  return tun;
}

void Tun::set_carrier(bool up) const {
  int value = up ? 1 : 0;
  (void)::ioctl(fd_, TUNSETCARRIER, &value);  // fails only when somebody deleted the device
}

void Tun::set_active(bool active) const {
  ifreq request{};
  request.ifr_flags = active ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE;
  (void)::ioctl(fd_, TUNSETQUEUE, &request);  // fails when it is so already
}

Tun::Tun(Tun&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), index_(std::exchange(other.index_, 0)) {}

Tun& Tun::operator=(Tun&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(index_, other.index_);
  return *this;
}

Tun::~Tun() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace forces::ce
