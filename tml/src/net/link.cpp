#include "tml/src/net/link.hpp"

#include <algorithm>
#include <utility>

#include "proto/tml/frame.hpp"
#include "tml/src/net/element/context.hpp"

namespace forces::tml {
namespace {

constexpr std::size_t kBatch = 256;         // messages handed over at once
constexpr std::size_t kWrite = 60 * 1024;   // octets encrypted before a send: see SendQueue, Chunk
constexpr std::size_t kDrain = 512 * 1024;  // octets a control channel may send in a turn
constexpr std::size_t kDataShare =
    64 * 1024;  // octets a data connection receives, or sends, between looks at control
constexpr std::size_t kRecord = 16 * 1024 + 512;
// Octets of a PL message of somebody who is not identified yet (row 13).
constexpr std::size_t kUnidentified = 4096;

}  // namespace

Link::Link(Context& context, Loop& loop, asio::ip::tcp::socket socket, SslPtr ssl, bool server,
           ChannelConfig config, LinkId id)
    : context_(context),
      loop_(loop),
      stream_(std::move(socket), std::move(ssl)),
      fsm_(config, now()),
      server_(server),
      data_(config.channel_type == kChannelData),
      id_(id),
      max_message_(server ? std::min<std::size_t>(config.max_message, kUnidentified)
                          : config.max_message),
      peer_id_(config.peer_id) {
  asio::error_code ec;
  const auto remote = stream_.socket().remote_endpoint(ec);
  hello_.address = ec ? "" : remote.address().to_string();
  peer_address_ = hello_.address + ":" + std::to_string(ec ? 0 : remote.port());
}

Link::~Link() { loop_.disarm(*this); }

std::string Link::tls_text() const {
  SSL* ssl = const_cast<Stream&>(stream_).ssl();
  if (ssl == nullptr) return "none";
  return std::string(SSL_get_version(ssl)) + " " + SSL_get_cipher_name(ssl);
}

void Link::count(Counter c, std::uint64_t n) {
  if (channel_ != nullptr) channel_->counters().add(c, n);
}

// Bad input that costs no more than itself: counted, and reported at the end of the receive.
void Link::odd(Counter c) {
  count(c);
  odd_ = true;
}

void Link::start() {
  if (!secure(loop_.buffers())) return;
  flush();
  if (life_ == Life::Open) wait_readable();
  loop_.arm(*this);
}

void Link::attached(Channel& channel) {
  channel_ = &channel;
  max_message_ = channel.options().max_message;
}

// ---- receiving
// -----------------------------------------------------------------------------------

// Asio receives the first octets itself, into a small buffer of the link's: a readiness wait would
// cost a system call more each time. What does not fit is received into the I/O thread's large
// buffer.
void Link::wait_readable() {
  if (reading_ || paused_ || life_ == Life::Ended) return;
  reading_ = true;
  stream_.socket().async_receive(
      asio::buffer(first_), [self = shared_from_this()](const asio::error_code& ec, std::size_t n) {
        self->reading_ = false;
        if (ec == asio::error::operation_aborted || self->life_ == Life::Ended) return;
        self->first_size_ = n;  // 0: the end, which serve() finds for itself
        self->loop_.readable(self, self->control());
      });
}

bool Link::pause_reading() {
  if (paused_) return false;
  paused_ = true;
  fsm_.set_throttled(true, now());
  return true;
}

void Link::resume_reading() {
  if (!paused_) return;
  paused_ = false;
  fsm_.set_throttled(false, now());
  if (life_ == Life::Open) loop_.readable(shared_from_this(), control());
}

// Drives the handshake with what was received; false: not done yet, or over.
bool Link::secure(Buffers& buffers) {
  if (secure_done_) return true;
  const Stream::Io io = stream_.handshake(buffers);
  if (io == Stream::Io::Ok) {
    flush();  // a session ticket may be in the buffer, which other links use too
    secure_done_ = true;
    if (!context_.on_secured(*this, stream_.ssl())) {
      detach(TMLX_REASON_AUTH, false, "the certificate is for another PL ID than the one meant");
      end();
      return false;
    }
    fsm_.on_connected(now());
    pump();
    return life_ == Life::Open;
  }
  flush();  // our part of the handshake, or the alert
  if (io != Stream::Io::Blocked) {
    context_.on_tls_failure(*this, stream_.failure(), stream_.error());
    lost(stream_.error());
  } else {
    if (life_ == Life::Open) wait_readable();
    loop_.arm(*this);
  }
  return false;
}

bool Link::serve() {
  if (life_ == Life::Ended || paused_) return false;
  Buffers& b = loop_.buffers();
  const std::size_t first = std::exchange(first_size_, 0);
  const bool more = first == 0 || first == first_.size();
  Stream::Io io =
      stream_.receive(b, std::span(first_).first(first), more, data_ ? kDataShare : Buffers::kIn);
  if (io == Stream::Io::Eof) {
    lost(stream_.error());
    return false;
  }
  if (io == Stream::Io::Blocked && !replay_) {
    wait_readable();
    return false;
  }
  if (!secure(b)) return life_ == Life::Open && !stream_.drained();
  std::size_t begin = 0, end = partial_.size(), got = 0, total = 0;
  std::copy(partial_.begin(), partial_.end(), b.plain.data());
  partial_.clear();
  if (replay_) {
    replay_ = false;
    parse(b.room().first(end), begin);
  }
  while (io == Stream::Io::Ok) {
    if (Buffers::kPlain - end < kRecord) {
      std::memmove(b.plain.data(), b.plain.data() + begin, end - begin);
      end -= begin;
      begin = 0;
    }
    io = stream_.read(b, b.room().subspan(end), got);
    if (!b.out.empty()) flush();
    if (life_ == Life::Ended) return false;
    if (io != Stream::Io::Ok) break;
    end += got;
    total += got;
    if (life_ == Life::Lingering) {  // the goodbye is out; nobody wants this any more
      begin = end = 0;
      continue;
    }
    std::size_t used = 0;
    parse(b.room().subspan(begin, end - begin), used);
    begin += used;
    // Whatever happened, the ciphertext received is used up: its buffer is not ours for longer.
    if (life_ == Life::Ended) return false;
  }
  if (life_ == Life::Ended) return false;
  if (begin == end) {
    if (partial_.capacity() > 64 * 1024) std::vector<std::byte>().swap(partial_);
  } else {
    partial_.assign(b.plain.data() + begin, b.plain.data() + end);
  }
  if (total != 0) {
    moved();
    const Instant at = loop_.time();
    fsm_.on_received(at);
    if (channel_ != nullptr) {
      channel_->last_received_ns_.store(static_cast<std::uint64_t>(at.time_since_epoch().count()),
                                        std::memory_order_relaxed);
      count(Counter::OctetsReceived, total);
      if (odd_) [[unlikely]] {
        odd_ = false;
        channel_->report_skips(at);
        channel_->report_drops(at);
      }
    }
  }
  if (io == Stream::Io::Eof || io == Stream::Io::Failed) {
    if (!stream_.error().empty() && io == Stream::Io::Failed && server_ && channel_ == nullptr)
      context_.on_tls_failure(*this, stream_.failure(), stream_.error());
    lost(stream_.error());
    return false;
  }
  pump();
  if (life_ == Life::Ended || paused_) return false;
  if (!stream_.drained()) return true;
  wait_readable();
  return false;
}

// Delivers whole frames at the front of `octets`. A link that gets paused meanwhile goes on to the
// end: the overshoot is one receive.
void Link::parse(std::span<std::byte> octets, std::size_t& used) {
  used = 0;
  for (;;) {
    const auto rest = octets.subspan(used);
    const Frame frame = scan_frame(rest, max_message_);
    if (frame.status == FrameStatus::NeedMore) break;
    if (frame.status != FrameStatus::Complete) {
      deliver_batch();
      if (life_ == Life::Open) stream_error(frame.status, frame.pl);
      return;
    }
    const auto whole = rest.first(frame.length);
    if (frame.reserved) [[unlikely]]
      odd(Counter::ReservedBits);
    if (!frame.pl) {
      deliver_batch();
      if (life_ != Life::Open) return;
      used += frame.length;
      parse_tml(whole);
      if (life_ != Life::Open) return;
      continue;
    }
    const std::byte* pl = whole.data() + kHeaderSize;
    if (fsm_.state() != ChannelState::Up) [[unlikely]] {
      deliver_batch();
      if (!early_pl(whole.subspan(kHeaderSize))) {
        if (life_ != Life::Open) return;
        if (fsm_.state() == ChannelState::Pairing) {  // kept until it is paired
          paused_ = replay_ = true;
          return;
        }
        used += frame.length;  // closing: the PL wants no more
        continue;
      }
    }
    const auto type = std::to_integer<std::uint8_t>(pl[1]);
    if ((type == kPlRedirect) != data_ && type != kPlHeartbeat) [[unlikely]] {
      if (channel_ != nullptr && !channel_->options().lenient) {
        odd(Counter::DropWrongChannel);
        used += frame.length;
        continue;
      }
      count(Counter::WrongChannelAccepted);
    }
    batch_.push_back({pl, frame.length - kHeaderSize});
    used += frame.length;
    if (batch_.size() == kBatch) {
      deliver_batch();
      if (life_ != Life::Open) return;
    }
  }
  deliver_batch();
}

void Link::deliver_batch() {
  if (batch_.empty()) return;
  if (channel_ != nullptr) channel_->deliver(batch_);
  batch_.clear();
}

// A PL message before the channel is up. True: it is up now, deliver.
bool Link::early_pl(std::span<const std::byte> pl) {
  if (fsm_.state() == ChannelState::Hello) {
    fsm_.on_early_pl(view_pl(pl.data()).source, now());
    pump();
  }
  return life_ == Life::Open && fsm_.state() == ChannelState::Up;
}

void Link::parse_tml(std::span<const std::byte> frame) {
  count(Counter::TmlReceived);
  const Result<Message> message = decode_message(frame);
  if (!message) {
    if (fsm_.state() == ChannelState::Hello || fsm_.state() == ChannelState::Pairing) {
      return context_.refuse(*this, Counter::BadHello, ReasonCode::Protocol,
                             "the first frame does not decode");
    }
    return odd(Counter::TmlMalformed);
  }
  if (!is_known(message->type)) return odd(Counter::TmlUnknown);  // row 5: skipped by its length
  fsm_.on_message(*message, now());
  pump();
}

void Link::lost(const std::string& why) {
  if (life_ == Life::Ended) return;
  if (life_ == Life::Lingering) return end();
  if (channel_ == nullptr && server_) return end();
  const ChannelState was = fsm_.state();
  fsm_.on_eof(now());
  while (fsm_.poll_output()) {
  }
  const bool auth = secure_done_ ? stream_.failure() == TlsFailure::Certificate ||
                                       stream_.failure() == TlsFailure::NoCertificate
                                 : !why.empty() && stream_.ssl() != nullptr;
  detach(was == ChannelState::CloseSent    ? TMLX_REASON_ADMIN
         : auth && was != ChannelState::Up ? TMLX_REASON_AUTH
                                           : TMLX_REASON_IO,
         false, why.empty() ? "the connection ended without a Channel Close" : why);
  end();
}

// ---- sending
// -------------------------------------------------------------------------------------

void Link::flush() {
  const Stream::Io io = stream_.flush(loop_.buffers());
  if (io == Stream::Io::Blocked) wait_writable();
  if (io == Stream::Io::Eof || io == Stream::Io::Failed) {
    // The reading side will find the end, after what the peer still sent.
    if (life_ == Life::Lingering) end();
  }
}

void Link::wait_writable() {
  if (writing_ || life_ == Life::Ended) return;
  writing_ = true;
  stream_.socket().async_wait(asio::ip::tcp::socket::wait_write,
                              [self = shared_from_this()](const asio::error_code& ec) {
                                self->writing_ = false;
                                if (ec || self->life_ == Life::Ended) return;
                                self->flush();
                                if (self->stream_.blocked()) return;
                                if (self->life_ == Life::Lingering)
                                  self->stream_.shutdown_send();
                                else
                                  self->drain_channel();
                                if (self->channel_ != nullptr) self->channel_->after_drain();
                              });
}

// Highest priority first, TML messages before all; as long as the kernel takes it.
void Link::drain_channel() {
  if (life_ != Life::Open || stream_.blocked() || !secure_done_) return;
  Buffers& b = loop_.buffers();
  if (!tml_out_.empty()) {
    if (!stream_.write(b, tml_out_)) return flush();
    tml_out_.clear();
  }
  if (channel_ != nullptr) {
    SendQueue& queue = channel_->queue();
    const Instant at = loop_.time();
    const std::size_t share = data_ ? kDataShare : kDrain;
    std::size_t total = 0, batch = 0;
    shed(at);
    while (total < share) {
      const SendQueue::Run run = queue.front(kWrite - batch);
      if (run.messages == 0) break;
      if (!stream_.write(b, run.octets)) return flush();
      channel_->sent(run, at);
      total += run.octets.size();
      batch += run.octets.size();
      queue.pop(run);
      if (batch < kWrite - kWrite / 4) continue;
      batch = 0;
      flush();
      if (stream_.blocked()) break;
    }
    if (total != 0) {
      fsm_.on_sent(at);
      moved();
    }
    if (total >= share && !stream_.blocked()) channel_->schedule();
  }
  if (!stream_.blocked()) flush();
  if (channel_ == nullptr) return;
  if (stream_.blocked() && channel_->options().ttl != Duration{}) loop_.arm(*this);
  if (fsm_.state() == ChannelState::Draining && channel_->queue().queued() == 0 && !pumping_) {
    fsm_.on_drained(now());
    pump();
  }
}

// Data that waited too long is worth nothing any more (row 12).
void Link::shed(Instant at) {
  const Duration ttl = channel_->options().ttl;
  SendQueue& queue = channel_->queue();
  if (ttl == Duration{} || queue.idle()) return;
  const std::int64_t t = at.time_since_epoch().count();
  for (;;) {
    const SendQueue::Run run = queue.expired(t - ttl.count(), t - ttl.count() / 8, t);
    if (run.messages == 0) return;
    count(Counter::DropTtl, run.messages);
    queue.pop(run);
  }
}

}  // namespace forces::tml
