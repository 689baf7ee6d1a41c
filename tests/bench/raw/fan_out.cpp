// W4: N connections at once, then one message to each of them, again and again.
#include <unistd.h>

#include <memory>
#include <vector>

#include "tests/bench/harness/workloads.hpp"
#include "tests/bench/raw/frames.hpp"
#include "tests/bench/raw/loop.hpp"

namespace forces::bench {
namespace {

constexpr std::uint64_t kListener = UINT64_MAX;

void allow_tickets(SSL_CTX* context) {
  static const unsigned char name[] = "bench";
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_session_id_context(context, name, sizeof name - 1);
}

std::unique_ptr<Link> small_link(int fd, SSL_CTX* context, bool server, SSL_SESSION* resume) {
  return std::make_unique<Link>(fd, context, server, Link::Records::Small, resume);
}

struct ServerPeer {
  std::unique_ptr<Link> link;
  bool up = false;
  std::size_t hello = 0;  // octets of it received
};

// Takes what has come from a peer; true when that completes its hello.
bool take_hello(ServerPeer& peer) {
  if (!peer.up && !peer.link->handshake()) return false;
  peer.up = true;
  std::uint8_t octets[kFrameHeader + kPingSize];
  const std::ptrdiff_t got = peer.link->read(octets, sizeof octets - peer.hello);
  if (got < 0) fail("W4: a peer was lost");
  peer.hello += static_cast<std::size_t>(got);
  return got > 0 && peer.hello == sizeof octets;
}

std::vector<ServerPeer> await_storm(const Options& options, Board& board, int listener,
                                    SSL_CTX* context) {
  std::vector<ServerPeer> peers(options.peers);
  std::size_t accepted = 0;
  Loop loop;
  set_non_blocking(listener);
  loop.add(listener, EPOLLIN, kListener);
  board.storm.resident_before = resident_octets();
  board.ready = true;
  for (std::size_t up = 0; up != options.peers;) {
    for (const epoll_event& event : loop.wait(-1)) {
      if (event.data.u64 != kListener) {
        up += take_hello(peers[event.data.u64]) ? 1 : 0;
        continue;
      }
      for (int fd = 0; accepted != peers.size() && (fd = accept_from(listener, false)) >= 0;) {
        peers[accepted].link = small_link(fd, context, true, nullptr);
        loop.add(fd, EPOLLIN, accepted++);
      }
    }
  }
  storm_ends(board);
  return peers;
}

SSL_SESSION* ticket = nullptr;  // written by OpenSSL's callback, which has no other place

void fetch_ticket(Board& board, SSL_CTX* context) {
  allow_tickets(context);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT);
  SSL_CTX_sess_set_new_cb(context, [](SSL*, SSL_SESSION* session) {
    if (ticket == nullptr) ticket = SSL_SESSION_dup(session);
    return 0;
  });
  Link link(connect_to(await_port(board.control_port), true), context, false, Link::Records::Small);
  link.handshake();
  std::uint8_t octet = 0;
  while (link.read(&octet, 1) == 0) continue;
  if (ticket == nullptr) fail("W4: no ticket");
}

struct ClientPeer {
  std::unique_ptr<Link> link;
  bool up = false;
  std::unique_ptr<FrameReader> in;
};

}  // namespace

std::size_t connections(const Options& options) { return options.peers; }

void fan_out_server(const Options& options, Board& board) {
  SSL_CTX* context = make_context(options, true);
  const bool resume = context != nullptr && options.is("resume");
  if (context != nullptr) SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  if (resume) allow_tickets(context);
  const int listener = listen_on_loopback(board.control_port);
  if (resume) {
    Link first(accept_from(listener, true), context, true, Link::Records::Small);
    first.handshake();
    const std::uint8_t octet = 0;
    first.write_all({&octet, 1});
  }
  std::vector<ServerPeer> peers = await_storm(options, board, listener, context);
  if (resume && SSL_session_reused(peers.back().link->ssl()) != 1) fail("W4: not resumed");

  usleep(100'000);
  board.storm.resident_idle = resident_octets();
  auto frame = make_frame(kFanOutSize, 0);
  for (std::size_t round = 0; round != kFanOutWarmUp + kFanOutRounds; ++round) {
    const std::uint64_t begun = now_ns();
    put_sequence(frame.data() + kFrameHeader, round);
    for (ServerPeer& peer : peers) {
      if (peer.link->write(frame) != static_cast<std::ptrdiff_t>(frame.size())) {
        fail("W4: a socket is full");
      }
    }
    char octet = 0;
    if (read(board.ack[0], &octet, 1) != 1) fail("W4: ack pipe");
    if (round >= kFanOutWarmUp) {
      board.storm.rounds[round - kFanOutWarmUp] = board.round_ended - begun;
    }
  }
}

void fan_out_client(const Options& options, Board& board) {
  SSL_CTX* context = make_context(options, false);
  if (context != nullptr && options.is("resume")) fetch_ticket(board, context);
  const int port = await_port(board.control_port);
  while (!board.ready) usleep(200);

  std::vector<ClientPeer> peers(options.peers);
  Loop loop;
  RoundCounter rounds(options, board);
  const auto hello = make_frame(kPingSize, 0);
  storm_begins(board);
  for (std::size_t i = 0; i != peers.size(); ++i) {
    // A copy for each: OpenSSL spends the session object that a server's new ticket replaces.
    SSL_SESSION* own = ticket == nullptr ? nullptr : SSL_SESSION_dup(ticket);
    peers[i].link = small_link(connect_to(port, false), context, false, own);
    peers[i].in = std::make_unique<FrameReader>(4096);
    SSL_SESSION_free(own);
    loop.add(peers[i].link->fd(), EPOLLIN | EPOLLOUT, i);
  }
  while (!rounds.over()) {
    for (const epoll_event& event : loop.wait(-1)) {
      ClientPeer& peer = peers[event.data.u64];
      if (!peer.up) {
        peer.up = peer.link->handshake();
        loop.change(peer.link->fd(), EPOLLIN, event.data.u64);
        if (!peer.up) continue;
        if (peer.link->write(hello) != static_cast<std::ptrdiff_t>(hello.size())) fail("W4: hello");
      }
      const std::ptrdiff_t got = peer.link->read(peer.in->space(), peer.in->room());
      if (got < 0) fail("W4: a connection was lost");
      peer.in->advance(static_cast<std::size_t>(got),
                       [&](const std::uint8_t* payload, std::size_t size) {
                         rounds.take(get_sequence(payload), size);
                       });
    }
  }
}

}  // namespace forces::bench
