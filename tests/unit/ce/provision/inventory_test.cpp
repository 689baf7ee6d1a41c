// RFC 5810 section 4.4.1 and the draft's figure 4: what is asked of an FE, in which order, and what
// of the answers is understood.
#include "ce/provision/inventory.hpp"

#include <gtest/gtest.h>

#include "proto/pl/body/grammar.hpp"
#include "proto/pl/message.hpp"
#include "tests/support/octets/hex.hpp"
#include "tests/support/sim/steps.hpp"

namespace forces::ce::provision {
namespace {

using namespace std::chrono_literals;
using pl::MsgType;
using test::at;
using test::hex;

class InventoryTest : public testing::Test {
 protected:
  // What is asked now, as trees.
  std::vector<pl::Message> asked(Instant now = at(0s), bool may_configure = false) {
    reader.pump(exchange, may_configure, now);
    std::vector<pl::Message> all;
    while (const auto octets = exchange.poll_output()) {
      all.push_back(pl::decode_message(*octets).value());
    }
    return all;
  }
  static std::vector<std::uint32_t> components(const pl::Message& m, std::size_t select = 0) {
    std::vector<std::uint32_t> ids;
    for (const auto& e : std::get<pl::LfbSelect>(m.body.at(select)).operations.at(0).elements) {
      ids.push_back(std::get<pl::PathData>(e.value).ids.at(0));
    }
    return ids;
  }
  struct Value {
    std::uint32_t class_id, instance, component;
    std::string_view octets;  // "!": an error
  };
  void answer(const pl::Message& request, const std::vector<Value>& values,
              pl::Part part = pl::Part::Whole) {
    pl::Header header = pl::response_header(request.header, MsgType::QueryResponse, {1});
    header.flags = pl::with_part(header.flags, part);
    pl::MessageWriter w(header);
    for (const Value& v : values) {
      const auto select = w.lfb_select({v.class_id}, {v.instance});
      const auto oper = w.operation(pl::OperType::GetResponse);
      const auto path = w.path(std::span(&v.component, 1));
      if (v.octets == "!") {
        w.result(pl::ResultCode::ComponentDoesNotExist);
      } else {
        w.full_data(hex(v.octets));
      }
    }
    const auto octets = std::move(w).finish().value();
    reader.on_answer(
        exchange.on_response(pl::decode_header(octets).value(), octets, at(1s)).value());
  }
  const Inventory& inventory() const { return reader.inventory(); }
  // As far as that ports are asked for: instances 1 and 4 of EtherPHYCop.
  std::vector<pl::Message> up_to_ports(bool master) {
    reader.start(true, at(0s));
    if (master) reader.on_master();
    answer(asked().at(0), {{1, 1, 2, "00000000 00000003 00000001 00000001 00000003 00000004"}});
    return asked(at(1s), master);
  }

