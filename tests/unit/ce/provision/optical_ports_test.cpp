// Octets of class OpticalPort (65797): traces to be sent, and what an FE answers.
#include "ce/provision/optical_ports.hpp"

#include <gtest/gtest.h>

#include "tests/support/octets/hex.hpp"

namespace forces::ce::provision {
namespace {

using test::hex;

pl::Octets optical_message(pl::MsgType type, std::vector<pl::BodyTlv> body) {
  pl::Message m;
  m.header.type = type;
  m.body = std::move(body);
  const auto octets = pl::encode_message(m);
  EXPECT_TRUE(octets);
  return octets.value_or(pl::Octets{});
}
pl::Element at(std::vector<std::uint32_t> ids, std::vector<pl::Element> items) {
  pl::PathData path;
  path.ids = std::move(ids);
  path.items = std::move(items);
  return {std::move(path)};
}
std::vector<pl::BodyTlv> of_ports(pl::OperType type, std::vector<pl::Element> elements) {
  pl::Oper oper{.type = type};
  oper.elements = std::move(elements);
  return {pl::LfbSelect{{kOpticalPort}, {1}, {std::move(oper)}}};
}

// A text in a row stands behind its length (RFC 5810 section 7.1.8).
TEST(OpticalPortCodec, ATraceIsARowOfTraceSentTable) {
  const std::vector<TraceChange> changes{
      {.number = 3, .port = 25, .label = 0x10000, .text = "N2/1"},
      {.number = 4, .port = 25, .label = 0x20000}};
  const auto body = trace_config(1, changes);
  ASSERT_EQ(body.size(), 1U);
  const auto& operations = std::get<pl::LfbSelect>(body[0]).operations;
  ASSERT_EQ(operations.size(), 2U);
  EXPECT_EQ(operations[0].type, pl::OperType::Set);
  EXPECT_EQ(operations[0].elements.at(0),
            at({4, 3}, {{pl::FullData{hex("00000019 00010000 0112 0008 4e322f31")}}}));
  EXPECT_EQ(operations[1].type, pl::OperType::Del);
  EXPECT_EQ(operations[1].elements.at(0), at({4, 4}, {}));
}

TEST(OpticalPortCodec, RefusedTracesAreCounted) {
  const auto result = [](pl::ResultCode code) {
    return pl::Element{pl::ResultTlv{static_cast<std::uint8_t>(code)}};
  };
  const auto octets = optical_message(
      pl::MsgType::ConfigResponse,
      of_ports(pl::OperType::SetResponse, {at({4, 0}, {result(pl::ResultCode::Success)}),
                                           at({4, 1}, {result(pl::ResultCode::ValueOutOfRange)}),
                                           at({4, 2}, {result(pl::ResultCode::Exists)})}));
  const auto message = pl::MessageView::parse(octets);
  ASSERT_TRUE(message);
  EXPECT_EQ(refused_traces(*message), 2U);
}

TEST(OpticalPortCodec, WhatAnFeHasHeardIsRead) {
  const auto octets = optical_message(
      pl::MsgType::QueryResponse,
      of_ports(pl::OperType::GetResponse,
               {at({5, 0}, {{pl::FullData{hex("00000019 00010000 0112 0008 4e322f31")}}})}));
  const auto message = pl::MessageView::parse(octets);
  ASSERT_TRUE(message);
  OpticalPortReader reader;
  EXPECT_TRUE(reader.take(*message));
  EXPECT_EQ(reader.traces(), (std::vector<ReceivedTrace>{{25, 0x10000, "N2/1"}}));
}

TEST(OpticalPortCodec, ARowThatIsCutIsNone) {
  const auto row = hex("00000019 00010000 0112 0008 4e322f31");
  for (std::size_t size = 0; size < row.size(); ++size) {
    const auto octets = optical_message(
        pl::MsgType::QueryResponse,
        of_ports(pl::OperType::GetResponse,
                 {at({5, 0}, {{pl::FullData{{row.begin(), row.begin() + static_cast<std::ptrdiff_t>(
                                                                            size)}}}})}));
    const auto message = pl::MessageView::parse(octets);
    if (!message) continue;
    OpticalPortReader reader;
    EXPECT_FALSE(reader.take(*message)) << size;
    EXPECT_TRUE(reader.traces().empty());
  }
}

}  // namespace
}  // namespace forces::ce::provision
