#include "ce/multicast/service/service.hpp"

#include <fmt/format.h>

#include <chrono>
#include <random>
#include <utility>

#include "ce/multicast/scsp/guard.hpp"
#include "common/core/outputs.hpp"
#include "common/runtime/timer.hpp"
#include "proto/mars/element_address.hpp"

namespace forces::multicast {
namespace {

namespace server = mars::server;

// What the operator may do about a packet that is not authentic.
std::string_view key_words(Errc code) {
  if (code == Errc::Missing) {
    return "signs nothing, but there is a [[multicast.key]] for it: it needs the same";
  }
  if (code == Errc::BadValue) {
    return "signs with an spi that no [[multicast.key]] for it has, or that is not accepted now: "
           "see "
           "accept_from and accept_until";
  }
  return "signs with another secret: secret_file of this spi must be the same at both";
}

std::string name_of(std::uint32_t ce) { return fmt::format("{:#x}", ce); }

}  // namespace

Service::Service(ServiceConfig config, Sink sink)
    : config_(std::move(config)), sink_(std::move(sink)) {
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wall).count();
  std::random_device random;
  prepare(
      config_.ce_id, config_.hub.peers.empty(), [&] { return random(); },
      static_cast<std::uint32_t>(seconds), config_.mars, config_.hub.engine);
}

Service::~Service() { stop(); }

std::string Service::start(ce::Controller& controller) {
  if (auto opened = open(); !opened) return opened.error();
  controller_ = &controller;
  work_.emplace(io_.get_executor());
  {
    const std::scoped_lock lock(mutex_);
    running_ = true;
  }
  controller.set_vc_observer(this);
  asio::post(io_, [this] {
    core_->start(runtime::now());
    perform();
  });
  thread_ = std::thread([this] { io_.run(); });
  return {};
}

std::expected<void, std::string> Service::open() {
  auto numbers =
      config_.numbers_file.empty() ? Numbers::in_memory() : Numbers::open(config_.numbers_file);
  if (!numbers) return std::unexpected(numbers.error());
  numbers_.emplace(std::move(*numbers));
  config_.hub.engine.used = numbers_->used();
  core_.emplace(config_.mars);
  hub_.emplace(
      io_, config_.hub, [this](const sync::Output& event) { on_event(event); },
      [this](const std::string& text) { sink_(Level::Info, "neighbor_link", text); });
  if (config_.hub.peers.empty()) return {};  // nobody is to be listened to
  for (const link::Peer& peer : config_.hub.peers) check_signing(peer.id);
  return hub_->start();
}

void Service::stop() {
  {
    const std::scoped_lock lock(mutex_);
    if (!std::exchange(running_, false)) return;
    asio::post(io_, [this] {  // behind what was asked before
      hub_->stop();
      timer_.cancel();
      work_.reset();
      io_.stop();
    });
  }
  thread_.join();
}

std::expected<void, std::string> Service::reload_tls() {
  std::expected<void, std::string> done;
  if (config_.hub.plaintext || config_.hub.peers.empty()) return done;
  run_and_wait([&](Rooms&) { done = hub_->reload(config_.hub.tls); });
  return done;
}

void Service::set_keys(std::vector<sync::NeighborConfig> neighbors) {
  run_and_wait([&](Rooms&) {
    for (sync::NeighborConfig& one : neighbors) {
      hub_->set_security(one.id, std::move(one.security));
      check_signing(one.id);
    }
  });
}

// What is sent without a digest would be refused, and so is not sent.
void Service::check_signing(sync::ServerId neighbor) {
  const auto* const security = hub_->security(neighbor);
  if (security == nullptr || security->send.empty()) return;
  if (sync::signing_key(*security, runtime::now()) != nullptr) return;
  sink_(Level::Error, "neighbor_key",
        fmt::format("none of the keys of {} may sign now, so nothing is sent to it: see send_from "
                    "and send_until of [[multicast.key]]",
                    name_of(neighbor.value)));
}

void Service::run_and_wait(const std::function<void(Rooms&)>& job) {
  std::promise<void> done;
  {
    const std::scoped_lock lock(mutex_);
    if (!running_) return;
    asio::post(io_, [&] {
      counters_.dropped = dropped_;
      Rooms rooms{core_->mars(), *hub_, core_->vcs(), counters_, drain_, runtime::now()};
      job(rooms);
      perform();
      done.set_value();
    });
  }
  done.get_future().wait();
}

// --- from the controller, on its threads ---

