#include "ce/provision/transaction.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace forces::ce::provision {

using pl::OperType;
using pl::TransactionPhase;

namespace {

// To which LFB a COMMIT is, RFC 5810 does not say; FEPO is there in every FE.
std::vector<pl::BodyTlv> operation(OperType type) {
  pl::LfbSelect select{pl::kFeProtocolObject, {1}, {}};
  select.operations.push_back({.type = type});
  std::vector<pl::BodyTlv> body;
  body.emplace_back(std::move(select));
  return body;
}

}  // namespace

std::string_view to_string(TransactionState state) {
  static constexpr std::string_view kNames[]{"validating", "committing", "completed", "aborting",
                                             "aborted"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string_view to_string(FeOutcome outcome) {
  static constexpr std::string_view kNames[]{"validating", "ready",  "committed",
                                             "refused",    "silent", "lost"};
  return kNames[static_cast<std::size_t>(outcome)];
}

std::optional<std::uint64_t> Coordinator::begin(const std::vector<TransactionPart>& parts,
                                                TransactionCarrier& carrier, Instant now) {
  std::set<std::uint32_t> fes;
  for (const TransactionPart& p : parts) {
    const bool good = !p.configs.empty() && fes.insert(p.fe).second && !by_fe_.contains(p.fe) &&
                      carrier.free(p.fe);
    if (!good) return std::nullopt;
  }
  if (parts.empty()) return std::nullopt;
  const std::uint64_t id = ++last_id_;
  Transaction& t = open_[id];
  t.record.id = id;
  t.record.began = now;
  for (const TransactionPart& p : parts) {
    t.record.fes.push_back({.fe = p.fe});
    by_fe_[p.fe] = id;
    carrier.hold(p.fe, true);
  }
  bool sent = true;
  for (const TransactionPart& p : parts) {
    TransactionPhase phase = TransactionPhase::Start;
    for (const auto& body : p.configs) {
      const std::uint64_t correlator = carrier.send(p.fe, phase, body, true);
      sent = sent && correlator != 0;
      t.awaited[p.fe].insert(correlator);
      phase = TransactionPhase::Middle;
    }
    if (sent) continue;  // else it cannot be said in a message at all
    part(t, p.fe).code = pl::ResultCode::ContentsTooLong;
    fail(t, part(t, p.fe), FeOutcome::Refused, carrier, now);
    break;
  }
  return id;
}

AwaitedResults::AwaitedResults(const std::vector<pl::BodyTlv>& config) {
  std::vector<std::uint32_t> ids;
  const auto add = [&](auto&& self, pl::LfbClassId class_id,
                       const std::vector<pl::Element>& elements) -> void {
    for (const pl::Element& element : elements) {
      const auto* const path = std::get_if<pl::PathData>(&element.value);
      if (path == nullptr) continue;
      const std::size_t above = ids.size();
      ids.insert(ids.end(), path->ids.begin(), path->ids.end());
      const bool leaf = std::ranges::none_of(path->items, [](const pl::Element& item) {
        return std::holds_alternative<pl::PathData>(item.value);
      });
      if (leaf) awaited_.push_back({class_id, ids});
      self(self, class_id, path->items);
      ids.resize(above);
    }
  };
  for (const pl::BodyTlv& tlv : config) {
    const auto* const select = std::get_if<pl::LfbSelect>(&tlv);
    if (select == nullptr) continue;
    for (const pl::Oper& oper : select->operations) add(add, select->class_id, oper.elements);
  }
}

bool AwaitedResults::take(const pl::MessageView& answer) {
  const auto begins = [](std::span<const std::uint32_t> longer,
                         std::span<const std::uint32_t> shorter) {
    return shorter.size() <= longer.size() &&
           std::ranges::equal(longer.first(shorter.size()), shorter);
  };
  for (const pl::LfbSelectView select : answer.selects()) {
    for (const pl::OperView oper : select.operations) {
      (void)pl::for_each_leaf(oper.items(), [&](const pl::Leaf& leaf) {
        if (!leaf.item.is_result()) return true;
        const auto ids = leaf.path.ids();
        const auto below = [&](const Awaited& a) {
          return a.class_id == select.class_id && begins(a.ids, ids);
        };
        const auto keyed = [&](const Awaited& a) {
          return a.class_id == select.class_id && begins(ids, a.ids);
        };
        if (std::erase_if(awaited_, below) == 0) {
          const auto at = std::ranges::find_if(awaited_, keyed);
          if (at != awaited_.end()) awaited_.erase(at);
        }
        return true;
      });
    }
  }
  return awaited_.empty();
}

Coordinator::Transaction* Coordinator::of(std::uint32_t fe) {
  const auto at = by_fe_.find(fe);
  return at == by_fe_.end() ? nullptr : &open_.at(at->second);
}

TransactionFe& Coordinator::part(Transaction& t, std::uint32_t fe) {
  return *std::ranges::find(t.record.fes, fe, &TransactionFe::fe);
}

void Coordinator::on_answer(std::uint32_t fe, std::uint64_t correlator, pl::ResultCode code,
                            TransactionCarrier& carrier, Instant now) {
  Transaction* const t = of(fe);
  if (t == nullptr) return;
  TransactionFe& from = part(*t, fe);
  if (t->record.state == TransactionState::Aborting) {
    if (const auto at = t->abort_awaited.find(fe);
        at != t->abort_awaited.end() && at->second == correlator) {
      from.aborted = true;
      t->abort_awaited.erase(at);
    }
    return advance(*t, carrier, now);
  }
  auto& awaited = t->awaited[fe];
  if (awaited.erase(correlator) == 0) return;
  if (code != pl::ResultCode::Success) {
    from.code = code;
    return fail(*t, from, FeOutcome::Refused, carrier, now);
  }
  if (!awaited.empty()) return;
  from.outcome =
      t->record.state == TransactionState::Validating ? FeOutcome::Ready : FeOutcome::Committed;
  advance(*t, carrier, now);
}

void Coordinator::on_unanswered(std::uint32_t fe, std::uint64_t correlator,
                                TransactionCarrier& carrier, Instant now) {
  Transaction* const t = of(fe);
  if (t == nullptr) return;
  if (t->record.state != TransactionState::Aborting) {
    if (t->awaited[fe].contains(correlator)) {
      fail(*t, part(*t, fe), FeOutcome::Silent, carrier, now);
    }
    return;
  }
  const auto at = t->abort_awaited.find(fe);
  if (at == t->abort_awaited.end() || at->second != correlator) return;
  t->abort_awaited.erase(at);
  advance(*t, carrier, now);
}

void Coordinator::on_fe_lost(std::uint32_t fe, TransactionCarrier& carrier, Instant now) {
  Transaction* const t = of(fe);
  if (t == nullptr) return;
  t->abort_awaited.erase(fe);
  if (t->record.state == TransactionState::Aborting) return advance(*t, carrier, now);
  fail(*t, part(*t, fe), FeOutcome::Lost, carrier, now);
}

// To the next phase, when everybody is where this one ends.
void Coordinator::advance(Transaction& t, TransactionCarrier& carrier, Instant now) {
  const auto all = [&](FeOutcome outcome) {
    return std::ranges::all_of(t.record.fes,
                               [&](const TransactionFe& f) { return f.outcome == outcome; });
  };
  if (t.record.state == TransactionState::Validating && all(FeOutcome::Ready)) {
    t.record.state = TransactionState::Committing;
    const auto commit = operation(OperType::Commit);
    for (const TransactionFe& f : t.record.fes) {
      t.awaited[f.fe].insert(carrier.send(f.fe, TransactionPhase::End, commit, true));
    }
  } else if (t.record.state == TransactionState::Committing && all(FeOutcome::Committed)) {
    const auto complete = operation(OperType::TrComp);
    for (const TransactionFe& f : t.record.fes) {
      (void)carrier.send(f.fe, TransactionPhase::End, complete, false);
    }
    end(t, TransactionState::Completed, carrier, now);
  } else if (t.record.state == TransactionState::Aborting && t.abort_awaited.empty()) {
    end(t, TransactionState::Aborted, carrier, now);
  }
}

void Coordinator::fail(Transaction& t, TransactionFe& fe, FeOutcome outcome,
                       TransactionCarrier& carrier, Instant now) {
  fe.outcome = outcome;
  t.record.failed_fe = fe.fe;
  t.record.state = TransactionState::Aborting;
  const auto commit = operation(OperType::Commit);
  for (const TransactionFe& f : t.record.fes) {
    const bool begun = t.awaited.contains(f.fe);  // else it knows nothing of it
    if (f.outcome == FeOutcome::Lost || !begun) continue;
    const std::uint64_t correlator = carrier.send(f.fe, TransactionPhase::Abort, commit, true);
    if (correlator != 0) t.abort_awaited[f.fe] = correlator;
  }
  advance(t, carrier, now);
}

void Coordinator::end(Transaction& t, TransactionState state, TransactionCarrier& carrier,
                      Instant now) {
  t.record.state = state;
  t.record.ended = now;
  for (const TransactionFe& f : t.record.fes) {
    by_fe_.erase(f.fe);
    carrier.hold(f.fe, false);
    if (state == TransactionState::Aborted && !f.aborted) carrier.distrust(f.fe);
  }
  const std::uint64_t id = t.record.id;
  history_.push_front(t.record);
  if (history_.size() > kHistory) history_.pop_back();
  out_.push(std::move(t.record));
  open_.erase(id);
}

std::vector<TransactionRecord> Coordinator::list() const {
  std::vector<TransactionRecord> all;
  for (const auto& [id, t] : open_) all.push_back(t.record);
  std::ranges::reverse(all);
  all.insert(all.end(), history_.begin(), history_.end());
  return all;
}

}  // namespace forces::ce::provision
