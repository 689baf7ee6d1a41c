// Random operations against a map, and what must hold of them whatever they are.
#include <random>

#include "tests/support/allocations.hpp"
#include "tests/unit/fe/lfb/laboratory.hpp"

namespace forces::fe::lfb::test {
namespace {

using pl::ExecutionMode;
using pl::OperType;
using pl::TransactionPhase;

class Property : public Laboratory {
 protected:
  struct Random {
    std::mt19937 numbers;
    std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(numbers()) % n; }
  };
  static std::string pair(std::uint32_t a, std::uint32_t b) {
    wire::ByteWriter w;
    w.u32(a);
    w.u32(b);
    return to_hex(w.written());
  }
  // One operation that may or may not be good.
  static pl::Oper any(Random& r) {
    const std::uint32_t row = r.below(12), n = r.below(12);
    switch (r.below(9)) {
      case 0:
        return oper(OperType::Set, {path({1}, {test::data(pair(0, n).substr(8))})});
      case 1:
        return oper(OperType::Set, {path({2}, {test::data(pair(0, n * 20).substr(8))})});
      case 2:
        return oper(OperType::Set, {path({3, row}, {test::data(pair(n, row))})});
      case 3:
        return oper(OperType::Set, {path({3, row}, {sparse({{1, pair(0, n).substr(8)}})})});
      case 4:
        return oper(OperType::Del, {path({3, row})});
      case 5:
        return oper(OperType::Del, {by_range({3}, row, row + n)});
      case 6:
        return oper(OperType::Set,
                    {path({3}, {test::data(pair(row, n) + pair(n, row + 13).substr(0, 16) +
                                           pair(row + 20, row).substr(0, 8))})});
      case 7:
        return oper(OperType::Set, {path({5, row % 6}, {data("00000009 01120006 6162 0000")})});
      default:
        return oper(OperType::Set,
                    {path({6, row}, {sparse({{1, pair(0, n).substr(8)},
                                             {2, "00000001 00000010 0000000a0000000b"}})})});
    }
  }
  // All that can be read, as octets.
  std::vector<pl::Message> everything() {
    std::vector<pl::Element> paths;
    for (const std::uint32_t id : {1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14})
      paths.push_back(path({id}));
    return run(query(OperType::Get, paths));
  }
  static pl::Message with(pl::Message m, ExecutionMode mode, bool atomic = false,
                          TransactionPhase phase = TransactionPhase::Start) {
    m.header.flags = m.header.flags.with_execution_mode(mode).with_atomic(atomic).with_phase(phase);
    return m;
  }
  static bool failed(const pl::Message& answer) {
    bool bad = false;
    for (const auto& body : answer.body) {
      for (const auto& o : std::get<pl::LfbSelect>(body).operations) {
        for (const auto& e : o.elements) bad = bad || text({e}) != "E_SUCCESS";
      }
    }
    return bad;
  }
};

TEST_F(Property, AFailedAllOrNoneChangesNothingAndAGoodOneAll) {
  Random r{std::mt19937(1)};
  int failures = 0, successes = 0;
  for (int i = 0; i < 3000; ++i) {
    const auto before = everything();
    told.lines.clear();
    std::vector<pl::Oper> opers;
    for (std::uint32_t n = 1 + r.below(4); n > 0; --n) opers.push_back(any(r));
    const auto answers = run(with(message(pl::MsgType::Config, opers), ExecutionMode::AllOrNone));
    ASSERT_EQ(answers.size(), 1U);
    if (failed(answers[0])) {
      ++failures;
      ASSERT_EQ(everything(), before);
      ASSERT_TRUE(told.lines.empty());
    } else {
      ++successes;
    }
  }
  EXPECT_GT(failures, 100);
  EXPECT_GT(successes, 100);
}

TEST_F(Property, AnAbortedTransactionLeavesNoTraceCommittedOrNot) {
  Random r{std::mt19937(2)};
  int committed = 0;
  for (int i = 0; i < 1000; ++i) {
    if (r.below(2) == 0) {
      (void)run(with(message(pl::MsgType::Config, {any(r)}), ExecutionMode::ContinueOnFailure));
    }
    const auto before = everything();
    auto phase = TransactionPhase::Start;
    for (std::uint32_t n = 1 + r.below(4); n > 0; --n) {
      (void)run(with(message(pl::MsgType::Config, {any(r), any(r)}), ExecutionMode::AllOrNone, true,
                     phase));
      phase = TransactionPhase::Middle;
      if (r.below(2) == 0) {
        ASSERT_EQ(everything(), before);  // isolation
      }
    }
    const auto commit = message(pl::MsgType::Config, {oper(OperType::Commit)});
    if (r.below(2) == 0) {
      const auto answer = run(with(commit, ExecutionMode::AllOrNone, true, TransactionPhase::End));
      if (!failed(answer.at(0))) ++committed;
    }
    (void)run(with(commit, ExecutionMode::AllOrNone, true, TransactionPhase::Abort));
    ASSERT_EQ(everything(), before);
  }
  EXPECT_GT(committed, 50);
}

// What the sink is told, applied to a map, is what can be read.
TEST_F(Property, ASinkThatFollowsHasWhatTheStoreHas) {
  Random r{std::mt19937(3)};
  std::map<std::string, std::string> rows;
  for (int i = 0; i < 3000; ++i) {
    told.lines.clear();
    const auto mode = static_cast<ExecutionMode>(1 + r.below(3));
    (void)run(with(message(pl::MsgType::Config, {any(r), any(r)}), mode));
    for (const std::string& line : told.lines) {
      const std::size_t colon = line.find(':'), arrow = line.find('>');
      const std::string at = line.substr(0, colon);
      const std::string was = line.substr(colon + 1, arrow - colon - 1);
      const std::string is = line.substr(arrow + 1);
      if (at.starts_with("3.")) {
        ASSERT_EQ(was == "-", !rows.contains(at));
        if (was != "-") {
          ASSERT_EQ(was, rows[at]);
        }
        is == "-" ? void(rows.erase(at)) : void(rows[at] = is);
      }
    }
    std::string want;
    std::map<std::uint32_t, std::string> sorted;
    for (const auto& [at, octets] : rows) {
      sorted[static_cast<std::uint32_t>(std::stoul(at.substr(2)))] = octets;
    }
    for (const auto& [index, octets] : sorted) want += pair(0, index).substr(8) + octets;
    ASSERT_EQ(value({3}), want);
  }
}

// SET of rows that are there, as a routing daemon does it all day.
TEST_F(Property, ARowIsSetWithoutAnAllocation) {
  struct Quiet : Sink {
    void applied(const Changes& changes) override { seen += changes.size(); }
    std::size_t seen = 0;
  } quiet;
  Engine lpm(quiet);
  lpm.store().add(kIpv4UcastLpmClass, 1);
  const auto rows = [&](std::uint32_t hop, pl::Ack ack) {
    pl::Oper o{.type = OperType::Set};
    for (std::uint32_t i = 0; i < 100; ++i) {
      wire::ByteWriter w;
      w.u32(i << 8);
      w.u8(24);
      w.zeros(3);
      w.u32(hop);
      o.elements.push_back(path({1, i}, {{pl::FullData{std::move(w).finish().value()}}}));
    }
    auto m = message(pl::MsgType::Config, {o}, {10, 1});
    m.header.flags = m.header.flags.with_ack(ack);
    return pl::encode_message(m).value();
  };
  const auto first = rows(1, pl::Ack::None), second = rows(2, pl::Ack::None);
  ASSERT_TRUE(lpm.on_message(first, true, kNow));
  ASSERT_TRUE(lpm.on_message(second, true, kNow));
  const std::size_t before = allocations;
  ASSERT_TRUE(lpm.on_message(first, true, kNow));
  ASSERT_TRUE(lpm.on_message(second, true, kNow));
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(quiet.seen, 400U);
}

}  // namespace
}  // namespace forces::fe::lfb::test
