// Requests of the operator, or of the observer, that wait for FEs: one ticket for what may go to
// several. Answers of the former are kept until they are asked for, those of the latter are told.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "ce/association/controller.hpp"
#include "ce/association/core/controller_core.hpp"

namespace forces::ce {

// Guarded as the core is.
class OperatorDesk {
 public:
  // `asked`: FE and the core's ticket for it; what could not be asked has ticket 0. 0: none could.
  std::uint64_t open(const std::vector<std::pair<std::uint32_t, std::uint64_t>>& asked, Instant now,
                     Answers answers = Answers::Kept) {
    Request request{.until = until(now, answers), .told = answers == Answers::Told};
    for (const auto& [fe, ticket] : asked) {
      request.answer.by_fe[fe];
      if (ticket != 0) waiting_[{fe, ticket}] = last_ + 1;
      if (ticket != 0) ++request.missing;
    }
    return request.missing == 0 ? 0 : keep(std::move(request));
  }
  std::uint64_t open_transaction(std::uint64_t id, Instant now, Answers answers = Answers::Kept) {
    transactions_[id] = last_ + 1;
    return keep({.missing = 1, .until = until(now, answers), .told = answers == Answers::Told});
  }

  void take(const Answered& answered) {
    const auto at = waiting_.find({answered.fe_id, answered.ticket});
    if (at == waiting_.end()) return;
    const auto request = requests_.find(at->second);
    if (answered.last) waiting_.erase(at);
    if (request == requests_.end()) return;
    auto& messages = request->second.answer.by_fe[answered.fe_id];
    if (!answered.octets.empty()) messages.push_back(answered.octets);
    if (answered.last && --request->second.missing == 0) finish(*request);
  }
  void take(const TransactionEnded& ended) {
    const auto at = transactions_.find(ended.record.id);
    if (at == transactions_.end()) return;
    const auto request = requests_.find(at->second);
    transactions_.erase(at);
    if (request == requests_.end()) return;
    request->second.answer.transaction = ended.record;
    finish(*request);
  }
  // What is to be told by now.
  std::vector<std::pair<std::uint64_t, OperatorAnswer>> told() {
    std::vector<std::pair<std::uint64_t, OperatorAnswer>> all;
    for (const std::uint64_t ticket : std::exchange(done_, {})) {
      const auto at = requests_.find(ticket);
      all.emplace_back(ticket, std::move(at->second.answer));
      requests_.erase(at);
    }
    return all;
  }

  // nullopt: there is no such ticket.
  std::optional<OperatorAnswer> answer(std::uint64_t ticket, Instant now) {
    std::erase_if(requests_, [now](const auto& r) { return r.second.until < now; });
    const auto at = requests_.find(ticket);
    if (at == requests_.end()) return std::nullopt;
    if (!at->second.answer.done) return OperatorAnswer{};
    OperatorAnswer answer = std::move(at->second.answer);
    requests_.erase(at);
    return answer;
  }

 private:
  struct Request {
    OperatorAnswer answer{};
    std::size_t missing = 0;
    Instant until{};
    bool told = false;
  };
  static Instant until(Instant now, Answers answers) {
    return answers == Answers::Told ? Instant::max() : now + Controller::kTicketLife;
  }
  void finish(std::pair<const std::uint64_t, Request>& request) {
    request.second.answer.done = true;
    if (request.second.told) done_.push_back(request.first);
  }
  std::uint64_t keep(Request request) {
    requests_.emplace(++last_, std::move(request));
    return last_;
  }

  std::uint64_t last_ = 0;
  std::vector<std::uint64_t> done_;
  std::map<std::uint64_t, Request> requests_;
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::uint64_t> waiting_;
  std::map<std::uint64_t, std::uint64_t> transactions_;
};

}  // namespace forces::ce
