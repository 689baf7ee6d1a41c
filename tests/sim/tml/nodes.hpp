// A CE and its FEs: processes that dial, accept, pair, replace, crash, are stopped and come back.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/tml/link.hpp"
#include "tml/src/core/groups.hpp"
#include "tml/src/core/pacing.hpp"
#include "tml/src/core/peer_table.hpp"

namespace forces::test {

inline constexpr std::uint32_t kCe = 0x40000001;
inline constexpr std::uint32_t kGroup = 0xc0000001;

inline tml::ChannelConfig channel_config(bool server, bool data, std::uint32_t local) {
  return {.server = server,
          .channel_type = data ? tml::kChannelData : tml::kChannelControl,
          .local_id = local,
          .peer_id = server ? 0 : kCe,
          .heartbeat = 1s,
          .dead = 4s,
          .hello_timeout = 10s,
          .pairing_timeout = 5s,
          .max_message = tml::kMaxPlSize,
          .token = std::nullopt};
}

class Ce final : public Process {
 public:
  Ce(World& world, Findings& findings) : world_(world), findings_(findings) {
    name = "ce";
    start();
  }
  void start() {
    alive = true;
    peers_ = std::make_unique<tml::PeerTable>(1000, [this] {
      tml::PairToken token{};
      for (std::byte& octet : token) octet = static_cast<std::byte>(world_.pick(256));
      return token;
    });
    groups = {};
  }
  void crash() {
    alive = false;
    for (const auto& [id, link] : std::exchange(links_, {})) link->crash();
  }
  void accept(SocketPtr socket, bool data, std::uint32_t certified) {
    const auto link = std::make_shared<Link>(world_, findings_, *this, std::move(socket),
                                             channel_config(true, data, kCe));
    link->id = ++last_link_;
    link->claim.identity = "fe" + std::to_string(certified);
    link->pl_id = certified;
    links_[link->id] = link;
    if (stopped) link->stop();
    link->start();
  }
  std::shared_ptr<Link> find(std::uint32_t fe, bool data) const {
    for (const auto& [id, link] : links_)
      if (link->pl_id == fe && link->data == data && link->fsm.state() == tml::ChannelState::Up)
        return link;
    return nullptr;
  }
  void stop(bool on) {
    stopped = on;
    woke = world_.now();
    for (const auto& [id, link] : std::map(links_)) on ? link->stop() : link->wake();
  }
  void audit() {
    for (const auto& [id, link] : links_) link->audit();
  }

  bool alive = true;
  tml::Groups groups;

 private:
  void on_hello(Link& link, const tml::output::HelloReceived& hello) override {
    link.claim.pl_id = hello.known ? hello.pl_id : link.pl_id;  // else as the certificate says
    link.claim.token = hello.token;
    link.claim.known = hello.known;
    identify(link);
  }
  void identify(Link& link) {
    const auto answer =
        link.data ? peers_->data(link.id, link.claim) : peers_->control(link.id, link.claim);
    using Verdict = tml::PeerTable::Verdict;
    if (answer.verdict == Verdict::Wait) {
      link.fsm.await_pair(world_.now());
    } else if (answer.verdict == Verdict::Accepted) {
      if (const auto old = links_.find(answer.replaced); old != links_.end())
        std::shared_ptr(old->second)->close_now(tml::ReasonCode::Replaced, "a new connection");
      link.fsm.accept(world_.now(), link.data ? std::nullopt : std::optional(answer.token));
    } else {
      link.fsm.refuse(tml::ReasonCode::Auth, "no", world_.now());
    }
    link.pump();
  }
  void on_up(Link& link, const std::optional<tml::PairToken>&) override {
    if (link.data) return;
    for (const auto& [id, other] : std::map(links_))
      if (other->data && other->pl_id == link.pl_id &&
          other->fsm.state() == tml::ChannelState::Pairing)
        identify(*other);
  }
  void on_group(Link& link, const tml::ChannelOutput& out) override {
    using namespace tml::output;
    if (const auto* join = std::get_if<JoinRequested>(&out)) {
      (void)groups.join(join->group, link.pl_id);
      link.fsm.answer(tml::MsgType::JoinResponse, join->group, join->request, tml::kGroupOk);
    } else if (const auto* leave = std::get_if<LeaveRequested>(&out)) {
      (void)groups.leave(leave->group, link.pl_id);
      link.fsm.answer(tml::MsgType::LeaveResponse, leave->group, leave->request, tml::kGroupOk);
    }
  }
  void on_ended(Link& link, const tml::output::Disconnect&) override {
    links_.erase(link.id);
    const tml::LinkId data = peers_->ended(link.id, link.pl_id);
    if (!link.data && find(link.pl_id, false) == nullptr) (void)groups.leave_all(link.pl_id);
    if (const auto orphan = links_.find(data); orphan != links_.end())
      std::shared_ptr(orphan->second)->close_now(tml::ReasonCode::Protocol, "control is down");
  }

