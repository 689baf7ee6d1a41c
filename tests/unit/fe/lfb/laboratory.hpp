// An LFB class with something of everything, after that of RFC 5810 appendix D, and an engine with
// it: messages in as trees, answers out as trees.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fe/lfb/engine/engine.hpp"
#include "fe/lfb/model.hpp"
#include "proto/pl/message.hpp"
#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/print.hpp"

namespace forces::fe::lfb::test {

using forces::test::hex;
using forces::test::to_hex;

namespace lab {
inline constexpr Type kName = text(8), kPercent = number(4, 0, 100), kBlob = octets(8);
inline constexpr Component kPairFields[]{{.id = 1, .name = "j1", .type = &kU32},
                                         {.id = 2, .name = "j2", .type = &kU32, .defaulted = true}};
inline constexpr Type kPair = structure(kPairFields);
inline constexpr std::uint32_t kFirst[]{1};
inline constexpr Key kByFirst[]{{.id = 1, .fields = kFirst}};
inline constexpr Type kPairs = array(kPair, 200'000, kByFirst);
inline constexpr Component kNamedFields[]{{.id = 1, .name = "someid", .type = &kU32},
                                          {.id = 2, .name = "name", .type = &kName}};
inline constexpr Type kNamed = structure(kNamedFields);
inline constexpr Type kNamedTable = array(kNamed, 4);
inline constexpr Component kOuterFields[]{{.id = 1, .name = "p1", .type = &kU32},
                                          {.id = 2, .name = "p2", .type = &kPairs}};
inline constexpr Type kOuter = structure(kOuterFields);
inline constexpr Type kOuterTable = array(kOuter, 100);
inline constexpr Type kFour = fixed_array(kU16, 4);

inline constexpr Component kComponents[]{
    {.id = 1, .name = "foo1", .type = &kU32},
    {.id = 2, .name = "foo2", .type = &kPercent, .value = 7},
    {.id = 3, .name = "pairs", .type = &kPairs},
    {.id = 4, .name = "name", .type = &kName, .text = "lab"},
    {.id = 5, .name = "named", .type = &kNamedTable},
    {.id = 6, .name = "outer", .type = &kOuterTable},
    {.id = 7, .name = "four", .type = &kFour},
    {.id = 8, .name = "serial", .type = &kU32, .access = Access::ReadOnly, .value = 99},
    {.id = 9, .name = "counter", .type = &kU64, .access = Access::ReadReset, .live = true},
    {.id = 10, .name = "trigger", .type = &kU8, .access = Access::TriggerOnly},
    {.id = 11, .name = "pair", .type = &kPair},
    {.id = 12, .name = "blob", .type = &kBlob},
    {.id = 13, .name = "flag", .type = &kBoolean},
    {.id = 14, .name = "fixed", .type = &kPairs, .access = Access::ReadOnly},
    {.id = 15, .name = "broken", .type = &kU32, .access = Access::ReadOnly, .live = true},
};
inline constexpr EventPath kFoo1[]{{1}}, kPairsRow[]{{3, kAny}, {1}}, kRowJ2[]{{3, kAny, 2}};
inline constexpr Event kEvents[]{
    {.id = 1, .name = "Foo1Changed", .target = {1}, .reports = kFoo1},
    {.id = 2,
     .name = "PairCreated",
     .target = {3, kAny},
     .condition = Condition::Created,
     .reports = kPairsRow},
    {.id = 3,
     .name = "PairDeleted",
     .target = {3, kAny},
     .condition = Condition::Deleted,
     .reports = kRowJ2},
    {.id = 4,
     .name = "Foo1Above",
     .target = {1},
     .condition = Condition::GreaterThan,
     .reports = kFoo1},
    {.id = 5,
     .name = "Foo1Below",
     .target = {1},
     .condition = Condition::LessThan,
     .reports = kFoo1},
    {.id = 6, .name = "J2Changed", .target = {3, kAny, 2}, .reports = kRowJ2},
};
inline constexpr LfbClass kClass{.id = 70'000,
                                 .name = "Lab",
                                 .version = "1.0",
                                 .components = kComponents,
                                 .event_base = 60,
                                 .events = kEvents};
}  // namespace lab

using Ids = std::vector<std::uint32_t>;

inline pl::Element path(Ids ids, std::vector<pl::Element> items = {}) {
  pl::PathData p;
  p.ids = std::move(ids);
  p.items = std::move(items);
  return {std::move(p)};
}
inline pl::Element by_key(Ids ids, std::uint32_t key, std::string_view octets,
                          std::vector<pl::Element> items = {}) {
  pl::PathData p;
  p.flags = pl::kSelKey;
  p.ids = std::move(ids);
  p.key = pl::KeyInfo{key, hex(octets)};
  p.items = std::move(items);
  return {std::move(p)};
}
inline pl::Element by_range(Ids ids, std::uint32_t first, std::uint32_t last) {
  pl::PathData p;
  p.flags = pl::kSelTableRange;
  p.ids = std::move(ids);
  p.range = pl::TableRange{first, last};
  return {std::move(p)};
}
inline pl::Element data(std::string_view octets) { return {pl::FullData{hex(octets)}}; }
inline pl::Element sparse(std::vector<std::pair<std::uint32_t, std::string_view>> ilvs) {
  pl::SparseData s;
  for (const auto& [id, octets] : ilvs) s.items.push_back({id, hex(octets)});
  return {std::move(s)};
}
inline pl::Element result(pl::ResultCode code) {
  return {pl::ResultTlv{static_cast<std::uint8_t>(code)}};
}

struct Told : Sink {  // what a dataplane would be told
  pl::ResultCode check(const Change& change) override {
    return change.component != nullptr && change.component->id == refuse ? pl::ResultCode::Perm
                                                                         : pl::ResultCode::Success;
  }
  void applied(const Changes& changes) override {
    ++batches;
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const Change c = changes[i];
      if (c.component == nullptr) continue;
      std::string line = std::to_string(c.component->id);
      if (c.row) line.append(".").append(std::to_string(*c.row));
      line.append(":").append(c.before ? to_hex(*c.before) : "-");
      line.append(">").append(c.after ? to_hex(*c.after) : "-");
      lines.push_back(line);
    }
  }
  // What follows from a change of foo1, where somebody says what.
  void settled(Instant now) override {
    if (follow) follow(now);
  }
  std::function<void(Instant)> follow;
  std::uint32_t refuse = 0;
  int batches = 0;
  std::vector<std::string> lines;
};

struct Counter : Provider {
  bool read(const Instance&, const Component& component, wire::ByteWriter& out) override {
    if (component.id == 15) {
      out.u32(1);
      return works;
    }
    out.u64(value);
    return true;
  }
  bool works = false;  // or not: component 15
  std::uint64_t value = 5;
};

class Laboratory : public testing::Test {
 protected:
  static constexpr std::uint32_t kCe = 0x40000001, kFe = 2;
  static constexpr Instant kNow{std::chrono::seconds(1)};

