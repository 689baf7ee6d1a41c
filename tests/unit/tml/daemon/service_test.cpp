#include "tml/daemon/service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <sstream>
#include <string>

#include "tests/unit/tml/daemon/pair.hpp"

namespace forces::daemon {
namespace {

using control::Request;
using control::Response;
using testing::HasSubstr;

class FakeApplication : public Application {
 public:
  std::string_view program() const override { return "ce"; }
  runtime::ConfigProblems load(const std::string&) override { return {}; }
  std::string print() override { return ""; }
  const CommonSettings& settings() const override { return settings_; }
  std::uint32_t id() const override { return kCeId; }
  const std::string& name() const override { return name_; }
  bool changes_live(std::string_view) const override { return false; }
  void build(observe::Log&) override {}
  std::pair<tml_event_handler, void*> context_events() override { return {nullptr, nullptr}; }
  bool open_ports() override { return true; }
  tml_status start(tmlx_context*) override { return TML_SUCCESS; }
  void reconfigure() override {}
  void stop() override {}
  void describe(control::Status& status) const override {
    status.set_elements(static_cast<std::uint32_t>(elements_.size()));
  }
  std::vector<control::Element> elements() const override { return elements_; }
  observe::Families metrics() const override { return {}; }

  std::vector<control::Element> elements_;

 private:
  CommonSettings settings_;
  std::string name_ = "test";
};

class ControlService : public testing::Test {
 protected:
  ControlService()
      : log_({.level = observe::Level::Info,
              .format = observe::LogFormat::Text,
              .limit = {},
              .sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(logged_),
              .now = nullptr}),
        service_({application_, log_, metrics_, pair_.ce(), "/etc/forces/ce.toml",
                  [this] { return reload_result_; }}) {}

  Response ask(const Request& request) {
    Response response;
    // By way of octets: what a message does not carry must not be in the answer.
    EXPECT_TRUE(
        response.ParseFromString(service_.handle_octets(request.SerializeAsString(), {1000, 1})));
    return response;
  }
  void add_elements(std::uint32_t count) {
    for (std::uint32_t id = count; id-- > 0;) {  // not in order: the service sorts
      control::Element element;
      element.set_id(id);
      element.add_ports()->set_id(1);
      element.set_port_count(1);
      application_.elements_.push_back(element);
    }
  }

