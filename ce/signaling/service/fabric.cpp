#include "ce/signaling/service/fabric.hpp"

#include <algorithm>
#include <utility>

#include "ce/provision/optical_ports.hpp"
#include "proto/model/classes/classes.hpp"

namespace forces::signaling {

using ce::provision::FeOutcome;
using ce::provision::TransactionRecord;
using ce::provision::TransactionState;

namespace {

constexpr std::uint32_t kInstance = 1;  // of both classes, at every FE

// What a transaction that is over has done. Until COMMIT nothing was; after it an FE that was lost
// or silent may have done its part all the same.
resource::TransactionResult result_of(const std::optional<TransactionRecord>& record) {
  using Kind = resource::TransactionResult::Kind;
  resource::TransactionResult result;
  if (!record) return {.kind = Kind::Unknown};
  if (record->state == TransactionState::Completed) return result;
  result.kind = Kind::Refused;
  result.fe = record->failed_fe;
  for (const ce::provision::TransactionFe& fe : record->fes) {
    if (fe.fe == record->failed_fe) result.code = static_cast<std::uint32_t>(fe.code);
    const bool clear = fe.outcome == FeOutcome::Refused || fe.aborted;
    if (!clear) result.unclear.push_back(fe.fe);
  }
  if (!result.unclear.empty()) result.kind = Kind::Unknown;
  return result;
}

// An FE that keeps its state over a restart of its CE (CEFailoverPolicy 1) keeps the traces too
// that the old one wanted, maybe of links that are without discovery now.
std::vector<pl::BodyTlv> no_traces() {
  pl::PathData table;
  table.ids = {model::optical_port::kTraceSent};
  pl::Oper del{.type = pl::OperType::Del};
  del.elements.push_back({std::move(table)});
  return {pl::LfbSelect{{ce::provision::kOpticalPort}, {kInstance}, {std::move(del)}}};
}

}  // namespace

void Fabric::on_fe(std::uint32_t id, Instant now) {
  if (!fes_.contains(id)) return;
  Fe& fe = known_[id];
  const std::uint64_t period = access_.period(id);
  if (period == fe.period) return;
  if (fe.period != 0) node_.on_fe_down(id, now);
  // What was under way gets its answer from the controller all the same.
  Fe fresh{.period = period,
           .transaction = fe.transaction,
           .heard = std::move(fe.heard),
           .traces = std::move(fe.traces)};
  fresh.traces.restart();
  fe = std::move(fresh);
  if (period == 0) return;
  fe.subscribe_due = fe.ports_due = true;
  pump(now);
}

void Fabric::on_event(std::uint32_t id, wire::Bytes octets, Instant now) {
  const auto fe = known_.find(id);
  const auto message = pl::MessageView::parse(octets);
  if (fe == known_.end() || fe->second.period == 0 || !message) return;
  ++counters_.events;
  for (const auto& status : ce::provision::read_cross_connect_events(*message)) {
    node_.on_row_status(id, status.number, status.status, now);
  }
  if (!ce::provision::is_optical_port_event(*message)) return;
  fe->second.ports_due = true;
  pump(now);
}

void Fabric::perform(const resource::Transaction& transaction, Instant now) {
  waiting_.push_back(transaction);
  pump(now);
}

void Fabric::perform(const resource::ReadRows& read, Instant now) {
  Fe& fe = known_[read.fe];
  fe.reading = 0;
  fe.reader = {};
  pump(now);
}

void Fabric::perform(const SendTraces& traces, Instant now) {
  known_[traces.port.fe].traces.want(traces.port.port, traces.texts);
  pump(now);
}

void Fabric::look_again(Instant at) { retry_ = retry_ ? std::min(*retry_, at) : at; }

void Fabric::on_time(Instant now) {
  if (!retry_ || now < *retry_) return;
  retry_.reset();
  pump(now);
}

std::optional<Instant> Fabric::next_deadline() const { return retry_; }

void Fabric::pump(Instant now) {
  for (auto& [id, fe] : known_) {
    if (fe.period != 0) ask(id, fe, now);
  }
  // A later transaction overtakes one that waits for an FE only where they have none in common.
  std::set<std::uint32_t> taken;
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    const bool blocked = std::ranges::any_of(at->fes, [&](const resource::FeRows& part) {
      return taken.contains(part.fe) || known_[part.fe].transaction != 0;
    });
    if (!blocked && start(*at, now)) {
      at = waiting_.erase(at);
      continue;
    }
    for (const resource::FeRows& part : at->fes) taken.insert(part.fe);
    ++at;
  }
}

