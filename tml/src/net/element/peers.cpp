// The part of Context that decides which connection is whose (rows 7, 8, 13, 17, 18, 29).
#include <algorithm>

#include "proto/pl/ids.hpp"
#include "tml/src/net/element/context.hpp"

namespace forces::tml {
namespace {

constexpr std::uint32_t kUnassigned = 0x80000000;  // reserved IDs stand for FEs that have none yet

}  // namespace

// ---- connections come
// ----------------------------------------------------------------------------

void Context::accepted(asio::ip::tcp::socket socket, tml_channel_type type) {
  counters_.add(Counter::ConnectionsAccepted);
  (void)handshakes_.take(now());
  asio::error_code ec;
  const auto remote = socket.remote_endpoint(ec);
  if (ec) return;
  // Both channels of an FE come from one address, hence to one I/O thread.
  Loop& loop = loop_for(remote.address().to_string());
  LinkId id = 0, evicted = 0;
  {
    const std::lock_guard lock(mutex_);
    id = ++last_link_;
    half_open_.push_back(id);
    half_open_at_[id] = std::prev(half_open_.end());
    if (half_open_.size() > max_half_open_) {
      evicted = half_open_.front();
      half_open_at_.erase(evicted);
      half_open_.pop_front();
    }
  }
  if (evicted != 0) {
    // The one that has been silent longest goes, not the newcomer: an honest FE needs milliseconds.
    counters_.add(Counter::RefusedHalfOpen);
    close_link(evicted, ReasonCode::Overload, "too many connections that are not identified yet",
               true);
  }
  const Options& o = server(type).options;
  ChannelConfig config{.server = true,
                       .channel_type = static_cast<std::uint32_t>(type),
                       .local_id = local_id_,
                       .peer_id = 0,
                       .heartbeat = o.heartbeat,
                       .dead = o.dead,
                       .hello_timeout = handshake_timeout_,
                       .pairing_timeout = pairing_timeout_,
                       .max_message = static_cast<std::uint32_t>(o.max_message),
                       .token = std::nullopt};
  const auto start = [this, &loop, id, config](asio::ip::tcp::socket s) {
    const bool secure = tls_for(static_cast<tml_channel_type>(config.channel_type));
    const auto link = std::make_shared<Link>(*this, loop, std::move(s),
                                             secure ? tls()->accept() : nullptr, true, config, id);
    {
      const std::lock_guard lock(mutex_);
      links_[id] = link;
    }
    link->start();
  };
  if (&loop == loops_.front().get()) return start(std::move(socket));
  const int fd = socket.release(ec);
  loop.post([&loop, fd, protocol = remote.protocol(), start] {
    asio::ip::tcp::socket moved(loop.io(), protocol, fd);
    asio::error_code ignored;
    moved.non_blocking(true, ignored);
    start(std::move(moved));
  });
}

void Context::connected(Channel& channel, asio::ip::tcp::socket socket) {
  tune(socket, channel.type());
  const Options& o = channel.options();
  ChannelConfig config{.server = false,
                       .channel_type = static_cast<std::uint32_t>(channel.type()),
                       .local_id = channel.local_id(),
                       .peer_id = channel.element_id(),
                       .heartbeat = o.heartbeat,
                       .dead = o.dead,
                       .hello_timeout = handshake_timeout_,
                       .pairing_timeout = pairing_timeout_,
                       .max_message = static_cast<std::uint32_t>(o.max_message),
                       .token = std::nullopt};
  LinkId id = 0;
  {
    const std::lock_guard lock(mutex_);
    id = ++last_link_;
    if (channel.data()) config.token = table_[key(channel.local_id(), channel.element_id())].token;
  }
  SslPtr ssl =
      tls_for(channel.type()) ? tls()->connect(channel.local_id(), channel.element_id()) : nullptr;
  const auto link = std::make_shared<Link>(*this, channel.loop(), std::move(socket), std::move(ssl),
                                           false, config, id);
  {
    const std::lock_guard lock(mutex_);
    links_[id] = link;
  }
  channel.set_state(TMLX_STATE_HANDSHAKE);
  channel.attach(link);
  link->attached(channel);
  link->start();
}

bool Context::control_is_up(const Channel& data) {
  const std::lock_guard lock(mutex_);
  const auto found = table_.find(key(data.local_id(), data.element_id()));
  return found != table_.end() && found->second.control != nullptr && found->second.control->up();
}

Instant Context::handshake_deadline(const Link& link) const {
  return link.created() + handshake_timeout_;
}

bool Context::on_secured(Link& link, SSL* ssl) {
  if (ssl == nullptr) return true;
  handshake_ended();
  counters_.add(SSL_session_reused(ssl) == 1 ? Counter::TlsResumed : Counter::TlsHandshakes);
  PeerIdentity who = identity_of(ssl);
  link.identity_ = std::move(who.text);
  link.certified_ids_ = link.server() ? std::move(who.fe_ids) : std::move(who.ce_ids);
  if (link.server() || (tls_config_.flags & TMLX_TLS_ANY_IDENTITY) != 0) return true;
  const auto& ids = link.certified_ids_;
  if (std::find(ids.begin(), ids.end(), link.peer_id_) != ids.end()) return true;
  counters_.add(Counter::WrongIdentity);
  on_refused(link, TMLX_REASON_AUTH,
             "the certificate (" + link.identity() + ") is not one of CE " +
                 std::to_string(link.peer_id_));
  return false;
}

void Context::on_tls_failure(Link& link, TlsFailure kind, const std::string& text) {
  switch (kind) {
    case TlsFailure::Protocol:
      counters_.add(Counter::TlsFailed);
      break;
    case TlsFailure::Certificate:
      counters_.add(Counter::TlsBadCertificate);
      break;
    case TlsFailure::NoCertificate:
      counters_.add(Counter::TlsNoCertificate);
      break;
    case TlsFailure::Version:
      counters_.add(Counter::TlsVersion);
      break;
    case TlsFailure::NotTls:
      counters_.add(Counter::TlsPlaintext);
      break;
  }
  on_refused(link, TMLX_REASON_AUTH, text);
}

// An event for the log: somebody was not let in. Without the ID that it claims: a log that limits
// lines by element would be open to whoever claims another one each time.
void Context::on_refused(const Link& link, tmlx_reason reason, const std::string& text) {
  tmlx_event event{};
  event.type = TMLX_EVENT_AUTH_FAILED;
  event.channel_type = link.data() ? TML_CHANNEL_DATA : TML_CHANNEL_CONTROL;
  event.reason = reason;
  emit(event, link.peer_address() + ": " + text);
}

void Context::on_accept_failed(tml_channel_type type, const std::string& why) {
  counters_.add(Counter::RefusedDescriptors);
  tmlx_event event{};
  event.type = TMLX_EVENT_AUTH_FAILED;
  event.channel_type = type;
  event.reason = TMLX_REASON_OVERLOAD;
  emit(event, "a connection could not be accepted: " + why);
}

void Context::refuse(Link& link, Counter counter, ReasonCode reason, const std::string& why) {
  counters_.add(counter);
  on_refused(link, static_cast<tmlx_reason>(reason), why);
  link.refuse(reason, why);
}

// ---- who is it
// -----------------------------------------------------------------------------------

// Binds the PL ID to the certificate (row 29).
bool Context::certified(const Link& link, Claim& claim, std::string& why) const {
  if (!tls_for(link.data() ? TML_CHANNEL_DATA : TML_CHANNEL_CONTROL)) {
    claim.token_binds = link.data() && !tls_config_.off();
    return true;
  }
  const auto& ids = link.certified_ids_;
  if (!claim.known && claim.pl_id == 0 && ids.size() == 1) claim.pl_id = ids.front();
  if ((tls_config_.flags & TMLX_TLS_ANY_IDENTITY) != 0) return true;
  if (claim.pl_id == 0 ? !ids.empty() : std::find(ids.begin(), ids.end(), claim.pl_id) != ids.end())
    return true;
  why = "the certificate (" + link.identity() + ") does not allow FE ID " +
        std::to_string(claim.pl_id);
  return false;
}

void Context::identify(const std::shared_ptr<Link>& link) {
  Claim claim = link->claim();
  std::string why;
  link->pl_id_ = claim.pl_id;
  if (!certified(*link, claim, why))
    return refuse(*link, Counter::WrongIdentity, ReasonCode::Auth, why);
  if (!pl::is_fe({claim.pl_id}))
    return refuse(*link, Counter::BadHello, ReasonCode::Protocol, "the PL ID is not an FE's");
  PeerTable::Answer answer;
  {
    const std::lock_guard lock(mutex_);
    if (claim.pl_id == 0 && !link->data())
      claim.pl_id = kUnassigned + ++last_unassigned_ % kUnassigned;
    answer = link->data() ? peers_.data(link->id(), claim) : peers_.control(link->id(), claim);
    if (answer.verdict == PeerTable::Verdict::Wait) parked_.push_back(link);
    if (answer.verdict == PeerTable::Verdict::Accepted) link->pl_id_ = answer.pl_id;
  }
  const std::string fe = "FE " + std::to_string(claim.pl_id);
  switch (answer.verdict) {
    case PeerTable::Verdict::Accepted: {
      link->accounted_ = true;
      return take_in(link, answer.pl_id, answer.token);
    }
    case PeerTable::Verdict::Wait:
      return link->await_pair();
    case PeerTable::Verdict::IdInUse:
      return refuse(*link, Counter::IdInUse, ReasonCode::Auth,
                    fe + " is connected already, with another identity or none");
    case PeerTable::Verdict::WrongToken:
      return refuse(*link, Counter::WrongToken, ReasonCode::Auth,
                    "the pairing token is not that of the control channel of " + fe);
    case PeerTable::Verdict::WrongIdentity:
      return refuse(
          *link, Counter::WrongIdentity, ReasonCode::Auth,
          "the data channel of " + fe + " came with another identity than its control channel");
    case PeerTable::Verdict::Full:
      return refuse(*link, Counter::RefusedPeers, ReasonCode::Overload,
                    "this CE has all the FEs it may have");
    case PeerTable::Verdict::Ambiguous:
      return refuse(*link, Counter::Unpaired, ReasonCode::Protocol,
                    "several FEs of this address: a data channel must say whose it is");
  }
}

void Context::take_in(const std::shared_ptr<Link>& link, std::uint32_t id, const PairToken& token) {
  Channel* channel = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (const auto at = half_open_at_.find(link->id()); at != half_open_at_.end()) {
      half_open_.erase(at->second);
      half_open_at_.erase(at);
    }
    channel = &channel_of(local_id_, id, link->data() ? TML_CHANNEL_DATA : TML_CHANNEL_CONTROL,
                          link->loop());
  }
  attach(*channel, link, token);
}

