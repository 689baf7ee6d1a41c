#include "tests/sim/group/server.hpp"

#include <algorithm>
#include <span>

#include "common/core/outputs.hpp"
#include "proto/mars/element_address.hpp"
#include "proto/wire/snap.hpp"
#include "tests/sim/group/network.hpp"

namespace forces::multicast::sim {

namespace server = mars::server;

Server::Server(Network& network, std::uint32_t number, test::LocalClock clock, sync::Config scsp)
    : network_(network), id_(id_of(number)), clock_(clock), scsp_(std::move(scsp)) {
  const auto first = static_cast<std::uint16_t>(number * 1'000);
  mars_config_.protocols.front().cmis = {first, static_cast<std::uint16_t>(first + 999)};
}

AtmAddress Server::address_of(std::uint32_t id) { return mars::encode_element({{id}, {}}); }
Instant Server::now() const { return clock_.at(network_.world.now()); }
std::string Server::name() const {
  return std::string("server ").append(std::to_string(id_ & 0xffff));
}

void Server::start() {
  ++life_;
  auto& world = network_.world;
  const auto random = [&] { return static_cast<std::uint32_t>(world.random()()); };
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now().time_since_epoch());
  prepare(id_, scsp_.neighbors.empty(), random, static_cast<std::uint32_t>(seconds.count()),
          mars_config_, scsp_);
  numbers_.emplace(Numbers::in_memory(disk_));
  scsp_.used = numbers_->used();
  numbers_sent_.clear();
  facts_.clear();
  engine_at_ = core_at_ = Instant::max();
  engine_ = std::make_unique<sync::Engine>(scsp_, now());
  core_ = std::make_unique<Core>(mars_config_);
  core_->start(now());
  pump();
}

void Server::kill() {
  ++life_;
  core_.reset();
  engine_.reset();
}

void Server::on_link(sync::ServerId to, bool up) {
  if (!runs()) return;
  up ? engine_->on_link_up(to, now()) : engine_->on_link_down(to, now());
  pump();
}

void Server::on_packet(sync::ServerId from, const Octets& packet) {
  engine_->on_packet(from, packet, now());
  pump();
}

void Server::on_vc(ce::VcOfFe vc, bool up) {
  core_->on_vc(vc, up, now());
  pump();
}

void Server::on_sdu(ce::VcOfFe vc, const Octets& sdu) {
  if (core_->on_sdu(vc, sdu, now())) network_.fault(name() + " refuses a message of an FE");
  pump();
}

void Server::redirect(std::optional<std::uint32_t> to, bool hard) {
  (void)core_->mars().redirect(to ? std::optional(address_of(*to)) : std::nullopt, hard, now());
  pump();
}

void Server::pump() {
  drain();
  while (const auto output = engine_->poll_output()) {
    if (const auto* const send = std::get_if<sync::Send>(&*output)) {
      network_.send({id_}, send->to, send->packet);
      continue;
    }
    if (std::holds_alternative<sync::Synchronized>(*output)) {
      for (const std::uint32_t key : facts_) check_instance(key);
    }
    core_->on_event(*output, *engine_, now());
    drain();
  }
  arm(*engine_, engine_at_, &Server::fire_engine);
  arm(*core_, core_at_, &Server::fire_core);
}

void Server::drain() {
  while (auto output = core_->poll_output()) perform(*output);
  (void)numbers_->reach(engine_->greatest());
  disk_ = numbers_->kept();
}

void Server::perform(Core::Output& output) {
  std::visit(Overloaded{[&](const Core::SendVc& o) {
                          check_number(o);
                          for (const ce::VcOfFe& vc : o.to) {
                            network_.to_fe(id_, vc, o.kind, o.sdu);
                          }
                        },
                        [&](const server::Originate& o) {
                          if (engine_->originate(o.key, o.body, now()) != sync::Status::Done) {
                            network_.fault(name() + " has no room for a record");
                          }
                          const auto entry = mars::decode_entry(o.body);
                          const bool over = entry && (entry->state == mars::State::ClientLeave ||
                                                      entry->state == mars::State::McsUnserve);
                          over ? void(facts_.erase(o.key)) : void(facts_.insert(o.key));
                          most_facts_ = std::max(most_facts_, facts_.size());
                          check_instance(o.key);
                        },
                        [&](const server::Forget& o) {
                          engine_->forget({o.originator.value}, o.keys, now());
                        },
                        [&](const server::Summarise&) { engine_->summarise(now()); },
                        [&](const server::Notice& o) {
                          if (o.what == server::Notice::What::CmiOverlap) {
                            network_.fault(name() + " is told a CMI of its own");
                          }
                        }},
             output);
}

// RFC 2022 sections 6.1.4 and 6.2.5: on a control VC each message has a later CSN or SSN than the
// one before, the parts of one have the same. (What was said while there was no leaf has one too.)
void Server::check_number(const Core::SendVc& send) {
  if (send.kind == pl::VcKind::PointToPoint) return;
  const auto message = mars::decode_message(std::span(send.sdu).subspan(wire::kSnapSize));
  if (!message) return network_.fault(name() + " sends what does not decode");
  const auto [last, fresh] = numbers_sent_.try_emplace(send.kind, message->msn);
  const std::uint32_t before = std::exchange(last->second, message->msn);
  const auto step = static_cast<std::int32_t>(message->msn - before);
  if (!fresh && (message->part > 1 ? step != 0 : step <= 0)) {
    network_.fault(name() + " counts its messages wrong");
  }
}

// RFC 2334 section 2.4, over all its lives: another content has a greater number. Before
// Synchronized there is none.
void Server::check_instance(std::uint32_t key) {
  const auto record = engine_->record({{id_}, key});
  if (!engine_->synchronized() || !record) return;
  const auto [last, fresh] = said_.try_emplace(key);
  auto& [sequence, body] = last->second;
  const bool same = std::ranges::equal(body, record->body);
  if (!fresh && (record->sequence < sequence || (record->sequence == sequence && !same))) {
    network_.fault(name() + " gives a record a number that it has used");
  }
  sequence = record->sequence;
  body.assign(record->body.begin(), record->body.end());
}

template <class Part>
void Server::arm(Part& part, Instant& armed, void (Server::*fire)()) {
  const auto due = part.next_deadline();
  if (!due || *due >= armed) return;
  armed = *due;
  network_.world.at(clock_.when(*due), [this, &armed, fire, mine = life_, when = *due] {
    if (life_ != mine || armed != when) return;
    armed = Instant::max();
    (this->*fire)();
    pump();
  });
}

void Server::fire_engine() { engine_->on_time(now()); }
void Server::fire_core() { core_->on_timer(now()); }

}  // namespace forces::multicast::sim
