// A real Element in a network namespace with a veth pair, and a CE of the test's own that says what
// it likes over the real TML.
#pragma once

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <memory>
#include <optional>

#include "fe/association/element.hpp"
#include "proto/pl/association.hpp"
#include "proto/pl/message.hpp"
#include "tests/e2e/tml/harness.hpp"
#include "tests/support/netns.hpp"
#include "tests/unit/fe/forwarding/forwarder.hpp"

namespace forces::fe::forwarding::test {

using namespace std::chrono_literals;

inline std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = ::popen(command.c_str(), "r");
  std::array<char, 4096> part{};
  while (pipe != nullptr && std::fgets(part.data(), part.size(), pipe) != nullptr)
    text += part.data();
  if (pipe != nullptr) ::pclose(pipe);
  return text;
}

// CAP_NET_ADMIN of this thread and of those that it makes from now on.
inline void set_net_admin(bool on) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  ASSERT_EQ(::syscall(SYS_capget, &header, data.data()), 0);
  constexpr std::uint32_t kBit = 1U << CAP_NET_ADMIN;
  data[0].effective = on ? data[0].effective | kBit : data[0].effective & ~kBit;
  ASSERT_EQ(::syscall(SYS_capset, &header, data.data()), 0);
}

class Driver : public testing::Test {
 protected:
  static constexpr std::uint32_t kId = 1;

  void SetUp() override {
    if (!forces::test::enter_fresh_namespace()) GTEST_SKIP() << "needs root: a network namespace";
    ASSERT_TRUE(forces::test::run(
        "printf '%s\\n' 'link add port type veth peer name far' 'addr add 10.1.0.1/24 dev port'"
        " 'link set port up' 'link set far up' | ip -batch -"));
    // Not before the link is usable: a route that waits for it would be none of the test's
    // business.
    ASSERT_TRUE(e2e::eventually(
        [] { return output_of("ip -o link show port").find("LOWER_UP") != std::string::npos; }));
    ce.start();
    config.fe_id = kId;
    config.fepo.ce_heartbeat_policy = 1;  // the CE of this test has no heartbeats
    config.retry_min = 50ms;
    config.backoff_min_ms = 20;
    config.backoff_max_ms = 100;
    config.ports = {{.port_id = 1, .interface = "port", .classes = {}}};
    config.ces = {{e2e::kCe, "127.0.0.1", ce.port(TML_CHANNEL_CONTROL), ce.port(TML_CHANNEL_DATA)}};
  }
  void TearDown() override { end(); }

  // False: open_ports() said so.
  bool make() {
    element = std::make_unique<fe::Element>(config, [this](daemon::Severity, std::string_view event,
                                                           std::uint32_t, std::string_view text) {
      const std::scoped_lock lock(mutex_);
      notes_.push_back(std::string(event) + " " + std::string(text));
    });
    return element->open_ports();
  }
  void start() {
    if (!element) {
      EXPECT_TRUE(make());
    }
    open_context();
    ASSERT_EQ(element->start(context_), TML_SUCCESS) << tmlx_last_error();
    ASSERT_TRUE(associated());
  }
  void open_context() {
    tls_.flags = TMLX_TLS_PLAINTEXT;
    tmlx_config c = TMLX_CONFIG_INIT;
    c.local_id = kId;
    c.io_threads = 2;
    c.tls = &tls_;
    c.event_handler = &fe::Element::on_context_event;
    c.user = element.get();
    ASSERT_EQ(tmlx_context_create(&c, &context_), TML_SUCCESS) << tmlx_last_error();
  }
  // Until the element is associated; answers what setups come.
  bool associated() {
    return e2e::eventually([&] {
      take();
      return element->snapshot().state == "associated";
    });
  }
  void end() {
    if (element && context_ != nullptr) element->stop();
    if (context_ != nullptr) tmlx_context_destroy(context_);
    context_ = nullptr;
    element.reset();
  }