// On the link's thread. A channel whose last connection lived on another thread moves here first.
void Context::attach(Channel& channel, const std::shared_ptr<Link>& link, const PairToken& token) {
  if (&channel.loop() != &link->loop()) {
    channel.loop().post([this, &channel, link, token] {
      if (channel.link() != nullptr)
        channel.link()->close_now(ReasonCode::Replaced, "a new connection took over");
      channel.move_to(link->loop());
      link->loop().post([this, &channel, link, token] { attach(channel, link, token); });
    });
    return;
  }
  if (channel.link() != nullptr) {
    channel.link()->close_now(ReasonCode::Replaced, "a new connection of this FE took over");
    channel.emit(TMLX_EVENT_PEER_REPLACED, TMLX_REASON_REPLACED);
  }
  {
    const std::lock_guard lock(mutex_);
    const Server& s = server(channel.type());
    if (!channel.open) {
      channel.set_options(s.options);
      channel.set_descriptor(Handles::instance().add(channel));
      channel.set_handlers(s.handlers);
      channel.registered = false;
      channel.open = true;
    }
  }
  channel.attach(link);
  link->attached(channel);
  link->accept(token);
}

void Context::on_token(const Link& link, const std::optional<PairToken>& token) {
  if (link.data() || link.channel_ == nullptr) return;
  const std::lock_guard lock(mutex_);
  table_[key(link.channel_->local_id(), link.peer_id_)].token = token;
}

