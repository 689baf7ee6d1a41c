// The reference optical fabric: its ports, and the file in which its cross-connects outlive the
// process.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/time.hpp"
#include "fe/dataplane/optical/labels.hpp"

namespace forces::fe::dataplane::optical {

// What the labels of a port are. The order is that of kSignalNames.
enum class Signal : std::uint8_t { Any, Vc11, Vc12, Vc2, Vc3, Vc4, Lambda };
inline constexpr std::array<std::string_view, 7> kSignalNames{"any", "vc11", "vc12",  "vc2",
                                                              "vc3", "vc4",  "lambda"};

// As RFC 3471 section 3.1.1 and RFC 4606 section 2.1 number it; 0: nothing is said.
struct SignalNumbers {
  std::uint8_t switching = 0, encoding = 0, signal = 0;
};
[[nodiscard]] constexpr SignalNumbers numbers_of(Signal signal) {
  constexpr std::uint8_t kTdm = 100, kLsc = 150, kSdh = 5, kLambda = 8;
  switch (signal) {
    case Signal::Any:
      return {};
    case Signal::Vc11:
      return {kTdm, kSdh, 1};
    case Signal::Vc12:
      return {kTdm, kSdh, 2};
    case Signal::Vc2:
      return {kTdm, kSdh, 4};
    case Signal::Vc3:
      return {kTdm, kSdh, 5};
    case Signal::Vc4:
      return {kTdm, kSdh, 6};
    case Signal::Lambda:
      return {kLsc, kLambda, 0};
  }
  return {};
}

struct OpticalPortConfig {
  std::uint32_t port_id = 0;  // PHYPortID; control packets of the same port: its [[port]]
  std::string device{};       // empty: no line, up for ever; what leaves there is counted only
  Signal signal = Signal::Any;
  std::vector<LabelRange> labels{};
  // Of the client of an adaptation: the port in whose one slot all its slots are carried. Neither
  // of the two has a device. 0: it is a line.
  std::uint32_t inside = 0;
};

struct FabricConfig {
  std::string file = "/var/lib/forces-fe/fabric";
  bool sync = true;  // on the disk before it is answered for: a power failure loses nothing
  Duration trace_interval = std::chrono::seconds(1);
  std::vector<OpticalPortConfig> ports{};  // none: there is no fabric
};

}  // namespace forces::fe::dataplane::optical
