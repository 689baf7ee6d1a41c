// After a restart: RFC 4139 section 4.4, RFC 4974 section 6.7. From the journal, or, where that is
// lost, from what peers refresh.
#include <algorithm>
#include <utility>

#include "ce/signaling/ason/call/controller.hpp"

namespace forces::signaling::ason::calls {

void CallController::start(std::span<const JournalEntry> journal, JournalKept kept, Instant now) {
  bool whole = kept == JournalKept::Yes &&
               std::ranges::find(journal, kWholeKey, &JournalEntry::key) != journal.end();
  for (const JournalEntry& entry : journal) {
    if (!entry.key.starts_with(kCallKeys) || entry.key == kWholeKey) continue;
    auto call = from_journal(entry.octets);
    const bool good = call && journal_key(call->handle) == entry.key &&
                      book_.find(call->handle) == nullptr &&
                      book_.find_name(call->id.ends, call->id.name) == nullptr;
    if (good) {
      recover(*std::move(call), now);
      continue;
    }
    // The peers still have it; only the operator can say what else it was.
    whole = false;
    out_.push(CallAlarm{.kind = AlarmKind::JournalDamaged,
                        .reason = local_reason("journal_damaged", entry.key)});
  }
  if (whole) return;
  relearning_ = true;
  relearn_until_ = now + config_.times.quarantine * config_.times.refresh;
  out_.push(PersistCall{std::string(kWholeKey), std::nullopt});
}

void CallController::end_relearning(Instant) {
  relearning_ = false;
  turned_back_.clear();
  out_.push(PersistCall{std::string(kWholeKey), std::vector<std::byte>(1)});
}

void CallController::recover(Call recovered, Instant now) {
  Call& call = book_.add(std::move(recovered));
  const auto is = [&](Side side, CallState state) {
    return call.leg(side) && call.leg(side)->state == state;
  };
  const auto standing = [&](Side side) {
    return is(side, CallState::Active) || is(side, CallState::Recovering);
  };
  for (const Side side : {Side::Up, Side::Down}) {
    if (standing(side)) {
      set_state(call, side, CallState::Recovering);
    } else if (is(side, CallState::ReleaseSent) && call.leg(side)->declared) {
      call.leg(side)->forget = now + config_.times.quarantine * config_.times.refresh;
    }
  }
  // What was received, and waits for nothing any more, has no one to wait for it.
  if (is(Side::Up, CallState::SetupReceived) && !is(Side::Down, CallState::SetupSent)) {
    set_state(call, Side::Up, CallState::Null);
  }
  for (const Side side : {Side::Up, Side::Down}) {
    if (!is(side, CallState::ReleaseReceived) || is(other(side), CallState::ReleaseSent)) continue;
    if (standing(other(side))) {
      begin_release(call, other(side));
    } else {
      // Its peer asks again, and is answered as for an unknown call.
      set_state(call, side, CallState::Null);
    }
  }
  if (!call.local() && call.state() == CallState::Null) return erase(call);
  if (call.established()) activate(call, now);
  call.user_told = call.established();  // if not, the user asks anew, and this one is released
  const auto declared = [&](Side side) { return call.leg(side) && call.leg(side)->declared; };
  call.told_gone = declared(Side::Up) || declared(Side::Down) ||
                   (call.releasing() && !call.reason.cause.empty());
  for (const Side side : {Side::Up, Side::Down}) {
    // Refreshed, asked for, or released again: soon, but not all in the same moment.
    const bool waits = is(side, CallState::SetupReceived) || is(side, CallState::ReleaseReceived) ||
                       is(side, CallState::Null);
    if (call.leg(side) && !waits) {
      book_.set_due(call, side, now + config_.times.answer - spread(config_.times.answer));
    }
  }
  changed(call);
}

void CallController::on_peer_restarted(const Address& peer, Instant now) {
  for (auto& [handle, call] : book_.all()) {
    for (const Side side : {Side::Up, Side::Down}) {
      const auto& leg = call.leg(side);
      if (!leg || leg->peer != peer || leg->awaiting || leg->due == Instant::max()) continue;
      book_.set_due(call, side, now + config_.times.answer - spread(config_.times.answer));
    }
  }
}

// The controller towards the callee refreshes what we have forgotten: a call that began here, or
// one that passes, which is taken up with the other neighbour. False: there is no such call.
bool CallController::adopt(const Came& came) {
  const CallNotify& n = came.notify;
  // Outside of the time for that only what a peer keeps in spite of our release, for its
  // connections.
  const auto stray = strays_.find({n.id.ends.pair(), n.id.name});
  const bool insists = stray != strays_.end() && stray->second;
  if (!relearning(came.now) && !insists) return false;
  const bool began_here = ours(n.id.ends.sender);
  const auto hop = hop_for(n.id.ends, n.carried);
  Carried reversed;
  if (const auto caller = n.carried.tna(rsvp::UniSubobject::kSourceTna)) {
    reversed.set_tna(rsvp::UniSubobject::kDestinationTna, *caller);
  }
  auto back = hop_for(n.id.ends.reversed(), reversed);
  if (const auto at = turned_back_.find({n.id.ends.pair(), n.id.name}); at != turned_back_.end()) {
    if (const auto* const point = policy_.point_of(at->second)) back = Hop{at->second, point};
  }
  const bool passes = back && back->next && *back->next != came.origin.from;
  const bool can = hop && hop->next == came.origin.from && (began_here || passes) &&
                   book_.size() < config_.max_calls &&
                   book_.find_number(n.id.ends, n.id.number) == nullptr;
  if (!can) {  // never a reason to release it (R1)
    ++counters_.ignored;
    return true;
  }
  Call known{.id = n.id, .carried = n.carried, .capability = config_.capability};
  known.down = segment(came.origin.from, *hop->point, CallState::Active);
  known.down->kind = n.kind;
  known.down->capability = n.capability;
  known.down->was_active = true;
  if (!began_here) {
    known.up = segment(*back->next, *back->point, CallState::Recovering);
    known.up->kind = kind_for(n.id.ends.end_point);
    known.up->was_active = true;
  }
  Call& call = book_.add(std::move(known));
  ++counters_.adopted;
  strays_.erase({n.id.ends.pair(), n.id.name});
  activate(call, came.now);
  if (call.up) book_.set_due(call, Side::Up, came.now);
  persist(call);
  changed(call);
  answer(came, CallMessage::Accept, &call);
  return true;
}

}  // namespace forces::signaling::ason::calls
