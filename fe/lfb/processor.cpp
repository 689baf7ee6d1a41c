#include "fe/lfb/processor.hpp"

#include <utility>

#include "proto/pl/body/grammar.hpp"

namespace forces::fe::lfb {
namespace {

using pl::Element;
using pl::ExecutionMode;
using pl::Oper;
using pl::OperType;
using pl::PathData;
using pl::ResultCode;
using Path = std::vector<std::uint32_t>;

Element result_element(ResultCode code) {
  return {pl::ResultTlv{static_cast<std::uint8_t>(std::to_underlying(code))}};
}

class Execution {
 public:
  // `writable` is null for a query.
  Execution(const Values& values, Values* writable, ResultCode forced)
      : values_(values), writable_(writable), forced_(forced) {}

  void run(const pl::Message& request, pl::Message& response);
  [[nodiscard]] bool failed() const { return failed_; }
  void stop_at_failure() { stop_at_failure_ = true; }

 private:
  [[nodiscard]] bool stopped() const { return failed_ && stop_at_failure_; }
  Element result(ResultCode code) {
    failed_ = failed_ || code != ResultCode::Success;
    return result_element(code);
  }
  [[nodiscard]] ResultCode obstacle(OperType type) const;
  [[nodiscard]] std::vector<Element> answer(OperType type, const std::vector<Element>& elements,
                                            const Path& prefix);
  [[nodiscard]] Element answer_path(OperType type, const PathData& path, const Path& prefix);
  [[nodiscard]] Element get_element(const Path& path);
  [[nodiscard]] ResultCode set_element(const Path& path, const Element& data);

