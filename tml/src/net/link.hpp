// One connection: a Stream, the ChannelFsm of its protocol, and the framing between them. Belongs
// to one I/O thread. A server's link has no channel until the peer is identified.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "proto/tml/frame.hpp"
#include "tml/src/core/channel_fsm.hpp"
#include "tml/src/core/peer_table.hpp"
#include "tml/src/net/channel.hpp"

namespace forces::tml {

class Link final : public Timed, public std::enable_shared_from_this<Link> {
 public:
  Link(Context& context, Loop& loop, asio::ip::tcp::socket socket, SslPtr ssl, bool server,
       ChannelConfig config, LinkId id);
  ~Link();

  void start();
  // Readable: receives once and delivers. True: more is there.
  bool serve();
  // Sends what the channel has: its share of this turn.
  void drain_channel();
  // The PL is slower than the peer: stop reading until resume_reading(). False: was paused.
  bool pause_reading();
  void resume_reading();
  void attached(Channel& channel);
  void accept(const PairToken& token);
  void await_pair() { fsm_.await_pair(now()), pump(); }
  void refuse(ReasonCode reason, const std::string& text);
  // The channel closes: controlled waits for its queue.
  void close(tml_close_mode mode, ReasonCode reason);
  void close_now(ReasonCode reason, const std::string& text);
  // No goodbye.
  void abandon();
  ChannelFsm& fsm() { return fsm_; }
  void pump();  // performs what the FSM wants

  Claim claim() const;
  LinkId id() const { return id_; }
  Instant created() const { return created_; }
  bool secured() const { return secure_done_; }
  Loop& loop() { return loop_; }
  bool server() const { return server_; }
  bool data() const { return data_; }
  bool control() const { return !data_; }
  std::uint32_t pl_id() const { return pl_id_; }
  const std::string& peer_address() const { return peer_address_; }
  std::string tls_text() const;
  const std::string& identity() const { return identity_; }

  std::optional<Instant> deadline() const override;
  void on_timer(Instant now) override;

 private:
  static constexpr unsigned kBusy = 8;  // turns between two timers: worth keeping buffers for
  enum class Life : std::uint8_t { Open, Lingering, Ended };
  bool secure(Buffers& buffers);
  void parse(std::span<std::byte> octets, std::size_t& used);
  void parse_tml(std::span<const std::byte> frame);
  bool early_pl(std::span<const std::byte> pl);
  void deliver_batch();
  void stream_error(FrameStatus status, bool pl);
  void odd(Counter c);
  void lost(const std::string& why);
  void perform(output::Send&& out);
  void perform(output::HelloReceived&& out);
  void perform(output::Up&& out);
  void perform(output::PeerClosed&& out);
  void perform(output::HeartbeatLost&&);
  void perform(output::HeartbeatRestored&&);
  void perform(output::RoundTrip&& out);
  void perform(output::JoinRequested&& out);
  void perform(output::LeaveRequested&& out);
  void perform(output::JoinAnswered&& out);
  void perform(output::LeaveAnswered&& out);
  void perform(output::Unexpected&& out);
  void perform(output::Disconnect&& out);
  void flush();
  void linger();
  void end();
  void detach(tmlx_reason reason, bool peer_closed, const std::string& detail);
  void wait_readable();
  void wait_writable();
  void shed(Instant now);
  void count(Counter c, std::uint64_t n = 1);
  void moved() {
    if (++turns_ == kBusy) stream_.keep_buffers(true);
  }

  Context& context_;
  Loop& loop_;
  Stream stream_;
  ChannelFsm fsm_;
  const bool server_, data_;
  const LinkId id_;
  Channel* channel_ = nullptr;
  std::size_t max_message_;
  const std::uint32_t peer_id_;  // client: the CE meant
  const Instant created_ = now();
  Life life_ = Life::Open;
  Instant linger_until_{};
  bool reading_ = false, writing_ = false, paused_ = false, pumping_ = false;
  bool replay_ = false;  // partial_ holds whole frames
  bool odd_ = false;     // there is something to report
  bool secure_done_ = false;
  bool accounted_ = false;  // in the peer table
  std::uint32_t pl_id_ = 0;
  std::array<std::byte, 2048> first_;  // see wait_readable()
  std::size_t first_size_ = 0;
  unsigned turns_ = 0;              // in which octets moved, since the last timer
  std::vector<std::byte> partial_;  // of a frame that is not complete
  std::vector<std::byte> tml_out_;  // TML messages that wait behind a blocked stream
  std::vector<tmlx_message> batch_;
  std::string peer_address_, identity_;
  std::vector<std::uint32_t> certified_ids_;  // of the peer's role; see Context::on_secured
  Claim hello_;
  friend class Context;
};

}  // namespace forces::tml
