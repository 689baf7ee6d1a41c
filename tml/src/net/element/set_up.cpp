// The part of Context behind tmlInit, tmlOpen and tmlClose (draft sections 6.1.1 to 6.1.3).
#include <random>

#include "proto/pl/ids.hpp"
#include "tml/src/net/element/context.hpp"

namespace forces::tml {
namespace {

using std::chrono::milliseconds;

bool is_loopback(const std::string& address) {
  asio::error_code ec;
  const auto ip = asio::ip::make_address(address, ec);
  return ec ? address == "localhost" : ip.is_loopback();
}

}  // namespace

tml_status Context::init(tml_channel_type type, const tmlx_init_attributes& a, std::string& error) {
  const bool data = type == TML_CHANNEL_DATA;
  Server& s = server(type);
  const std::string address = a.address != nullptr ? a.address : "127.0.0.1";
  if (!pl::is_ce({local_id_}))
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
    if (pl::is_ce({local})) {
      const auto found = table_.find(key(local, element));
      if (found != table_.end()) channel = data ? found->second.data : found->second.control;
      if (channel == nullptr || !channel->open) {
        error = "this FE has no such channel: at a CE tmlOpen registers for a channel that is up";
        return TMLX_E_CONNECT;
      }
    } else {
      const std::string address = a.address != nullptr ? a.address : "127.0.0.1";
      if (!pl::is_ce({element}))
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
        // The default of a data channel is the port behind that of its control channel.
        int port = a.port != 0 ? a.port : TMLX_PORT_CONTROL;
        const auto found = table_.find(key(local, element));
        if (data && a.port == 0 && found != table_.end()) {
          const Channel* control = found->second.control;
          port = (control != nullptr && control->dial_port != 0 ? control->dial_port : port) + 1;
        }
        channel->dial_port = static_cast<std::uint16_t>(port);
        target = {address, channel->dial_port, ms(a.backoff_min_ms, 100),
                  ms(a.backoff_max_ms, 30'000)};
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
      if (!pl::is_ce({local}) && channel->up()) channel->emit(TMLX_EVENT_CHANNEL_UP);
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

}  // namespace forces::tml
