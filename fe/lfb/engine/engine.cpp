#include "fe/lfb/engine/engine.hpp"

#include "fe/lfb/engine/query.hpp"

namespace forces::fe::lfb {

using pl::Ack;
using pl::ExecutionMode;
using pl::OperType;
using pl::ResultCode;
using pl::TransactionPhase;
using wire::Bytes;

namespace {

constexpr std::size_t kMaxChanges = 4'000'000;  // of a transaction before its last message

struct Operations {
  bool commit = false, trcomp = false, others = false;
};

Operations operations_of(const pl::MessageView& message) {
  Operations found;
  for (const pl::LfbSelectView select : message.selects()) {
    for (const pl::OperView oper : select.operations) {
      if (oper.type == OperType::Commit) {
        found.commit = true;
      } else if (oper.type == OperType::TrComp) {
        found.trcomp = true;
      } else {
        found.others = true;
      }
    }
  }
  return found;
}

}  // namespace

Engine::Engine(Sink& sink, Provider* provider, EngineConfig config)
    : sink_(sink),
      config_(config),
      reader_(provider),
      execution_(store_, reader_, sink),
      events_(reader_) {}

std::optional<EngineOutput> Engine::poll_output() {
  if (out_.empty()) return std::nullopt;
  EngineOutput output = std::move(out_.front());
  out_.pop_front();
  return output;
}

bool Engine::on_message(Bytes octets, bool here, Instant now) {
  const auto message = pl::MessageView::parse(octets);
  if (!message) return false;
  switch (message->header().type) {
    case pl::MsgType::Query:
      on_query(*message, here);
      return true;
    case pl::MsgType::Config:
      on_config(*message, here, now);
      return true;
    default:
      return false;
  }
}

void Engine::refuse(const pl::Header& header, ResultCode code, std::string_view cause) {
  const auto type = pl::response_to(header.type);
  const bool config = header.type == pl::MsgType::Config;
  ++counters_.failed;
  const Ack ack = header.flags.ack();
  // A message of a transaction that nobody can read is a failure of it.
  if (config && phase_ == Phase::Open && owner_ == header.source.value) phase_ = Phase::Broken;
  if (!type || (config && ack != Ack::Always && ack != Ack::Failure)) return;
  Answer answer(pl::response_header(header, *type, self_), form_, std::exchange(recycled_, {}));
  answer.begin_select(pl::kFeProtocolObject, {1});
  answer.begin_operation(config ? OperType::SetResponse : OperType::GetResponse);
  answer.begin_path(std::span<const std::uint32_t>{});
  answer.result(code, cause);
  for (int level = 0; level < 3; ++level) answer.end();
  send(std::move(answer));
}

void Engine::on_query(const pl::MessageView& message, bool here) {
  ++counters_.queries;
  show_committed();
  Answer answer(pl::response_header(message.header(), pl::MsgType::QueryResponse, self_), form_,
                std::exchange(recycled_, {}));
  Query query(store_, reader_, answer);
  query.run(message, here ? ResultCode::Success : ResultCode::InvalidDestinationPid);
  if (query.failed()) ++counters_.failed;
  send(std::move(answer));
}

void Engine::send(Answer&& answer) {
  for (pl::Octets& part : std::move(answer).finish()) {
    out_.emplace_back(Respond{std::move(part)});
  }
}

void Engine::on_config(const pl::MessageView& message, bool here, Instant now) {
  ++counters_.configs;
  Config::Order order;
  if (!here) {
    order.forced = ResultCode::InvalidDestinationPid;
    return stand_alone(message, order, now);
  }
  // "An FE MUST NOT respond to a TRCOMP" (section 4.3.1.2.2), which may come with or without AT.
  if (operations_of(message).trcomp && phase_ == Phase::Committed &&
      owner_ == message.header().source.value) {
    end_transaction(Phase::None);
  }
  if (message.header().flags.atomic()) return in_transaction(message, order, now);
  const bool open = phase_ == Phase::Open || phase_ == Phase::Broken || phase_ == Phase::Committed;
  if (open) {
    order.forced = ResultCode::Busy;
    order.cause = "a transaction is open";
  }
  stand_alone(message, order, now);
}

void Engine::stand_alone(const pl::MessageView& message, Config::Order order, Instant now) {
  const ExecutionMode mode = message.header().flags.execution_mode();
  const bool all_or_none = mode == ExecutionMode::AllOrNone;
  order.stop_at_failure = all_or_none || mode == ExecutionMode::UntilFailure;
  order.commit_cause = "not in a transaction";
  execution_.run(message, order, journal_);
  const bool withdrawn = all_or_none && execution_.failed();
  if (withdrawn) journal_.undo();
  answer(message, false, withdrawn);
  certain(journal_, false, now);
  const bool changed = !journal_.empty();
  journal_.clear();
  if (changed) sink_.settled(now);
}

void Engine::answer(const pl::MessageView& message, bool always, bool withdrawn) {
  const bool failed = execution_.failed();
  if (failed) ++counters_.failed;
  const Ack ack = always ? Ack::Always : message.header().flags.ack();
  const bool wanted =
      ack == Ack::Always || (ack == Ack::Success && !failed) || (ack == Ack::Failure && failed);
  if (!wanted || !execution_.answerable()) return;
  Answer answer(pl::response_header(message.header(), pl::MsgType::ConfigResponse, self_), form_,
                std::exchange(recycled_, {}));
  execution_.answer(message, withdrawn, ack == Ack::Failure, answer);
  send(std::move(answer));
}

void Engine::certain(const Journal& journal, bool reversed, Instant now) {
  if (journal.empty()) return;
  const Changes changes(journal, reversed);
  sink_.applied(changes);
  notify(events_.raise(changes, self_, now));
}

void Engine::notify(std::vector<pl::Octets> messages) {
  for (pl::Octets& message : messages) {
    ++counters_.notifications;
    out_.emplace_back(Notify{std::move(message)});
  }
}

void Engine::in_transaction(const pl::MessageView& message, Config::Order order, Instant now) {
  const pl::Header& header = message.header();
  const TransactionPhase part = header.flags.phase();
  const bool running = phase_ == Phase::Open || phase_ == Phase::Broken;
  const bool mine = owner_ == header.source.value;
  order.stop_at_failure = true;
  if (header.flags.execution_mode() != ExecutionMode::AllOrNone) {
    order.forced = ResultCode::InvalidFlags;
    order.cause = "a transaction is all or none";
    if (running && mine && part != TransactionPhase::Abort) phase_ = Phase::Broken;
  } else if (running && (!mine || part == TransactionPhase::Start)) {
    order.forced = ResultCode::Busy;
    order.cause = "a transaction is open";
  } else if (part == TransactionPhase::Start) {
    end_transaction(Phase::Open);  // one that was committed is over, as nothing else can begin
    owner_ = header.source.value;
    return stage(message, order, now);
  } else if (phase_ == Phase::TimedOut && part != TransactionPhase::Abort) {
    order.forced = ResultCode::TimedOut;
    order.cause = "the transaction is over";
  } else if (part != TransactionPhase::Middle) {
    return end_or_abort(message, order, now);
  } else if (!running) {
    order.forced = ResultCode::InvalidFlags;
    order.cause = "no transaction is open";
  } else {
    if (phase_ == Phase::Broken) {
      order.forced = ResultCode::InvalidOp;
      order.cause = "the transaction has failed";
    }
    return stage(message, order, now);
  }
  execution_.run(message, order, journal_);
  answer(message, true, false);
  journal_.clear();
}

// "The FE MUST only validate that the operation can be executed but not execute it": tried in the
// store, where nobody looks before show_committed().
void Engine::stage(const pl::MessageView& message, Config::Order order, Instant now) {
  show_staged();
  const std::size_t mark = transaction_.size();
  order.commit_cause = "COMMIT is for the end";
  if (mark > kMaxChanges && order.forced == ResultCode::Success) {
    order.forced = ResultCode::MemoryError;
  }
  execution_.run(message, order, transaction_);
  const bool failed = execution_.failed();
  if (failed) {
    transaction_.undo(mark);
    phase_ = Phase::Broken;
  }
  deadline_ = now + config_.transaction_timeout;
  answer(message, true, failed);
}

void Engine::end_or_abort(const pl::MessageView& message, Config::Order order, Instant now) {
  const Operations operations = operations_of(message);
  const bool abort = message.header().flags.phase() == TransactionPhase::Abort;
  const Phase before = phase_;
  order.only_commit = true;
  if (operations.others || !operations.commit) {
    order.commit_cause = "COMMIT stands alone";
  } else if (before == Phase::None || (before == Phase::Committed && !abort)) {
    order.commit = ResultCode::InvalidFlags;
    order.commit_cause = "no transaction is open";
  } else if (before == Phase::Broken && !abort) {
    order.commit_cause = "the transaction has failed";
  } else {
    order.commit = ResultCode::Success;
  }
  const bool done = order.commit == ResultCode::Success;
  // TRCOMP alone has been dealt with.
  execution_.run(message, order, journal_);
  journal_.clear();
  answer(message, true, false);
  if (!done) return;
  if (!abort) {
    ++counters_.committed;
    show_staged();
    staged_ = false;
    phase_ = Phase::Committed;
    deadline_ = now + config_.transaction_timeout;
    certain(transaction_, false, now);
    return sink_.settled(now);
  }
  ++counters_.aborted;
  if (before == Phase::Committed) {
    transaction_.step_out();
    certain(transaction_, true, now);
  }
  end_transaction(Phase::None);
  if (before == Phase::Committed) sink_.settled(now);
}

void Engine::show_committed() {
  if (!staged_) return;
  transaction_.step_out();
  staged_ = false;
}

void Engine::show_staged() {
  if (staged_ || (phase_ != Phase::Open && phase_ != Phase::Broken)) return;
  transaction_.step_in();
  staged_ = true;
}

void Engine::end_transaction(Phase phase) {
  show_committed();
  transaction_.clear();
  deadline_.reset();
  phase_ = phase;
}

void Engine::abandon_transaction() {
  if (phase_ == Phase::Open || phase_ == Phase::Broken) ++counters_.aborted;
  end_transaction(Phase::None);
}

std::optional<Instant> Engine::next_deadline() const { return deadline_; }

// What is committed stays, and can no longer be taken back; what is not was never there.
void Engine::on_timer(Instant now) {
  if (!deadline_ || now < *deadline_) return;
  ++counters_.timed_out;
  end_transaction(phase_ == Phase::Committed ? Phase::None : Phase::TimedOut);
}

}  // namespace forces::fe::lfb
