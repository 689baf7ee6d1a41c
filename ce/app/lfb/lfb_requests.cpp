#include "ce/app/lfb/lfb_requests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <expected>
#include <utility>

#include "ce/app/lfb/result_words.hpp"
#include "proto/model/classes/classes.hpp"
#include "proto/model/json/json.hpp"
#include "tml/daemon/tml_context.hpp"

namespace forces::ce {

using control::Error;
using control::Response;
using provision::FeOutcome;

namespace {

constexpr std::uint32_t kWiden = 16;  // the next range, where one had no rows

std::vector<model::ClassName> class_names(const Controller& controller, std::uint32_t fe) {
  std::vector<model::ClassName> names;
  const auto inventory = controller.inventory(fe);
  if (!inventory) return names;
  for (const auto& one : inventory->classes) names.push_back({one.class_id, one.name});
  return names;
}

Response instances(const Controller& controller, std::uint32_t fe) {
  const auto inventory = controller.inventory(fe);
  if (!inventory) return failure(Error::NOT_FOUND, fmt::format("there is no FE {}", fe));
  if (!inventory->capability_known) {
    return failure(Error::FAILED, fmt::format("FE {0} has not told yet what it has; is it "
                                              "associated? See `fe show {0}`",
                                              fe));
  }
  Response response;
  auto& list = *response.mutable_lfbs();
  for (const auto& instance : inventory->instances) {
    auto& one = *list.add_lfbs();
    const auto told =
        std::ranges::find(inventory->classes, instance.class_id, &provision::LfbClass::class_id);
    const bool named = told != inventory->classes.end();
    one.set_known(model::known_class(instance.class_id) != nullptr);
    one.set_path(one.known() || !named
                     ? model::path_text({instance.class_id, instance.instance_id}, {})
                     : fmt::format("{}.{}", told->name, instance.instance_id));
    one.set_class_id(instance.class_id);
    if (named) one.set_version(told->version);
  }
  return response;
}

// Why this FE cannot be changed from here; empty when it can.
std::string obstacle(const ControllerSnapshot& snapshot, std::uint32_t fe) {
  const auto at = std::ranges::find(snapshot.fes, fe, &FeSnapshot::fe_id);
  if (at == snapshot.fes.end()) return fmt::format("there is no FE {}", fe);
  if (at->state != "associated") {
    return fmt::format("FE {} is not associated, but {}", fe, at->state);
  }
  if (at->master == "mine") return {};
  if (at->master_ce == 0) {
    return fmt::format("it is not known yet whether FE {} obeys this CE; try again", fe);
  }
  return fmt::format("FE {} obeys CE {}, and only its master can change it: ask there", fe,
                     daemon::element_text(at->master_ce));
}

// Tables whose rows come from zebra's routes (ce/provision).
bool is_of_routing(const model::LfbPath& path) {
  static constexpr std::array kClasses{&model::kIpv4UcastLpmClass, &model::kIpv6UcastLpmClass,
                                       &model::kIpv4NextHopClass, &model::kIpv6NextHopClass,
                                       &model::kEcmpHopsClass};
  return path.component != nullptr && path.component->type->kind == model::Kind::Array &&
         std::ranges::find(kClasses, path.lfb_class) != kClasses.end();
}

std::expected<pl::Element, std::string> data_of(const model::LfbPath& path,
                                                const model::Json& value) {
  if (path.type != nullptr) {
    auto data = model::data_of(*path.type, value);
    if (data) return std::move(*data);
    const auto& complaint = data.error();
    return std::unexpected(fmt::format("{}{}{}: {}", path.text, complaint.where.empty() ? "" : " ",
                                       complaint.where, complaint.what));
  }
  auto octets = model::octets_of_hex(value.string_value());
  if (octets && value.kind_case() == model::Json::kStringValue) {
    return pl::Element{pl::FullData{std::move(*octets)}};
  }
  return std::unexpected(
      fmt::format("the type of {} is not known here: write the value in hex, 0x...", path.text));
}

std::string told(const std::vector<std::uint32_t>& fes) {
  std::string text;
  for (const std::uint32_t fe : fes) {
    fmt::format_to(std::back_inserter(text), "{}FE {}", text.empty() ? "" : ", ", fe);
  }
  return text;
}

// How a transaction ended; empty: well.
std::string ended_badly(const provision::TransactionRecord& record) {
  if (record.state == provision::TransactionState::Completed) return {};
  std::string why, unsure;
  const auto add = [](std::string& text, const std::string& part) {
    text += fmt::format("{}{}", text.empty() ? "" : "; ", part);
  };
  for (const auto& fe : record.fes) {
    if (fe.outcome == FeOutcome::Refused) {
      add(why, fmt::format("FE {} refused: {}", fe.fe, result_words(fe.code)));
      continue;
    }
    if (fe.outcome == FeOutcome::Silent) add(why, fmt::format("FE {} did not answer", fe.fe));
    if (fe.outcome == FeOutcome::Lost) add(why, fmt::format("FE {} was lost", fe.fe));
    if (!fe.aborted) {
      add(unsure,
          fmt::format("FE {} has not said that it took it back; its tables are read again", fe.fe));
    }
  }
  if (unsure.empty()) return fmt::format("nothing was changed at any FE: {}", why);
  return fmt::format("the transaction was aborted: {}; {}", why, unsure);
}

}  // namespace

Response LfbRequests::answer(Controller& controller, const control::Request& request) {
  using Operation = control::Request::OperationCase;
  switch (request.operation_case()) {
    case Operation::kLfbGet:
      return get(controller, request.lfb_get());
    case Operation::kLfbChange:
      return change(controller, request.lfb_change());
    case Operation::kPending:
      return taken(controller, request.pending().ticket());
    default:
      return {};
  }
}

Response LfbRequests::wait(std::uint64_t ticket, Waiting waiting) {
  waiting_.insert_or_assign(ticket, std::move(waiting));
  if (waiting_.size() > kMostWaiting) waiting_.erase(waiting_.begin());
  Response response;
  response.mutable_pending()->set_ticket(ticket);
  return response;
}

Response LfbRequests::ask(Controller& controller, LfbQuestion question) {
  const std::uint64_t ticket = controller.ask({question.fe}, query_of(question));
  if (ticket != 0) return wait(ticket, std::move(question));
  return failure(Error::FAILED, fmt::format("FE {0} cannot be asked; is it associated? See "
                                            "`fe show {0}`",
                                            question.fe));
}

Response LfbRequests::get(Controller& controller, const control::LfbGetRequest& request) {
  if (request.path().empty()) return instances(controller, request.fe());
  auto path = model::read_path(request.path(), class_names(controller, request.fe()));
  if (!path) return failure(Error::INVALID, path.error());
  LfbQuestion question{.fe = request.fe(),
                       .path = std::move(*path),
                       .properties = request.properties(),
                       .from = request.from(),
                       .count = request.count() == 0 ? kLfbRowsInPage : request.count()};
  question.span = std::min(question.count, kLfbRowsInPage);
  return ask(controller, std::move(question));
}

Response LfbRequests::change(Controller& controller, const control::LfbChangeRequest& request) {
  std::vector<std::uint32_t> fes(request.fes().begin(), request.fes().end());
  std::ranges::sort(fes);
  fes.erase(std::ranges::unique(fes).begin(), fes.end());
  if (fes.empty()) return failure(Error::INVALID, "at which FE?");
  const auto path = model::read_path(request.path(), class_names(controller, fes.front()));
  if (!path) return failure(Error::INVALID, path.error());
  if (path->ids.empty()) {
    return failure(Error::INVALID, fmt::format("{} is a whole LFB; what of it? `lfb get {} {}` "
                                               "lists its components",
                                               path->text, fes.front(), path->text));
  }
  std::optional<pl::Element> data;
  if (request.has_value()) {
    auto made = data_of(*path, request.value());
    if (!made) return failure(Error::INVALID, made.error());
    data = std::move(*made);
  }
  const ControllerSnapshot snapshot = controller.snapshot();
  for (const std::uint32_t fe : fes) {
    if (auto why = obstacle(snapshot, fe); !why.empty()) return failure(Error::FAILED, why);
  }
  Change change{fmt::format("{} {}", data ? "set" : "deleted", path->text), fes, {}};
  if (snapshot.routing.enabled && is_of_routing(*path)) {
    change.warnings.emplace_back(
        "the routing of this ce owns this table: what it does not want there goes, and what it "
        "wants comes back, when it next reads the table");
  }
  auto body = config_of(*path, std::move(data));
  std::uint64_t ticket = 0;
  if (fes.size() == 1) {
    ticket = controller.configure(fes.front(), body);
  } else {
    std::vector<provision::TransactionPart> parts;
    parts.reserve(fes.size());
    for (const std::uint32_t fe : fes) parts.push_back({fe, {body}});
    ticket = controller.transact(parts);
  }
  if (ticket != 0) return wait(ticket, std::move(change));
  return failure(Error::FAILED,
                 fmt::format("nothing was sent to {}: a transaction is under way there (see "
                             "`transaction list`), or the value is too large for a message",
                             told(fes)));
}

Response LfbRequests::taken(Controller& controller, std::uint64_t ticket) {
  const auto at = waiting_.find(ticket);
  if (at == waiting_.end()) return {};
  auto answer = controller.answer(ticket);
  if (answer && !answer->done) {
    Response response;
    response.mutable_pending()->set_ticket(ticket);
    return response;
  }
  Waiting waiting = std::move(at->second);
  waiting_.erase(at);
  if (!answer) return failure(Error::NOT_FOUND, fmt::format("there is no ticket {}", ticket));
  if (auto* const question = std::get_if<LfbQuestion>(&waiting)) {
    Response response = answer_of(*question, answer->by_fe[question->fe]);
    const bool gap =
        response.has_lfb() && response.lfb().next() != 0 && response.lfb().rows_size() == 0;
    if (!gap || !question->is_table()) return response;
    question->from = static_cast<std::uint32_t>(response.lfb().next());
    question->span =
        question->span > pl::kLastRow / kWiden ? pl::kLastRow : question->span * kWiden;
    return ask(controller, std::move(*question));
  }
  const Change& change = std::get<Change>(waiting);
  std::string bad;
  if (answer->transaction) {
    bad = ended_badly(*answer->transaction);
  } else if (const std::string why = refusal_of(answer->by_fe[change.fes.front()]); !why.empty()) {
    bad = fmt::format("FE {} {}", change.fes.front(),
                      why.starts_with("E_") ? "refused: " + why : why);
  }
  if (!bad.empty()) return failure(Error::FAILED, bad);
  Response response;
  auto& done = *response.mutable_done();
  done.set_message(fmt::format("{} at {}{}", change.what, told(change.fes),
                               answer->transaction ? ", in one transaction" : ""));
  for (const std::string& warning : change.warnings) done.add_warnings(warning);
  return response;
}

}  // namespace forces::ce
