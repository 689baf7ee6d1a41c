#include "ce/redirect/tun.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

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
  in_addr host{}, mask{};
};

std::optional<Address> parse(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return std::nullopt;
  Address address;
  unsigned prefix = 0;
  const char* end = text.data() + text.size();
  if (::inet_pton(AF_INET, text.substr(0, slash).c_str(), &address.host) != 1) return std::nullopt;
  const auto [at, error] = std::from_chars(text.data() + slash + 1, end, prefix);
  if (error != std::errc{} || at != end || prefix > 32) return std::nullopt;
  address.mask.s_addr = prefix == 0 ? 0 : htonl(~std::uint32_t{0} << (32 - prefix));
  return address;
}

// The socket that interface ioctls go through.
class Control {
 public:
  explicit Control(const std::string& device)
      : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)), device_(device) {}
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;
  ~Control() { ::close(fd_); }

  bool set_address(unsigned long request, in_addr address) const {
    ifreq r = named();
    sockaddr_in value{};
    value.sin_family = AF_INET;
    value.sin_addr = address;
    std::memcpy(&r.ifr_addr, &value, sizeof value);
    return ::ioctl(fd_, request, &r) == 0;
  }
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
  if (!config.address.empty()) {
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
  if (address && !(control.set_address(SIOCSIFADDR, address->host) &&
                   control.set_address(SIOCSIFNETMASK, address->mask))) {
    return std::unexpected(system_error("address", name));
  }
  if (!control.bring_up()) return std::unexpected(system_error("bring up", name));
  if (config.shared) tun.set_active(false);
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

Tun::Tun(Tun&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Tun& Tun::operator=(Tun&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Tun::~Tun() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace forces::ce
