// What the shell tells the operator: notes for the log, counters for the metrics.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fe/association/element.hpp"
#include "tml/tml.h"

namespace forces::fe {

struct RedirectCounters;
namespace dataplane {
struct PortCounters;
}

struct Note {
  Severity severity;
  std::string_view event;
  std::uint32_t element;
  std::string text;
};

[[nodiscard]] Note note_of(const tmlx_event& event);
[[nodiscard]] std::vector<CounterSample> samples(const RedirectCounters& counters);
[[nodiscard]] std::vector<CounterSample> samples(const dataplane::PortCounters& counters);

}  // namespace forces::fe