  World& world_;
  Findings& findings_;
  std::unique_ptr<tml::PeerTable> peers_;
  std::map<std::uint64_t, std::shared_ptr<Link>> links_;
  std::uint64_t last_link_ = 0;
};

class Fe final : public Process {
 public:
  Fe(World& world, Findings& findings, Ce& ce, std::uint32_t pl_id, bool plain)
      : id(pl_id), draft_only(plain), world_(world), findings_(findings), ce_(ce) {
    name = "fe" + std::to_string(id);
    start();
  }
  void start() {
    if (std::exchange(alive, true)) return;
    ++life_;
    for (Side& side : sides_) side = {};
    closing_ = false;
    dial(false);
  }
  void crash(bool power_lost) {
    alive = false;
    ++life_;
    for (Side& side : sides_)
      if (const auto link = std::exchange(side.link, nullptr))
        power_lost ? link->power_loss() : link->crash();
  }
  void stop(bool on) {
    stopped = on;
    woke = world_.now();
    for (const Side& side : std::array(sides_))
      if (side.link) on ? side.link->stop() : side.link->wake();
  }
  void throttle(bool data, bool on) {
    if (const auto link = sides_[data].link) link->throttle(on);
  }
  // Data before control (row 16); it comes back by itself.
  void close() {
    closing_ = true;
    if (const auto link = sides_[true].link) return link->close(tml::ReasonCode::Admin);
    if (const auto link = sides_[false].link) link->close(tml::ReasonCode::Admin);
  }
  std::shared_ptr<Link> up(bool data) const {
    const auto& link = sides_[data].link;
    return link && link->fsm.state() == tml::ChannelState::Up ? link : nullptr;
  }
  void audit() {
    for (const Side& side : sides_)
      if (side.link) side.link->audit();
  }

  const std::uint32_t id;
  const bool draft_only;
  bool alive = false, member = false;
  Path path;

 private:
  struct Side {
    std::shared_ptr<Link> link;
    tml::Backoff backoff{100ms, 30s};
    bool dialing = false;
  };

  void dial(bool data) {
    Side& side = sides_[data];
    if (!alive || side.link || side.dialing || (data && !up(false))) return;
    side.dialing = true;
    const bool open = !path.cut[kToCe] && !path.cut[kToFe] && ce_.alive && !ce_.stopped;
    world_.after(open ? 3 * path.latency : Duration(1s), [this, data, life = life_, open] {
      if (life != life_) return;
      Side& s = sides_[data];
      s.dialing = false;
      if (!open || !ce_.alive || stopped || (data && !up(false))) return redial(data);
      auto config = channel_config(false, data, id);
      if (data) config.token = token_;
      auto [mine, theirs] = Socket::connect(world_, path);
      s.link = std::make_shared<Link>(world_, findings_, *this, mine, config, draft_only);
      s.link->start();
      ce_.accept(theirs, data, id);
    });
  }
  void redial(bool data) {
    world_.after(sides_[data].backoff.next(world_.random()), [this, data, life = life_] {
      if (life == life_) dial(data);
    });
  }

  void on_up(Link& link, const std::optional<tml::PairToken>& token) override {
    sides_[link.data].backoff.reset();
    if (link.data) return;
    token_ = draft_only ? std::nullopt : token;
    member = false;
    link.fsm.join(kGroup, 1);
    dial(true);
  }
  void on_group(Link&, const tml::ChannelOutput& out) override {
    const auto* joined = std::get_if<tml::output::JoinAnswered>(&out);
    member |= joined != nullptr && joined->status == tml::kGroupOk;
  }
  void on_ended(Link& link, const tml::output::Disconnect&) override {
    if (sides_[link.data].link.get() != &link) return;
    sides_[link.data].link.reset();
    if (link.data && closing_ && up(false)) sides_[false].link->close(tml::ReasonCode::Admin);
    if (!link.data) {
      member = closing_ = false;
      if (const auto data = sides_[true].link)
        data->close_now(tml::ReasonCode::Protocol, "control is down");
    }
    redial(link.data);
  }

  World& world_;
  Findings& findings_;
  Ce& ce_;
  std::array<Side, 2> sides_;
  std::optional<tml::PairToken> token_;
  std::uint64_t life_ = 0;
  bool closing_ = false;
};

}  // namespace forces::test
