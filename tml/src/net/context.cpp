#include "tml/src/net/context.hpp"

#include <malloc.h>
#include <openssl/rand.h>

#include <algorithm>
#include <asio/posix/stream_descriptor.hpp>
#include <cstring>

#include "proto/tml/frame.hpp"

namespace forces::tml {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kExpiryWarning = 14 * 24 * 3600;  // seconds
constexpr std::size_t kRetiredGroups = 1024;
constexpr std::size_t kShareAbove = 2048;  // octets: below, a copy for each member is cheaper

bool is_ce(std::uint32_t id) { return (id >> 30) == 1; }
bool is_fe(std::uint32_t id) { return (id >> 30) == 0; }

bool is_loopback(const std::string& address) {
  asio::error_code ec;
  const auto ip = asio::ip::make_address(address, ec);
  return ec ? address == "localhost" : ip.is_loopback();
}

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

struct Context::Watch {
  Watch(asio::io_context& io, int fd, tmlx_ready_handler r, void* u)
      : descriptor(io, fd), ready(r), user(u) {}
  ~Watch() { descriptor.release(); }
  static void wait(const std::shared_ptr<Watch>& self) {
    self->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                [self](const asio::error_code& ec) {
                                  if (ec || !self->active) return;
                                  self->ready(self->user, self->descriptor.native_handle());
                                  if (self->active) wait(self);
                                });
  }
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
  if (!is_ce(config.local_id) && !is_fe(config.local_id)) {
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
      for (auto& [fd, w] : watches_) {
        w->active = false;
        w->descriptor.cancel();
      }
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

// ---- set-up
// --------------------------------------------------------------------------------------

tml_status Context::init(tml_channel_type type, const tmlx_init_attributes& a, std::string& error) {
  const bool data = type == TML_CHANNEL_DATA;
  Server& s = server(type);
  const std::string address = a.address != nullptr ? a.address : "127.0.0.1";
  if (!is_ce(local_id_))
    error = "tmlInit is the CE's call: local_id is an FE's; an FE calls tmlOpen";
  else if (s.ready)
    error = "tmlInit was called for this channel type";
  else if (!tls_for(type) &&
           (tls_config_.flags & (TMLX_TLS_PLAINTEXT_ANYWHERE | TMLX_TLS_DATA_PLAINTEXT)) == 0 &&
           !is_loopback(address))
    error = "plaintext beyond loopback needs TMLX_TLS_PLAINTEXT_ANYWHERE";
  else if (a.port < TMLX_PORT_EPHEMERAL || a.port > 65535)
    error = "port is not 0 to 65535";
  if (!error.empty()) return TMLX_E_INVALID;
  s.handlers = {a.event_handler, a.message_handler, a.user};
  s.options = resolve(a.options, type);
  s.join_filter = a.join_filter;
  s.user = a.user;
  s.listener = std::make_unique<Listener>(*this, *loops_.front(), type);
  int port = a.port == TMLX_PORT_EPHEMERAL ? 0 : a.port;
  if (a.port == 0) {
    const int control = listen_port(TML_CHANNEL_CONTROL);
    port = data ? (control != 0 ? control : TMLX_PORT_CONTROL) + 1 : TMLX_PORT_CONTROL;
  }
  const auto opened = s.listener->open(address, static_cast<std::uint16_t>(port));
  if (!opened) {
    error = opened.error();
    s.listener.reset();
    return TMLX_E_INTERNAL;
  }
  s.ready = true;
  loops_.front()->run([&] { s.listener->start(); });
  return TML_SUCCESS;
}

int Context::listen_port(tml_channel_type type) const {
  const Server& s = server(type);
  return s.ready ? s.listener->port() : 0;
}

Loop& Context::loop_for(const std::string& text) {
  return *loops_[std::hash<std::string>{}(text) % loops_.size()];
}

// Under the mutex.
Channel& Context::channel_of(std::uint32_t local, std::uint32_t element, tml_channel_type type,
                             Loop& loop) {
  Peer& peer = table_[key(local, element)];
  Channel*& channel = type == TML_CHANNEL_DATA ? peer.data : peer.control;
  if (channel == nullptr) {
    channels_.push_back(std::make_unique<Channel>(*this, loop, type, local, element));
    channel = channels_.back().get();
  }
  return *channel;
}

tml_status Context::open(tml_channel_type type, std::uint32_t element,
                         const tmlx_channel_attributes& a, tml_event_handler handler,
                         bool register_now, tml_descriptor& out, std::string& error) {
  const std::uint32_t local = a.local_id != 0 ? a.local_id : local_id_;
  const bool data = type == TML_CHANNEL_DATA;
  const Handlers handlers{handler, a.message_handler, a.user};
  Channel* channel = nullptr;
  bool dial = false;
  DialTarget target;
  std::uint64_t seed = 0;
  {
    const std::lock_guard lock(mutex_);
    if (is_ce(local)) {
      const auto found = table_.find(key(local, element));
      if (found != table_.end()) channel = data ? found->second.data : found->second.control;
      if (channel == nullptr || !channel->open) {
        error = "this FE has no such channel: at a CE tmlOpen registers for a channel that is up";
        return TMLX_E_CONNECT;
      }
    } else {
      const std::string address = a.address != nullptr ? a.address : "127.0.0.1";
      if (!is_ce(element))
        error = "elementId is no CE ID (0x40000000 to 0x7fffffff)";
      else if (a.port < 0 || a.port > 65535)
        error = "port is not 1 to 65535";
      else if (!tls_for(type) &&
               (tls_config_.flags & (TMLX_TLS_PLAINTEXT_ANYWHERE | TMLX_TLS_DATA_PLAINTEXT)) == 0 &&
               !is_loopback(address))
        error = "plaintext beyond loopback needs TMLX_TLS_PLAINTEXT_ANYWHERE";
      if (!error.empty()) return TMLX_E_INVALID;
      channel = &channel_of(local, element, type,
                            loop_for(std::to_string(local) + "/" + std::to_string(element)));
      dial = !channel->open;
      if (dial) {
        const auto ms = [](int value, int standard) {
          return Duration(milliseconds(value > 0 ? value : standard));
        };
        target = {
            address,
            static_cast<std::uint16_t>(a.port != 0 ? a.port : TMLX_PORT_CONTROL + (data ? 1 : 0)),
            ms(a.backoff_min_ms, 100), ms(a.backoff_max_ms, 30'000)};
        channel->set_options(resolve(a.options, type));
        channel->set_handlers(register_now ? handlers : Handlers{});
        channel->registered = register_now;
        channel->fail_with(TML_SUCCESS);
        channel->set_descriptor(Handles::instance().add(*channel));
        seed = seed_ != 0 ? seed_ + ++dialers_ : std::random_device{}();
        channel->open = true;
      }
    }
    out = channel->descriptor();
    if (!dial && register_now) {
      if (channel->registered) return TML_ALREADY_REGISTERED;
      channel->registered = true;
    }
  }
  if (dial)
    channel->loop().run([&] {
      channel->dialer = std::make_unique<Dialer>(*channel, std::move(target), seed);
      channel->dialer->start();
    });
  else if (register_now)
    channel->loop().run([&] {
      channel->set_handlers(handlers);
      if (!is_ce(local) && channel->up()) channel->emit(TMLX_EVENT_CHANNEL_UP);
    });
  if (a.open_timeout == 0 || channel->up()) return TML_SUCCESS;
  if (channel->loop().inside()) return TMLX_E_WOULD_BLOCK;
  const auto settled = [&] {
    const tml_status failure = channel->last_failure();
    return channel->up() || failure == TMLX_E_AUTH || failure == TMLX_E_VERSION;
  };
  channel->loop().wait(a.open_timeout, settled);
  if (channel->up()) return TML_SUCCESS;
  const tml_status failure = channel->last_failure();
  close(*channel, TML_CLOSE_FORCED);
  out = {0};
  error = "the channel did not come up; the CONNECT_FAILED and AUTH_FAILED events say why";
  return failure == TML_SUCCESS ? TMLX_E_TIMEOUT : failure;
}

tml_status Context::close(Channel& channel, tml_close_mode mode, tmlx_reason reason) {
  Context& self = channel.context();
  Channel* data = nullptr;
  {
    const std::lock_guard lock(self.mutex_);
    if (!channel.open.exchange(false)) return TMLX_E_CLOSED;
    channel.registered = false;
    if (channel.type() == TML_CHANNEL_CONTROL) {
      const auto found = self.table_.find(key(channel.local_id(), channel.element_id()));
      if (found != self.table_.end() && found->second.data != nullptr && found->second.data->open)
        data = found->second.data;
    }
  }
  if (data != nullptr) close(*data, mode, reason);
  const bool inside = channel.loop().inside();
  channel.loop().run([&] { channel.begin_close(mode, reason); });
  if (!inside) {
    const auto limit = std::chrono::duration_cast<milliseconds>(channel.options().close_timeout) +
                       milliseconds(2500);
    channel.loop().wait(static_cast<int>(limit.count()),
                        [&] { return channel.state() == TMLX_STATE_DOWN; });
  }
  channel.loop().run([&] {
    channel.silence();
    if (!inside && channel.link() != nullptr) channel.link()->abandon();
    if (!inside) channel.dialer.reset();
    channel.joined.clear();
  });
  Handles::instance().remove(channel.descriptor());
  return TML_SUCCESS;
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
      found->second->active = false;
      found->second->descriptor.cancel();
      watches_.erase(found);
      return;
    }
    if (found != watches_.end()) {
      status = TMLX_E_INVALID;
      return;
    }
    try {
      const auto watch = std::make_shared<Watch>(loops_.front()->io(), fd, ready, user);
      watches_.emplace(fd, watch);
      Watch::wait(watch);
    } catch (const std::system_error&) {
      status = TMLX_E_INVALID;  // not a descriptor that can be waited for
    }
  });
  return status;
}

// ---- groups (draft section 6.3)
// ------------------------------------------------------------------

tml_status Context::group_find(std::uint32_t group, tml_descriptor& out) {
  const std::lock_guard lock(mutex_);
  auto found = group_handles_.find(group);
  if (found == group_handles_.end() && group == kAllFes) {
    auto handle = std::make_unique<GroupHandle>(GroupHandle{this, kAllFes, 0});
    const tml_descriptor d = Handles::instance().add(*handle);
    found = group_handles_.emplace(kAllFes, Group{std::move(handle), d}).first;
  }
  if (found == group_handles_.end()) return TMLX_E_NO_GROUP;
  out = found->second.descriptor;
  return TML_SUCCESS;
}

tml_status Context::group_write(const GroupHandle& group, std::span<const std::byte> pl,
                                std::uint32_t* failed, std::size_t* failed_count) {
  if (pl.size() < kMinPlSize || pl.size() % 4 != 0 || pl.size() > kMaxPlSize) return TMLX_E_INVALID;
  const PlView view = view_pl(pl.data());
  if (view.length != pl.size()) return TMLX_E_INVALID;
  const bool data = view.type == kPlRedirect;
  const unsigned level = view.transaction ? 4 : view.priority;
  const std::size_t room = failed_count != nullptr ? *failed_count : 0;
  std::size_t lost = 0, members = 0;
  SharedFrame* shared = pl.size() > kShareAbove ? SharedFrame::make(pl) : nullptr;
  const auto offer = [&](std::uint32_t element, Channel* channel) {
    ++members;
    if (channel != nullptr && channel->open && channel->offer(pl, shared, level)) return;
    if (lost < room && failed != nullptr) failed[lost] = element;
    ++lost;
  };
  {
    const std::lock_guard lock(mutex_);
    if (group.group == kAllFes) {
      for (auto& [k, peer] : table_) {
        Channel* channel = data ? peer.data : peer.control;
        if (peer.control != nullptr && peer.control->up())
          offer(peer.control->element_id(), channel);
      }
    } else if (const auto* list = groups_.members(group.group, group.incarnation)) {
      for (const Groups::Member element : *list) {
        const auto found = table_.find(key(local_id_, element));
        Channel* channel = found == table_.end() ? nullptr
                           : data                ? found->second.data
                                                 : found->second.control;
        offer(element, channel);
      }
    }
  }
  if (shared != nullptr) shared->release();
  if (failed_count != nullptr) *failed_count = std::min(lost, room);
  if (members == 0 && group.group != kAllFes) return TMLX_E_NO_GROUP;
  return lost == 0 ? TML_SUCCESS : TMLX_E_PARTIAL;
}

void Context::on_join(Channel& channel, std::uint32_t group, std::uint32_t request) {
  const Server& s = server(TML_CHANNEL_CONTROL);
  const std::uint32_t element = channel.element_id();
  std::uint32_t status = is_multicast(group) ? kGroupOk : kGroupInvalid;
  if (status == kGroupOk && s.join_filter != nullptr && s.join_filter(s.user, element, group) != 0)
    status = kGroupRefused;
  if (status != kGroupOk) {
    channel.counters().add(Counter::GroupJoinsRefused);
    if (channel.link() != nullptr)
      channel.link()->fsm().answer(MsgType::JoinResponse, group, request, status);
    return;
  }
  tmlx_event event{};
  {
    const std::lock_guard lock(mutex_);
    const Groups::Joined joined = groups_.join(group, element);
    if (joined.created) {
      auto handle = std::make_unique<GroupHandle>(GroupHandle{this, group, joined.incarnation});
      const tml_descriptor d = Handles::instance().add(*handle);
      group_handles_.insert_or_assign(group, Group{std::move(handle), d});
    }
    event.group = group_handles_.at(group).descriptor;
  }
  channel.counters().add(Counter::GroupJoins);
  event.type = TMLX_EVENT_JOIN;
  event.group_id = group;
  channel.emit(event);
  if (channel.link() != nullptr)
    channel.link()->fsm().answer(MsgType::JoinResponse, group, request, kGroupOk);
}

void Context::leave_group(Channel& channel, std::uint32_t group) {
  tmlx_event event{};
  {
    const std::lock_guard lock(mutex_);
    const auto found = group_handles_.find(group);
    if (found != group_handles_.end()) {
      event.group = found->second.descriptor;
      if (groups_.incarnation(group) == 0) {
        Handles::instance().remove(found->second.descriptor);
        retired_groups_.push_back(std::move(found->second.handle));
        if (retired_groups_.size() > kRetiredGroups) retired_groups_.pop_front();
        group_handles_.erase(found);
      }
    }
  }
  channel.counters().add(Counter::GroupLeaves);
  event.type = TMLX_EVENT_LEAVE;
  event.group_id = group;
  channel.emit(event);
}

void Context::on_leave(Channel& channel, std::uint32_t group, std::uint32_t request) {
  bool was = false;
  {
    const std::lock_guard lock(mutex_);
    was = groups_.leave(group, channel.element_id());
  }
  if (was) leave_group(channel, group);
  if (channel.link() == nullptr) return;
  if (was) return channel.answer_leave(group, request);
  channel.link()->fsm().answer(MsgType::LeaveResponse, group, request, kGroupNotMember);
}

tml_status Context::change_membership(Channel& channel, bool join, std::uint32_t group,
                                      int timeout) {
  if (channel.type() != TML_CHANNEL_CONTROL || !is_fe(channel.local_id())) return TMLX_E_INVALID;
  if (!is_multicast(group)) return TMLX_E_INVALID;
  if (!channel.up()) return channel.open ? TMLX_E_CONNECT : TMLX_E_CLOSED;
  if (timeout != 0 && channel.loop().inside()) return TMLX_E_WOULD_BLOCK;
  constexpr int kPending = 1;
  const auto result = std::make_shared<std::atomic<int>>(kPending);
  channel.loop().run([&] {
    if (!join &&
        std::find(channel.joined.begin(), channel.joined.end(), group) == channel.joined.end()) {
      *result = TMLX_E_NOT_MEMBER;
    } else if (channel.link() == nullptr) {
      *result = TMLX_E_CONNECT;
    } else {
      const std::uint32_t request = channel.next_request++;
      channel.requests[request] = {group, join, result};
      if (join)
        channel.link()->fsm().join(group, request);
      else
        channel.link()->fsm().leave(group, request);
      channel.link()->pump();
    }
  });
  if (*result == kPending && timeout != 0 &&
      !channel.loop().wait(timeout, [&] { return *result != kPending; }))
    return TMLX_E_TIMEOUT;
  return *result == kPending ? TML_SUCCESS : static_cast<tml_status>(result->load());
}

void Context::on_answer(Channel& channel, bool join, std::uint32_t group, std::uint32_t request,
                        std::uint32_t status) {
  const auto found = channel.requests.find(request);
  if (found == channel.requests.end() || found->second.group != group || found->second.join != join)
    return channel.counters().add(Counter::TmlUnexpected);
  const auto result = found->second.result;
  channel.requests.erase(found);
  std::erase(channel.joined, group);
  if (join && status == kGroupOk) channel.joined.push_back(group);
  const tml_status outcome = status == kGroupOk          ? TML_SUCCESS
                             : status == kGroupRefused   ? TMLX_E_PERM
                             : status == kGroupNotMember ? TMLX_E_NOT_MEMBER
                                                         : TMLX_E_INVALID;
  if (result) *result = outcome;
  channel.loop().wake_waiters();
  tmlx_event event{};
  event.type = outcome != TML_SUCCESS && join ? TMLX_EVENT_JOIN_REFUSED
               : join                         ? TMLX_EVENT_JOIN
                                              : TMLX_EVENT_LEAVE;
  event.group_id = group;
  event.status = outcome;
  channel.emit(event);
}

}  // namespace forces::tml