  Exchange exchange{0x40000001, 1, {}};
  InventoryReader reader{3s};
};

TEST_F(InventoryTest, CapabilityThenTopologyThenPorts) {
  reader.start(false, at(0s));
  auto all = asked();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(components(all[0]), (std::vector<std::uint32_t>{31, 2, 3, 5, 6, 7}));
  EXPECT_EQ(std::get<pl::LfbSelect>(all[0].body.at(1)).class_id, pl::kFeProtocolObject);
  EXPECT_TRUE(asked().empty()) << "once";
  answer(all[0], {{1, 1, 2, "00000000 00000003 00000001"}});
  EXPECT_TRUE(asked(at(2s)).empty()) << "the data channel may still come";
  EXPECT_EQ(reader.next_deadline(), at(3s));
  reader.on_data(true);
  all = asked(at(2s));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(components(all[0]), (std::vector<std::uint32_t>{1, 8}));
  EXPECT_EQ(components(all[1]), (std::vector<std::uint32_t>{1, 2, 3}));
  EXPECT_FALSE(reader.next_deadline());
}

TEST_F(InventoryTest, WithoutADataChannelTheTopologyWaitsAndNoLonger) {
  reader.start(false, at(0s));
  answer(asked().at(0), {});
  EXPECT_TRUE(asked(at(2999ms)).empty());
  EXPECT_EQ(asked(at(3s)).size(), 1U);
}

TEST_F(InventoryTest, AnswersAreUnderstood) {
  reader.start(true, at(0s));
  answer(asked().at(0),
         {{1, 1, 31,
           "00000000 01120007 4c504d00 0000000a 01120007 312e3000 ffffffff"
           "01120004 01120004 01120004 01120004"
           "00000001 01120005 58000000 0000000c 01120004 00000001 01120004 01120004 01120004 "
           "01120004"},
          {1, 1, 2, "00000000 0000000a 00000001 00000001 0000000c 00000001"},
          {1, 1, 3, "666531"},
          {1, 1, 5, "410a42"},
          {1, 1, 7, "02"},
          {2, 1, 1, "01"},
          {2, 1, 10, "01000000"},
          {2, 1, 14, "!"}});
  EXPECT_EQ(inventory().classes, (std::vector<LfbClass>{{10, "LPM", "1.0"}, {12, "X", ""}}));
  EXPECT_EQ(inventory().instances, (std::vector<LfbInstance>{{10, 1}, {12, 1}}));
  EXPECT_EQ(inventory().fe_name, "fe1");
  EXPECT_EQ(inventory().vendor, "A?B") << "what could stand on a terminal";
  EXPECT_EQ(inventory().fe_state, 2);
  EXPECT_EQ(inventory().failover_policy, 1) << "with its padding counted";
  EXPECT_FALSE(inventory().ha_mode);
  const TableInstances tables = inventory().table_instances();
  EXPECT_EQ(tables[static_cast<std::size_t>(Table::Prefixes4)], 1U);
  EXPECT_EQ(tables[static_cast<std::size_t>(Table::Prefixes6)], 0U);
  const auto all = asked();
  answer(all.at(0),
         {{1, 1, 1,
           "00000000 0000000a 00000001 01120007 45434d00 00000002 0000000c 00000001 01120006 "
           "496e0000 00000003"},
          {1, 1, 8, "00000000 00000007 01120008 65746830 01120004"}});
  EXPECT_TRUE(inventory().topology_known);
  EXPECT_EQ(inventory().links, (std::vector<LfbLink>{{{10, 1}, "ECM", 2, {12, 1}, "In", 3}}));
  EXPECT_EQ(inventory().neighbors, (std::vector<FeNeighbor>{{7, "eth0", ""}}));
}

TEST_F(InventoryTest, AnswersInPartsAreJoined) {  // RFC 7391 section 3.3
  reader.start(true, at(0s));
  const auto query = asked().at(0);
  answer(query, {{1, 1, 2, "00000000 0000000a 00000001"}}, pl::Part::First);
  EXPECT_FALSE(inventory().capability_known);
  answer(query, {{1, 1, 2, "00000001 0000000c 00000001"}}, pl::Part::Middle);
  answer(query, {}, pl::Part::Last);
  EXPECT_TRUE(inventory().capability_known);
  EXPECT_EQ(inventory().instances.size(), 2U);
}

TEST_F(InventoryTest, ErrorsAndRubbishAreLeftOut) {
  reader.start(true, at(0s));
  answer(asked().at(0), {{1, 1, 31, "!"},
                         {1, 1, 2, "00000000 0000000a 00000001 00000001 00"},
                         {1, 1, 7, "0203"},
                         {9, 9, 9, "00"}});
  EXPECT_TRUE(inventory().capability_known);
  EXPECT_TRUE(inventory().classes.empty());
  EXPECT_EQ(inventory().instances.size(), 1U) << "up to what cannot be read";
  EXPECT_FALSE(inventory().fe_state);
  EXPECT_EQ(asked().size(), 1U) << "no ports, so they are not asked for";
  EXPECT_TRUE(inventory().ports_known);
}

TEST_F(InventoryTest, AnFeThatTellsNoInstancesIsTakenToHaveTheFirstOfEach) {
  reader.start(true, at(0s));
  answer(asked().at(0), {{1, 1, 2, "!"}});
  for (const std::uint32_t instance : inventory().table_instances()) EXPECT_EQ(instance, 1U);
}

TEST_F(InventoryTest, TheMasterSubscribesBeforeItAsks) {
  const auto all = up_to_ports(true);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[1].header.type, MsgType::Config);
  ASSERT_EQ(all[1].body.size(), 2U);
  const auto& select = std::get<pl::LfbSelect>(all[1].body[1]);
  EXPECT_EQ(select.instance_id.value, 4U);
  EXPECT_EQ(select.operations.at(0).type, pl::OperType::SetProp);
  EXPECT_EQ(std::get<pl::PathData>(select.operations[0].elements.at(0).value).ids,
            (std::vector<std::uint32_t>{60, 1}));
  EXPECT_EQ(all[2].header.type, MsgType::Query);
}

TEST_F(InventoryTest, ABackupAsksAndSubscribesWhenItBecomesTheMaster) {
  auto all = up_to_ports(false);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].header.type, MsgType::Query);
  answer(all[1], {});
  reader.on_master();
  EXPECT_TRUE(asked(at(2s), false).empty()) << "a transaction is open";
  all = asked(at(2s), true);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].header.type, MsgType::Config);
  EXPECT_EQ(all[1].header.type, MsgType::Query) << "what changed since";
}

