#include "tml/src/net/element/dialer.hpp"

#include "tml/src/net/element/context.hpp"
#include "tml/src/net/link.hpp"

namespace forces::tml {

// A connect under way; its handler may run after the dialer is gone.
struct Attempt {
  explicit Attempt(asio::io_context& io) : resolver(io), socket(io) {}
  asio::ip::tcp::resolver resolver;
  asio::ip::tcp::socket socket;
  bool cancelled = false;
};

Dialer::Dialer(Channel& channel, DialTarget target, std::uint64_t seed)
    : channel_(channel),
      loop_(channel.loop()),
      target_(std::move(target)),
      backoff_(target_.backoff_min, target_.backoff_max),
      random_(seed) {}

Dialer::~Dialer() { cancel(); }

void Dialer::cancel() {
  active_ = false;
  at_.reset();
  loop_.disarm(*this);
  if (!attempt_) return;
  attempt_->cancelled = true;
  asio::error_code ignored;
  attempt_->resolver.cancel();
  attempt_->socket.close(ignored);
  attempt_.reset();
}

void Dialer::start() {
  active_ = true;
  channel_.set_state(TMLX_STATE_CONNECTING);
  if (attempt_ || at_) return;
  if (channel_.data() && !channel_.context().control_is_up(channel_)) return;  // on_up() starts us
  connect();
}

void Dialer::connect() {
  attempt_ = std::make_shared<Attempt>(loop_.io());
  const auto attempt = attempt_;
  const auto connected = [this, attempt](const asio::error_code& ec) {
    if (attempt->cancelled) return;
    attempt_.reset();
    if (ec)
      return retry("connect to " + target_.address + ":" + std::to_string(target_.port) + ": " +
                       ec.message(),
                   true);
    channel_.context().connected(channel_, std::move(attempt->socket));
  };
  asio::error_code ec;
  if (const auto address = asio::ip::make_address(target_.address, ec); !ec) {
    attempt->socket.async_connect({address, target_.port}, connected);
    return;
  }
  attempt->resolver.async_resolve(
      target_.address, std::to_string(target_.port),
      [this, attempt, connected](const asio::error_code& failed, auto results) {
        if (attempt->cancelled) return;
        if (failed || results.empty()) {
          attempt_.reset();
          return retry("cannot resolve " + target_.address + ": " + failed.message(), true);
        }
        attempt->socket.async_connect(results.begin()->endpoint(), connected);
      });
}

// The connection that we made ended.
void Dialer::lost(tmlx_reason reason, bool peer_closed, bool was_up, const std::string& detail) {
  if (!active_) return;
  if (peer_closed && reason == TMLX_REASON_ADMIN)
    return;  // the CE's PL wants no channel: tmlOpen again
  // Somebody else lives under our ID, or we are not welcome: no hurry.
  if (reason == TMLX_REASON_REPLACED || reason == TMLX_REASON_AUTH) backoff_.to_max();
  retry(detail, !was_up);
}

void Dialer::retry(const std::string& why, bool report) {
  const Duration wait = backoff_.next(random_);
  channel_.set_state(TMLX_STATE_CONNECTING);
  at_ = now() + wait;
  loop_.arm(*this);
  if (!report) return;
  if (channel_.last_failure() == TML_SUCCESS) channel_.fail_with(TMLX_E_CONNECT);
  channel_.context().counters().add(Counter::ConnectFailures);
  tmlx_event event{};
  event.type = TMLX_EVENT_CONNECT_FAILED;
  event.count = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(wait).count());
  event.detail = why.c_str();
  channel_.emit(event);
}

void Dialer::on_timer(Instant now) {
  if (!at_ || now < *at_) return loop_.arm(*this);
  at_.reset();
  if (active_) start();
}

}  // namespace forces::tml