void Service::on_vc(ce::VcOfFe vc, bool up) {
  asio::post(io_, [this, vc, up] {
    core_->on_vc(vc, up, runtime::now());
    perform();
  });
}

void Service::on_sdu(ce::VcOfFe vc, wire::Bytes sdu) {
  if (waiting_ >= kMostWaiting) {
    ++dropped_;
    return;
  }
  ++waiting_;
  asio::post(io_, [this, vc, octets = mars::Octets(sdu.begin(), sdu.end())] {
    --waiting_;
    if (const auto refusal = core_->on_sdu(vc, octets, runtime::now())) {
      ++counters_.refused[std::to_underlying(*refusal)];
      sink_(Level::Warning, "refused",
            fmt::format("a message of FE {}: {}", vc.fe_id, to_string(*refusal)));
    }
    perform();
  });
}

// --- the thread ---

void Service::on_event(const sync::Output& event) {
  std::visit(
      Overloaded{
          [](const sync::Send&) {},
          [](const sync::HelloChanged&) {},
          [&](const sync::AlignmentChanged& changed) {
            const auto neighbor = name_of(changed.neighbor.value);
            if (changed.state == sync::AlignmentState::Aligned) {
              sink_(Level::Info, "neighbor", neighbor + " has the same cache");
            } else if (changed.state == sync::AlignmentState::Down) {
              sink_(Level::Warning, "neighbor", neighbor + " is not heard");
              check_signing(changed.neighbor);
            }
          },
          [](const sync::Changed&) {},
          [&](const sync::Synchronized& synchronized) {
            if (synchronized.alone) {
              sink_(Level::Warning, "alone", "no neighbor could be asked what the group knows");
            }
          },
          [](const sync::Purged&) {},
          [&](const sync::Abnormal& abnormal) {
            const auto& [code, offset, field] = abnormal.error;
            if (field == sync::kFieldAuthentication) {
              return sink_(Level::Warning, "neighbor_key",
                           fmt::format("{} {}", name_of(abnormal.neighbor.value), key_words(code)));
            }
            sink_(Level::Warning, "neighbor",
                  fmt::format("{} sent what cannot be: {} in {}", name_of(abnormal.neighbor.value),
                              to_string(code), field));
          },
      },
      event);
  core_->on_event(event, hub_->engine(), runtime::now());
  perform();
}

// What is originated comes back as events of the hub on this very stack, and may not overtake.
void Service::perform() {
  if (std::exchange(performing_, true)) return;
  while (auto output = core_->poll_output()) perform(*output);
  performing_ = false;
  if (auto kept = numbers_->reach(hub_->engine().greatest()); !kept) {
    sink_(Level::Error, "numbers", kept.error());
  }
  follow();
  arm();
}

// Behind what waits already: a flood of joins is followed once.
void Service::follow() {
  if (!follow_ || std::exchange(following_, true)) return;
  asio::post(io_, [this] {
    following_ = false;
    follow_(core_->mars(), runtime::now());
  });
}

void Service::perform(Core::Output& output) {
  std::visit(
      Overloaded{
          [&](const Core::SendVc& o) {
            const auto tried = std::max<std::size_t>(o.to.size(), 1);
            counters_.unsent += tried - controller_->send_vc(o.to, o.kind, o.sdu);
          },
          [&](const server::Originate& o) {
            if (hub_->originate(o.key, o.body) == sync::Status::Done) return;
            ++counters_.unsaid;
            sink_(Level::Error, "record", fmt::format("record {} has no room in the cache", o.key));
          },
          [&](const server::Forget& o) { hub_->forget({o.originator.value}, o.keys); },
          [&](const server::Summarise&) { hub_->summarise(); },
          [&](const server::Notice& notice) {
            using What = server::Notice::What;
            const bool wrong = notice.what == What::CmiOverlap || notice.what == What::NoCmi ||
                               notice.what == What::TooManyRanges;
            const auto element = mars::decode_element(notice.address);
            sink_(wrong ? Level::Error : Level::Info, to_string(notice.what),
                  fmt::format("server {}, element {}", name_of(notice.server.value),
                              element ? name_of(element->id.value) : "unknown"));
          },
      },
      output);
}

void Service::arm() {
  const auto due = core_->next_deadline();
  if (!due) return;
  timer_.expires_after(std::max<Duration>(*due - runtime::now(), runtime::Timer::kShortestWait));
  timer_.async_wait([this](const asio::error_code& ec) {
    if (ec) return;
    core_->on_timer(runtime::now());
    perform();
  });
}

}  // namespace forces::multicast