tml_status Context::bind(Channel& control, std::uint32_t element) {
  if (control.type() != TML_CHANNEL_CONTROL || !pl::is_fe({element}) || element == 0)
    return TMLX_E_INVALID;
  tml_status status = TML_SUCCESS;
  control.loop().run([&] { status = rename(control, element); });  // its link cannot end meanwhile
  return status;
}

tml_status Context::rename(Channel& control, std::uint32_t element) {
  const std::lock_guard lock(mutex_);
  const std::uint32_t from = control.element_id();
  if (pl::is_fe({from}) || control.link() == nullptr) return TMLX_E_INVALID;
  if (table_.find(key(local_id_, from)) == table_.end() || !peers_.rename(from, element))
    return TMLX_E_PERM;
  // What an earlier connection of that FE left behind; the table of peers says that none is live.
  Peer& peer = table_[key(local_id_, element)];
  for (Channel* old : {peer.control, peer.data})
    if (old != nullptr && old->open.exchange(false)) Handles::instance().remove(old->descriptor());
  peer = table_.at(key(local_id_, from));
  table_.erase(key(local_id_, from));
  control.set_element(element);
  control.link()->pl_id_ = element;
  if (Channel* const data = peer.data; data != nullptr && data->open) {
    // It came before the ID did: whoever took its CHANNEL_UP for a nameless FE's is told again. Its
    // link is its own thread's.
    data->set_element(element);
    data->loop().post([data, element] {
      if (data->link() == nullptr || data->element_id() != element) return;
      data->link()->pl_id_ = element;
      if (data->up()) data->emit(TMLX_EVENT_CHANNEL_UP);
    });
  }
  return TML_SUCCESS;
}

