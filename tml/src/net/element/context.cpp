#include "tml/src/net/element/context.hpp"

#include <malloc.h>
#include <openssl/rand.h>

#include <algorithm>
#include <asio/posix/stream_descriptor.hpp>
#include <cstring>

#include "proto/pl/ids.hpp"

namespace forces::tml {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kExpiryWarning = 14 * 24 * 3600;  // seconds

PairToken random_token() {
  PairToken token;
  RAND_bytes(reinterpret_cast<unsigned char*>(token.data()), static_cast<int>(token.size()));
  return token;
}

std::function<PairToken()> token_source(std::uint64_t seed) {
  if (seed == 0) return random_token;
  return [random = std::mt19937_64(seed)]() mutable {
    PairToken token;
    for (std::size_t at = 0; at < token.size(); at += 8) {
      const std::uint64_t word = random();
      std::memcpy(token.data() + at, &word, 8);
    }
    return token;
  };
}

unsigned or_default(unsigned value, unsigned standard) { return value != 0 ? value : standard; }

}  // namespace

struct Context::Watch final : Rewaiting, std::enable_shared_from_this<Watch> {
  Watch(Loop& l, int fd, tmlx_ready_handler r, void* u)
      : loop(l), descriptor(l.io(), fd), ready(r), user(u) {}
  ~Watch() { end(); }
  // From here on the descriptor is the caller's alone: it may be closed, and its number used again.
  void end() {
    active = false;
    if (descriptor.is_open()) descriptor.release();
  }
  void wait_again() override {
    if (!active) return;
    descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                          [self = shared_from_this()](const asio::error_code& ec) {
                            if (ec || !self->active) return;
                            self->ready(self->user, self->descriptor.native_handle());
                            if (self->active) self->loop.at_turns_end(self);
                          });
  }
  Loop& loop;
  asio::posix::stream_descriptor descriptor;
  tmlx_ready_handler ready;
  void* user;
  bool active = true;
};

struct Context::Daily final : Timed {
  explicit Daily(Context& c) : context(c) {}
  std::optional<Instant> deadline() const override { return at; }
  void on_timer(Instant now) override {
    context.warn_of_expiry();
    at = now + std::chrono::hours(24);
    context.loops_.front()->arm(*this);
  }
  Context& context;
  Instant at = now();
};

// A thousand handshakes at once leave the heap full of holes: more than the connections themselves
// hold (measured: 50 KiB resident a connection, 29 after trimming). One trim when the storm is over
// takes 2 ms.
struct Context::Trim final : Timed {
  static constexpr unsigned kWorthIt = 128;  // handshakes
  static constexpr Duration kQuiet = milliseconds(20);
  explicit Trim(Context& c) : context(c) {}
  std::optional<Instant> deadline() const override { return at; }
  void on_timer(Instant now) override {
    if (ended.exchange(0) != 0) {  // still going on
      at = now + kQuiet;
      return context.loops_.front()->arm(*this);
    }
    at.reset();
    armed = false;
#ifdef __GLIBC__
    malloc_trim(0);
#endif
  }
  Context& context;
  std::optional<Instant> at;
  std::atomic<unsigned> ended{0};
  std::atomic<bool> armed{false};
};

void Context::handshake_ended() {
  if (++trim_->ended < Trim::kWorthIt || trim_->armed.exchange(true)) return;
  loops_.front()->post([this] {
    trim_->at = now() + Trim::kQuiet;
    loops_.front()->arm(*trim_);
  });
}

ChunkPool& Context::pool() {
  static ChunkPool* const chunks = new ChunkPool;  // chunk headers are never freed: see FrameLog
  return *chunks;
}

