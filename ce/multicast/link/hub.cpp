#include "ce/multicast/link/hub.hpp"

#include <algorithm>
#include <asio/post.hpp>
#include <utility>

#include "common/runtime/timer.hpp"
#include "proto/scsp/codes.hpp"
#include "proto/scsp/packet.hpp"

namespace forces::multicast::link {
namespace {

using sync::ServerId;

sync::Config with_peers(sync::Config config, const std::vector<Peer>& peers) {
  config.neighbors.clear();
  for (const Peer& p : peers) config.neighbors.push_back({.id = p.id, .security = p.security});
  return config;
}

bool has(const std::vector<std::uint32_t>& ids, std::uint32_t id) {
  return std::ranges::find(ids, id) != ids.end();
}

std::string name(ServerId id) { return std::string("server ").append(std::to_string(id.value)); }

}  // namespace

Hub::Hub(asio::io_context& io, HubConfig config, OnEvent on_event, OnNote on_note)
    : io_(io),
      config_(std::move(config)),
      on_event_(std::move(on_event)),
      on_note_(std::move(on_note)),
      engine_(with_peers(config_.engine, config_.peers), runtime::now()),
      acceptor_(io),
      timer_(io) {
  for (const Peer& p : config_.peers) {
    neighbors_.emplace(p.id, Neighbor{.peer = p,
                                      .redial = config_.redial,
                                      .timer = std::make_unique<asio::steady_timer>(io)});
  }
}

Hub::~Hub() {
  *alive_ = false;
  stop();
}

std::expected<void, std::string> Hub::start() {
  if (!config_.plaintext) {
    if (auto loaded = reload(config_.tls); !loaded) return loaded;
  }
  asio::error_code ec;
  const auto ip = asio::ip::make_address(config_.address, ec);
  if (ec) return std::unexpected("not an IP address: " + config_.address);
  const asio::ip::tcp::endpoint endpoint(ip, config_.port);
  acceptor_.open(endpoint.protocol(), ec);
  if (!ec) acceptor_.set_option(asio::ip::tcp::acceptor::reuse_address(true), ec);
  if (!ec) acceptor_.bind(endpoint, ec);
  if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) {
    return std::unexpected("cannot listen at " + config_.address + " port " +
                           std::to_string(config_.port) + ": " + ec.message());
  }
  port_ = acceptor_.local_endpoint().port();
  accept();
  for (auto& [id, n] : neighbors_) dial(n);
  pump();
  return {};
}

std::expected<void, std::string> Hub::reload(tml::TlsConfig tls) {
  tls.alpn = scsp::kAlpn;
  auto loaded = tml::TlsContext::load(tls);
  if (!loaded) return std::unexpected(loaded.error());
  tls_ = std::move(*loaded);
  return {};
}

void Hub::set_security(ServerId id, sync::Security security) {
  const auto found = neighbors_.find(id);
  if (found == neighbors_.end()) return;
  found->second.peer.security = security;
  engine_.set_neighbor({.id = id, .security = std::move(security)}, runtime::now());
}

const sync::Security* Hub::security(ServerId id) const {
  const auto found = neighbors_.find(id);
  return found == neighbors_.end() ? nullptr : &found->second.peer.security;
}

void Hub::stop() {
  if (std::exchange(stopped_, true)) return;
  asio::error_code ignored;
  acceptor_.close(ignored);
  timer_.cancel();
  for (const Stranger& s : std::exchange(strangers_, {})) s.session->abandon();
  for (auto& [id, n] : neighbors_) {
    n.timer->cancel();
    if (auto session = std::exchange(n.session, nullptr)) session->abandon();
    engine_.on_link_down(id, runtime::now());
  }
}

void Hub::accept() {
  acceptor_.async_accept(
      [this, alive = alive_](const asio::error_code& ec, asio::ip::tcp::socket socket) {
        if (!*alive || stopped_) return;
        if (!ec) greet(std::move(socket));
        accept();
      });
}

std::shared_ptr<Session> Hub::make(asio::ip::tcp::socket socket, tml::SslPtr ssl) {
  Session::Owner& owner = *this;
  return std::make_shared<Session>(std::move(socket), tls_, std::move(ssl), buffers_, owner);
}

void Hub::greet(asio::ip::tcp::socket socket) {
  ++counters_.accepted;
  // The oldest of many that say nothing makes room.
  if (strangers_.size() >= kMaxStrangers) drop_stranger(strangers_.front().session);
  const auto session = make(std::move(socket), tls_ ? tls_->accept() : nullptr);
  auto timer = std::make_unique<asio::steady_timer>(io_, config_.identify);
  timer->async_wait([this, alive = alive_, session](const asio::error_code& cancelled) {
    if (!cancelled && *alive) drop_stranger(session);
  });
  strangers_.push_back({session, std::move(timer)});
  session->start();
}

bool Hub::forget_stranger(const Session& session) {
  const auto same = [&](const Stranger& s) { return s.session.get() == &session; };
  return std::erase_if(strangers_, same) > 0;
}

void Hub::drop_stranger(std::shared_ptr<Session> session) {
  if (!forget_stranger(*session)) return;
  ++counters_.refused;
  note(session->address() + " did not say who it is");
  session->abandon();
}

