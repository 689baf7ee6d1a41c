// A Controller and an Element in one process, over loopback and TLS.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "ce/association/controller.hpp"
#include "fe/association/element.hpp"
#include "tests/e2e/tml/certificates.hpp"

namespace forces::test {

using namespace std::chrono_literals;

inline constexpr std::uint32_t kCe = 0x40000001;
inline constexpr std::chrono::seconds kBound{20};  // no test waits longer for anything

template <class Done>
[[nodiscard]] bool eventually(Done done) {
  const auto end = std::chrono::steady_clock::now() + kBound;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

template <class Samples>
std::uint64_t counter(const Samples& samples, std::string_view name, std::string_view reason = "") {
  for (const auto& sample : samples) {
    if (sample.name == name && sample.reason == reason) return sample.value;
  }
  ADD_FAILURE() << "no counter " << name << " " << reason;
  return 0;
}

// What the sinks were told, in order.
class Notes {
 public:
  void add(std::string_view event, std::uint32_t element, std::string_view text) {
    const std::scoped_lock lock(mutex_);
    lines_.push_back(std::string(event) + " " + std::to_string(element) + " " + std::string(text));
  }
  [[nodiscard]] std::size_t count(std::string_view event) const {
    const std::scoped_lock lock(mutex_);
    std::size_t n = 0;
    for (const auto& line : lines_) n += line.starts_with(std::string(event) + " ") ? 1U : 0U;
    return n;
  }
  [[nodiscard]] std::string text() const {
    const std::scoped_lock lock(mutex_);
    std::string all;
    for (const auto& line : lines_) all += line + "\n";
    return all;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

class CePart {
 public:
  CePart(const e2e::Pki& pki, e2e::Pki::Files own) : ca_(pki.ca()), own_(std::move(own)) {
    config.control_port = TMLX_PORT_EPHEMERAL;
    config.data_port = TMLX_PORT_EPHEMERAL;
  }
  ~CePart() { end(); }
  CePart(const CePart&) = delete;
  CePart& operator=(const CePart&) = delete;

  // TUN devices are made in the namespace that the caller is in.
  void make() {
    controller = std::make_unique<ce::Controller>(
        config, [this](daemon::Severity, std::string_view event, std::uint32_t fe,
                       std::string_view text) { notes.add(event, fe, text); });
    ASSERT_TRUE(controller->open_ports());
  }
  void start() {
    if (!controller) make();
    tmlx_tls tls = TMLX_TLS_INIT;
    tls.ca_file = ca_.c_str();
    tls.cert_file = own_.cert.c_str();
    tls.key_file = own_.key.c_str();
    tmlx_config c = TMLX_CONFIG_INIT;
    c.local_id = config.ce_id;
    c.io_threads = 2;
    c.tls = &tls;
    c.event_handler = &ce::Controller::on_context_event;
    c.user = controller.get();
    ASSERT_EQ(tmlx_context_create(&c, &context_), TML_SUCCESS) << tmlx_last_error();
    ASSERT_EQ(controller->start(context_), TML_SUCCESS) << tmlx_last_error();
    const auto shot = controller->snapshot();
    config.control_port = shot.control_port;  // a second life listens at the same place
    config.data_port = shot.data_port;
  }
  void end() {
    if (controller && context_ != nullptr) controller->stop();
    if (context_ != nullptr) tmlx_context_destroy(context_);
    context_ = nullptr;
    controller.reset();
  }
  [[nodiscard]] std::optional<ce::FeSnapshot> fe(std::uint32_t id) const {
    for (auto& shot : controller->snapshot().fes) {
      if (shot.fe_id == id) return shot;
    }
    return std::nullopt;
  }
  [[nodiscard]] bool associated(std::uint32_t id) const {
    const auto shot = fe(id);
    return shot && shot->state == "associated" && shot->data_up;
  }

  ce::ControllerConfig config;
  std::unique_ptr<ce::Controller> controller;
  Notes notes;

 private:
  std::string ca_;
  e2e::Pki::Files own_;
  tmlx_context* context_ = nullptr;
};

class FePart {
 public:
  FePart(const e2e::Pki& pki, e2e::Pki::Files own, std::uint32_t id)
      : ca_(pki.ca()), own_(std::move(own)) {
    config.fe_id = id;
    config.retry_min = 100ms;
    config.backoff_min_ms = 20;
    config.backoff_max_ms = 200;
  }
  ~FePart() { end(); }
  FePart(const FePart&) = delete;
  FePart& operator=(const FePart&) = delete;

  // Ports are opened in the namespace that the caller is in.
  void make() {
    element = std::make_unique<fe::Element>(
        config, [this](daemon::Severity, std::string_view event, std::uint32_t ce,
                       std::string_view text) { notes.add(event, ce, text); });
    ASSERT_TRUE(element->open_ports());
  }
  void start() {
    if (!element) make();
    tmlx_tls tls = TMLX_TLS_INIT;
    tls.ca_file = ca_.c_str();
    tls.cert_file = own_.cert.c_str();
    tls.key_file = own_.key.c_str();
    tmlx_config c = TMLX_CONFIG_INIT;
    c.local_id = config.fe_id;
    c.tls = &tls;
    c.event_handler = &fe::Element::on_context_event;
    c.user = element.get();
    ASSERT_EQ(tmlx_context_create(&c, &context_), TML_SUCCESS) << tmlx_last_error();
    ASSERT_EQ(element->start(context_), TML_SUCCESS) << tmlx_last_error();
  }
  void end() {
    if (element && context_ != nullptr) element->stop();
    if (context_ != nullptr) tmlx_context_destroy(context_);
    context_ = nullptr;
    element.reset();
  }
  void point_at(const CePart& ce) {
    config.ces.push_back(
        {ce.config.ce_id, "127.0.0.1", ce.config.control_port, ce.config.data_port});
  }

  fe::ElementConfig config;
  std::unique_ptr<fe::Element> element;
  Notes notes;

 private:
  std::string ca_;
  e2e::Pki::Files own_;
  tmlx_context* context_ = nullptr;
};

}  // namespace forces::test