TEST_F(InventoryTest, PortsAreToldAtFirstAndWhenTheyChange) {
  const auto all = up_to_ports(false);
  answer(all.at(1), {{3, 1, 1, "00000065"},
                     {3, 1, 2, "01"},
                     {3, 1, 3, "02"},
                     {3, 4, 3, "01"},
                     {3, 4, 1, "00000068"},
                     {3, 9, 1, "00000077"}});
  EXPECT_TRUE(inventory().ports_known);
  ASSERT_EQ(inventory().ports.size(), 2U);
  EXPECT_EQ(inventory().ports[0].admin, PortState::Up);
  EXPECT_EQ(reader.poll_output(), (PortStatus{0x65, false}));
  EXPECT_EQ(reader.poll_output(), (PortStatus{0x68, true}));
  EXPECT_FALSE(reader.poll_output());
  const auto event = [&](std::uint32_t instance, std::string_view value, std::uint32_t id = 1) {
    pl::Header header;
    header.type = MsgType::EventNotification;
    pl::MessageWriter w(header);
    {
      const std::uint32_t ids[] = {60, id};
      const auto select = w.lfb_select({3}, {instance});
      const auto oper = w.operation(pl::OperType::Report);
      w.path_with_data(ids, hex(value));
    }
    const auto octets = std::move(w).finish().value();
    for (const pl::LfbSelectView s : pl::MessageView::parse(octets).value().selects()) {
      reader.on_event(s);
    }
  };
  event(4, "02");
  EXPECT_EQ(reader.poll_output(), (PortStatus{0x68, false}));
  event(4, "00");
  EXPECT_FALSE(reader.poll_output()) << "disabled is down as well";
  event(4, "01", 2);  // LinkSpeedChanged
  event(9, "01");     // no such port
  event(4, "07");
  event(4, "");
  EXPECT_FALSE(reader.poll_output());
  event(4, "01");
  EXPECT_EQ(reader.poll_output(), (PortStatus{0x68, true}));
}

TEST_F(InventoryTest, SilenceIsAskedAgain) {
  reader.start(true, at(0s));
  ASSERT_EQ(asked().size(), 1U);
  reader.on_unanswered(Purpose::Capability);
  const auto again = asked();
  ASSERT_EQ(again.size(), 1U);
  answer(again[0], {{1, 1, 2, "00000000 00000003 00000001"}});
  ASSERT_EQ(asked().size(), 2U);
  reader.on_unanswered(Purpose::Topology);
  reader.on_unanswered(Purpose::Ports);
  EXPECT_EQ(asked().size(), 2U);
}

}  // namespace
}  // namespace forces::ce::provision
