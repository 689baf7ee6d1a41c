// Octets of class CrossConnect (65792): what a Config says, and every form in which rows come back.
#include "ce/provision/cross_connects.hpp"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/octets/hex.hpp"

namespace forces::ce::provision {
namespace {

using signaling::resource::FoundRow;
using signaling::resource::Row;
using signaling::resource::RowChange;
using signaling::resource::RowStatus;
using test::hex;

constexpr std::string_view kOwner = "c0000204 0000000b c0000201 0007 0001 0021 000000000000";
const std::string kRowHex = "00000001 00020000 00000003 00040000 01 00000001" + std::string(kOwner);

Row row() {
  return {.in_port = 1,
          .in_label = 0x20000,
          .out_port = 3,
          .out_label = 0x40000,
          .active = true,
          .alarm_mask = 1,
          .owner = {.lsp = {.end_point = {0xc0000204},
                            .extended_tunnel_id = 11,
                            .sender = {0xc0000201},
                            .tunnel_id = 7,
                            .lsp_id = 1},
                    .call_id = 0x21}};
}

pl::Octets message(pl::MsgType type, std::vector<pl::BodyTlv> body) {
  pl::Message m;
  m.header.type = type;
  m.body = std::move(body);
  const auto octets = pl::encode_message(m);
  EXPECT_TRUE(octets);
  return octets.value_or(pl::Octets{});
}
std::vector<pl::BodyTlv> select(pl::OperType type, std::vector<pl::Element> elements) {
  pl::Oper oper{.type = type};
  oper.elements = std::move(elements);
  return {pl::LfbSelect{{kCrossConnect}, {1}, {std::move(oper)}}};
}
pl::Element path(std::vector<std::uint32_t> ids, std::vector<pl::Element> items) {
  pl::PathData p;
  p.ids = std::move(ids);
  p.items = std::move(items);
  return {std::move(p)};
}
pl::Element full(std::string_view octets) { return {pl::FullData{hex(octets)}}; }

TEST(CrossConnectCodec, ARowIsTheseOctets) {
  EXPECT_EQ(pack(row()), hex(kRowHex));
  EXPECT_EQ(read_cross_connect(hex(kRowHex)), row());
  EXPECT_EQ(read_cross_connect(hex(kRowHex + "000000")), row()) << "padding that was counted";
}

TEST(CrossConnectCodec, OtherOctetsAreNone) {
  EXPECT_FALSE(read_cross_connect({}));
  EXPECT_FALSE(read_cross_connect(hex(kRowHex.substr(0, kRowHex.size() - 2))));
  std::string state = kRowHex;
  state[state.find(" 01 ") + 2] = '2';
  EXPECT_FALSE(read_cross_connect(hex(state)));
}

TEST(CrossConnectCodec, AChangeIsASetByNumberOrADelByKey) {
  const std::vector<RowChange> changes{{.number = 5, .row = row(), .erase = true},
                                       {.number = 9, .row = row()}};
  const auto configs = cross_connect_configs(2, changes);
  ASSERT_EQ(configs.size(), 1U);
  const auto& lfb = std::get<pl::LfbSelect>(configs[0].at(0));
  EXPECT_EQ(lfb.class_id.value, 65'792U);
  EXPECT_EQ(lfb.instance_id.value, 2U);
  ASSERT_EQ(lfb.operations.size(), 2U);
  EXPECT_EQ(lfb.operations[0].type, pl::OperType::Del);
  const auto& by_key = std::get<pl::PathData>(lfb.operations[0].elements.at(0).value);
  EXPECT_EQ(by_key.flags, pl::kSelKey);
  EXPECT_EQ(by_key.key, (pl::KeyInfo{1, hex("00000001 00020000")}));
  EXPECT_EQ(lfb.operations[1].type, pl::OperType::Set);
  EXPECT_EQ(lfb.operations[1].elements, (std::vector{path({1, 9}, {full(kRowHex)})}));
}

TEST(CrossConnectCodec, ManyChangesAreSeveralConfigsInTheirOrder) {
  std::vector<RowChange> changes;
  for (std::uint32_t i = 0; i < 1'100; ++i) changes.push_back({.number = i, .row = row()});
  const auto configs = cross_connect_configs(1, changes);
  ASSERT_EQ(configs.size(), 3U);
  std::uint32_t next = 0;
  for (const auto& config : configs) {
    EXPECT_LT(message(pl::MsgType::Config, config).size(), 65'535U);
    for (const auto& element : std::get<pl::LfbSelect>(config[0]).operations[0].elements) {
      EXPECT_EQ(std::get<pl::PathData>(element.value).ids[1], next++);
    }
  }
  EXPECT_EQ(next, 1'100U);
  EXPECT_TRUE(cross_connect_configs(1, {}).empty());
}

class CrossConnectForms : public testing::TestWithParam<std::vector<pl::Element>> {};
TEST_P(CrossConnectForms, GiveTheSameRow) {
  const auto octets =
      message(pl::MsgType::QueryResponse, select(pl::OperType::GetResponse, GetParam()));
  const auto view = pl::MessageView::parse(octets);
  ASSERT_TRUE(view);
  CrossConnectReader reader;
  EXPECT_TRUE(reader.take(*view));
  EXPECT_EQ(reader.rows(),
            (std::vector<FoundRow>{{.number = 5, .row = row(), .status = RowStatus::Failed}}));
}
pl::Element sparse(std::vector<pl::Ilv> ilvs) { return {pl::SparseData{std::move(ilvs)}}; }
const std::string kIlvs =
    "00000001 0000000c 00000001  00000002 0000000c 00020000  00000003 0000000c 00000003"
    "00000004 0000000c 00040000  00000005 00000009 01 000000  00000006 0000000c 00000001"
    "00000007 00000020" +
    std::string(kOwner);
INSTANTIATE_TEST_SUITE_P(Rfc5810Section7_1_8, CrossConnectForms,
                         testing::Values(std::vector{path({1, 5}, {full(kRowHex)}),
                                                     path({2, 5}, {full("02")})},
                                         std::vector{path({1}, {full("00000005" + kRowHex)}),
                                                     path({2}, {full("00000005 02")})},
                                         std::vector{path({1}, {sparse({{5, hex(kRowHex)}})}),
                                                     path({2}, {sparse({{5, hex("02")}})})},
                                         std::vector{path({1}, {sparse({{5, hex(kIlvs)}})}),
                                                     path({2, 5}, {full("02 000000")})}));

TEST(CrossConnectReader, AnEmptyTableIsNoFailureAndAnotherResultIs) {
  const auto taken = [](std::vector<pl::Element> elements) {
    const auto octets =
        message(pl::MsgType::QueryResponse, select(pl::OperType::GetResponse, std::move(elements)));
    CrossConnectReader reader;
    return reader.take(*pl::MessageView::parse(octets));
  };
  const auto result = [](pl::ResultCode code) {
    return pl::Element{pl::ResultTlv{static_cast<std::uint8_t>(code)}};
  };
  EXPECT_TRUE(taken({path({1}, {result(pl::ResultCode::Empty)})}));
  EXPECT_FALSE(taken({path({1}, {result(pl::ResultCode::LfbNotFound)})}));
  EXPECT_TRUE(taken({path({2}, {result(pl::ResultCode::NotSupported)})})) << "only the status";
  EXPECT_FALSE(taken({path({1, 5}, {full("0000")})}));
  EXPECT_FALSE(taken({path({1}, {full("00000005 0000")})}));
}

TEST(CrossConnectEvents, TellNumberAndStatus) {
  const auto octets =
      message(pl::MsgType::EventNotification,
              select(pl::OperType::Report,
                     {path({60, 1, 5}, {full("02" + std::string(kOwner))}),
                      path({60, 1, 6}, {full("01" + std::string(kOwner))}),
                      path({60, 2, 7}, {full("01")}), path({60, 1, 8}, {full("09")})}));
  EXPECT_EQ(read_cross_connect_events(*pl::MessageView::parse(octets)),
            (std::vector<CrossConnectStatus>{{5, RowStatus::Failed}, {6, RowStatus::Working}}));
}

}  // namespace
}  // namespace forces::ce::provision
