// The LFBs of every FE: the FE Object, FEPO, RedirectIn and RedirectOut, and what of them rules an
// association.
#include "fe/lfb/element_lfbs.hpp"
#include "tests/unit/fe/lfb/laboratory.hpp"

namespace forces::fe::lfb::test {
namespace {

class Element : public Laboratory {
 protected:
  static Values first() {
    Values v;
    v.protocol.fe_id = 2;
    v.protocol.ce_id = 0x40000001;
    v.protocol.last_ce_id = 0x40000002;
    v.protocol.all_ces = {{0x40000001, {}, CeStatus::IsMaster},
                          {0x40000002, {}, CeStatus::Associated},
                          {0x40000003, {}, CeStatus::Disconnected}};
    v.object.name = "fe2";
    v.packets_from_ce = 7;
    v.packets_to_ce = 9;
    return v;
  }
  std::string ask(const pl::Message& m) {
    (void)lfbs.engine().on_message(pl::encode_message(m).value(), true, kNow);
    const auto out = lfbs.engine().poll_output();
    if (!out || !std::holds_alternative<Respond>(*out)) return "no answer";
    const auto answer = pl::decode_message(std::get<Respond>(*out).octets);
    while (const auto more = lfbs.engine().poll_output()) {
      if (std::holds_alternative<Notify>(*more)) {
        notifications.push_back(pl::decode_message(std::get<Notify>(*more).octets).value());
      }
    }
    return text(std::get<pl::LfbSelect>(answer->body.at(0)).operations.at(0).elements);
  }
  std::string get_of(std::uint32_t class_id, Ids ids) {
    return ask(message(pl::MsgType::Query, {oper(pl::OperType::Get, {path(std::move(ids))})},
                       {class_id, 1}));
  }
  std::string set_of(std::uint32_t class_id, std::uint32_t component, std::string_view octets) {
    return ask(message(pl::MsgType::Config,
                       {oper(pl::OperType::Set, {path({component}, {data(octets)})})},
                       {class_id, 1}));
  }
  ElementLfbs lfbs{first()};
};

TEST_F(Element, ReadsAsTheStandardPacksIt) {
  const struct {
    std::uint32_t class_id, component;
    const char* want;
  } reads[] = {
      {2, 1, "01"},
      {2, 2, "00000002"},
      {2, 4, "00"},
      {2, 5, "00007530"},
      {2, 6, "00"},
      {2, 7, "000001f4"},
      {2, 8, "40000001"},
      {2, 10, "00"},
      {2, 11, "000493e0"},
      {2, 12, "00"},
      {2, 13, "40000002"},
      {2, 14, "00"},
      {1, 3, "666532"},
      {1, 4, "00000002"},
      {1, 7, "01"},
      {1, 30, "00"},
      {14, 1, "0000000000000007"},
      {15, 1, "0000000000000009"},
      {2, 9, "00000000400000020000000140000003"},
  };
  for (const auto& r : reads) {
    EXPECT_EQ(get_of(r.class_id, {r.component}), r.want) << r.class_id << "." << r.component;
  }
}

TEST_F(Element, AllCesHasARowForEachWithStatisticsAndStatus) {
  const std::string rows = get_of(2, {15});
  ASSERT_EQ(rows.size(), 3 * (4 + 4 + 64 + 1) * 2U);
  EXPECT_EQ(rows.substr(0, 16), "0000000040000001");
  EXPECT_EQ(rows.substr((4 + 4 + 64) * 2, 2), "03");  // IsMaster
  EXPECT_EQ(get_of(2, {15, 1, 3}), "02");             // a row of it
}

TEST_F(Element, SelectorsListEveryLfbOfThisFe) {
  EXPECT_EQ(get_of(1, {2}),
            "000000000000000100000001"
            "000000010000000200000001"
            "000000020000000e00000001"
            "000000030000000f00000001");
  EXPECT_EQ(get_of(1, {31, 1, 1}), "4645504f");  // FEPO
  EXPECT_EQ(get_of(1, {31, 1, 3}), "312e32");    // 1.2
}

TEST_F(Element, IsWrittenWithinItsRangeOnly) {
  const struct {
    const char* name;
    std::uint32_t class_id, component;
    std::string_view data;
    const char* want;
  } writes[] = {
      {"CEHDI", 2, 5, "00001388", "E_SUCCESS"},
      {"CEHDI too short to keep", 2, 5, "00000009", "E_VALUE_OUT_OF_RANGE"},
      {"CEHDI of zero", 2, 5, "00000000", "E_VALUE_OUT_OF_RANGE"},
      {"CEHDI cut", 2, 5, "0013", "E_INVALID_TLV"},
      {"CEHDI too long", 2, 5, "0000138800", "E_CONTENTS_TOO_LONG"},
      {"FEHI", 2, 7, "00000064", "E_SUCCESS"},
      {"CEHBPolicy 1", 2, 4, "01", "E_SUCCESS"},
      {"CEHBPolicy reserved", 2, 4, "02", "E_VALUE_OUT_OF_RANGE"},
      {"FEHBPolicy 1", 2, 6, "01", "E_SUCCESS"},
      {"CEFailoverPolicy 1", 2, 10, "01", "E_SUCCESS"},
      {"CEFTI", 2, 11, "0000ea60", "E_SUCCESS"},
      {"FERestartPolicy 0", 2, 12, "00", "E_SUCCESS"},
      {"FERestartPolicy reserved", 2, 12, "01", "E_VALUE_OUT_OF_RANGE"},
      {"HAMode 2", 2, 14, "02", "E_SUCCESS"},
      {"HAMode reserved", 2, 14, "03", "E_VALUE_OUT_OF_RANGE"},
      {"version", 2, 1, "01", "E_READ_ONLY"},
      {"FEID", 2, 2, "00000009", "E_READ_ONLY"},
      {"LastCEID", 2, 13, "40000001", "E_READ_ONLY"},
      {"master to an associated CE", 2, 8, "40000002", "E_SUCCESS"},
      {"master to one that is away", 2, 8, "40000003", "E_VALUE_OUT_OF_RANGE"},
      {"master to nobody we know", 2, 8, "40000009", "E_VALUE_OUT_OF_RANGE"},
      {"FEName", 1, 3, "6564676531", "E_SUCCESS"},
      {"FEState to AdminDisable", 1, 7, "00", "E_SUCCESS"},
      {"FEState to OperEnable", 1, 7, "02", "E_SUCCESS"},
      {"FEState to OperDisable", 1, 7, "01", "E_VALUE_OUT_OF_RANGE"},
      {"a counter", 14, 1, "0000000000000000", "E_READ_ONLY"},
      {"EResultAdmin reserved", 2, 16, "03", "E_VALUE_OUT_OF_RANGE"},
  };
  for (const auto& c : writes) {
    const std::string before = get_of(c.class_id, {c.component});
    EXPECT_EQ(set_of(c.class_id, c.component, c.data), c.want) << c.name;
    const std::string after = get_of(c.class_id, {c.component});
    EXPECT_EQ(after, std::string_view(c.want) == "E_SUCCESS" ? to_hex(hex(c.data)) : before)
        << c.name;
  }
}

TEST_F(Element, WhatRulesTheAssociationFollows) {
  EXPECT_EQ(set_of(2, 5, "00001388"), "E_SUCCESS");
  EXPECT_EQ(set_of(2, 14, "02"), "E_SUCCESS");
  EXPECT_EQ(set_of(1, 7, "00"), "E_SUCCESS");
  EXPECT_EQ(lfbs.values().protocol.liveness.ce_dead, std::chrono::seconds(5));
  EXPECT_EQ(lfbs.values().protocol.ha_mode, 2);
  EXPECT_EQ(lfbs.values().object.state, FeState::AdminDisable);
  lfbs.engine().reset();
  EXPECT_EQ(lfbs.values().protocol.liveness.ce_dead, std::chrono::seconds(30));
  EXPECT_EQ(lfbs.values().protocol.fe_id, 2U);
}

TEST_F(Element, ItsOwnLfbsAreStaticAndThereIsOneOfEach) {  // RFC 5810 sections 7.3, 7.3.1
  for (const std::uint32_t own : {1u, 2u}) {
    for (const auto& m :
         {message(pl::MsgType::Config, {oper(pl::OperType::Del, {path({2, own - 1})})}, {1, 1}),
          message(pl::MsgType::Config,
                  {oper(pl::OperType::Set, {path({2, own - 1}, {data("0000000900000001")})})},
                  {1, 1})}) {
      EXPECT_EQ(ask(m), "E_READ_ONLY");
    }
    EXPECT_EQ(ask(message(pl::MsgType::Query, {oper(pl::OperType::Get, {path({1})})}, {own, 2})),
              "E_LFB_INSTANCE_ID_NOT_FOUND");
  }
}

TEST_F(Element, ANameOf41OctetsIsTooLong) {
  EXPECT_EQ(set_of(1, 3, std::string(82, '6')), "E_CONTENTS_TOO_LONG");
  EXPECT_EQ(set_of(1, 3, std::string(80, '6')), "E_SUCCESS");
}

TEST_F(Element, EResultAdminSwitchesTheForm) {  // RFC 7391 section 3.2.3.1
  EXPECT_EQ(set_of(2, 16, "02"), "E_SUCCESS");  // the last RESULT
  EXPECT_EQ(get_of(2, {99}), "something else");
  (void)set_of(2, 16, "01");
  EXPECT_EQ(get_of(2, {99}), "E_COMPONENT_DOES_NOT_EXIST");
}

TEST_F(Element, ANewMasterIsAnEvent) {  // RFC 7121 section 3.2
  (void)ask(message(pl::MsgType::Config,
                    {oper(pl::OperType::SetProp, {path({61}, {data("00000001")})})}, {2, 1}));
  lfbs.set_last_master(0x40000001, kNow);
  lfbs.set_master(0x40000002, kNow);
  Ids seen;
  while (const auto out = lfbs.engine().poll_output()) {
    const auto m = pl::decode_message(std::get<Notify>(*out).octets).value();
    const auto& e = std::get<pl::LfbSelect>(m.body.at(0)).operations.at(0).elements.at(0);
    seen.push_back(std::get<pl::PathData>(e.value).ids.at(1));
  }
  EXPECT_EQ(seen, (Ids{1, 2}));
}

}  // namespace
}  // namespace forces::fe::lfb::test