// ---- channels come up and go down
// ----------------------------------------------------------------

void Context::on_up(Channel& channel) {
  if (channel.data()) return;
  std::vector<std::shared_ptr<Link>> waiting;
  Channel* data = nullptr;
  {
    const std::lock_guard lock(mutex_);
    const auto found = table_.find(key(channel.local_id(), channel.element_id()));
    if (found != table_.end()) data = found->second.data;
    std::erase_if(parked_, [&](const std::weak_ptr<Link>& weak) {
      const auto link = weak.lock();
      if (!link) return true;
      if (link->claim().known && link->claim().pl_id != channel.element_id()) return false;
      waiting.push_back(link);
      return true;
    });
  }
  for (auto& link : waiting)
    link->loop().post([this, link] {
      if (link->fsm().state() == ChannelState::Pairing) identify(link);
    });
  if (data != nullptr && data->dialer && data->open && data->link() == nullptr)
    data->dialer->start();
}

void Context::on_down(Channel& channel, tmlx_reason reason, bool) {
  if (channel.data()) return;
  Channel* data = nullptr;
  std::vector<std::uint32_t> left;
  {
    const std::lock_guard lock(mutex_);
    const auto found = table_.find(key(channel.local_id(), channel.element_id()));
    if (found != table_.end()) data = found->second.data;
    if (channel.dialer == nullptr) left = groups_.leave_all(channel.element_id());
  }
  for (const std::uint32_t group : left) leave_group(channel, group);
  // Without its control channel a data channel is nobody's (row 18).
  if (channel.dialer && data != nullptr && data->link() != nullptr)
    data->link()->close_now(reason == TMLX_REASON_ADMIN ? ReasonCode::Admin : ReasonCode::Protocol,
                            "the control channel is down");
}

void Context::close_link(LinkId id, ReasonCode reason, const char* text, bool refused) {
  std::shared_ptr<Link> link;
  {
    const std::lock_guard lock(mutex_);
    const auto found = links_.find(id);
    if (found != links_.end()) link = found->second.lock();
  }
  if (!link) return;
  link->loop().post([this, link, reason, text, refused] {
    if (refused) on_refused(*link, static_cast<tmlx_reason>(reason), text);
    if (link->secured()) link->close_now(reason, text);
    // Nobody waits for the end of one that was pushed out: it would still hold a descriptor.
    if (refused || !link->secured()) link->abandon();
  });
}

void Context::on_link_ended(Link& link) {
  LinkId data = 0;
  {
    const std::lock_guard lock(mutex_);
    if (links_.erase(link.id()) == 0) return;
    if (const auto at = half_open_at_.find(link.id()); at != half_open_at_.end()) {
      half_open_.erase(at->second);
      half_open_at_.erase(at);
    }
    if (link.accounted_) data = peers_.ended(link.id(), link.pl_id());
  }
  if (data != 0) close_link(data, ReasonCode::Protocol, "the control channel is down");
}

}  // namespace forces::tml
