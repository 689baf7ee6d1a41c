#include "proto/pl/body/grammar.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace forces::pl {
namespace {

constexpr bool kAllowed = true, kForbidden = false;

// A row for every operation: RFC 5810 tables 1 and 2.
struct Rule {
  OperType oper;
  std::array<std::optional<MsgType>, 2> messages;  // that may hold it
  std::optional<OperType> response;
  bool data, result;  // may hold FULLDATA or SPARSEDATA, may hold RESULT
  bool something;     // a path must hold one of them, or paths
  bool selectors, range;
};
constexpr std::array kRules{
    Rule{OperType::Set,
         {MsgType::Config},
         OperType::SetResponse,
         kAllowed,
         kForbidden,
         true,
         kAllowed,
         kForbidden},
    Rule{OperType::SetProp,
         {MsgType::Config},
         OperType::SetPropResponse,
         kAllowed,
         kForbidden,
         true,
         kAllowed,
         kForbidden},
    Rule{OperType::SetResponse,
         {MsgType::ConfigResponse},
         {},
         kForbidden,
         kAllowed,
         true,
         kForbidden,
         kForbidden},
    Rule{OperType::SetPropResponse,
         {MsgType::ConfigResponse},
         {},
         kForbidden,
         kAllowed,
         true,
         kForbidden,
         kForbidden},
    Rule{OperType::Del,
         {MsgType::Config},
         OperType::DelResponse,
         kAllowed,
         kForbidden,
         false,
         kAllowed,
         kAllowed},
    Rule{OperType::DelResponse,
         {MsgType::ConfigResponse},
         {},
         kForbidden,
         kAllowed,
         true,
         kForbidden,
         kForbidden},
    Rule{OperType::Get,
         {MsgType::Query},
         OperType::GetResponse,
         kForbidden,
         kForbidden,
         false,
         kAllowed,
         kAllowed},
    Rule{OperType::GetProp,
         {MsgType::Query},
         OperType::GetPropResponse,
         kForbidden,
         kForbidden,
         false,
         kAllowed,
         kForbidden},
    // Section 7.7.2 adds SPARSEDATA to what table 2 has.
    Rule{OperType::GetResponse,
         {MsgType::QueryResponse},
         {},
         kAllowed,
         kAllowed,
         true,
         kForbidden,
         kForbidden},
    Rule{OperType::GetPropResponse,
         {MsgType::QueryResponse},
         {},
         kAllowed,
         kAllowed,
         true,
         kForbidden,
         kForbidden},
    // Section 7.5.1 and 7.8: MAY contain data, MUST NOT contain a RESULT.
    Rule{OperType::Report,
         {MsgType::AssociationSetup, MsgType::EventNotification},
         {},
         kAllowed,
         kForbidden,
         false,
         kForbidden,
         kForbidden},
    Rule{OperType::Commit,
         {MsgType::Config},
         OperType::CommitResponse,
         kForbidden,
         kForbidden,
         false,
         kForbidden,
         kForbidden},
    Rule{OperType::CommitResponse,
         {MsgType::ConfigResponse},
         {},
         kForbidden,
         kAllowed,
         true,
         kForbidden,
         kForbidden},
    Rule{OperType::TrComp,
         {MsgType::Config},
         {},
         kForbidden,
         kForbidden,
         false,
         kForbidden,
         kForbidden},
};

const Rule* rule_of(OperType oper) {
  const auto* const rule = std::ranges::find(kRules, oper, &Rule::oper);
  return rule == kRules.end() ? nullptr : rule;
}

ResultCode judge_selectors(const Rule& rule, const PathView& path, bool below_range) {
  const bool says_range = (path.flags & (kSelTableRange | kSelTableRangeLsb)) != 0;
  const bool agree = selectors_agree(path.flags, path.key.has_value(), path.range.has_value());
  if (says_range || path.range) {
    return agree && rule.range && !below_range ? ResultCode::Success : ResultCode::InvalidTflags;
  }
  const bool good = agree && (rule.selectors || !path.key);
  return good ? ResultCode::Success : ResultCode::InvalidFlags;
}

// Figure 17: DATA is one kind of FULLDATA, SPARSEDATA, RESULT or paths; table 2 lets the first two
// be several.
ResultCode judge_items(const Rule& rule, const PathView& path) {
  bool paths = false, data = false, results = false;
  for (const ItemView item : path.items) {
    if (item.is(TlvType::PathData)) {
      paths = true;
    } else if (item.is(TlvType::FullData) || item.is(TlvType::SparseData)) {
      data = true;
    } else if (item.is_result()) {
      results = true;
    } else {
      return ResultCode::InvalidTlv;
    }
  }
  if ((data && !rule.data) || (results && !rule.result)) return ResultCode::InvalidTlv;
  const int kinds = static_cast<int>(paths) + static_cast<int>(data) + static_cast<int>(results);
  if (kinds > 1) return ResultCode::InvalidTlv;
  return kinds == 0 && rule.something ? ResultCode::InvalidParameters : ResultCode::Success;
}

}  // namespace

bool may_hold(MsgType message, OperType oper) {
  const Rule* const rule = rule_of(oper);
  return rule != nullptr &&
         std::ranges::find(rule->messages, std::optional(message)) != rule->messages.end();
}

std::optional<MsgType> response_to(MsgType request) {
  switch (request) {
    case MsgType::AssociationSetup:
      return MsgType::AssociationSetupResponse;
    case MsgType::Config:
      return MsgType::ConfigResponse;
    case MsgType::Query:
      return MsgType::QueryResponse;
    case MsgType::Heartbeat:
      return MsgType::Heartbeat;
    default:
      return std::nullopt;
  }
}

std::optional<OperType> response_to(OperType request) {
  const Rule* const rule = rule_of(request);
  return rule == nullptr ? std::nullopt : rule->response;
}

ResultCode judge(OperType oper, const PathView& path, bool below_range) {
  const Rule* const rule = rule_of(oper);
  if (rule == nullptr) return ResultCode::NotSupported;
  const ResultCode bad = judge_selectors(*rule, path, below_range);
  return bad != ResultCode::Success ? bad : judge_items(*rule, path);
}

Header response_header(const Header& request, MsgType type, ForcesId self) {
  return {.type = type,
          .source = self,
          .destination = request.source,
          .correlator = request.correlator,
          .flags = Flags{}.with_priority(request.flags.priority())};
}

Part part_of(Flags flags) {
  if (!flags.atomic()) return Part::Whole;
  switch (flags.phase()) {
    case TransactionPhase::Start:
      return Part::First;
    case TransactionPhase::Middle:
      return Part::Middle;
    default:
      return Part::Last;
  }
}

Flags with_part(Flags flags, Part part) {
  switch (part) {
    case Part::Whole:
      return flags.with_atomic(false).with_phase(TransactionPhase::Start);
    case Part::First:
      return flags.with_atomic(true).with_phase(TransactionPhase::Start);
    case Part::Middle:
      return flags.with_atomic(true).with_phase(TransactionPhase::Middle);
    case Part::Last:
      return flags.with_atomic(true).with_phase(TransactionPhase::End);
  }
  return flags;
}

}  // namespace forces::pl