  void send(const pl::Octets& octets) {
    ASSERT_EQ(
        tmlWrite(ce.channel(TML_CHANNEL_CONTROL), octets.data(), octets.size(), 1000, nullptr),
        TML_SUCCESS)
        << tmlx_last_error();
  }
  void teardown() {
    send(pl::encode_association_teardown({e2e::kCe}, {kId}, pl::TeardownReason::Normal).value());
  }
  // Answers setups; sorts what else came.
  void take() {
    const auto all = ce.log.messages();
    for (; taken_ < all.size(); ++taken_) {
      const auto octets = std::as_bytes(std::span(all[taken_]));
      const auto header = pl::decode_header(octets);
      if (!header) continue;
      if (header->type == pl::MsgType::AssociationSetup) {
        const auto response =
            pl::encode_association_setup_response({e2e::kCe}, {kId}, header->correlator,
                                                  pl::AssociationResult::Success)
                .value();
        // Of a setup that came before the channel was closed: in vain.
        (void)tmlWrite(ce.channel(TML_CHANNEL_CONTROL), response.data(), response.size(), 1000,
                       nullptr);
        continue;
      }
      const auto decoded = pl::decode_message(octets);
      if (!decoded) continue;
      (header->type == pl::MsgType::EventNotification ? events : answers).push_back(*decoded);
    }
  }
  // The results, or the data in hex, of the paths of the answer.
  std::vector<std::string> ask(pl::Message m) {
    m.header.destination = {kId};
    m.header.correlator = ++correlator_;
    send(pl::encode_message(m).value());
    const pl::Message* found = nullptr;
    EXPECT_TRUE(e2e::eventually([&] {
      take();
      for (const auto& answer : answers) {
        if (answer.header.correlator == correlator_) found = &answer;
      }
      return found != nullptr;
    }));
    std::vector<std::string> texts;
    if (found == nullptr) return texts;
    for (const auto& body : found->body) {
      for (const auto& oper : std::get<pl::LfbSelect>(body).operations) {
        for (const auto& one : oper.elements) texts.push_back(text_of(one));
      }
    }
    return texts;
  }
  std::string set(Target target, Ids ids, std::string_view octets) {
    const auto texts = ask(message(pl::MsgType::Config, OperType::Set, target,
                                   {path(std::move(ids), {lfb::test::data(octets)})}));
    return texts.size() == 1 ? texts[0] : "no single answer";
  }
  std::string del(Target target, Ids ids) {
    const auto texts =
        ask(message(pl::MsgType::Config, OperType::Del, target, {path(std::move(ids))}));
    return texts.size() == 1 ? texts[0] : "no single answer";
  }
  std::string get(Target target, Ids ids) {
    const auto texts =
        ask(message(pl::MsgType::Query, OperType::Get, target, {path(std::move(ids))}));
    return texts.size() == 1 ? texts[0] : "no single answer";
  }
  void subscribe(Target target, Ids event) {
    wire::ByteWriter w;
    w.u32(1);
    pl::SparseData properties;
    properties.items.push_back({2, {w.written().begin(), w.written().end()}});
    EXPECT_EQ(ask(message(pl::MsgType::Config, OperType::SetProp, target,
                          {path(std::move(event), {{properties}})})),
              std::vector<std::string>{"E_SUCCESS"});
  }
  // An event of this LFB and path, with data that begins so.
  bool told(Target target, const Ids& event, std::string_view data = "") {
    return e2e::eventually([&] {
      take();
      for (const auto& m : events) {
        const auto& select = std::get<pl::LfbSelect>(m.body.at(0));
        if (select.class_id.value != target.class_id) continue;
        if (select.instance_id.value != target.instance_id) continue;
        for (const auto& one : select.operations.at(0).elements) {
          const auto& p = std::get<pl::PathData>(one.value);
          if (p.ids.size() < event.size() ||
              !std::equal(event.begin(), event.end(), p.ids.begin())) {
            continue;
          }
          if (text_of(one).starts_with(data)) return true;
        }
      }
      return false;
    });
  }
  std::string notes() {
    const std::scoped_lock lock(mutex_);
    std::string all;
    for (const auto& line : notes_) all += line + "\n";
    return all;
  }
  bool noted(std::string_view part) {
    return e2e::eventually([&] { return notes().find(part) != std::string::npos; });
  }
  std::uint64_t counter(std::string_view name) {
    std::uint64_t sum = 0;
    for (const auto& sample : element->snapshot().counters) {
      if (sample.name == name) sum += sample.value;
    }
    return sum;
  }
  bool installed(std::uint64_t count) {
    return e2e::eventually([&] {
      std::array<char, 16> want{};
      std::snprintf(want.data(), want.size(), "%08x", static_cast<unsigned>(count));
      return get(kKernelPlane, {4}) == want.data();
    });
  }
  // Next hop 1 over the port, and routes 10.2.0.0/16, 10.3.0.0/16 ... by it.
  void routes(std::uint32_t count) {
    EXPECT_EQ(set(kIpv4NextHop, {1, 1}, next_hop(1, "0a010002")), "E_SUCCESS");
    for (std::uint32_t n = 0; n < count; ++n) {
      const std::array address{std::byte{10}, std::byte(2 + n), std::byte{0}, std::byte{0}};
      EXPECT_EQ(set(kIpv4Lpm, {1, n}, prefix4(to_hex(address), 16, false, 1)), "E_SUCCESS");
    }
  }

  e2e::Ce ce;
  fe::ElementConfig config;
  std::unique_ptr<fe::Element> element;
  std::deque<pl::Message> answers, events;

  tmlx_context* context_ = nullptr;

 private:
  std::mutex mutex_;
  std::vector<std::string> notes_;
  tmlx_tls tls_ = TMLX_TLS_INIT;
  std::size_t taken_ = 0;
  std::uint64_t correlator_ = 1000;
};

}  // namespace forces::fe::forwarding::test
