// A call controller under any order of events: octets as Notify messages, messages in order from
// its neighbours, operator's calls, connections, time, crashes. What it sends can be encoded, what
// it keeps can be read again, its timers move, and no call that stands ends without a release.
#include <map>
#include <set>
#include <vector>

#include "ce/signaling/ason/call/controller.hpp"
#include "tests/fuzz/events.hpp"

using namespace forces;
using namespace forces::signaling::ason::calls;
using forces::fuzz::require;

namespace {

constexpr std::uint32_t kUs = 10, kUser = 1, kBefore = 5, kBehind = 20;

CallConfig config(std::uint64_t seed) {
  CallConfig c;
  c.address = Address::v4(kUs);
  c.seed = seed;
  c.max_calls = 40;
  c.policy.points = {{.name = "uni",
                      .kind = PointKind::Uni,
                      .profile = Profile::Oif,
                      .peers = {{Address::v4(kUser), 32}},
                      .calls = 12},
                     {.name = "before",
                      .kind = PointKind::Enni,
                      .peers = {{Address::v4(kBefore), 32}},
                      .levels = {0, 1, 2},
                      .pass_capability = false,
                      .plan = {Realisation::Stitched, 2, 1}},
                     {.name = "behind",
                      .kind = PointKind::Inni,
                      .peers = {{Address::v4(kBehind), 32}},
                      .plan = {Realisation::Nested, 1, 0}}};
  c.policy.routes = {{{Address::v4(kUser), 32}, Address::v4(kUser), "uni"},
                     {{Address::v4(0), 29}, Address::v4(kBefore), "before"},
                     {{Address::v4(16), 28}, Address::v4(kBehind), "behind"}};
  return c;
}

class Target {
 public:
  Target() {
    journal_[std::string(kWholeKey)] = {std::byte{1}};
    restart(JournalKept::Yes, Instant{});
  }

  void restart(JournalKept kept, Instant now) {
    core.emplace(config(++lives_));
    if (kept == JournalKept::No) journal_.clear();
    std::vector<JournalEntry> entries;
    for (const auto& [key, octets] : journal_) entries.push_back({key, octets});
    core->start(entries, kept, now);
    standing_.clear();
    tickets_.clear();
    last_ticket_ = 0;
    drain();
  }

  void drain() {
    bool released = false;
    while (auto output = core->poll_output()) {
      if (auto* const persist = std::get_if<PersistCall>(&*output)) {
        if (persist->octets) {
          const auto call = from_journal(*persist->octets);
          require(persist->key == kWholeKey || (call && journal_key(call->handle) == persist->key));
          journal_[persist->key] = std::move(*persist->octets);
        } else {
          journal_.erase(persist->key);
        }
      } else if (auto* const send = std::get_if<SendNotify>(&*output)) {
        const auto octets = rsvp::encode_message(send->message);
        require(octets && rsvp::decode_message(*octets));
        require(send->ticket > last_ticket_);
        last_ticket_ = send->ticket;
        last_ = send->message;
        tickets_.push_back(send->ticket);
      } else if (const auto* const change = std::get_if<CallChanged>(&*output)) {
        released = released || change->state != CallState::Active;
      }
    }
    // A call that stands stays, unless something was said of its end.
    std::set<CallHandle> standing;
    for (const Call* const call : core->list()) {
      if (call->established()) standing.insert(call->handle);
      require(call->id.name.size() <= 255);
      require(journal_.contains(journal_key(call->handle)));
    }
    for (const CallHandle handle : standing_) require(standing.contains(handle) || released);
    standing_ = std::move(standing);
    require(core->list().size() <= 40);
  }

  std::uint64_t ticket(std::uint8_t which) const {
    return tickets_.empty() ? which : tickets_[which % tickets_.size()];
  }
  const std::optional<rsvp::Message>& last() const { return last_; }

  std::optional<CallController> core;

