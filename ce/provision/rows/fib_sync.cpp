#include "ce/provision/rows/fib_sync.hpp"

#include <algorithm>
#include <utility>

namespace forces::ce::provision {

using pl::ResultCode;
using routing::Delta;
using routing::EcmpGone;
using routing::EcmpRow;
using routing::NextHopGone;
using routing::NextHopRow;
using routing::PrefixGone;
using routing::PrefixRow;

namespace {

bool is_gone(ResultCode code) {
  return code == ResultCode::Success || code == ResultCode::NotFound ||
         code == ResultCode::ComponentDoesNotExist || code == ResultCode::Empty;
}

RowKey key_of(const Delta& delta) {
  return std::visit(Overloaded{
                        [](const NextHopRow& r) { return RowKey{RowKind::Hop, r.hop_selector}; },
                        [](const EcmpRow& r) { return RowKey{RowKind::Set, r.hop_selector}; },
                        [](const PrefixRow& r) { return RowKey{RowKind::Prefix, r.row}; },
                        [](const PrefixGone& r) { return RowKey{RowKind::Prefix, r.row}; },
                        [](const EcmpGone& r) { return RowKey{RowKind::Set, r.hop_selector}; },
                        [](const NextHopGone& r) { return RowKey{RowKind::Hop, r.hop_selector}; },
                    },
                    delta);
}

void earlier(std::optional<Instant>& at, const std::optional<Instant>& other) {
  if (other && (!at || *other < *at)) at = other;
}

}  // namespace

std::string_view to_string(SyncState state) {
  static constexpr std::string_view kNames[]{"idle", "reading", "sending", "synced", "waiting"};
  return kNames[static_cast<std::size_t>(state)];
}

void FibSync::set_source(RowSource* source) {
  if (source_ == source) return;
  if (source_ != nullptr && started_) source_->on_fe_gone(fe_);
  source_ = source;
  if (!started_) return;
  reset();
  state_ = source_ == nullptr ? SyncState::Idle : SyncState::Waiting;
  if (source_ != nullptr) read_at_ = Instant{};
}

void FibSync::start(const TableInstances& instances, Instant now) {
  instances_ = instances;
  started_ = true;
  sets_replaced_ = false;
  read_back_off_ = retry_back_off_ = Duration{};
  if (source_ != nullptr) read(now);
}

void FibSync::stop() {
  if (!std::exchange(started_, false)) return;
  if (source_ != nullptr) source_->on_fe_gone(fe_);
  reset();
  state_ = SyncState::Idle;
}

void FibSync::reset() {
  found_.clear();
  book_ = RowBook();
  batch_.clear();
  waiting_.reset();
  hop_rows_.clear();
  unbound_hops_.clear();
  unbound_sets_.clear();
  first_of_set_.clear();
  doomed_.clear();
  orphans_until_.reset();
  orphans_due_ = false;
  read_at_.reset();
  retry_at_.reset();
  retrying_.reset();
  distrusted_ = false;
}

void FibSync::read(Instant now) {
  reset();
  ++counters_.readings;
  state_ = SyncState::Reading;
  read_.start(instances_, exchange_, now);
}

void FibSync::distrust(Instant now) {
  if (state_ == SyncState::Idle || state_ == SyncState::Waiting) return;
  read_back_off_ = std::clamp(2 * read_back_off_, config_.retry_min, config_.retry_max);
  // Soon the first time; an FE that never makes sense is left alone for longer and longer.
  read_at_ = now + (read_back_off_ == config_.retry_min ? Duration{} : read_back_off_);
  state_ = SyncState::Waiting;
  batch_.clear();
}

bool FibSync::on_answer(const Answer& answer, Instant now) {
  if (answer.purpose == Purpose::ReadRows) {
    if (state_ != SyncState::Reading || !read_.on_answer(answer, found_, book_)) return true;
    if (read_.failed()) distrust(now);
    return true;
  }
  bool good = true;
  const auto silent = batch_.on_answer(answer, [&](RowSent& row, ResultCode code) {
    good = good && code == ResultCode::Success;
    settle(row, code, now);
  });
  if (silent && *silent > 0) distrusted_ = true;  // not a word about some of the rows
  if (std::exchange(distrusted_, false)) distrust(now);
  return good;
}

void FibSync::settle(RowSent& row, ResultCode code, Instant now) {
  if (row.what != RowSent::What::Set) {
    const bool orphan = row.what == RowSent::What::DeleteOrphan;
    if (!orphan) book_.answered(row.key);
    if (is_gone(code)) return;
    ++counters_.refused;
    if (!orphan) distrusted_ = true;  // it is still there, and of an orphan that is no news
    return;
  }
  book_.answered(row.key);
  // A row that was sent again since is judged by the last answer.
  if (book_.under_way(row.key) != 0 || book_.state(row.key) != RowState::Sent) return;
  if (code != ResultCode::Success) return failed(row, code, now);
  book_.set_state(row.key, RowState::Acknowledged);
  if (!book_.failures().empty()) book_.failures().erase(row.key);
}

void FibSync::failed(RowSent& row, ResultCode code, Instant now) {
  ++counters_.refused;
  book_.set_state(row.key, RowState::Failed);
  const auto [at, fresh] = book_.failures().try_emplace(row.key);
  const bool told = !fresh && at->second.code == code;
  at->second = {code, std::move(row.row)};
  if (!told) {
    untold_ = {row.key, code, untold_.count + 1};
    report(now);
  }
  if (!retry_at_) {
    retry_back_off_ = std::clamp(2 * retry_back_off_, config_.retry_min, config_.retry_max);
    retry_at_ = now + retry_back_off_;
  }
  // There is the same prefix already, in a row that we do not know of.
  if (code == ResultCode::Exists) distrusted_ = true;
}

void FibSync::report(Instant now) {
  if (untold_.count == 0 || now < tell_after_) return;
  tell_after_ = now + kFailureReportEvery;
  out_.push(std::exchange(untold_, {}));
}

void FibSync::on_timer(Instant now) {
  report(now);
  if (read_at_ && now >= *read_at_) {
    read_at_.reset();
    if (source_ != nullptr) return read(now);
  }
  if (orphans_until_ && now >= *orphans_until_) {
    orphans_until_.reset();
    orphans_due_ = true;
  }
  if (retry_at_ && now >= *retry_at_) {
    retry_at_.reset();
    if (!book_.failures().empty()) retrying_ = book_.failures().begin()->first;
  }
}

std::optional<Instant> FibSync::next_deadline() const {
  std::optional<Instant> at;
  if (untold_.count != 0) at = tell_after_;
  if (state_ == SyncState::Idle) return at;
  earlier(at, read_at_);
  earlier(at, retry_at_);
  earlier(at, orphans_until_);
  return at;
}

void FibSync::pump(Instant now) {
  if (source_ == nullptr) return;
  if (read_at_ && now >= *read_at_) read(now);
  if (state_ == SyncState::Reading) {
    read_.ask(exchange_, now);
    if (!read_.done()) return;
    counters_.pages += read_.pages();
    found_.complete();
    state_ = SyncState::Sending;
    source_->on_fe(fe_);
  }
  if ((state_ != SyncState::Sending && state_ != SyncState::Synced) || held_) return;
  for (;;) {
    if (std::exchange(distrusted_, false)) return distrust(now);
    if (exchange_.outstanding() != 0 &&
        (!exchange_.room() || batch_.octets() >= exchange_.window())) {
      break;  // what is begun waits to become larger
    }
    const Fed fed = feed(now);
    if (fed == Fed::More) continue;
    batch_.submit(exchange_, now);
    if (fed == Fed::Nothing) judge_orphans(now);
    if (!doomed_.empty()) continue;
    if (batch_.under_way() != 0 || fed == Fed::Blocked) break;
    state_ = SyncState::Synced;
    if (book_.failures().empty()) retry_back_off_ = Duration{};
    read_back_off_ = Duration{};
    return;
  }
  state_ = SyncState::Sending;
}

FibSync::Fed FibSync::feed(Instant now) {
  if (!doomed_.empty()) {
    delete_orphan(now);
    return Fed::More;
  }
  if (waiting_) {
    if (book_.under_way(key_of(*waiting_)) == RowBook::kMostUnderWay) return Fed::Blocked;
    take(*std::exchange(waiting_, std::nullopt), now);
    return Fed::More;
  }
  if (retrying_ && feed_retry(now)) return Fed::More;
  auto delta = source_->poll(fe_);
  if (!delta) return feed_unbound(now) ? Fed::More : Fed::Nothing;
  if (book_.under_way(key_of(*delta)) == RowBook::kMostUnderWay) {
    waiting_ = std::move(delta);
    return Fed::Blocked;
  }
  take(std::move(*delta), now);
  return Fed::More;
}

// What failed once more, in the order in which rows may be made.
bool FibSync::feed_retry(Instant now) {
  auto& failures = book_.failures();
  for (auto at = failures.lower_bound(*retrying_); at != failures.end(); ++at) {
    retrying_ = RowKey{at->first.kind, at->first.number + 1};
    if (book_.state(at->first) != RowState::Failed) continue;
    Delta again = at->second.row;
    std::visit(Overloaded{[&](NextHopRow& row) { send(std::move(row), now); },
                          [&](EcmpRow& row) { send(std::move(row), now); },
                          [&](PrefixRow& row) { send(std::move(row), now); }, [](const auto&) {}},
               again);
    return true;
  }
  retrying_.reset();
  return false;
}

// The source has no more, so nothing will say better which of the FE's rows these are.
bool FibSync::feed_unbound(Instant now) {
  if (!unbound_sets_.empty()) {
    (void)bind_set(unbound_sets_.begin()->first, 0, now);
    return true;
  }
  if (unbound_hops_.empty()) return false;
  (void)bind_hop(*unbound_hops_.begin(), 0, now);
  return true;
}

void FibSync::judge_orphans(Instant now) {
  const bool none = found_.unclaimed() == 0;
  if (none || !source_->complete()) {
    orphans_until_.reset();
    orphans_due_ = false;
    if (none && found_.size() != 0) forget_found();
    return;
  }
  if (!orphans_due_) {
    if (!orphans_until_) orphans_until_ = now + config_.orphan_grace;
    return;
  }
  orphans_due_ = false;
  doomed_ = found_.orphans();
  const FoundRows::Row first = doomed_.front();
  notes_.push(RowsRemoved{doomed_.size(), first, found_.prefix_of(first)});
  std::ranges::reverse(doomed_);
  forget_found();
}

void FibSync::forget_found() {
  found_.clear();
  hop_rows_.clear();
}

void FibSync::delete_orphan(Instant now) {
  const FoundRows::Row row = doomed_.back();
  doomed_.pop_back();
  ++counters_.orphans_deleted;
  book_.in_use(row.table).erase(row.number);
  batch_.erase(read_.instances(),
               {.table = row.table, .what = RowSent::What::DeleteOrphan, .at_fe = row.number},
               exchange_, now);
}

}  // namespace forces::ce::provision
