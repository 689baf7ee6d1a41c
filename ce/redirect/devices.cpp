#include "ce/redirect/devices.hpp"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace forces::ce {

using routing::Family;
using routing::InterfaceAddress;

namespace {

struct Seen {  // an address of an interface of this namespace
  unsigned index = 0;
  InterfaceAddress address;
};

int on_attribute(const nlattr* attribute, void* of) {
  auto& found = *static_cast<std::array<const nlattr*, IFA_MAX + 1>*>(of);
  const auto type = mnl_attr_get_type(attribute);
  if (type < found.size()) found[type] = attribute;
  return MNL_CB_OK;
}

int on_address(const nlmsghdr* message, void* all) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(ifaddrmsg)) return MNL_CB_OK;
  const auto* about = static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(message));
  if (about->ifa_family != AF_INET && about->ifa_family != AF_INET6) return MNL_CB_OK;
  std::array<const nlattr*, IFA_MAX + 1> found{};
  (void)mnl_attr_parse(message, sizeof(ifaddrmsg), &on_attribute, &found);
  // IFA_LOCAL is the interface's own where there is a peer; IPv6 has IFA_ADDRESS only.
  const nlattr* own = found[IFA_LOCAL] != nullptr ? found[IFA_LOCAL] : found[IFA_ADDRESS];
  Seen seen{about->ifa_index, {}};
  routing::IpAddress& address = seen.address.address;
  address.family = about->ifa_family == AF_INET ? Family::V4 : Family::V6;
  seen.address.length = about->ifa_prefixlen;
  if (own == nullptr || mnl_attr_get_payload_len(own) != address.size()) return MNL_CB_OK;
  std::memcpy(address.octets.data(), mnl_attr_get_payload(own), address.size());
  static_cast<std::vector<Seen>*>(all)->push_back(seen);
  return MNL_CB_OK;
}

int ignore(const nlmsghdr*, void*) { return MNL_CB_OK; }

}  // namespace

std::string text_of(const InterfaceAddress& a) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = a.address.family == Family::V4 ? AF_INET : AF_INET6;
  (void)::inet_ntop(family, a.address.octets.data(), text.data(), text.size());
  return std::string(text.data()) + "/" + std::to_string(a.length);
}

class Devices::Kernel {
 public:
  Kernel() : socket_(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC), &close) {
    if (!socket_ || mnl_socket_bind(socket_.get(), 0, MNL_SOCKET_AUTOPID) < 0) return;
    const timeval limit{1, 0};  // the kernel answers at once; nothing shall hang on it
    (void)::setsockopt(mnl_socket_get_fd(socket_.get()), SOL_SOCKET, SO_RCVTIMEO, &limit,
                       sizeof limit);
  }

  // 0, or an errno.
  int set_address(unsigned index, const InterfaceAddress& address, bool add) {
    nlmsghdr* request = begin(add ? RTM_NEWADDR : RTM_DELADDR,
                              add ? NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL : NLM_F_ACK);
    auto* about = static_cast<ifaddrmsg*>(mnl_nlmsg_put_extra_header(request, sizeof(ifaddrmsg)));
    const bool v4 = address.address.family == Family::V4;
    about->ifa_family = v4 ? AF_INET : AF_INET6;
    about->ifa_prefixlen = address.length;
    about->ifa_index = index;
    // Nobody else is on the device whom it could belong to.
    if (!v4) about->ifa_flags = IFA_F_NODAD;
    const auto size = address.address.size();
    mnl_attr_put(request, IFA_LOCAL, size, address.address.octets.data());
    mnl_attr_put(request, IFA_ADDRESS, size, address.address.octets.data());
    return run(request, &ignore, nullptr);
  }
  std::vector<Seen> addresses() {
    nlmsghdr* request = begin(RTM_GETADDR, NLM_F_DUMP);
    (void)mnl_nlmsg_put_extra_header(request, sizeof(ifaddrmsg));
    std::vector<Seen> all;
    (void)run(request, &on_address, &all);
    return all;
  }
  // The kernel tells of lost carriers at most once a second, and a routing daemon would not hear of
  // it before (seen: 900 ms). Who asks for the link makes it tell at once (Linux 6.8 and later); so
  // does a device that is set dormant while it is up, which changes nothing when it is not.
  void tell_carrier(unsigned index, bool up) {
    (void)run(link(RTM_GETLINK, index), &ignore, nullptr);
    nlmsghdr* request = link(RTM_NEWLINK, index);
    mnl_attr_put_u8(request, IFLA_OPERSTATE, up ? IF_OPER_UP : IF_OPER_DORMANT);
    (void)run(request, &ignore, nullptr);
  }

 private:
  static void close(mnl_socket* socket) {
    if (socket != nullptr) (void)mnl_socket_close(socket);
  }
  nlmsghdr* begin(unsigned type, unsigned flags) {
    nlmsghdr* request = mnl_nlmsg_put_header(room_.data());
    request->nlmsg_type = static_cast<std::uint16_t>(type);
    request->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    request->nlmsg_seq = ++sequence_;
    return request;
  }
  nlmsghdr* link(unsigned type, unsigned index) {
    nlmsghdr* request = begin(type, NLM_F_ACK);
    auto* about = static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(request, sizeof(ifinfomsg)));
    about->ifi_index = static_cast<int>(index);
    return request;
  }
  int run(nlmsghdr* request, mnl_cb_t each, void* data) {
    if (!socket_) return EBADF;
    if (mnl_socket_sendto(socket_.get(), request, request->nlmsg_len) < 0) return errno;
    const unsigned port = mnl_socket_get_portid(socket_.get());
    for (;;) {
      const auto got = mnl_socket_recvfrom(socket_.get(), room_.data(), room_.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return got == 0 ? EIO : errno;
      const int more =
          mnl_cb_run(room_.data(), static_cast<std::size_t>(got), sequence_, port, each, data);
      if (more < 0 && errno == ESRCH) continue;  // of another request: one that was given up
      if (more < 0) return errno;
      if (more == MNL_CB_STOP) return 0;
    }
  }

  std::unique_ptr<mnl_socket, void (*)(mnl_socket*)> socket_;
  alignas(nlmsghdr) std::array<char, 32'768> room_{};
  unsigned sequence_ = 0;
};

