#include "ce/provision/copies/sync.hpp"

#include <algorithm>
#include <utility>

#include "ce/provision/table_rows.hpp"
#include "proto/model/classes/classes.hpp"

namespace forces::ce::provision {

using pl::OperType;
using pl::ResultCode;
using wire::Bytes;

namespace {
constexpr std::uint32_t kLocal = model::multicast::kLocal;
}

void CopySync::set_source(CopySource* source) {
  if (source_ != nullptr && told_) source_->on_fe_gone(fe_);
  source_ = source;
  told_ = false;
  set_ = 0;
  distrust();
}

void CopySync::start(std::uint32_t instance) {
  stop();
  instance_ = instance;
  state_ = instance == 0 ? State::Absent : State::Reading;
  distrust();
}

void CopySync::stop() {
  if (source_ != nullptr && std::exchange(told_, false)) source_->on_fe_gone(fe_);
  state_ = State::Off;
  orphans_until_.reset();
  read_ = false;
  correlator_ = 0;
  sent_.clear();
  wait_ = kAgainFirst;
  not_before_ = Instant{};
}

std::optional<Instant> CopySync::next_deadline() const {
  if (correlator_ != 0 || source_ == nullptr || held_ || state_ == State::Off) return std::nullopt;
  if (!read_) return orphans_until_;
  return not_before_ != Instant{} ? std::optional(not_before_) : std::nullopt;
}

void CopySync::pump(Instant now) {
  if (state_ == State::Off || source_ == nullptr || held_ || correlator_ != 0) return;
  if (read_) {
    if (now >= not_before_) read(now);
  } else if (state_ == State::Running) {
    write(now);
  }
}

void CopySync::read(Instant now) {
  read_ = false;
  state_ = State::Reading;
  have_.clear();
  found_.clear();
  orphans_until_.reset();
  numbers_ = {};
  endpoint_ = false;
  set_ = 0;
  pl::MessageWriter query = exchange_.begin(pl::MsgType::Query);
  {
    const auto select = query.lfb_select({kMulticastForwarding}, {instance_});
    const auto operation = query.operation(OperType::Get);
    {
      const auto path = query.path(std::span(&kLocal, 1));
    }
    for (std::size_t n = 0; n < kCopyTables; ++n) {
      const std::uint32_t component = component_of(static_cast<CopyTable>(n));
      const auto path = query.path(std::span(&component, 1));
    }
  }
  correlator_ = exchange_.submit(std::move(query), Purpose::ReadCopies, now);
}

void CopySync::take(const Answer& answer) {
  for (const pl::LfbSelectView select : answer.message.selects()) {
    if (select.class_id.value != kMulticastForwarding) continue;
    for (const pl::OperView oper : select.operations) {
      (void)pl::for_each_leaf(oper.items(), [&](const pl::Leaf& leaf) {
        const auto ids = leaf.path.ids();
        if (ids.empty() || leaf.item.is_result()) return true;  // empty, or not there
        if (ids[0] == kLocal && leaf.item.is(pl::TlvType::FullData)) {
          endpoint_ =
              std::ranges::any_of(leaf.item.value, [](std::byte b) { return b != std::byte{0}; });
        }
        const auto table = copy_table_of(ids[0]);
        if (!table) return true;
        const model::Type& type = *model::kMulticastClass.component(ids[0])->type;
        (void)read_rows(type, leaf, [&](std::uint32_t number, Bytes packed) {
          const auto row = read_copy_row(*table, packed);
          numbers_[static_cast<std::size_t>(*table)].insert(number);
          if (!row) return;
          have_[*row] = number;
          found_.insert(*row);
        });
        return true;
      });
    }
  }
}

// An FE without an endpoint takes no rows; it is asked again with the next association.
void CopySync::end_reading(Instant now) {
  state_ = endpoint_ ? State::Running : State::Absent;
  if (!endpoint_ || std::exchange(told_, true)) return;
  source_->on_fe(fe_, now);
}

bool CopySync::on_answer(const Answer& answer, Instant now) {
  if (answer.correlator != correlator_) return true;
  if (answer.purpose == Purpose::ReadCopies) {
    take(answer);
    if (answer.last) {
      correlator_ = 0;
      end_reading(now);
    }
    return true;
  }
  for (const pl::LfbSelectView select : answer.message.selects()) {
    for (const pl::OperView oper : select.operations) {
      const bool erase = oper.type == OperType::DelResponse;
      if (!erase && oper.type != OperType::SetResponse) continue;
      (void)pl::for_each_leaf(oper.items(), [&](const pl::Leaf& leaf) {
        if (leaf.item.is_result()) take_result(select, erase, leaf);
        return true;
      });
    }
  }
  if (!answer.last) return !failed_;
  correlator_ = 0;
  const bool silent = std::ranges::any_of(sent_, [](const Sent& sent) { return !sent.answered; });
  sent_.clear();
  const bool good = !failed_ && !silent;
  if (failed_) {
    failures_ += failed_->count;
    out_.push(*std::exchange(failed_, std::nullopt));
  }
  if (good) {
    wait_ = kAgainFirst;
    not_before_ = Instant{};
  } else {
    again(now);
  }
  return good;
}

void CopySync::take_result(const pl::LfbSelectView& select, bool erase, const pl::Leaf& leaf) {
  if (select.class_id.value != kMulticastForwarding) return;
  const auto ids = leaf.path.ids();
  for (Sent& sent : sent_) {
    const bool meant = sent.erase == erase && !sent.answered &&
                       (ids.empty() || ids[0] == component_of(sent.row.table)) &&
                       (ids.size() < 2 || ids[1] == sent.number);
    if (!meant) continue;
    settle(sent, leaf.item.result().code);
    if (ids.size() >= 2) return;  // else one result for the whole operation
  }
}

void CopySync::settle(Sent& sent, ResultCode code) {
  sent.answered = true;
  if (code != ResultCode::Success) {
    if (!failed_) failed_ = CopiesFailed{sent.row, code, 0};
    ++failed_->count;
  } else if (sent.erase) {
    have_.erase(sent.row);
    found_.erase(sent.row);
    numbers_[static_cast<std::size_t>(sent.row.table)].erase(sent.number);
  } else {
    have_[sent.row] = sent.number;
  }
}

void CopySync::on_unanswered(Instant now) {
  if (std::exchange(correlator_, 0) == 0) return;
  sent_.clear();
  failed_.reset();
  again(now);
}

void CopySync::again(Instant now) {
  distrust();
  not_before_ = now + wait_;
  wait_ = std::min(wait_ * 2, kAgainMost);
}

void CopySync::write(Instant now) {
  const std::uint64_t version = source_->version(fe_);
  const bool orphans_go = orphans_until_ && now >= *orphans_until_;
  if (version == 0 || (version == set_ && !orphans_go)) return;
  const CopyRows wanted = source_->rows(fe_);
  const bool keeps = now < source_->orphans_until();
  orphans_until_.reset();
  std::vector<Sent> changes;
  auto want = wanted.begin();
  auto has = have_.begin();
  const CopyRow* group = nullptr;
  while (want != wanted.end() || has != have_.end()) {
    const bool comes = has == have_.end() || (want != wanted.end() && *want < has->first);
    const bool goes = !comes && (want == wanted.end() || has->first < *want);
    const CopyRow& row = comes ? *want : has->first;
    const bool full =
        changes.size() >= kRowsAMessage && (group == nullptr || !group->same_group(row));
    if (full) break;
    group = &row;
    if (comes) {
      changes.push_back({row, 0, false});
    } else if (goes && keeps && is_kept(row, wanted)) {
      orphans_until_ = source_->orphans_until();
    } else if (goes) {
      changes.push_back({row, has->second, true});
    } else {
      found_.erase(row);
    }
    if (comes || !goes) ++want;
    if (!comes) ++has;
  }
  if (!changes.empty()) return send(std::move(changes), now);
  set_ = version;
  source_->on_set(fe_, version, now);
}

// An orphan of a group of which nothing is wanted but what was found there.
bool CopySync::is_kept(const CopyRow& row, const CopyRows& wanted) const {
  if (!found_.contains(row)) return false;
  const CopyRow first{row.table, row.first, row.last, 0, 0};
  for (auto at = wanted.lower_bound(first); at != wanted.end() && at->same_group(row); ++at) {
    if (!have_.contains(*at)) return false;
  }
  return true;
}

void CopySync::send(std::vector<Sent> changes, Instant now) {
  std::ranges::stable_partition(changes, [](const Sent& sent) { return !sent.erase; });
  pl::MessageWriter config = exchange_.begin(pl::MsgType::Config);
  for (const bool erase : {false, true}) {
    if (std::ranges::none_of(changes, [&](const Sent& s) { return s.erase == erase; })) continue;
    const auto select = config.lfb_select({kMulticastForwarding}, {instance_});
    const auto operation = config.operation(erase ? OperType::Del : OperType::Set);
    for (Sent& sent : changes) {
      if (sent.erase != erase) continue;
      if (!erase) {
        auto& numbers = numbers_[static_cast<std::size_t>(sent.row.table)];
        sent.number = numbers.unused();
        numbers.insert(sent.number);
      }
      const std::array ids{component_of(sent.row.table), sent.number};
      if (erase) {
        const auto path = config.path(ids);
      } else {
        config.path_with_data(ids, pack(sent.row));
      }
    }
  }
  correlator_ = exchange_.submit(std::move(config), Purpose::WriteCopies, now);
  sent_ = std::move(changes);
  if (correlator_ == 0) {  // a group that no message holds
    sent_.clear();
    ++failures_;
    again(now);
  }
}

}  // namespace forces::ce::provision