// False: it has to wait.
bool Fabric::start(const resource::Transaction& transaction, Instant now) {
  std::vector<ce::provision::TransactionPart> parts;
  for (const resource::FeRows& part : transaction.fes) {
    if (known_[part.fe].period == 0) {  // nothing was sent anywhere
      ++counters_.refused;
      node_.on_result(transaction.id,
                      {.kind = resource::TransactionResult::Kind::Refused, .fe = part.fe}, now);
      return true;
    }
    parts.push_back(
        {.fe = part.fe, .configs = ce::provision::cross_connect_configs(kInstance, part.changes)});
  }
  const std::uint64_t ticket = access_.transact(parts);
  if (ticket == 0) {  // somebody else has one open there
    look_again(now + kRetry);
    return false;
  }
  ++counters_.transactions;
  for (const resource::FeRows& part : transaction.fes) known_[part.fe].transaction = ticket;
  under_way_[ticket] = transaction;
  questions_[ticket] = {.what = What::Transaction};
  return true;
}

void Fabric::ask(std::uint32_t id, Fe& fe, Instant now) {
  const auto put = [&](What what, std::uint64_t ticket) {
    if (ticket != 0) {
      questions_[ticket] = {.what = what, .fe = id, .period = fe.period};
    } else {
      look_again(now + kAskAgain);
    }
    return ticket != 0;
  };
  if (fe.subscribe_due) {
    auto config = ce::provision::cross_connect_subscription(kInstance);
    std::ranges::move(ce::provision::optical_port_subscription(kInstance),
                      std::back_inserter(config));
    std::ranges::move(no_traces(), std::back_inserter(config));
    fe.subscribe_due = !put(What::Subscribe, access_.configure(id, config));
  }
  if (fe.subscribe_due) return;
  if (fe.ports_due && !fe.asking_ports) {
    ++counters_.reads;
    fe.asking_ports =
        put(What::Ports, access_.ask(id, ce::provision::optical_port_query(kInstance)));
    fe.ports_due = !fe.asking_ports;
  }
  if (fe.reading && !fe.asking_rows && fe.transaction == 0) {
    const pl::TableRange range{*fe.reading, *fe.reading + kPage - 1};
    ++counters_.reads;
    fe.asking_rows =
        put(What::Rows, access_.ask(id, ce::provision::cross_connect_query(kInstance, range)));
  }
  // A subscription that is sent again empties the table again.
  if (!fe.subscribed || !fe.traces.due()) return;
  if (now < fe.next_traces) return look_again(fe.next_traces);
  const auto changes = fe.traces.next(kTraces);
  if (changes.empty()) return;  // the table is full
  counters_.traces_set += changes.size();
  const auto config = ce::provision::trace_config(kInstance, changes);
  if (put(What::Traces, access_.configure(id, config))) return;
  fe.traces.done(false);
  fe.next_traces = now + kAskAgain;
}

void Fabric::on_answer(std::uint64_t ticket, const ce::OperatorAnswer& answer, Instant now) {
  const auto asked = questions_.extract(ticket);
  if (!asked) return;
  const Question question = asked.mapped();
  if (question.what == What::Transaction) {
    on_transaction(ticket, answer, now);
    return pump(now);
  }
  Fe& fe = known_[question.fe];
  if (fe.period != question.period) return;  // of an association that is over
  const auto came = answer.by_fe.find(question.fe);
  static const std::vector<pl::Octets> kNone;
  const auto& messages = came == answer.by_fe.end() ? kNone : came->second;
  switch (question.what) {
    case What::Subscribe:
      fe.subscribed = !messages.empty();
      fe.subscribe_due = messages.empty();
      break;
    case What::Ports:
      fe.asking_ports = false;
      on_ports(question.fe, fe, messages, now);
      break;
    case What::Rows:
      fe.asking_rows = false;
      on_rows(question.fe, fe, messages, now);
      break;
    case What::Traces:
      on_traces_set(fe, messages, now);
      break;
    case What::Transaction:
      break;
  }
  if (messages.empty()) return look_again(now + kAskAgain);
  pump(now);
}