  const Values& values_;
  Values* writable_;
  ResultCode forced_;  // not Success: the answer to everything
  Target target_{};
  bool failed_ = false;
  bool stop_at_failure_ = false;
};

void Execution::run(const pl::Message& request, pl::Message& response) {
  for (const pl::BodyTlv& tlv : request.body) {
    const auto* select = std::get_if<pl::LfbSelect>(&tlv);
    if (select == nullptr) continue;  // RFC 5810 section 6.2: unknown TLVs are skipped
    target_ = {select->class_id, select->instance_id};
    pl::LfbSelect answered{select->class_id, select->instance_id, {}};
    for (const Oper& oper : select->operations) {
      if (stopped()) break;
      const auto type = pl::response_to(oper.type);
      if (!type) continue;
      Oper reply{.type = *type};
      reply.elements = oper.elements.empty() ? std::vector{result(obstacle(oper.type))}
                                             : answer(oper.type, oper.elements, {});
      answered.operations.push_back(std::move(reply));
    }
    response.body.emplace_back(std::move(answered));
  }
}

// Why an operation cannot be tried at all.
ResultCode Execution::obstacle(OperType type) const {
  if (forced_ != ResultCode::Success) return forced_;
  const bool query = writable_ == nullptr;
  const bool here = query ? type == OperType::Get : type == OperType::Set;
  return here ? find(target_) : ResultCode::NotSupported;
}

std::vector<Element> Execution::answer(OperType type, const std::vector<Element>& elements,
                                       const Path& prefix) {
  std::vector<Element> replies;
  for (const Element& element : elements) {
    if (stopped()) break;
    if (const auto* path = std::get_if<PathData>(&element.value)) {
      replies.push_back(answer_path(type, *path, prefix));
    } else {  // an operation holds paths, nothing else
      replies.push_back(result(ResultCode::InvalidTlv));
    }
  }
  return replies;
}

Element Execution::answer_path(OperType type, const PathData& path, const Path& prefix) {
  Path full = prefix;
  full.insert(full.end(), path.ids.begin(), path.ids.end());
  PathData reply;
  reply.ids = path.ids;
  const bool nested =
      !path.items.empty() && std::holds_alternative<PathData>(path.items.front().value);
  ResultCode bad = obstacle(type);
  if (bad == ResultCode::Success && !selectors_agree(path)) bad = ResultCode::InvalidFlags;
  if (bad == ResultCode::Success && (path.key || path.range)) bad = ResultCode::NotSupported;
  if (bad != ResultCode::Success) {
    reply.items.push_back(result(bad));
  } else if (nested) {
    reply.items = answer(type, path.items, full);
  } else if (type == OperType::Get) {
    reply.items.push_back(path.items.empty() ? get_element(full)
                                             : result(ResultCode::InvalidParameters));
  } else if (path.items.empty()) {
    reply.items.push_back(result(ResultCode::InvalidParameters));
  } else {
    for (const Element& data : path.items) {
      if (stopped()) break;
      reply.items.push_back(result(set_element(full, data)));
    }
  }
  return {std::move(reply)};
}

Element Execution::get_element(const Path& path) {
  wire::ByteWriter w;
  const ResultCode code = get(values_, target_, path, w);
  if (code != ResultCode::Success) return result(code);
  auto octets = std::move(w).finish();
  return octets ? Element{pl::FullData{std::move(*octets)}} : result(ResultCode::InternalError);
}

ResultCode Execution::set_element(const Path& path, const Element& data) {
  if (const auto* full = std::get_if<pl::FullData>(&data.value)) {
    return set(*writable_, target_, path, full->value);
  }
  const auto* sparse = std::get_if<pl::SparseData>(&data.value);
  if (sparse == nullptr) return ResultCode::InvalidTlv;
  for (const pl::Ilv& ilv : sparse->items) {  // RFC 5810 section 7.1.8: the ID continues the path
    Path component = path;
    component.push_back(ilv.id);
    const ResultCode code = set(*writable_, target_, component, ilv.value);
    if (code != ResultCode::Success) return code;
  }
  return ResultCode::Success;
}

bool is_success(const Element& element) {
  const auto* result = std::get_if<pl::ResultTlv>(&element.value);
  return result != nullptr && result->code == std::to_underlying(ResultCode::Success);
}

// RFC 5810 section 4.3.1.1.1: nothing was executed, so nothing may be reported as done.
void withdraw(std::vector<Element>& elements) {
  for (Element& element : elements) {
    if (auto* path = std::get_if<PathData>(&element.value)) withdraw(path->items);
    if (is_success(element)) element = result_element(ResultCode::UnspecifiedError);
  }
}

// FailureACK: only what failed is reported (RFC 5810 section 6.1).
void keep_failures(std::vector<Element>& elements) {
  std::erase_if(elements, [](Element& element) {
    auto* path = std::get_if<PathData>(&element.value);
    if (path == nullptr) return is_success(element);
    keep_failures(path->items);
    return path->items.empty();
  });
}

template <class Change>
void for_each_operation(pl::Message& response, Change change) {
  for (pl::BodyTlv& tlv : response.body) {
    auto* select = std::get_if<pl::LfbSelect>(&tlv);
    if (select == nullptr) continue;
    for (Oper& oper : select->operations) change(oper.elements);
  }
}

pl::Message response_to(const pl::Message& request, pl::MsgType type) {
  pl::Message response;
  response.header.type = type;
  response.header.correlator = request.header.correlator;
  // RFC 5811 section 4.2.1.2: a response has its request's priority.
  response.header.flags = pl::Flags{}.with_priority(request.header.flags.priority());
  return response;
}

}  // namespace

Processed process_query(const pl::Message& query, const Values& values, bool destination_ok) {
  Processed done{response_to(query, pl::MsgType::QueryResponse), false};
  Execution execution(values, nullptr,
                      destination_ok ? ResultCode::Success : ResultCode::InvalidDestinationPid);
  execution.run(query, *done.response);
  done.failed = execution.failed();
  return done;
}

Processed process_config(const pl::Message& config, Values& values, bool destination_ok) {
  const pl::Flags flags = config.header.flags;
  ResultCode forced = ResultCode::Success;
  if (flags.atomic()) forced = ResultCode::NotSupported;  // transactions of two phases
  if (!destination_ok) forced = ResultCode::InvalidDestinationPid;

  pl::Message response = response_to(config, pl::MsgType::ConfigResponse);
  const ExecutionMode mode = flags.execution_mode();
  Values tried = values;
  Execution execution(tried, &tried, forced);
  if (mode == ExecutionMode::UntilFailure || mode == ExecutionMode::AllOrNone) {
    execution.stop_at_failure();
  }
  execution.run(config, response);
  const bool failed = execution.failed();
  if (failed && mode == ExecutionMode::AllOrNone) {
    for_each_operation(response, withdraw);
  } else {
    values = std::move(tried);
  }

  const pl::Ack ack = flags.ack();
  if (ack == pl::Ack::Failure) for_each_operation(response, keep_failures);
  const bool wanted = ack == pl::Ack::Always || (ack == pl::Ack::Success && !failed) ||
                      (ack == pl::Ack::Failure && failed);
  return {wanted ? std::optional(std::move(response)) : std::nullopt, failed};
}

}  // namespace forces::fe::lfb
