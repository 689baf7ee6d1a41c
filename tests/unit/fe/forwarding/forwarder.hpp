// The forwarding LFBs of an FE with three ports and a kernel of the tests' own: messages in, rows
// of that kernel and notifications out.
#pragma once

#include <deque>

#include "fe/forwarding/topology.hpp"
#include "fe/forwarding/unicast/plane_lfb.hpp"
#include "fe/forwarding/unicast/port_lfbs.hpp"
#include "fe/forwarding/unicast/translator.hpp"
#include "tests/unit/fe/dataplane/kernel/model_kernel.hpp"
#include "tests/unit/fe/dataplane/kernel/rows.hpp"
#include "tests/unit/fe/lfb/laboratory.hpp"

namespace forces::fe::forwarding::test {

using namespace lfb::test;
using namespace dataplane::kernel::test;
using dataplane::PortConfig;
using dataplane::PortKind;
using lfb::Target;
using pl::OperType;
using pl::ResultCode;

inline constexpr std::uint32_t kCe = 0x40000001, kFe = 2;
inline constexpr Instant kNow{std::chrono::seconds(1)};
inline constexpr std::uint32_t kAbsent = 0xffffffff;  // of a link: no such interface

inline std::vector<PortConfig> three_ports() {
  PortConfig raw{.port_id = 1, .kind = PortKind::Raw, .interface = "eth1"};
  PortConfig packet{
      .port_id = 2, .kind = PortKind::Packet, .interface = "eth2", .address = "10.98.0.1/24"};
  PortConfig replay{.port_id = 3, .kind = PortKind::Replay, .interface = "eth1"};  // not meant
  return {raw, packet, replay};
}

inline pl::Message message(pl::MsgType type, OperType oper, Target target,
                           std::vector<pl::Element> elements,
                           pl::ExecutionMode mode = pl::ExecutionMode::ContinueOnFailure) {
  pl::Message m;
  m.header.type = type;
  m.header.source = {kCe};
  m.header.destination = {kFe};
  m.header.correlator = 77;
  m.header.flags = pl::Flags{}.with_ack(pl::Ack::Always).with_priority(5).with_execution_mode(mode);
  pl::Oper o{.type = oper};
  o.elements = std::move(elements);
  m.body.emplace_back(pl::LfbSelect{{target.class_id}, {target.instance_id}, {std::move(o)}});
  return m;
}

// The octets of a row, in hex.
inline std::string prefix4(std::string_view address, int length, bool ecmp, std::uint32_t hop) {
  wire::ByteWriter w;
  w.bytes(hex(address));
  w.u8(static_cast<std::uint8_t>(length));
  w.u8(ecmp ? 1 : 0);
  w.u16(0);
  w.u32(hop);
  return to_hex(w.written());
}
inline std::string next_hop(std::uint32_t port, std::string_view address, std::uint32_t output = 0,
                            std::uint32_t mtu = 0) {
  wire::ByteWriter w;
  w.u32(port);
  w.u32(mtu);
  w.bytes(hex(address));
  w.u32(0);
  w.u32(output);
  return to_hex(w.written());
}
inline std::string members(std::vector<std::pair<std::uint32_t, int>> all) {
  wire::ByteWriter w;
  std::uint32_t index = 0;
  for (const auto& [hop, weight] : all) {
    w.u32(index++);
    w.u32(hop);
    w.u16(static_cast<std::uint16_t>(weight));
  }
  return to_hex(w.written());
}

// What an element has in it, or the result that it is.
inline std::string text_of(const pl::Element& element) {
  const pl::Element* e = &element;
  while (const auto* p = std::get_if<pl::PathData>(&e->value)) {
    if (p->items.size() != 1) return "not one item";
    e = &p->items[0];
  }
  if (const auto* full = std::get_if<pl::FullData>(&e->value)) return to_hex(full->value);
  if (const auto* code = std::get_if<pl::ResultTlv>(&e->value)) {
    return std::string(pl::to_string(static_cast<ResultCode>(code->code)));
  }
  return "something else";
}

// A CE and the engine of an FE, whose sink is what derives from it.
class Dialogue : public testing::Test, public lfb::Sink {
 protected:
  // What came back, as text: data in hex or the name of a RESULT, one for each path.
  std::vector<std::string> run(const pl::Message& m) {
    const auto octets = pl::encode_message(m);
    EXPECT_TRUE(octets);
    EXPECT_TRUE(engine.on_message(*octets, true, kNow));
    std::vector<std::string> texts;
    for (const auto& answer : drain()) {
      for (const auto& body : answer.body) {
        for (const auto& oper : std::get<pl::LfbSelect>(body).operations) {
          for (const auto& element : oper.elements) texts.push_back(text_of(element));
        }
      }
    }
    return texts;
  }
  std::string set(Target target, Ids ids, std::string_view octets) {
    return only(run(message(pl::MsgType::Config, OperType::Set, target,
                            {path(std::move(ids), {data(octets)})})));
  }
  std::string del(Target target, Ids ids) {
    return only(run(message(pl::MsgType::Config, OperType::Del, target, {path(std::move(ids))})));
  }
  std::string get(Target target, Ids ids) {
    return only(run(message(pl::MsgType::Query, OperType::Get, target, {path(std::move(ids))})));
  }
  void subscribe(Target target, Ids event) {
    // The event's property "registration" (RFC 5812 section 4.8.5).
    wire::ByteWriter w;
    w.u32(1);
    pl::SparseData properties;
    properties.items.push_back({2, {w.written().begin(), w.written().end()}});
    EXPECT_EQ(only(run(message(pl::MsgType::Config, OperType::SetProp, target,
                               {path(std::move(event), {{properties}})}))),
              "E_SUCCESS");
  }
  std::vector<pl::Message> drain() {
    std::vector<pl::Message> answers;
    while (auto output = engine.poll_output()) {
      const bool notify = std::holds_alternative<lfb::Notify>(*output);
      const auto& octets =
          notify ? std::get<lfb::Notify>(*output).octets : std::get<lfb::Respond>(*output).octets;
      auto decoded = pl::decode_message(octets);
      EXPECT_TRUE(decoded);
      if (decoded) (notify ? notifications : answers).push_back(std::move(*decoded));
    }
    return answers;
  }
  // "3.1 60.1: 02" of each report since the last call.
  std::vector<std::string> reports() {
    (void)drain();
    std::vector<std::string> lines;
    for (const auto& m : std::exchange(notifications, {})) {
      const auto& select = std::get<pl::LfbSelect>(m.body.at(0));
      for (const auto& element : select.operations.at(0).elements) {
        const auto& p = std::get<pl::PathData>(element.value);
        std::string line = std::to_string(select.class_id.value) + "." +
                           std::to_string(select.instance_id.value) + " ";
        for (const std::uint32_t id : p.ids) line += std::to_string(id) + ".";
        lines.push_back(line + " " + text_of(element));
      }
    }
    return lines;
  }
  static std::string only(const std::vector<std::string>& texts) {
    return texts.size() == 1 ? texts[0] : std::to_string(texts.size()) + " answers";
  }