Context::Context(const tmlx_config& c)
    : local_id_(c.local_id),
      max_half_open_(or_default(c.max_half_open, 4096)),
      handshake_timeout_(milliseconds(or_default(c.handshake_timeout_ms, 10'000))),
      pairing_timeout_(milliseconds(or_default(c.pairing_timeout_ms, 5'000))),
      event_handler_(c.event_handler),
      user_(c.user),
      seed_(c.random_seed),
      tls_config_(copy(*c.tls)),
      handshakes_(or_default(c.handshakes_per_s, 5'000),
                  2.0 * or_default(c.handshakes_per_s, 5'000)),
      peers_(or_default(c.max_peers, 9'000), token_source(c.random_seed)) {}

tml_status Context::create(const tmlx_config& config, std::unique_ptr<Context>& out,
                           std::string& error) {
  if (config.tls == nullptr) {
    error = "config.tls is missing: give certificates, or turn security off by TMLX_TLS_PLAINTEXT";
    return TMLX_E_INVALID;
  }
  if (!pl::is_ce({config.local_id}) && !pl::is_fe({config.local_id})) {
    error = "local_id is neither an FE ID (0 to 0x3fffffff) nor a CE ID (0x40000000 to 0x7fffffff)";
    return TMLX_E_INVALID;
  }
  std::unique_ptr<Context> made(new Context(config));
  if (!made->tls_config_.off()) {
    auto loaded = TlsContext::load(made->tls_config_);
    if (!loaded) {
      error = std::move(loaded.error());
      return TMLX_E_AUTH;
    }
    made->tls_ = std::move(*loaded);
  }
  const bool own = config.io_threads != TMLX_CALLER_DRIVEN;
  const unsigned threads = own ? or_default(config.io_threads, 1) : 1;
  for (unsigned i = 0; i < threads; ++i) made->loops_.push_back(std::make_unique<Loop>(own));
  if (made->tls_) {
    made->daily_ = std::make_unique<Daily>(*made);
    made->trim_ = std::make_unique<Trim>(*made);
    made->loops_.front()->arm(*made->daily_);
  }
  for (auto& loop : made->loops_) loop->start();
  out = std::move(made);
  return TML_SUCCESS;
}

Context::~Context() { shut_down(); }

// Data channels, then control channels, each given its time; then whatever is left is cut.
void Context::shut_down() {
  if (loops_.empty()) return;  // creation failed
  for (Server& s : servers_)
    if (s.listener) loops_.front()->run([&] { s.listener->stop(); });
  std::vector<Channel*> all;
  {
    const std::lock_guard lock(mutex_);
    for (auto& channel : channels_) all.push_back(channel.get());
  }
  for (const tml_channel_type type : {TML_CHANNEL_DATA, TML_CHANNEL_CONTROL}) {
    for (Channel* c : all) {
      if (c->type() != type || !c->open.exchange(false)) continue;
      c->loop().run([&] { c->begin_close(TML_CLOSE_CONTROLLED, TMLX_REASON_SHUTDOWN); });
    }
    const auto down = [&](const Channel* c) {
      return c->type() != type || c->state() == TMLX_STATE_DOWN;
    };
    loops_.front()->wait(2000, [&] { return std::all_of(all.begin(), all.end(), down); });
  }
  for (auto& loop : loops_) {
    loop->run([&] {
      std::vector<std::shared_ptr<Link>> mine;
      {
        const std::lock_guard lock(mutex_);
        for (auto& [id, weak] : links_)
          if (auto link = weak.lock(); link && &link->loop() == loop.get()) mine.push_back(link);
      }
      for (auto& link : mine) link->abandon();
      for (Channel* c : all)
        if (&c->loop() == loop.get()) c->dialer.reset();
      if (loop != loops_.front()) return;
      if (daily_) loop->disarm(*daily_);
      if (trim_) loop->disarm(*trim_);
      for (auto& [fd, w] : watches_) w->end();
    });
  }
  for (auto& loop : loops_) loop->stop();
  watches_.clear();
  for (Channel* c : all) Handles::instance().remove(c->descriptor());
  for (auto& [id, group] : group_handles_) Handles::instance().remove(group.descriptor);
}

std::shared_ptr<TlsContext> Context::tls() {
  const std::lock_guard lock(mutex_);
  return tls_;
}

bool Context::tls_for(tml_channel_type type) const {
  if (tls_config_.off()) return false;
  return type == TML_CHANNEL_CONTROL || (tls_config_.flags & TMLX_TLS_DATA_PLAINTEXT) == 0;
}

tml_status Context::reload(std::string& error) {
  if (tls_config_.off()) return TML_SUCCESS;
  auto loaded = TlsContext::load(tls_config_);
  if (!loaded) {
    counters_.add(Counter::TlsReloadsFailed);
    error = std::move(loaded.error());
    return TMLX_E_AUTH;
  }
  {
    const std::lock_guard lock(mutex_);
    tls_ = std::move(*loaded);
  }
  counters_.add(Counter::TlsReloads);
  loops_.front()->run([this] { warn_of_expiry(); });
  return TML_SUCCESS;
}

void Context::warn_of_expiry() {
  const std::int64_t left = tls()->seconds_to_expiry();
  if (left > kExpiryWarning) return;
  tmlx_event event{};
  event.type = TMLX_EVENT_CERT_EXPIRING;
  event.count = static_cast<std::uint64_t>(std::max<std::int64_t>(left, 0));
  emit(event, "our certificate " + tls_config_.cert_file +
                  (left > 0 ? " expires soon" : " has expired") + ": renew it and reload");
}

void Context::emit(tmlx_event event, const std::string& detail) {
  if (event_handler_ == nullptr) return;
  event.size = sizeof event;
  event.detail = detail.c_str();
  event_handler_(user_, &event);
}

std::vector<tml_descriptor> Context::channels() {
  const std::lock_guard lock(mutex_);
  std::vector<tml_descriptor> all;
  for (const auto& channel : channels_)
    if (channel->open) all.push_back(channel->descriptor());
  return all;
}

tml_status Context::watch(int fd, tmlx_ready_handler ready, void* user) {
  tml_status status = TML_SUCCESS;
  loops_.front()->run([&] {
    const auto found = watches_.find(fd);
    if (ready == nullptr) {
      if (found == watches_.end()) {
        status = TMLX_E_INVALID;
        return;
      }
      found->second->end();
      watches_.erase(found);
      return;
    }
    if (found != watches_.end()) {
      status = TMLX_E_INVALID;
      return;
    }
    try {
      const auto watch = std::make_shared<Watch>(*loops_.front(), fd, ready, user);
      watches_.emplace(fd, watch);
      watch->wait_again();
    } catch (const std::system_error&) {
      status = TMLX_E_INVALID;  // not a descriptor that can be waited for
    }
  });
  return status;
}

}  // namespace forces::tml