void Fabric::on_ports(std::uint32_t id, Fe& fe, const std::vector<pl::Octets>& messages,
                      Instant now) {
  ce::provision::OpticalPortReader reader;
  bool good = !messages.empty();
  for (const pl::Octets& octets : messages) {
    const auto message = pl::MessageView::parse(octets);
    good = good && message && reader.take(*message);
  }
  if (!good) {
    ++counters_.bad;
    fe.ports_due = true;
    return look_again(now + kAskAgain);
  }
  const bool first = fe.up.empty();
  for (const auto& [port, up] : reader.up()) {
    const auto [at, made] = fe.up.try_emplace(port, true);
    if (std::exchange(at->second, up) != up) node_.on_port({id, port}, up, now);
  }
  std::map<std::uint32_t, te::LabelRanges> failed;
  for (const auto& labels : reader.failed()) failed[labels.port].insert(labels.first, labels.last);
  for (const auto& [port, labels] : fe.failed) {
    if (!failed.contains(port)) node_.on_failed_labels({id, port}, {}, now);
  }
  for (const auto& [port, labels] : failed) {
    if (fe.failed[port] != labels) node_.on_failed_labels({id, port}, labels, now);
  }
  fe.failed = std::move(failed);
  hear(id, fe, reader.traces(), now);
  if (first) node_.on_fe_up(id, now);  // its rows are asked for now
}

void Fabric::hear(std::uint32_t id, Fe& fe, const std::vector<ce::provision::ReceivedTrace>& traces,
                  Instant now) {
  std::map<FePort, std::map<Label, std::string>> heard;
  for (const auto& received : traces) {
    heard[{id, received.port}][received.label] = received.trace;
  }
  std::map<FePort, std::vector<resource::HeardTrace>> news;
  for (const auto& [port, texts] : fe.heard) {
    for (const auto& [label, text] : texts) {
      if (!heard[port].contains(label)) news[port].push_back({.label = label});
    }
  }
  for (const auto& [port, texts] : heard) {
    for (const auto& [label, text] : texts) {
      if (fe.heard[port][label] == text) continue;
      news[port].push_back({label, resource::Trace::parse(text).value_or(resource::Trace{})});
    }
  }
  fe.heard = std::move(heard);
  for (const auto& [port, traces_of] : news) node_.on_traces(port, traces_of, now);
}

void Fabric::on_traces_set(Fe& fe, const std::vector<pl::Octets>& messages, Instant now) {
  for (const pl::Octets& octets : messages) {
    const auto message = pl::MessageView::parse(octets);
    if (message) counters_.traces_refused += ce::provision::refused_traces(*message);
  }
  fe.traces.done(!messages.empty());
  fe.next_traces = now + (messages.empty() ? kAskAgain : kTracePause);
}

void Fabric::on_rows(std::uint32_t id, Fe& fe, const std::vector<pl::Octets>& messages,
                     Instant now) {
  bool good = !messages.empty();
  for (const pl::Octets& octets : messages) {
    const auto message = pl::MessageView::parse(octets);
    good = good && message && fe.reader.take(*message);
  }
  if (!good) {
    ++counters_.bad;
    fe.reading = 0;
    fe.reader = {};
    return look_again(now + kAskAgain);
  }
  *fe.reading += kPage;
  if (*fe.reading < model::cross_connect::kMostRows) return;
  fe.reading.reset();
  const auto rows = std::exchange(fe.reader, {}).rows();
  node_.on_rows(id, rows, now);
}

void Fabric::on_transaction(std::uint64_t ticket, const ce::OperatorAnswer& answer, Instant now) {
  const auto done = under_way_.extract(ticket);
  if (!done) return;
  for (const resource::FeRows& part : done.mapped().fes) {
    Fe& fe = known_[part.fe];
    if (fe.transaction == ticket) fe.transaction = 0;
  }
  const auto result = result_of(answer.transaction);
  using Kind = resource::TransactionResult::Kind;
  if (result.kind == Kind::Refused) ++counters_.refused;
  if (result.kind == Kind::Unknown) ++counters_.unknown;
  node_.on_result(done.mapped().id, result, now);
}

}  // namespace forces::signaling
