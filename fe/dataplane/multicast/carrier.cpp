#include "fe/dataplane/multicast/carrier.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <vector>

#include "fe/dataplane/multicast/tun.hpp"

namespace forces::fe::dataplane::multicast {
namespace {

constexpr std::size_t kPackets = 64;   // read at a time
constexpr std::size_t kCopies = 1024;  // sent at a time: UIO_MAXIOV
constexpr int kSendBuffer = 4 << 20;   // what one batch makes of packets of common size
constexpr int kPatience = 10;          // ms, when that is not enough: the device is the bottleneck

sockaddr_in address_of(const Endpoint& e) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(e.port);
  out.sin_addr.s_addr = htonl(e.address);
  return out;
}

}  // namespace

// Memory of a batch: what was read stays where it is until its copies are gone.
struct Carrier::Batch {
  explicit Batch(std::size_t longest) : room(kPackets * longest), size(longest) {
    for (std::size_t i = 0; i < kPackets; ++i) {
      in_parts[i] = {at(i), longest};
      in[i].msg_hdr = {};
      in[i].msg_hdr.msg_iov = &in_parts[i];
      in[i].msg_hdr.msg_iovlen = 1;
      in[i].msg_hdr.msg_name = &from[i];
    }
  }
  [[nodiscard]] std::byte* at(std::size_t i) { return room.data() + i * size; }

  std::vector<std::byte> room;
  std::size_t size;
  std::array<mmsghdr, kPackets> in{};
  std::array<iovec, kPackets> in_parts{};
  std::array<sockaddr_in, kPackets> from{};

  std::array<mmsghdr, kCopies> out{};
  std::array<std::array<iovec, 2>, kCopies> out_parts{};
  std::array<sockaddr_in, kCopies> to{};
  std::size_t copies = 0;
  int socket = -1;  // that they go out of
};

Carrier::Carrier(EndpointConfig config) : config_(std::move(config)) {}

Carrier::~Carrier() { stop(); }

Fd Carrier::open_socket(std::uint16_t port, std::string& what) const {
  Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const sockaddr_in here = address_of({config_.address, port});
  if (!fd.valid()) {
    what = system_error("socket of copies");
  } else if (!dataplane::set(fd.get(), IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT)) {
    what = system_error("IP_MTU_DISCOVER");
  } else if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0) {
    what = system_error("bind to port " + std::to_string(port) + " of the endpoint");
  } else {
    grow_receive_buffer(fd.get());
    if (!dataplane::set(fd.get(), SOL_SOCKET, SO_SNDBUFFORCE, kSendBuffer)) {
      (void)dataplane::set(fd.get(), SOL_SOCKET, SO_SNDBUF, kSendBuffer);
    }
  }
  return fd;
}

std::string Carrier::open() {
  std::string what;
  sockets_[0] = open_socket(config_.port, what);
  if (what.empty() && config_.server_port != 0) {
    sockets_[1] = open_socket(config_.server_port, what);
  }
  if (!what.empty()) return what;
  Tun tun = open_tun(config_.device, config_.mtu);
  if (!tun.what.empty()) return tun.what;
  tun_ = std::move(tun.fd);
  wake_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_.valid()) return system_error("eventfd");
  // One octet more than any that is right: what fills it is too long.
  batch_ = std::make_unique<Batch>(config_.mtu + kFrameHeader + 1);
  return {};
}

void Carrier::start() {
  if (batch_ && !thread_.joinable()) thread_ = std::thread([this] { run(); });
}

void Carrier::stop() {
  if (!thread_.joinable()) return;
  (void)::eventfd_write(wake_.get(), 1);
  thread_.join();
}

CarrierCounters Carrier::counters() {
  return with([this](const Endpoints&) { return counters_; });
}

void Carrier::run() {
  std::array<pollfd, 4> all{{{wake_.get(), POLLIN, 0},
                             {tun_.get(), POLLIN, 0},
                             {sockets_[0].get(), POLLIN, 0},
                             {sockets_[1].get(), POLLIN, 0}}};
  for (;;) {
    if (::poll(all.data(), all.size(), -1) < 0 && errno != EINTR) return;
    if (all[0].revents != 0) return;
    if ((all[1].revents & POLLERR) != 0) {  // for ever: whoever looked again would do nothing else
      all[1].fd = -1;
      lost_ = true;
    }
    (void)carry();
  }
}