Devices::Devices() = default;
Devices::~Devices() { stop(); }

void Devices::open() {
  if (!kernel_) kernel_ = std::make_unique<Kernel>();
}

void Devices::start(Note note) {
  if (thread_.joinable()) return;
  open();
  note_ = std::move(note);
  ending_ = false;
  thread_ = std::thread([this] { work(); });
}

void Devices::stop() {
  if (!thread_.joinable()) return;
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Devices::want(unsigned index, std::uint32_t fe_id, const std::string& name,
                   Addresses addresses) {
  const std::scoped_lock lock(mutex_);
  Device& device = devices_[index];
  device.fe_id = fe_id;
  device.name = name;
  device.wanted = std::move(addresses);
  device.told.clear();
  device.address_due = true;
  changed_.notify_all();
}

void Devices::forget(unsigned index) {
  const std::scoped_lock lock(mutex_);
  devices_.erase(index);
}

void Devices::carrier_changed(unsigned index, bool up) {
  const std::scoped_lock lock(mutex_);
  devices_[index].carrier_due = true;
  devices_[index].up = up;
  changed_.notify_all();
}

Devices::Addresses Devices::given(unsigned index) const {
  const std::scoped_lock lock(mutex_);
  const auto at = devices_.find(index);
  return at == devices_.end() ? Addresses{} : at->second.given;
}

void Devices::work() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    const auto with = [&](bool Device::* due) {
      return std::ranges::find_if(devices_, [&](const auto& d) { return d.second.*due; });
    };
    if (const auto at = with(&Device::carrier_due); at != devices_.end()) {
      const unsigned index = at->first;
      const bool up = at->second.up;
      at->second.carrier_due = false;
      lock.unlock();
      kernel_->tell_carrier(index, up);
      lock.lock();
    } else if (const auto next = with(&Device::address_due); next != devices_.end()) {
      next->second.address_due = false;
      apply(next->first, next->second, lock);
    } else {
      changed_.wait(lock);
    }
  }
}

// Works on a copy, for packets and other threads shall not wait for the kernel.
void Devices::apply(unsigned index, Device device, std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  std::vector<std::string> notes;
  const auto note = [&](const InterfaceAddress& address, const std::string& why) {
    std::string text = text_of(address) + " is not on " + device.name + ": " + why;
    if (device.told.insert(text).second) notes.push_back(std::move(text));
  };
  for (auto at = device.given.begin(); at != device.given.end();) {
    if (!device.wanted.contains(*at)) {
      (void)kernel_->set_address(index, *at, false);
      at = device.given.erase(at);
    } else {
      ++at;
    }
  }
  const std::vector<Seen> all = kernel_->addresses();
  for (const InterfaceAddress& address : device.wanted) {
    // One host that answers for an address on two interfaces is worse than a device without one.
    const bool elsewhere = std::ranges::any_of(all, [&](const Seen& seen) {
      return seen.index != index && seen.address.address == address.address;
    });
    if (elsewhere) {
      note(address, "another interface of this host has it");
      continue;
    }
    const int error = kernel_->set_address(index, address, true);
    if (error == 0 || error == EEXIST) {
      device.given.insert(address);
    } else {
      std::string why = std::strerror(error);
      if (error == EPERM || error == EACCES) {
        why += address.address.family == Family::V6
                   ? "; is IPv6 switched off there, or CAP_NET_ADMIN missing?"
                   : "; it takes CAP_NET_ADMIN: [process] capabilities = [\"net_admin\"] keeps it";
      }
      note(address, why);
    }
  }
  for (std::string& text : notes) {
    if (note_) note_(device.fe_id, std::move(text));
  }
  lock.lock();
  const auto at = devices_.find(index);
  if (at == devices_.end()) return;
  at->second.given = std::move(device.given);
  at->second.told.merge(device.told);
}

}  // namespace forces::ce