// Of two servers the one with the greater ID dials.
void Hub::dial(Neighbor& n) {
  if (stopped_ || n.peer.id > config_.engine.id || n.peer.address.empty()) return;
  asio::error_code ec;
  const auto ip = asio::ip::make_address(n.peer.address, ec);
  if (ec) return note("not an IP address: " + n.peer.address);
  ++counters_.dialled;
  auto socket = std::make_shared<asio::ip::tcp::socket>(io_);
  // Who accepts nothing, or says nothing behind that, is dialled anew.
  n.timer->expires_after(config_.identify);
  n.timer->async_wait([this, alive = alive_, socket, id = n.peer.id](const asio::error_code& off) {
    if (off || !*alive || stopped_) return;
    asio::error_code ignored;
    if (const auto session = neighbors_.at(id).session; !session) {
      socket->close(ignored);
    } else if (!session->open()) {
      session->close("its handshake does not end");
    }
  });
  socket->async_connect({ip, n.peer.port}, [this, alive = alive_, socket,
                                            id = n.peer.id](const asio::error_code& failed) {
    if (!*alive || stopped_) return;
    Neighbor& to = neighbors_.at(id);
    if (to.session) return;
    if (failed) {
      ++counters_.dial_failures;
      return redial(to);
    }
    to.session =
        make(std::move(*socket), tls_ ? tls_->connect(config_.engine.id.value, id.value) : nullptr);
    const auto session = to.session;
    session->start();
  });
}

void Hub::redial(Neighbor& n) {
  if (stopped_ || n.peer.id > config_.engine.id || n.peer.address.empty()) return;
  n.timer->expires_after(n.redial);
  n.redial = std::min(2 * n.redial, config_.redial_most);
  n.timer->async_wait([this, alive = alive_, id = n.peer.id](const asio::error_code& ec) {
    if (!ec && *alive) dial(neighbors_.at(id));
  });
}

Hub::Neighbor* Hub::of(const Session& session) {
  for (auto& [id, n] : neighbors_) {
    if (n.session.get() == &session) return &n;
  }
  return nullptr;
}

// We dialled, and somebody answered.
void Hub::on_open(Session& session) {
  Neighbor* const n = of(session);
  if (n == nullptr) return;  // its first message will say who it is
  if (session.tls() && !has(session.certified(), n->peer.id.value)) {
    ++counters_.refused;
    return session.close("its certificate is not that of " + name(n->peer.id));
  }
  attach(*n, session);
}

void Hub::attach(Neighbor& n, Session& session) {
  n.redial = config_.redial;
  note(name(n.peer.id) + " is connected: " + session.address());
  engine_.on_link_up(n.peer.id, runtime::now());
}

Hub::Neighbor* Hub::identify(const Session& session, wire::Bytes message) {
  const auto packet = scsp::decode_packet(message);
  const auto sender = packet ? scsp::id_number(packet->sender) : std::nullopt;
  const auto found = sender ? neighbors_.find(ServerId{*sender}) : neighbors_.end();
  const bool certified = !tls_ || (sender && has(session.certified(), *sender));
  return found == neighbors_.end() || !certified ? nullptr : &found->second;
}

void Hub::on_message(Session& session, wire::SnapPid pid, wire::Bytes message) {
  if (pid != wire::SnapPid::Scsp) {
    ++counters_.unknown_pids;
    return;
  }
  Neighbor* n = of(session);
  if (n == nullptr) {
    n = identify(session, message);
    if (n == nullptr) {
      ++counters_.refused;
      return session.close("it is no neighbor, or has the certificate of another one");
    }
    const auto self = session.shared_from_this();
    forget_stranger(session);
    if (auto old = std::exchange(n->session, self)) {
      ++counters_.replaced;
      old->abandon();
    }
    attach(*n, session);
  }
  engine_.on_packet(n->peer.id, message, runtime::now());
}

void Hub::on_closed(Session& session, const std::string& why) {
  const auto self = session.shared_from_this();
  forget_stranger(session);
  note(session.address() + ": " + why);
  if (Neighbor* const n = of(session)) {
    n->session.reset();
    engine_.on_link_down(n->peer.id, runtime::now());
    redial(*n);
  }
  pump_later();
}

void Hub::pump_later() {
  if (std::exchange(posted_, true)) return;
  asio::post(io_, [this, alive = alive_] {
    if (!*alive) return;
    posted_ = false;
    pump();
  });
}

// Packets of one turn leave with one write for each neighbour.
void Hub::pump() {
  if (stopped_ || std::exchange(pumping_, true)) return;
  while (auto output = engine_.poll_output()) {
    if (const auto* const send = std::get_if<sync::Send>(&*output)) {
      const auto found = neighbors_.find(send->to);
      if (found != neighbors_.end() && found->second.session) {
        found->second.session->send(wire::SnapPid::Scsp, send->packet);
      }
    } else if (on_event_) {
      on_event_(*output);
    }
  }
  for (auto& [id, n] : neighbors_) {
    if (const auto session = n.session) session->flush();
  }
  pumping_ = false;
  const auto due = engine_.next_deadline();
  if (!due) return;
  const auto wait = std::max<Duration>(*due - runtime::now(), runtime::Timer::kShortestWait);
  timer_.expires_after(wait);
  timer_.async_wait([this, alive = alive_](const asio::error_code& ec) {
    if (ec || !*alive || stopped_) return;
    engine_.on_time(runtime::now());
    pump();
  });
}

sync::Status Hub::originate(std::uint32_t key, wire::Bytes body) {
  const auto status = engine_.originate(key, body, runtime::now());
  pump_later();
  return status;
}

sync::Status Hub::purge(std::uint32_t key) {
  const auto status = engine_.purge(key, runtime::now());
  pump_later();
  return status;
}

void Hub::forget(ServerId originator, std::span<const std::uint32_t> keys) {
  engine_.forget(originator, keys, runtime::now());
  pump_later();
}

void Hub::summarise() {
  engine_.summarise(runtime::now());
  pump_later();
}

void Hub::note(const std::string& text) {
  if (on_note_) on_note_(text);
}

}  // namespace forces::multicast::link