  Laboratory() {
    engine.set_id(kFe);
    engine.store().add(lab::kClass, 1);
    engine.store().know(kIpv4UcastLpmClass);
  }

  static pl::Message message(pl::MsgType type, std::vector<pl::Oper> opers,
                             Target target = {70'000, 1}) {
    pl::Message m;
    m.header.type = type;
    m.header.source = {kCe};
    m.header.destination = {kFe};
    m.header.correlator = 77;
    m.header.flags = pl::Flags{}
                         .with_ack(pl::Ack::Always)
                         .with_priority(5)
                         .with_execution_mode(pl::ExecutionMode::ContinueOnFailure);
    m.body.emplace_back(pl::LfbSelect{{target.class_id}, {target.instance_id}, std::move(opers)});
    return m;
  }
  static pl::Oper oper(pl::OperType type, std::vector<pl::Element> elements = {}) {
    pl::Oper o{.type = type};
    o.elements = std::move(elements);
    return o;
  }
  static pl::Message query(pl::OperType type, std::vector<pl::Element> elements) {
    return message(pl::MsgType::Query, {oper(type, std::move(elements))});
  }
  static pl::Message config(pl::OperType type, std::vector<pl::Element> elements) {
    return message(pl::MsgType::Config, {oper(type, std::move(elements))});
  }

  // All that comes out, checked to decode.
  std::vector<pl::Message> run(const pl::Message& m, bool here = true, Instant now = kNow) {
    const auto octets = pl::encode_message(m);
    EXPECT_TRUE(octets);
    EXPECT_TRUE(engine.on_message(*octets, here, now));
    return drain();
  }
  std::vector<pl::Message> drain() {
    std::vector<pl::Message> answers;
    while (auto output = engine.poll_output()) {
      const bool notify = std::holds_alternative<Notify>(*output);
      const auto& octets =
          notify ? std::get<Notify>(*output).octets : std::get<Respond>(*output).octets;
      auto decoded = pl::decode_message(octets);
      EXPECT_TRUE(decoded);
      if (!decoded) continue;
      decoded->header.length = 0;
      (notify ? notifications : answers).push_back(std::move(*decoded));
    }
    return answers;
  }
  // The elements of the only operation of the only answer.
  std::vector<pl::Element> elements(const pl::Message& m, bool here = true) {
    const auto answers = run(m, here);
    if (answers.size() != 1 || answers[0].body.empty()) return {};
    const auto& select = std::get<pl::LfbSelect>(answers[0].body.at(0));
    return select.operations.empty() ? std::vector<pl::Element>{}
                                     : select.operations.front().elements;
  }
  std::vector<pl::Element> get(std::vector<pl::Element> paths) {
    return elements(query(pl::OperType::Get, std::move(paths)));
  }
  std::vector<pl::Element> set(std::vector<pl::Element> paths) {
    return elements(config(pl::OperType::Set, std::move(paths)));
  }
  std::vector<pl::Element> del(std::vector<pl::Element> paths) {
    return elements(config(pl::OperType::Del, std::move(paths)));
  }
  // Of a single path: the FULLDATA in hex, or the name of the result.
  std::string value(Ids ids) { return text(get({path(std::move(ids))})); }
  static std::string text(const std::vector<pl::Element>& all) {
    if (all.size() != 1) return "not one element";
    const pl::Element* e = &all[0];
    while (const auto* p = std::get_if<pl::PathData>(&e->value)) {
      if (p->items.size() != 1) return "not one item";
      e = &p->items[0];
    }
    if (const auto* full = std::get_if<pl::FullData>(&e->value)) return to_hex(full->value);
    if (const auto* code = std::get_if<pl::ResultTlv>(&e->value)) {
      return std::string(pl::to_string(static_cast<pl::ResultCode>(code->code)));
    }
    return "something else";
  }

  Told told;
  Counter counter;
  Engine engine{told, &counter};
  std::vector<pl::Message> notifications;
};

}  // namespace forces::fe::lfb::test
