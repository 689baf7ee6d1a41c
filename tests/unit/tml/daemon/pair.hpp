// A CE and an FE of libtml in one process, over loopback, driven by the test.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <vector>

#include "tml/daemon/tml_context.hpp"
#include "tml/daemon/tml_metrics.hpp"
#include "tml/tml.h"

namespace forces::daemon {

inline constexpr std::uint32_t kCeId = 0x40000001;
inline constexpr std::uint32_t kFeId = 2;

class TmlPair {
 public:
  TmlPair() : ce_(make(kCeId)), fe_(make(kFeId)) {
    for (const auto type : {TML_CHANNEL_CONTROL, TML_CHANNEL_DATA}) {
      tmlx_init_attributes init{};
      init.size = sizeof init;
      init.context = ce_.get();
      init.port = TMLX_PORT_EPHEMERAL;
      EXPECT_EQ(tmlInit(type, &init), TML_SUCCESS) << tmlx_last_error();
    }
  }
  ~TmlPair() {
    // A context alone would wait, until its time limit, for a peer that nobody drives any more.
    for (const auto channel : channels_of(fe_.get())) (void)tmlClose(channel, TML_CLOSE_FORCED);
    run([this] { return up(ce_.get()) == 0; });
  }

  void open(tml_channel_type type) {
    tmlx_channel_attributes attributes{};
    attributes.size = sizeof attributes;
    attributes.context = fe_.get();
    attributes.address = "127.0.0.1";
    attributes.port = tmlx_listen_port(ce_.get(), type);
    tml_descriptor channel{};
    EXPECT_EQ(tmlOpen(type, kCeId, TML_MODE_UNICAST, &attributes, nullptr, &channel), TML_SUCCESS)
        << tmlx_last_error();
  }

  template <class Until>
  bool run(Until until) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!until() && std::chrono::steady_clock::now() < end) {
      tmlx_poll(ce_.get(), 1);
      tmlx_poll(fe_.get(), 1);
    }
    return until();
  }
  std::size_t up(tmlx_context* context) const {
    std::size_t count = 0;
    for (const auto channel : channels_of(context)) {
      const auto info = info_of(channel);
      count += info && info->state == TMLX_STATE_UP ? 1 : 0;
    }
    return count;
  }
  // Both channels up at both ends.
  bool connect() {
    open(TML_CHANNEL_CONTROL);
    open(TML_CHANNEL_DATA);
    return run([this] { return up(ce_.get()) == 2 && up(fe_.get()) == 2; });
  }

  tmlx_context* ce() { return ce_.get(); }
  tmlx_context* fe() { return fe_.get(); }

 private:
  static Context make(std::uint32_t id) {
    CommonSettings settings;
    settings.tls.plaintext = true;
    settings.channels.io_threads = TMLX_CALLER_DRIVEN;
    auto context = create_context(id, settings, {}, nullptr, nullptr);
    EXPECT_TRUE(context) << context.error();
    return std::move(*context);
  }

  Context ce_, fe_;
};

}  // namespace forces::daemon
