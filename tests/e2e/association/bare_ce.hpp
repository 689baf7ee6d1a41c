// A CE of which only the TML is real: what it says on its control channel is the test's, word for
// word, so that it can do what our CE never would.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "proto/pl/association.hpp"
#include "proto/pl/message.hpp"
#include "tests/e2e/association/pair.hpp"
#include "tests/e2e/tml/harness.hpp"
#include "tests/support/octets/hex.hpp"

namespace forces::test {

class BareCe {
 public:
  BareCe(e2e::Pki& pki, std::uint32_t id) : id_(id), tml_(id) {
    tml_.certify(pki, pki.ce(id));
    tml_.control.message_handler = &BareCe::on_messages;
    tml_.control.event_handler = tml_.data.event_handler = &BareCe::on_event;
    tml_.control.user = tml_.data.user = this;
  }
  void start() { tml_.start(); }
  void end() {  // without a word
    tmlx_context_destroy(tml_.context);
    tml_.context = nullptr;
  }
  [[nodiscard]] fe::CeConfig address() {
    return {id_, "127.0.0.1", tml_.port(TML_CHANNEL_CONTROL), tml_.port(TML_CHANNEL_DATA)};
  }

  // Setups that were granted.
  [[nodiscard]] std::size_t associations() const {
    const std::scoped_lock lock(mutex_);
    return setups_;
  }
  [[nodiscard]] std::vector<pl::Message> heard(pl::MsgType type) const {
    const std::scoped_lock lock(mutex_);
    std::vector<pl::Message> found;
    for (const auto& m : heard_) {
      if (m.header.type == type) found.push_back(m);
    }
    return found;
  }

  void teardown(std::uint32_t fe) {
    write(pl::encode_association_teardown({id_}, {fe}, pl::TeardownReason::Normal));
  }
  // A Config or Query of FEPO, or of another class; its correlator.
  std::uint64_t send(pl::MsgType type, pl::OperType oper, std::vector<std::uint32_t> ids,
                     std::string_view value = "", std::uint32_t class_id = 2) {
    pl::Message m;
    m.header.type = type;
    m.header.source = {id_};
    m.header.destination = {1};
    m.header.correlator = ++correlator_;
    m.header.flags = pl::Flags{}
                         .with_ack(pl::Ack::Always)
                         .with_priority(4)
                         .with_execution_mode(pl::ExecutionMode::AllOrNone);
    pl::PathData path;
    path.ids = std::move(ids);
    if (!value.empty()) path.items.push_back({pl::FullData{hex(value)}});
    pl::Oper o{.type = oper};
    o.elements.push_back({std::move(path)});
    m.body.emplace_back(pl::LfbSelect{{class_id}, {1}, {std::move(o)}});
    write(pl::encode_message(m));
    return m.header.correlator;
  }
  // FULLDATA in hex, or the name of the RESULT; "none" when no answer came.
  [[nodiscard]] std::string answer(std::uint64_t correlator) {
    std::optional<pl::Message> found;
    const bool came = test::eventually([&] {
      const std::scoped_lock lock(mutex_);
      for (const auto& m : heard_) {
        if (m.header.correlator == correlator && is_response(m.header.type)) found = m;
      }
      return found.has_value();
    });
    return came ? leaf(*found) : "none";
  }
  [[nodiscard]] bool answered(std::uint64_t correlator) const {
    const std::scoped_lock lock(mutex_);
    for (const auto& m : heard_) {
      if (m.header.correlator == correlator && is_response(m.header.type)) return true;
    }
    return false;
  }
  std::string get(std::vector<std::uint32_t> ids, std::uint32_t class_id = 2) {
    return answer(send(pl::MsgType::Query, pl::OperType::Get, std::move(ids), "", class_id));
  }
  std::string set(std::vector<std::uint32_t> ids, std::string_view value,
                  std::uint32_t class_id = 2) {
    return answer(send(pl::MsgType::Config, pl::OperType::Set, std::move(ids), value, class_id));
  }
  // Registers for PrimaryCEDown and PrimaryCEChanged.
  void subscribe() {
    for (const std::uint32_t event : {1u, 2u}) {
      EXPECT_EQ(answer(send(pl::MsgType::Config, pl::OperType::SetProp, {61, event}, "00000001")),
                "E_SUCCESS");
    }
  }
  // "61.1 40000001": events in order.
  [[nodiscard]] std::vector<std::string> events() const {
    std::vector<std::string> all;
    for (const auto& m : heard(pl::MsgType::EventNotification)) {
      const auto& select = std::get<pl::LfbSelect>(m.body.at(0));
      const auto& path = std::get<pl::PathData>(select.operations.at(0).elements.at(0).value);
      std::string text;
      for (const std::uint32_t id : path.ids) {
        if (!text.empty()) text += '.';
        text += std::to_string(id);
      }
      text += ' ';
      all.push_back(text + leaf(m));
    }
    return all;
  }

 private:
  static bool is_response(pl::MsgType type) {
    return type == pl::MsgType::ConfigResponse || type == pl::MsgType::QueryResponse;
  }
  static std::string leaf(const pl::Message& m) {
    const auto& select = std::get<pl::LfbSelect>(m.body.at(0));
    const pl::Element* e = &select.operations.at(0).elements.at(0);
    while (const auto* p = std::get_if<pl::PathData>(&e->value)) e = &p->items.at(0);
    if (const auto* full = std::get_if<pl::FullData>(&e->value)) return to_hex(full->value);
    const auto* result = std::get_if<pl::ResultTlv>(&e->value);
    return result == nullptr ? "?"
                             : std::string(to_string(static_cast<pl::ResultCode>(result->code)));
  }
  static void on_event(void* self, const tmlx_event* event) {
    auto& ce = *static_cast<BareCe*>(self);
    if (event->type == TMLX_EVENT_CHANNEL_UP && event->channel_type == TML_CHANNEL_CONTROL) {
      const std::scoped_lock lock(ce.mutex_);
      ce.control_ = event->descriptor;
    }
    e2e::Log::on_event(&ce.tml_.log, event);
  }
  static void on_messages(void* self, tml_descriptor from, const tmlx_message* all, std::size_t n) {
    auto& ce = *static_cast<BareCe*>(self);
    for (std::size_t i = 0; i < n; ++i) {
      const auto m = pl::decode_message({static_cast<const std::byte*>(all[i].data), all[i].size});
      if (!m) continue;
      if (m->header.type == pl::MsgType::AssociationSetup) ce.grant(from, m->header);
      const std::scoped_lock lock(ce.mutex_);
      ce.heard_.push_back(*m);
    }
  }
  void grant(tml_descriptor to, const pl::Header& setup) {
    const auto octets = pl::encode_association_setup_response({id_}, setup.source, setup.correlator,
                                                              pl::AssociationResult::Success);
    (void)tmlWrite(to, octets->data(), octets->size(), 0, nullptr);
    const std::scoped_lock lock(mutex_);
    ++setups_;
    control_ = to;
  }
  void write(const Result<pl::Octets>& octets) {
    ASSERT_TRUE(octets);
    tml_descriptor to{};
    {
      const std::scoped_lock lock(mutex_);
      to = control_;
    }
    ASSERT_EQ(tmlWrite(to, octets->data(), octets->size(), -1, nullptr), TML_SUCCESS);
  }

  std::uint32_t id_;
  mutable std::mutex mutex_;
  std::vector<pl::Message> heard_;
  std::size_t setups_ = 0;
  tml_descriptor control_{};
  std::uint64_t correlator_ = 100;
  e2e::Ce tml_;  // the last: its threads end first
};

}  // namespace forces::test
