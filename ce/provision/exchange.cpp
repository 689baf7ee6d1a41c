#include "ce/provision/exchange.hpp"

#include <algorithm>
#include <utility>

#include "proto/pl/body/grammar.hpp"

namespace forces::ce::provision {

namespace {
constexpr std::size_t kCorrelatorAt = 12;  // in the header, RFC 5810 figure 10
}

pl::Flags Exchange::flags(pl::MsgType type) {
  const pl::Flags flags = pl::Flags{}.with_priority(pl::default_priority(type));
  if (type != pl::MsgType::Config) return flags;
  return flags.with_ack(pl::Ack::Always).with_execution_mode(pl::ExecutionMode::ContinueOnFailure);
}

pl::MessageWriter Exchange::begin(pl::MsgType type) const { return begin(type, flags(type)); }

pl::MessageWriter Exchange::begin(pl::MsgType type, pl::Flags flags) const {
  pl::Header header;
  header.type = type;
  header.source = us_;
  header.destination = them_;
  header.flags = flags;
  return pl::MessageWriter(header);
}

std::uint64_t Exchange::submit(pl::MessageWriter request, Purpose purpose, Instant now,
                               bool answered) {
  auto octets = std::move(request).finish();
  if (!octets) return 0;
  const auto type = static_cast<pl::MsgType>((*octets)[1]);
  ++(type == pl::MsgType::Query ? counters_.queries : counters_.configs);
  const std::uint64_t correlator = ++correlator_;
  wire::store_be<8>(octets->data() + kCorrelatorAt, correlator);
  if (answered) {
    const auto answer = pl::response_to(type).value_or(pl::MsgType::ConfigResponse);
    asked_.emplace_hint(asked_.end(), correlator,
                        Asked{purpose, answer, octets->size(), now + patience(purpose)});
    octets_ += octets->size();
  }
  out_.push(std::move(*octets));
  return answered ? correlator : 0;
}

std::expected<Answer, Refused> Exchange::on_response(const pl::Header& header, wire::Bytes octets,
                                                     Instant now) {
  const auto at = asked_.find(header.correlator);
  if (at == asked_.end() || at->second.answer != header.type) {
    return std::unexpected(Refused::WrongCorrelator);
  }
  const auto message = pl::MessageView::parse(octets);
  if (!message) return std::unexpected(Refused::Malformed);
  const pl::Part part = pl::part_of(header.flags);
  const bool last = part == pl::Part::Whole || part == pl::Part::Last;
  Answer answer{at->second.purpose, header.correlator, last, *message};
  at->second.until = now + patience(at->second.purpose);
  if (last) {
    ++counters_.answers;
    close(at);
  }
  return answer;
}

void Exchange::close(Open::iterator at) {
  octets_ -= at->second.octets;
  asked_.erase(at);
}

std::optional<Unanswered> Exchange::poll_unanswered(Instant now) {
  const auto at =
      std::ranges::find_if(asked_, [&](const auto& asked) { return asked.second.until <= now; });
  if (at == asked_.end()) return std::nullopt;
  ++counters_.timeouts;
  const Unanswered lost{at->second.purpose, at->first};
  close(at);
  return lost;
}

std::optional<Instant> Exchange::next_deadline() const {
  std::optional<Instant> at;
  for (const auto& [correlator, asked] : asked_) {
    if (!at || asked.until < *at) at = asked.until;
  }
  return at;
}

std::optional<Unanswered> Exchange::poll_abandoned() {
  if (asked_.empty()) return std::nullopt;
  const auto at = asked_.begin();
  const Unanswered lost{at->second.purpose, at->first};
  close(at);
  return lost;
}

bool succeeded(const pl::MessageView& message, pl::ResultCode* code) {
  for (const pl::LfbSelectView select : message.selects()) {
    for (const pl::OperView oper : select.operations) {
      const bool good = pl::for_each_leaf(oper.items(), [&](const pl::Leaf& leaf) {
        if (!leaf.item.is_result()) return true;
        const pl::ResultCode found = leaf.item.result().code;
        if (found == pl::ResultCode::Success) return true;
        if (code != nullptr) *code = found;
        return false;
      });
      if (!good) return false;
    }
  }
  return true;
}

}  // namespace forces::ce::provision
