// RFC 5810 section 7.8; RFC 5812 sections 4.7.6 and 4.8.5.
#include "tests/unit/fe/lfb/laboratory.hpp"

namespace forces::fe::lfb::test {
namespace {

using namespace std::chrono_literals;
using pl::OperType;

class Events : public Laboratory {
 protected:
  std::string subscribe(Ids ids,
                        std::vector<std::pair<std::uint32_t, std::string_view>> more = {}) {
    std::vector<std::pair<std::uint32_t, std::string_view>> all{{2, "00000001"}};
    all.insert(all.end(), more.begin(), more.end());
    return text(elements(config(OperType::SetProp, {path(std::move(ids), {sparse(all)})})));
  }
  void foo1(std::uint32_t v, Instant now = kNow) {
    wire::ByteWriter w;
    w.u32(v);
    ASSERT_TRUE(engine.put({70'000, 1}, 1, w.written(), now));
    (void)drain();
  }
  void row(std::uint32_t index, std::string_view octets) {
    (void)set({path({3, index}, {data(octets)})});
  }
  // "60.2.5=0000..." of each path reported since the last call.
  std::vector<std::string> reports() {
    std::vector<std::string> all;
    for (const pl::Message& m : notifications) {
      EXPECT_EQ(m.header.type, pl::MsgType::EventNotification);
      EXPECT_EQ(m.header.correlator, 0U);
      EXPECT_EQ(m.header.source.value, kFe);
      const auto& select = std::get<pl::LfbSelect>(m.body.at(0));
      EXPECT_EQ(select.operations.at(0).type, OperType::Report);
      for (const pl::Element& e : select.operations.at(0).elements) {
        const auto& p = std::get<pl::PathData>(e.value);
        std::string line;
        for (const std::uint32_t id : p.ids) {
          if (!line.empty()) line.append(".");
          line.append(std::to_string(id));
        }
        if (!p.items.empty()) {
          line.append("=").append(to_hex(std::get<pl::FullData>(p.items[0].value).value));
        }
        all.push_back(line);
      }
    }
    notifications.clear();
    return all;
  }
  using Lines = std::vector<std::string>;
};

TEST_F(Events, NobodyIsToldWithoutARegistration) {
  foo1(1);
  EXPECT_EQ(reports(), Lines{});
}

TEST_F(Events, AChangeIsReportedAfterARegistration) {
  EXPECT_EQ(subscribe({60, 1}), "E_SUCCESS");
  foo1(1);
  foo1(1);  // no change
  EXPECT_EQ(reports(), Lines{"60.1=00000001"});
  EXPECT_EQ(text(elements(config(OperType::SetProp, {path({60, 1}, {data("00000000")})}))),
            "E_SUCCESS");  // as golden message 1.5 does it
  foo1(2);
  EXPECT_EQ(reports(), Lines{});
}

TEST_F(Events, ThePropertiesCanBeReadBack) {
  (void)subscribe({60, 4}, {{3, "0000000a"}, {4, "00000002"}});
  EXPECT_EQ(
      elements(query(OperType::GetProp, {path({60, 4})})),
      (std::vector{path(
          {60, 4}, {sparse({{1, "03"}, {2, "00000001"}, {3, "0000000a"}, {4, "00000002"}})})}));
}

TEST_F(Events, RowsThatComeAndGoAndChange) {
  (void)subscribe({60, 2});
  (void)subscribe({60, 3});
  (void)subscribe({60, 6});
  row(5, "0000000a0000000b");
  row(5, "0000000a0000000c");
  row(5, "0000000d0000000c");  // j1 only
  (void)del({path({3, 5})});
  EXPECT_EQ(reports(),
            (Lines{"60.2.5=0000000a0000000b00000000", "60.6.5=0000000c", "60.3.5=0000000c"}));
}

TEST_F(Events, AnyPrefixOfThePathSubscribes) {  // section 4.7.6.4
  (void)subscribe({60});
  row(5, "0000000a0000000b");
  foo1(1);
  EXPECT_EQ(reports(), (Lines{"60.2.5=0000000a0000000b00000000", "60.1=00000001"}));
}

TEST_F(Events, ASingleRowCanBeSubscribed) {
  (void)subscribe({60, 2, 7});
  row(5, "0000000a0000000b");
  row(7, "0000000c0000000b");
  EXPECT_EQ(reports(), Lines{"60.2.7=0000000c0000000b00000000"});
}

TEST_F(Events, ThresholdsAreCrossedInOneDirection) {
  (void)subscribe({60, 4}, {{3, "0000000a"}});
  (void)subscribe({60, 5}, {{3, "00000005"}});
  foo1(1);  // below already when the registration was made
  foo1(10);
  EXPECT_EQ(reports(), Lines{});
  foo1(11);
  foo1(12);
  EXPECT_EQ(reports(), Lines{"60.4=0000000b"});
  foo1(4);
  EXPECT_EQ(reports(), Lines{"60.5=00000004"});
  foo1(11);
  EXPECT_EQ(reports(), Lines{"60.4=0000000b"});
}

TEST_F(Events, Hysteresis) {  // section 4.8.5.2
  (void)subscribe({60, 4}, {{3, "0000000a"}, {4, "00000003"}});
  foo1(11);
  foo1(8);
  foo1(11);  // it was not down to 7
  EXPECT_EQ(reports(), Lines{"60.4=0000000b"});
  foo1(7);
  foo1(11);
  EXPECT_EQ(reports(), Lines{"60.4=0000000b"});
}

TEST_F(Events, HysteresisOfAChange) {
  (void)subscribe({60, 1}, {{4, "00000005"}});
  foo1(4);
  foo1(5);
  foo1(9);
  foo1(1);
  foo1(0);
  EXPECT_EQ(reports(), (Lines{"60.1=00000005", "60.1=00000000"}));
}

TEST_F(Events, CountFilter) {  // section 4.8.5.3: 1 lets every other one pass
  (void)subscribe({60, 1}, {{5, "00000001"}});
  for (std::uint32_t i = 1; i <= 5; ++i) foo1(i);
  EXPECT_EQ(reports(), (Lines{"60.1=00000001", "60.1=00000003", "60.1=00000005"}));
}

TEST_F(Events, IntervalFilter) {  // section 4.8.5.4
  (void)subscribe({60, 1}, {{6, "000001f4"}});
  foo1(1, Instant{1s});
  foo1(2, Instant{1s + 500ms});
  foo1(3, Instant{1s + 501ms});
  EXPECT_EQ(reports(), (Lines{"60.1=00000001", "60.1=00000003"}));
}

TEST_F(Events, CountAndIntervalTogether) {  // the example of section 4.8.5.1
  (void)subscribe({60, 1}, {{5, "00000005"}, {6, "000001f4"}});
  for (std::uint32_t i = 1; i <= 7; ++i) foo1(i, Instant{1s + i * 1ms});
  EXPECT_EQ(reports(), (Lines{"60.1=00000001", "60.1=00000007"}));
  foo1(8, Instant{2s});
  EXPECT_EQ(reports(), Lines{"60.1=00000008"});
}

TEST_F(Events, WhatWasTakenBackIsNoEvent) {
  (void)subscribe({60, 1});
  auto m = config(OperType::Set, {path({1}, {data("00000001")}), path({8}, {data("00000001")})});
  m.header.flags = m.header.flags.with_execution_mode(pl::ExecutionMode::AllOrNone);
  (void)run(m);
  EXPECT_EQ(reports(), Lines{});
}

TEST_F(Events, ThousandsShareMessages) {
  (void)subscribe({60, 2});
  pl::Oper many{.type = OperType::Set};
  for (std::uint32_t i = 0; i < 2000; ++i) {
    wire::ByteWriter w;
    w.u32(i);
    w.u32(0);
    many.elements.push_back(path({3, i}, {{pl::FullData{std::move(w).finish().value()}}}));
  }
  (void)run(message(pl::MsgType::Config, {many}));
  EXPECT_LT(notifications.size(), 4U);
  EXPECT_EQ(reports().size(), 2000U);
}

// What the FE itself finds out of many rows at once.
TEST_F(Events, ManyRowsOfTheFeShareMessages) {
  (void)subscribe({60, 6});
  std::vector<pl::Octets> before, after;
  std::vector<Engine::RowUpdate> first, second;
  for (std::uint32_t i = 0; i < 2000; ++i) {
    for (auto* values : {&before, &after}) {
      wire::ByteWriter w;
      w.u32(i);
      w.u32(values == &before ? 1 : 2);
      values->push_back(std::move(w).finish().value());
    }
  }
  for (std::uint32_t i = 0; i < 2000; ++i) {
    first.push_back({i, before[i]});
    second.push_back({i, after[i], i == 7});
  }
  engine.put_rows({70'000, 1}, 3, first, kNow);
  (void)drain();
  EXPECT_EQ(reports(), Lines{}) << "made, not changed";
  engine.put_rows({70'000, 1}, 3, second, kNow);
  (void)drain();
  EXPECT_LT(notifications.size(), 6U);
  const auto lines = reports();
  EXPECT_EQ(lines.size(), 1999U);
  EXPECT_EQ(std::ranges::count(lines, "60.6.7=00000002"), 0) << "it is silent";
  EXPECT_EQ(value({3, 7}), "0000000700000002");
  const std::vector<Engine::RowUpdate> gone{{7, std::nullopt}, {8, pl::Octets{}}, {9, before[10]}};
  engine.put_rows({70'000, 1}, 3, gone, kNow);
  EXPECT_EQ(value({3, 7}), "E_COMPONENT_DOES_NOT_EXIST");
  EXPECT_EQ(value({3, 8}), "0000000800000002") << "no octets are no row";
  EXPECT_EQ(value({3, 9}), "0000000900000002") << "another row has that key";
}

TEST_F(Events, WhatFollowsFromAChangeStandsBeforeTheNextMessage) {
  (void)subscribe({60, 1});
  told.follow = [this](Instant now) {
    told.follow = nullptr;
    EXPECT_TRUE(engine.put({70'000, 1}, 8, hex("00000007"), now));
  };
  (void)set({path({1}, {data("00000001")})});
  EXPECT_FALSE(told.follow);
  EXPECT_EQ(value({8}), "00000007");
  EXPECT_EQ(reports(), Lines{"60.1=00000001"});
  told.follow = [](Instant) { FAIL() << "nothing has changed"; };
  (void)set({path({1}, {data("00000001")})});
}

}  // namespace
}  // namespace forces::fe::lfb::test
