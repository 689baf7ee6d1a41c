// RFC 3473 section 9 and RFC 5063: what it means that a neighbour was lost, is back, or restarted,
// and what it means that we did.
#include <algorithm>

#include "ce/signaling/rsvp/core/core.hpp"
#include "ce/signaling/rsvp/core/parts.hpp"

namespace forces::signaling::engine {

using rsvp::MessageType;

namespace {

constexpr Duration kStep = std::chrono::milliseconds(1);  // work is done in steps not shorter
constexpr Duration kLongestStep = std::chrono::milliseconds(20);  // nor longer, when there is time

}  // namespace

void Engine::Core::react(Neighbor& n, HelloVerdict verdict) {
  switch (verdict) {
    case HelloVerdict::Same:
      return;
    case HelloVerdict::Up:
      return on_up(n);
    case HelloVerdict::Lost:
      return on_lost(n);
    case HelloVerdict::Back:
      return on_back(n);
    case HelloVerdict::Restarted:
      return on_restarted(n);
  }
}

Duration Engine::Core::recovery_time(const Neighbor& n) const {
  if (!n.restart || n.restart->recovery_ms == 0) return config_.times.resync;
  return std::chrono::milliseconds(n.restart->recovery_ms);
}

// RFC 3473 section 9.3: all is kept, nothing is refreshed.
void Engine::Core::on_lost(Neighbor& n) {
  ++n.counters.losses;
  out_.push(NeighborChanged{n.config.node, NeighborEvent::Lost});
  n.jobs.clear();
  n.work_timer.cancel();
  n.srefresh_timer.cancel();
  n.theirs_timer.cancel();
  n.theirs = false;
  for (Out* const out : n.outs) out->timer.cancel();
  std::vector<std::uint32_t> over;
  for (const auto& [id, p] : pending_) {
    if (p->to != &n || p->what == Sent::Notify || p->what == Sent::Error) continue;
    if (p->what == Sent::Tear) {
      p->timer.cancel();
    } else {
      over.push_back(id);
    }
  }
  for (const std::uint32_t id : over) forget(*pending_.at(id));
  if (!n.restart || n.restart->restart_ms == 0) {
    out_.push(NeighborChanged{n.config.node, NeighborEvent::RestartTimeOver});
  } else if (n.restart->restart_ms != rsvp::RestartCap::kUnlimited) {
    n.restart_timer.set(now_ + std::chrono::milliseconds(n.restart->restart_ms));
  }
}

void Engine::Core::on_up(Neighbor& n) {
  out_.push(NeighborChanged{n.config.node, NeighborEvent::Up});
  n.new_epoch = false;
  if (n.ours) {
    if (n.restart) {
      n.ours_timer.set(now_ + config_.restart.recovery);
    } else {
      end_ours(n);  // section 9.5.2: it cannot help
    }
  }
  // What it did not hear, or did not want to hear before a Hello.
  for (const Out* const out : n.outs) {
    if (out->acknowledged || out->pending != nullptr) continue;
    n.jobs.push_back({.kind = Job::Kind::State, .key = out->lsps.front()->key, .half = out->half});
  }
  start_work(n, config_.times.resync / 2);
}

// Section 9.4: "the node SHOULD refresh all state shared with the neighbor", paced.
void Engine::Core::on_back(Neighbor& n) {
  out_.push(NeighborChanged{n.config.node, NeighborEvent::Back});
  n.restart_timer.cancel();
  n.new_epoch = false;
  for (In* const in : n.ins) in->deadline = std::max(in->deadline, now_ + in->lifetime);
  std::vector<std::uint32_t> ids;
  const auto summarize = [&] {
    if (!ids.empty()) n.jobs.push_back({.kind = Job::Kind::Summary, .ids = std::move(ids)});
    ids = {};
  };
  for (const Out* const out : n.outs) {
    if (out->sent && out->identified && n.refresh_reduction()) {
      ids.push_back(out->id);
      if (ids.size() >= ids_per_message()) summarize();
    } else {
      n.jobs.push_back(
          {.kind = Job::Kind::State, .key = out->lsps.front()->key, .half = out->half});
    }
  }
  summarize();
  if (!n.outs.empty() && n.refresh_reduction()) {
    n.srefresh_timer.set_if_idle(now_ + dice_.between(config_.times.refresh, 800, 1'000));
  }
  resume_tears(n);
  start_work(n, recovery_time(n) / 2);
}

// Section 9.5.3; RFC 5063 sections 4.5.1 and 5.3.1.
void Engine::Core::on_restarted(Neighbor& n) {
  ++n.counters.restarts;
  n.jobs.clear();
  n.preserved = n.restart && n.restart->recovery_ms != 0;
  out_.push(NeighborChanged{n.config.node, NeighborEvent::Restarted, n.preserved});
  n.restart_timer.cancel();
  n.theirs = true;
  n.theirs_timer.set(now_ + recovery_time(n));
  // State with the epoch of the new process came from it, before its Hello.
  const auto old = [&n](const In& in) {
    return !(n.new_epoch && in.stamp && in.stamp->epoch == n.epoch);
  };
  std::vector<Job> paths, single;
  std::vector<Stamp> listed;
  const bool wanted = (n.capability & rsvp::capability::kRecoveryPathDesired) != 0 && n.preserved;
  const bool lists = (n.capability & rsvp::capability::kRecoveryPathSrefresh) != 0;
  for (In* const in : n.ins) {
    if (!old(*in)) continue;
    in->stale = true;
    if (in->half == Half::Downstream || !in->lsp.up->resv) continue;
    in->lsp.up->awaiting_path = true;
    if (!wanted) continue;
    if (lists && in->stamp) {
      listed.push_back(*in->stamp);
    } else {
      single.push_back({.kind = Job::Kind::RecoveryPath, .key = in->lsp.key});
    }
  }
  n.new_epoch = false;
  for (Out* const out : n.outs) {
    if (out->half == Half::Upstream) {
      publish(*out);  // nothing, until a Path came
      continue;
    }
    if (out->pending != nullptr) forget(*out->pending);
    out->sent = false;
    out->timer.cancel();
    paths.push_back({.kind = Job::Kind::Path, .key = out->lsps.front()->key});
  }
  for (std::size_t at = 0; at < listed.size(); at += ids_per_message()) {
    const auto first = listed.begin() + static_cast<std::ptrdiff_t>(at);
    const auto count = std::min(ids_per_message(), listed.size() - at);
    n.jobs.push_back({.kind = Job::Kind::RecoveryList,
                      .stamps = {first, first + static_cast<std::ptrdiff_t>(count)}});
  }
  n.jobs.insert(n.jobs.end(), std::make_move_iterator(paths.begin()),
                std::make_move_iterator(paths.end()));
  n.jobs.insert(n.jobs.end(), std::make_move_iterator(single.begin()),
                std::make_move_iterator(single.end()));
  resume_tears(n);
  start_work(n, recovery_time(n) / 2);
}

void Engine::Core::resume_tears(Neighbor& n) {
  std::vector<std::uint32_t> tears;
  for (const auto& [id, p] : pending_) {
    if (p->to == &n && p->what == Sent::Tear) tears.push_back(id);
  }
  std::ranges::sort(tears);
  for (const std::uint32_t id : tears) {
    Pending& p = *pending_.at(id);
    p.sends = 0;
    p.wait = config_.times.rapid;
    transmit(p);
  }
}

// --- work in small pieces ---

void Engine::Core::start_work(Neighbor& n, Duration within) {
  if (n.jobs.empty()) return;
  n.pace = std::min(within / static_cast<Duration::rep>(n.jobs.size()), kLongestStep);
  n.work_timer.set_if_idle(now_ + kStep);
}

void Engine::Core::on_work(Neighbor& n) {
  const auto pace = std::max<Duration::rep>(n.pace.count(), 1);
  const auto pieces = std::max<Duration::rep>((kStep.count() + pace - 1) / pace, 1);
  for (Duration::rep i = 0; i < pieces && !n.jobs.empty(); ++i) {
    Job job = std::move(n.jobs.front());
    n.jobs.pop_front();
    perform(n, job);
  }
  if (!n.jobs.empty()) n.work_timer.set(now_ + std::max(n.pace, kStep));
}

void Engine::Core::perform(Neighbor& n, Job& job) {
  Lsp* const lsp = lsp_of(job.key);
  switch (job.kind) {
    case Job::Kind::Path:
      if (lsp == nullptr || !lsp->down || lsp->down->path.to != &n) return;
      if (!lsp->down->path.sent) trigger(lsp->down->path);
      return;
    case Job::Kind::State: {
      if (lsp == nullptr) return;
      if (job.half == Half::Downstream) {
        if (lsp->down && lsp->down->path.to == &n) trigger(lsp->down->path);
      } else if (lsp->up && lsp->up->resv && lsp->up->path.from == &n) {
        publish(*lsp->up->resv);
      }
      return;
    }
    case Job::Kind::Summary: {
      std::erase_if(job.ids, [this](std::uint32_t id) { return !published_.contains(id); });
      if (!job.ids.empty()) send_summary(n, job.ids, true);
      return;
    }
    case Job::Kind::RecoveryPath:
      return send_recovery_path(n, job.key);
    case Job::Kind::RecoveryList:
      return send_recovery_list(n, std::move(job.stamps));
  }
}

void Engine::Core::send_recovery_path(Neighbor& n, const LspKey& key) {
  Lsp* const lsp = lsp_of(key);
  if (!n.theirs || lsp == nullptr || !lsp->up) return;
  Upstream& up = *lsp->up;
  if (up.path.from != &n || !up.path.stale || !up.resv || up.recovery != nullptr) return;
  rsvp::Message message = recovery_path(*up.path.message, up.resv_message);
  if (!prepare(message, MessageType::RecoveryPath, config_.node, config_.times.refresh)) return;
  auto body = encode_objects(message.objects);
  if (body.empty() || full(n)) return;
  ++n.counters.recovery_paths_sent;
  Pending& p = post(n, Sent::RecoveryPath, MessageType::RecoveryPath, std::move(body));
  p.key = key;
  up.recovery = &p;
  if (!p.with_id) {  // RFC 5063 section 4.5.1: three attempts within 3/4 of the period
    p.wait = recovery_time(n) / 4;
    p.timer.set(now_ + p.wait);
  }
}

// RFC 5063 section 5.3.1: without those that came in the meantime.
void Engine::Core::send_recovery_list(Neighbor& n, std::vector<Stamp> stamps) {
  if (!n.theirs) return;
  std::erase_if(stamps, [&n](const Stamp& stamp) {
    const auto [first, last] = n.by_stamp.equal_range(stamp.key());
    return std::none_of(first, last, [](const auto& one) {
      return one.second->half == Half::Upstream && one.second->stale;
    });
  });
  if (stamps.empty() || full(n)) return;
  std::vector<rsvp::Object> objects;
  std::map<std::uint32_t, std::vector<std::uint32_t>> by_epoch;
  for (const Stamp& stamp : stamps) by_epoch[stamp.epoch].push_back(stamp.id);
  for (auto& [epoch, ids] : by_epoch) {
    objects.emplace_back(
        rsvp::MessageIdList{rsvp::MessageIdList::kRecoveryPath, epoch, std::move(ids)});
  }
  ++n.counters.srefreshes_sent;
  Pending& p = post(n, Sent::RecoveryList, MessageType::Srefresh, encode_objects(objects));
  p.stamps = std::move(stamps);
}

// --- we restarted ---

bool Engine::Core::gated(const Neighbor& n) const {
  return n.ours && n.hello.state() == NeighborState::Unknown && now_ < gate_until_;
}

// RFC 5063 section 4.5.2.
void Engine::Core::on_recovery_path(Neighbor& n, const rsvp::MessageView& view,
                                    std::optional<rsvp::MessageId> id) {
  auto message = decode(n, view);
  if (!message) return;
  const auto key = key_of(*message);
  if (!key) return drop(n, Drop::Incomplete);
  acknowledge(n, id);
  ++n.counters.recovery_paths_received;
  Lsp* const lsp = lsp_of(*key);
  if (lsp != nullptr && lsp->down && lsp->down->path.to == &n) {  // resynchronised
    Out& path = lsp->down->path;
    if (path.pending == nullptr && (!id || !n.ours)) trigger(path);
    return;
  }
  if (n.recovered.size() >= config_.limits.states_per_neighbor) return drop(n, Drop::Limit);
  // It is said again until our Path comes, for which its owner may need time.
  if (!first_time(n, id) || (n.ours && !n.recovered.insert(*key).second)) return;
  strip(*message);
  out_.push(RecoveryPathReceived{*key, n.config.node, !n.ours,
                                 std::make_shared<const rsvp::Message>(std::move(*message))});
}

// RFC 5063 section 5.3.2: Paths of an earlier process; those of this one are sent again.
void Engine::Core::on_recovery_list(Neighbor& n, const rsvp::MessageIdList& list) {
  for (const std::uint32_t id : list.ids) {
    const auto found = list.epoch == epoch_ ? published_.find(id) : published_.end();
    if (found != published_.end() && found->second->to == &n &&
        found->second->half == Half::Downstream) {
      if (found->second->pending == nullptr) trigger(*found->second);
    } else {
      add_ack(n, {.nack = true,
                  .flags = rsvp::MessageIdAck::kRecoveryPath,
                  .epoch = list.epoch,
                  .id = id});
    }
  }
}

void Engine::Core::end_recovery() {
  gate_until_ = now_;
  for (const auto& [id, n] : nodes_) {
    if (n->ours) end_ours(*n);
  }
}

void Engine::Core::end_ours(Neighbor& n) {
  n.ours = false;
  n.ours_timer.cancel();
  n.recovered.clear();
  const auto open = std::ranges::count_if(n.outs, [](const Out* out) {
    return out->half == Half::Downstream && !out->lsps.front()->down->resv;
  });
  out_.push(RecoveryEnded{n.config.node, true, static_cast<std::size_t>(open)});
}

// Section 9.5.2 would remove what was not given back; R1 keeps it (ason.md D3).
void Engine::Core::end_theirs(Neighbor& n) {
  n.theirs = false;
  std::size_t count = 0;
  for (In* const in : n.ins) {
    if (!in->stale || !established(*in)) continue;
    report(*in);
    ++count;
  }
  out_.push(RecoveryEnded{n.config.node, false, count});
}

}  // namespace forces::signaling::engine
