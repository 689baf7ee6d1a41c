// The physical limit that libtml is compared with: one thread on each side, OpenSSL, large sends
// and receives, parsing in place; no queue, no callback table, nothing handed from thread to
// thread. Here W1 and W2, over blocking sockets: nothing but send and recv.
#include <algorithm>
#include <vector>

#include "tests/bench/harness/workloads.hpp"
#include "tests/bench/raw/frames.hpp"

namespace forces::bench {

const char* const kPeer = "raw";

namespace {

Link accept_one(const Options& options, Board& board) {
  SSL_CTX* context = make_context(options, true);
  const int listener = listen_on_loopback(board.control_port);
  return Link(accept_from(listener, true), context, true, Link::Records::Gathered);
}

Link connect_one(const Options& options, Board& board) {
  SSL_CTX* context = make_context(options, false);
  const int port = await_port(board.control_port);
  return Link(connect_to(port, true), context, false, Link::Records::Gathered);
}

bool read_frame(Link& link, std::vector<std::uint8_t>& frame) {
  for (std::size_t have = 0; have != frame.size();) {
    const std::ptrdiff_t got = link.read(frame.data() + have, frame.size() - have);
    if (got < 0) return false;
    have += static_cast<std::size_t>(got);
  }
  return true;
}

}  // namespace

void stream_server(const Options& options, Board& board) {
  Link link = accept_one(options, board);
  link.handshake();
  RateWindow window(options, board);
  FrameReader reader(512 * 1024);
  for (;;) {
    const std::ptrdiff_t got =
        link.read(reader.space(), std::min<std::size_t>(reader.room(), 256 * 1024));
    if (got < 0) return;
    reader.advance(static_cast<std::size_t>(got),
                   [&](const std::uint8_t* payload, std::size_t size) {
                     window.take(get_sequence(payload), size);
                   });
  }
}

void stream_client(const Options& options, Board& board) {
  Link link = connect_one(options, board);
  link.handshake();
  FrameBatch batch(options.size);
  const std::uint64_t end = options.count != 0 ? options.count : UINT64_MAX;
  for (std::uint64_t next = 0; wants_more(options, board, next) || batch.cut();) {
    next = batch.fill(next, end, false);
    link.write_all(batch.octets());
  }
}

void ping_server(const Options& options, Board& board) {
  Link link = accept_one(options, board);
  link.handshake();
  std::vector<std::uint8_t> frame = make_frame(kPingSize, 0);
  while (read_frame(link, frame)) link.write_all(frame);
}

void ping_client(const Options& options, Board& board) {
  Link link = connect_one(options, board);
  link.handshake();
  std::vector<std::uint8_t> frame = make_frame(kPingSize, 0);
  RoundTrips trips(options, board);
  while (trips.more()) {
    put_sequence(frame.data() + kFrameHeader, trips.sequence());
    link.write_all(frame);
    if (!read_frame(link, frame) || get_sequence(frame.data() + kFrameHeader) != trips.sequence()) {
      fail("W2: wrong echo");
    }
    trips.done();
  }
  trips.report(kPeer, options);
}

}  // namespace forces::bench
