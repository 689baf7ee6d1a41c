// The addresses of an FE's ports (class PortAddress).
#include "ce/provision/addresses.hpp"

#include <gtest/gtest.h>

#include <string>

#include "proto/pl/body/grammar.hpp"
#include "proto/pl/message.hpp"
#include "tests/support/octets/hex.hpp"
#include "tests/support/sim/steps.hpp"

namespace forces::ce::provision {
namespace {

using namespace std::chrono_literals;
using pl::MsgType;
using routing::IpAddress;
using test::at;
using test::hex;

const std::string kFirst = "00000000 00000007 04 0a620101000000000000000000000000 18";
const std::string kSecond = "00000004 00000007 06 fe800000000000000000000000000001 40";
const std::string kOther = "00000001 00000009 04 0a630001000000000000000000000000 18";
const InterfaceAddress kAddress1{IpAddress::v4(0x0a620101), 24};
const InterfaceAddress kAddress9{IpAddress::v4(0x0a630001), 24};

class AddressTest : public testing::Test {
 protected:
  std::vector<pl::Message> asked(bool may_configure = true) {
    reader.pump(exchange, may_configure, at(0s));
    std::vector<pl::Message> all;
    while (const auto octets = exchange.poll_output()) {
      all.push_back(pl::decode_message(*octets).value());
    }
    return all;
  }
  void answer(const pl::Message& request, std::string_view table, pl::Part part = pl::Part::Whole) {
    pl::Header header = pl::response_header(request.header, MsgType::QueryResponse, {1});
    header.flags = pl::with_part(header.flags, part);
    pl::MessageWriter w(header);
    {
      const auto select = w.lfb_select({kPortAddress}, {1});
      const auto oper = w.operation(pl::OperType::GetResponse);
      const std::uint32_t id = 1;
      const auto path = w.path(std::span(&id, 1));
      if (table == "E_EMPTY") {
        w.result(pl::ResultCode::Empty);
      } else if (table == "!") {
        w.result(pl::ResultCode::ComponentDoesNotExist);
      } else {
        w.full_data(hex(table));
      }
    }
    const auto octets = std::move(w).finish().value();
    reader.on_answer(
        exchange.on_response(pl::decode_header(octets).value(), octets, at(1s)).value());
  }
  void changes() {
    pl::Header header;
    header.type = MsgType::EventNotification;
    pl::MessageWriter w(header);
    {
      const std::uint32_t ids[] = {60, 1, 3};
      const auto select = w.lfb_select({kPortAddress}, {1});
      const auto oper = w.operation(pl::OperType::Report);
      const auto path = w.path(ids);
    }
    const auto octets = std::move(w).finish().value();
    for (const auto select : pl::MessageView::parse(octets)->selects()) reader.on_event(select);
  }
  std::vector<PortAddresses> told() {
    std::vector<PortAddresses> all;
    while (auto one = reader.poll_output()) all.push_back(std::move(*one));
    return all;
  }
  using Told = std::vector<PortAddresses>;

  Exchange exchange{0x40000001, 1, {}};
  AddressReader reader;
};

TEST_F(AddressTest, TheMasterSubscribesBeforeItAsks) {
  reader.start(1);
  reader.on_master();
  EXPECT_TRUE(asked(false).empty()) << "a transaction is open";
  const auto all = asked();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].header.type, MsgType::Config);
  const auto& select = std::get<pl::LfbSelect>(all[0].body.at(0));
  EXPECT_EQ(select.operations.at(0).type, pl::OperType::SetProp);
  EXPECT_EQ(select.operations.at(0).elements.size(), 2U);
  EXPECT_EQ(all[1].header.type, MsgType::Query);
}

TEST_F(AddressTest, ABackupAsksOnly) {
  reader.start(1);
  const auto all = asked(false);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].header.type, MsgType::Query);
}

TEST_F(AddressTest, WhatChangedIsToldByPort) {
  reader.start(1);
  answer(asked().at(0), kFirst + kOther + kSecond);
  const InterfaceAddress v6{
      IpAddress::of(routing::Family::V6, hex("fe800000000000000000000000000001")), 64};
  EXPECT_EQ(told(), (Told{{7, {kAddress1, v6}}, {9, {kAddress9}}}));
  EXPECT_TRUE(asked().empty());
  changes();
  changes();
  const auto again = asked();
  ASSERT_EQ(again.size(), 1U);
  changes();  // while it is being read
  EXPECT_TRUE(asked().empty());
  answer(again[0], kFirst + kOther);
  EXPECT_EQ(told(), (Told{{7, {kAddress1}}}));
  answer(asked().at(0), kFirst);
  EXPECT_EQ(told(), (Told{{9, {}}})) << "it has none any more";
}

TEST_F(AddressTest, AnFeThatComesBackTellsOnlyWhatIsDifferent) {
  reader.start(1);
  answer(asked().at(0), kFirst + kOther);
  (void)told();
  reader.stop();
  EXPECT_TRUE(asked().empty());
  EXPECT_TRUE(told().empty());
  reader.start(1);
  answer(asked().at(0), kOther);
  EXPECT_EQ(told(), (Told{{7, {}}}));
}

TEST_F(AddressTest, AnswersInPartsAreJoined) {  // RFC 7391 section 3.3
  reader.start(1);
  const auto query = asked().at(0);
  answer(query, kFirst, pl::Part::First);
  EXPECT_TRUE(told().empty());
  answer(query, kOther, pl::Part::Last);
  EXPECT_EQ(told().size(), 2U);
}

TEST_F(AddressTest, AnEmptyTableIsAnAnswerAndAnErrorIsNone) {
  reader.start(1);
  answer(asked().at(0), kFirst);
  (void)told();
  for (const std::string& bad : {std::string("!"), kOther + "00", kOther + "00000005 00000007 05",
                                 std::string("00000000 00000007 04 "
                                             "0a620101000000000000000000000000 21")}) {
    changes();
    answer(asked().at(0), bad);
    EXPECT_TRUE(told().empty()) << bad;
  }
  changes();
  answer(asked().at(0), "E_EMPTY");
  EXPECT_EQ(told(), (Told{{7, {}}}));
}

TEST_F(AddressTest, AnFeWithoutTheClassIsNotAsked) {
  reader.start(0);
  reader.on_master();
  changes();
  EXPECT_TRUE(asked().empty());
}

}  // namespace
}  // namespace forces::ce::provision