  std::ostringstream logged_;
  observe::Log log_;
  observe::Metrics metrics_;
  TmlPair pair_;
  FakeApplication application_;
  std::expected<void, std::string> reload_result_;
  Service service_;
};

TEST_F(ControlService, StatusSaysWhoAndHow) {
  ASSERT_TRUE(pair_.connect());
  service_.set_http_listener("127.0.0.1", 9704);
  Request request;
  request.mutable_status();
  const auto status = ask(request).status();
  EXPECT_EQ(status.program(), "ce");
  EXPECT_EQ(status.version(), tmlx_version());
  EXPECT_EQ(status.id(), kCeId);
  EXPECT_EQ(status.channels(), 2U);
  EXPECT_EQ(status.channels_up(), 2U);
  EXPECT_EQ(status.state(), "running");
  ASSERT_EQ(status.listeners_size(), 1);
  EXPECT_EQ(status.listeners(0).port(), 9704U);
  service_.set_stopping();
  EXPECT_EQ(ask(request).status().state(), "stopping");
}

TEST_F(ControlService, ElementsComeInPagesOfIdsInOrder) {
  add_elements(kElementsInPage + 1);
  Request request;
  request.mutable_element_list();
  const auto first = ask(request).elements();
  ASSERT_EQ(first.elements_size(), kElementsInPage);
  EXPECT_EQ(first.elements(0).id(), 0U);
  EXPECT_EQ(first.elements(0).ports_size(), 0);  // only in element_show
  EXPECT_EQ(first.elements(0).port_count(), 1U);
  ASSERT_NE(first.next(), 0U);
  request.mutable_element_list()->set_after(first.next());
  const auto second = ask(request).elements();
  ASSERT_EQ(second.elements_size(), 1);
  EXPECT_EQ(second.elements(0).id(), static_cast<std::uint32_t>(kElementsInPage));
  EXPECT_EQ(second.next(), 0U);
}

TEST_F(ControlService, ShowsAnElementWithWhatItsChannelKnows) {
  ASSERT_TRUE(pair_.connect());
  add_elements(3);
  for (const auto channel : channels_of(pair_.ce())) {
    auto& element = application_.elements_.front();  // ID 2
    if (info_of(channel)->channel_type == TML_CHANNEL_CONTROL) {
      element.set_control_channel(channel.value);
    } else {
      element.set_data_channel(channel.value);
    }
  }
  Request request;
  request.mutable_element_show()->set_id(2);
  const auto element = ask(request).element();
  EXPECT_EQ(element.ports_size(), 1);
  EXPECT_EQ(element.control(), "up");
  EXPECT_EQ(element.data(), "up");
  EXPECT_TRUE(element.address().starts_with("127.0.0.1:")) << element.address();
}

TEST_F(ControlService, WhatDoesNotExistIsNotFound) {
  Request request;
  request.mutable_element_show()->set_id(9);
  EXPECT_EQ(ask(request).error().code(), control::Error::NOT_FOUND);
  EXPECT_EQ(ask(request).error().message(), "there is no element 9");
  request.mutable_channel_show()->set_handle(12345);
  EXPECT_EQ(ask(request).error().message(), "there is no channel 12345");
}

TEST_F(ControlService, ChannelsAreListedAndShownWithCounters) {
  ASSERT_TRUE(pair_.connect());
  Request request;
  request.mutable_channel_list();
  const auto list = ask(request).channels();
  ASSERT_EQ(list.channels_size(), 2);
  EXPECT_EQ(list.channels(0).counters_size(), 0);
  EXPECT_EQ(list.channels(0).peer(), kFeId);
  request.mutable_channel_show()->set_handle(list.channels(0).handle());
  const auto channel = ask(request).channel();
  EXPECT_EQ(channel.state(), "up");
  bool found = false;
  for (const auto& counter : channel.counters()) {
    if (counter.name() == "channel_ups") {
      found = true;
      EXPECT_EQ(counter.value(), 1U);
    }
  }
  EXPECT_TRUE(found);
}

TEST_F(ControlService, StatsAreThoseOfTheMetricsEndpoint) {
  metrics_.counter("a_total", "A", {{"x", "1"}}).Increment(3);
  metrics_.gauge("b", "B").Set(2.5);
  metrics_.histogram("c_seconds", "C", {1}).Observe(4);
  Request request;
  request.mutable_stats();
  const auto all = ask(request).stats();
  ASSERT_EQ(all.samples_size(), 3);
  EXPECT_EQ(all.samples(0).value(), 3);
  EXPECT_EQ(all.samples(0).labels().at("x"), "1");
  EXPECT_EQ(all.samples(2).type(), "histogram");
  EXPECT_EQ(all.samples(2).count(), 1U);
  request.mutable_stats()->set_filter("_total");
  EXPECT_EQ(ask(request).stats().samples_size(), 1);
}

TEST_F(ControlService, StatsComeInPages) {
  for (int i = 0; i <= kSamplesInPage; ++i) {
    metrics_.gauge("g", "G", {{"i", std::to_string(i)}}).Set(i);
  }
  Request request;
  request.mutable_stats();
  const auto first = ask(request).stats();
  ASSERT_EQ(first.samples_size(), kSamplesInPage);
  ASSERT_EQ(first.next(), static_cast<std::uint64_t>(kSamplesInPage));
  request.mutable_stats()->set_after(first.next());
  const auto second = ask(request).stats();
  ASSERT_EQ(second.samples_size(), 1);
  EXPECT_EQ(second.next(), 0U);
}

TEST_F(ControlService, LogLevelsAreShownAndSet) {
  auto logger = log_.component("association");
  Request request;
  request.mutable_log_level();
  EXPECT_EQ(ask(request).log_levels().entries_size(), 2);  // and the service's own
  request.mutable_log_level()->set_level("debug");
  request.mutable_log_level()->set_component("association");
  EXPECT_EQ(ask(request).log_levels().entries(0).level(), "debug");
  EXPECT_TRUE(logger.enabled(observe::Level::Debug));
  EXPECT_THAT(logged_.str(),
              HasSubstr("log level changed component=association level=debug uid=1000"));
}

TEST_F(ControlService, AWrongLogLevelChangesNothing) {
  auto logger = log_.component("association");
  Request request;
  request.mutable_log_level()->set_level("loud");
  EXPECT_EQ(ask(request).error().code(), control::Error::INVALID);
  request.mutable_log_level()->set_level("debug");
  request.mutable_log_level()->set_component("nobody");
  EXPECT_EQ(ask(request).error().code(), control::Error::NOT_FOUND);
  EXPECT_FALSE(logger.enabled(observe::Level::Debug));
}

TEST_F(ControlService, TlsReloadTellsWhyItFailed) {
  Request request;
  request.mutable_tls_reload();
  EXPECT_TRUE(ask(request).has_done());
  reload_result_ = std::unexpected("ca.crt: no such file");
  EXPECT_EQ(ask(request).error().code(), control::Error::FAILED);
  EXPECT_EQ(ask(request).error().message(), "ca.crt: no such file");
}

TEST_F(ControlService, NoOperationIsInvalid) {
  EXPECT_EQ(ask({}).error().code(), control::Error::INVALID);
}

TEST_F(ControlService, OctetsThatAreNoRequestAreInvalid) {
  Response response;
  ASSERT_TRUE(response.ParseFromString(service_.handle_octets("\xff\xff\xff", {})));
  EXPECT_EQ(response.error().code(), control::Error::INVALID);
}

TEST_F(ControlService, AnAnswerBeyondTheFrameIsRefused) {
  control::Element element;
  element.set_name(std::string(runtime::kMaxLocalFrame + 1, 'x'));
  application_.elements_.push_back(element);
  Request request;
  request.mutable_element_show();
  EXPECT_EQ(ask(request).error().message(), "the answer is larger than 1 MiB");
}

}  // namespace
}  // namespace forces::daemon