 private:
  std::map<std::string, std::vector<std::byte>> journal_;
  std::set<CallHandle> standing_;
  std::vector<std::uint64_t> tickets_;
  std::optional<rsvp::Message> last_;
  std::uint64_t last_ticket_ = 0, lives_ = 0;
};

Address peer(std::uint8_t which) {
  static constexpr std::uint32_t kPeers[]{kUser, kBefore, kBehind, 77};
  return Address::v4(kPeers[which & 3]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Target target;
  fuzz::Events events(data, size);
  while (events.more()) {
    const std::uint8_t what = events.octet(), which = events.octet();
    CallController& core = *target.core;
    const auto calls = core.list();
    const CallHandle handle = calls.empty() ? which : calls[which % calls.size()]->handle;
    const NotifyOrigin origin{peer(what >> 4 & 3), Address::v4(kUs), (what & 0x80) != 0};
    switch (what & 15) {
      case 0: {
        const auto octets = events.octets();
        if (const auto message = rsvp::decode_message(octets)) {
          (void)core.on_notify(origin, *message, events.now());
        }
        break;
      }
      case 1:
      case 2: {  // a request
        CallNotify n{.id = {.name = std::string(1, static_cast<char>('a' + (which & 7))),
                            .number = static_cast<std::uint16_t>(which >> 3 & 3),
                            .ends = {peer(which >> 5), peer(which >> 6)}}};
        if ((which & 1) != 0) n.id.ends = n.id.ends.reversed();
        if (n.id.number == 0) n.id.name.clear();
        if ((which & 2) != 0) n.carried.set_service_level(which & 3);
        (void)core.on_notify(origin, compose(n, origin.from), events.now());
        break;
      }
      case 3:
      case 4:
      case 5: {  // about a call that there is, or what was last said, sent back
        const auto code = events.octet();
        CallNotify n{.what = static_cast<CallMessage>(code % 5)};
        const Call* const call = core.show(handle);
        if (call == nullptr) break;
        n.id = call->id;
        n.carried = call->carried;
        n.error.error = {static_cast<rsvp::ErrorCode>((code & 0x20) != 0 ? 32 : 2),
                         static_cast<std::uint16_t>(code >> 6)};
        if ((code & 0x10) != 0) n.carried.set_service_level(code >> 4 & 3);
        if (n.error.error.code == rsvp::ErrorCode::Confirmation) break;
        (void)core.on_notify(origin, compose(n, origin.from), events.now());
        break;
      }
      case 6:
        core.on_time(events.pass());
        break;
      case 7:
      case 8:
        if (const auto due = core.next_deadline()) {
          events.at(*due);
          core.on_time(events.now());
          const auto next = core.next_deadline();
          require(!next || *next > events.now());
        }
        break;
      case 9: {
        CreateCall request{.end_point = peer(which)};
        if ((which & 4) != 0) request.network_names = true;
        if ((which & 8) != 0)
          request.name = std::string(1, static_cast<char>('a' + (which >> 4 & 7)));
        if ((which & 128) != 0) request.service_level = which & 3;
        (void)core.create(request, events.now());
        break;
      }
      case 10:
        (void)core.remove(handle, events.now());
        break;
      case 11: {
        ModifyCall change{.service_level = static_cast<std::uint8_t>(which & 3)};
        if ((which & 4) != 0) {
          change.add_capability.push_back({.hop = rsvp::UnnumberedHop{.interface_id = which}});
        }
        (void)core.modify(handle, change, events.now());
        break;
      }
      case 12: {
        const Call* const call = core.show(handle);
        ConnectionAsk ask{.call_id = which};
        if (call != nullptr) ask = {.ends = call->id.ends, .call_id = call->id.number};
        const auto code = events.octet();
        if ((code & 4) != 0) ask.name = std::string(1, static_cast<char>('a' + (code >> 5)));
        Connection connection{.state = static_cast<ConnectionState>(code % 3)};
        connection.key.tunnel_id = static_cast<std::uint16_t>(code >> 3);
        (void)core.may_connect(ask);
        (void)core.on_connection(ask, connection, events.now());
        break;
      }
      case 13:
        core.on_notify_failed(target.ticket(which), events.now());
        break;
      case 14:
        core.on_notify_delivered(target.ticket(which), events.now());
        core.on_peer_restarted(origin.from, events.now());
        if ((which & 31) == 0) (void)core.forget(handle, events.now());
        break;
      case 15:
        target.restart((which & 3) == 0 ? JournalKept::No : JournalKept::Yes, events.now());
        break;
    }
    target.drain();
  }
  return 0;
}