  lfb::Engine engine{*this};
  std::vector<pl::Message> notifications;
};

class Forwarder : public Dialogue {
 protected:
  Forwarder() {
    engine.set_id(kFe);
    engine.store().add(lfb::kFeObjectClass, 1);
    add_instances(engine, {1, 2, 3});
    ports.attach(engine);
    plane.attach(engine);
    translator.use(&fib);
    (void)drain();
  }

  ResultCode check(const lfb::Change& change) override {
    const ResultCode code = translator.check(change);
    return code == ResultCode::Success ? ports.check(change) : code;
  }
  void applied(const lfb::Changes& changes) override {
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const lfb::Change change = changes[i];
      (void)translator.apply(change);
      if (const auto request = ports.asked(change)) asked.push_back(*request);
    }
  }

  // An interface as the kernel tells of it.
  static kernel::Link link_of(std::uint32_t index, std::string_view name, bool up,
                              bool admin_up = true) {
    kernel::Link link{.index = index, .admin_up = admin_up, .carrier = up, .up = up, .mtu = 1500};
    std::ranges::copy(name, link.name.begin());
    return link;
  }
  void link(std::uint32_t index, std::string_view name, bool up, bool gone = false,
            bool admin_up = true) {
    model.link(index, up && !gone);
    fib.on_link(index, up && !gone, 1500);
    take(ports.on_link({link_of(index, name, up, admin_up), gone}, kNow));
  }
  void take(const std::vector<PortLfbs::Moved>& moved) {
    for (const auto& [port, interface] : moved) translator.set_interface(port, interface);
  }
  void both_up() {
    take(ports.resync({}, kNow));
    link(11, "eth1", true);
    link(12, "eth2", true);
    (void)reports();
  }
  std::size_t settle() {
    const std::size_t operations = kernel::test::settle(fib, model);
    plane.sync(fib, true, kNow);
    return operations;
  }

  kernel::Fib fib;
  ModelKernel model;
  Translator translator{{1, 2, 3}};
  PortLfbs ports{three_ports()};
  PlaneLfb plane;
  std::vector<PortLfbs::AdminRequest> asked;
};

}  // namespace forces::fe::forwarding::test
