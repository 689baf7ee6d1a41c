// Copies of multicast packets to 1, 3 and 16 FEs: packets and copies a second of one core through
// Carrier (TUN to UDP, and UDP to UDP as an MCS), and a plain loop of sendmmsg() of as many
// datagrams of that length, in turns. Needs root: a network namespace of its own, loopback.
//
//   copies_bench [octets of a packet] [rounds]
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "fe/dataplane/multicast/carrier.hpp"
#include "tests/support/netns.hpp"

namespace {

using namespace forces::fe::dataplane;
using namespace forces::fe::dataplane::multicast;

constexpr std::uint32_t kHere = 0x7f000001, kGroup = 0xef010101;
constexpr std::uint16_t kMember = 5000, kServer = 5001, kFirstFe = 6000;
constexpr int kBurst = 400;  // less than the queue of the device

double cpu() {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}
sockaddr_in address(std::uint32_t ip, std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  out.sin_addr.s_addr = htonl(ip);
  return out;
}
Fd udp(std::uint16_t port) {
  Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const sockaddr_in here = address(kHere, port);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0) std::abort();
  grow_receive_buffer(fd.get());
  return fd;
}
void drain(const std::vector<Fd>& fds) {
  std::array<char, 9216> octets{};
  for (const Fd& fd : fds) {
    while (::recv(fd.get(), octets.data(), octets.size(), 0) > 0) {
    }
  }
}

struct Figures {
  double seconds = 0;
  std::uint64_t packets = 0, copies = 0;
};
void print(const char* what, std::size_t fes, const Figures& f) {
  std::printf("%-24s %3zu FEs %10.0f packets/s %11.0f copies/s\n", what, fes,
              static_cast<double>(f.packets) / f.seconds,
              static_cast<double>(f.copies) / f.seconds);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t length = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1328;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 50;
  if (length < 48 || length > 9000 || rounds < 1) return 64;
  if (!forces::test::enter_fresh_namespace()) {
    std::puts("needs root");
    return 77;
  }
  Carrier carrier({.address = kHere, .port = kMember, .server_port = kServer});
  if (const std::string what = carrier.open(); !what.empty()) {
    std::printf("%s\n", what.c_str());
    return 77;
  }
  std::vector<Fd> fes;
  for (std::uint16_t n = 0; n < 16; ++n)
    fes.push_back(udp(static_cast<std::uint16_t>(kFirstFe + n)));

  // The device has no address: packets of others go through it. Ours need one all the same.
  if (!forces::test::run("ip addr add 10.9.9.9/32 dev lo")) return 77;
  const Fd sender(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const sockaddr_in source = address(0x0a090909, 0);
  if (::bind(sender.get(), reinterpret_cast<const sockaddr*>(&source), sizeof source) != 0) {
    std::abort();
  }
  const ip_mreqn by{.imr_multiaddr = {},
                    .imr_address = {},
                    .imr_ifindex = static_cast<int>(::if_nametoindex("fe-multicast"))};
  if (!set(sender.get(), IPPROTO_IP, IP_MULTICAST_IF, by)) std::abort();
  const std::vector<char> payload(length - 28);
  const sockaddr_in group = address(kGroup, 5000);

  // A frame as another FE sends it to the MCS here.
  const Fd peer = udp(7000);
  std::vector<std::byte> frame(kFrameHeader + length);
  const auto head = forces::wire::snap_header(forces::wire::SnapPid::MulticastType1);
  std::ranges::copy(head, frame.begin());
  frame[9] = std::byte{9};
  frame[10] = std::byte{8};
  frame[12] = std::byte{0x45};
  forces::wire::store_be<2>(frame.data() + 14, length);
  forces::wire::store_be<4>(frame.data() + 28, kGroup);
  const sockaddr_in server = address(kHere, kServer);

  for (const std::size_t count : {std::size_t{1}, std::size_t{3}, std::size_t{16}}) {
    carrier.with([&](Endpoints& endpoints) {
      endpoints.set_cmi(Family::Ipv4, 7);
      endpoints.set_peer(0, Endpoint{kHere, 7000});
      const Address one{Family::Ipv4, {239, 1, 1, 1}};
      for (std::uint32_t n = 0; n < 16; ++n) {
        const auto port = static_cast<std::uint16_t>(kFirstFe + n);
        const auto row = n < count ? std::optional(CopyRow{one, one, {kHere, port}}) : std::nullopt;
        endpoints.set_copy(Family::Ipv4, n, row);
        endpoints.set_served(Family::Ipv4, n, row);
      }
    });
    Figures copied, served, plain;
    std::vector<mmsghdr> messages(kBurst * count);
    std::vector<iovec> parts(messages.size());
    std::vector<sockaddr_in> to(messages.size());
    for (std::size_t i = 0; i < messages.size(); ++i) {
      parts[i] = {frame.data(), frame.size()};
      to[i] = address(kHere, static_cast<std::uint16_t>(kFirstFe + i % count));
      messages[i] = {};
      messages[i].msg_hdr.msg_iov = &parts[i];
      messages[i].msg_hdr.msg_iovlen = 1;
      messages[i].msg_hdr.msg_name = &to[i];
      messages[i].msg_hdr.msg_namelen = sizeof(sockaddr_in);
    }
    const Fd out(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    for (int round = 0; round < rounds; ++round) {
      const auto carry = [&](Figures& figures) {
        const std::uint64_t before = carrier.counters().copies_sent;
        const double start = cpu();
        while (carrier.carry()) {
        }
        figures.seconds += cpu() - start;
        const std::uint64_t sent = carrier.counters().copies_sent - before;
        figures.copies += sent;
        figures.packets += sent / count;
        drain(fes);
      };
      for (int n = 0; n < kBurst; ++n) {
        if (::sendto(sender.get(), payload.data(), payload.size(), 0,
                     reinterpret_cast<const sockaddr*>(&group), sizeof group) < 0) {
          std::perror("sendto");
          return 1;
        }
      }
      carry(copied);
      for (int n = 0; n < kBurst; ++n) {
        (void)::sendto(peer.get(), frame.data(), frame.size(), 0,
                       reinterpret_cast<const sockaddr*>(&server), sizeof server);
      }
      carry(served);
      const double start = cpu();
      for (std::size_t done = 0; done < messages.size();) {
        const int sent = ::sendmmsg(
            out.get(), messages.data() + done,
            static_cast<unsigned>(std::min<std::size_t>(1024, messages.size() - done)), 0);
        if (sent <= 0) break;
        done += static_cast<std::size_t>(sent);
        plain.copies += static_cast<std::size_t>(sent);
      }
      plain.seconds += cpu() - start;
      plain.packets = plain.copies / count;
      drain(fes);
    }
    print("copies (TUN to UDP)", count, copied);
    print("MCS (UDP to UDP)", count, served);
    print("sendmmsg() alone", count, plain);
  }
  return 0;
}