bool Carrier::carry() {
  std::unique_lock turn(turn_);
  const std::scoped_lock lock(mutex_);
  turn.unlock();
  bool any = read_packets();
  any = read_frames(Side::Member) || any;
  return read_frames(Side::Server) || any;
}

bool Carrier::read_packets() {
  std::size_t count = 0;
  for (; count < kPackets; ++count) {
    const ssize_t n = ::read(tun_.get(), batch_->at(count), batch_->size);
    if (n <= 0) break;
    const Bytes packet(batch_->at(count), static_cast<std::size_t>(n));
    copy(endpoints_.on_packet(packet), packet, Side::Member);
  }
  send();
  return count > 0;
}

bool Carrier::read_frames(Side side) {
  const Fd& socket = sockets_[static_cast<std::size_t>(side)];
  if (!socket.valid()) return false;
  for (mmsghdr& message : batch_->in) message.msg_hdr.msg_namelen = sizeof(sockaddr_in);
  const int count = ::recvmmsg(socket.get(), batch_->in.data(), kPackets, 0, nullptr);
  if (count <= 0) return false;  // or an ICMP error of an earlier copy, which tells nothing
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    if (batch_->in[i].msg_len >= batch_->size) {
      ++counters_.not_delivered;
      continue;
    }
    const Bytes frame(batch_->at(i), batch_->in[i].msg_len);
    const sockaddr_in& from = batch_->from[i];
    const Verdict verdict = endpoints_.on_frame({ntohl(from.sin_addr.s_addr), ntohs(from.sin_port)},
                                                side == Side::Server, frame);
    copy(verdict, frame, Side::Server);
    if (verdict.deliver.empty()) continue;
    const bool taken = ::write(tun_.get(), verdict.deliver.data(), verdict.deliver.size()) > 0;
    ++(taken ? counters_.delivered : counters_.not_delivered);
  }
  send();
  return true;
}

void Carrier::copy(const Verdict& verdict, Bytes octets, Side from) {
  const int socket = sockets_[static_cast<std::size_t>(from)].get();
  for (const Endpoint& to : verdict.copies) {
    if (batch_->copies == kCopies) send();
    batch_->socket = socket;
    const std::size_t i = batch_->copies++;
    auto& parts = batch_->out_parts[i];
    std::size_t part = 0;
    // sendmsg() reads only; its parts are not const, that is all.
    if (verdict.header != nullptr) {
      parts[part++] = {const_cast<std::byte*>(verdict.header->data()), verdict.header->size()};
    }
    parts[part++] = {const_cast<std::byte*>(octets.data()), octets.size()};
    batch_->to[i] = address_of(to);
    msghdr& message = batch_->out[i].msg_hdr;
    message = {};
    message.msg_name = &batch_->to[i];
    message.msg_namelen = sizeof(sockaddr_in);
    message.msg_iov = parts.data();
    message.msg_iovlen = part;
  }
}

// What cannot go for a while is lost, as on any link.
void Carrier::send() {
  std::size_t done = 0;
  while (done < batch_->copies) {
    const int sent = ::sendmmsg(batch_->socket, batch_->out.data() + done,
                                static_cast<unsigned>(batch_->copies - done), 0);
    if (sent > 0) {
      done += static_cast<std::size_t>(sent);
      counters_.copies_sent += static_cast<std::size_t>(sent);
    } else if (errno == EAGAIN || errno == ENOBUFS) {
      pollfd room{batch_->socket, POLLOUT, 0};
      if (errno == EAGAIN && ::poll(&room, 1, kPatience) == 1) continue;
      counters_.copies_congested += batch_->copies - done;
      break;
    } else if (errno != EINTR) {
      ++counters_.copies_failed;  // of the first; the others may have another fate
      ++done;
    }
  }
  batch_->copies = 0;
}

}  // namespace forces::fe::dataplane::multicast
