#include "fe/dataplane/ports/socket.hpp"

#include <arpa/inet.h>
#include <linux/if_packet.h>

namespace forces::fe::dataplane {
namespace {

constexpr int kReceiveBuffer = 4 << 20;

}  // namespace

void grow_receive_buffer(int fd) {
  if (!set(fd, SOL_SOCKET, SO_RCVBUFFORCE, kReceiveBuffer)) {
    (void)set(fd, SOL_SOCKET, SO_RCVBUF, kReceiveBuffer);
  }
}

// The filter stands before the socket is bound, so nothing else ever gets in.
bool start_hearing(int fd, const sock_fprog& filter, std::uint16_t protocol, int interface) {
  sockaddr_ll where{};
  where.sll_family = AF_PACKET;
  where.sll_protocol = htons(protocol);
  where.sll_ifindex = interface;
  packet_mreq all{};
  all.mr_ifindex = interface;
  all.mr_type = PACKET_MR_ALLMULTI;
  return set(fd, SOL_SOCKET, SO_ATTACH_FILTER, filter) &&
         set(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1) &&
         ::bind(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0 &&
         set(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, all);
}

}  // namespace forces::fe::dataplane
