// libtml's counters, queue depths and histograms as Prometheus families.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "common/observe/metrics.hpp"
#include "tml/tml.h"

namespace forces::daemon {

// All of it, now. From any thread but libtml's own; the context must live through the call.
[[nodiscard]] observe::Families collect_tml(tmlx_context* context);

// Every channel there is, in the order of the handles.
[[nodiscard]] std::vector<tml_descriptor> channels_of(tmlx_context* context);

// Nothing: there is no such channel any more.
[[nodiscard]] std::optional<tmlx_channel_info> info_of(tml_descriptor channel);

// An upper bound, in microseconds, of the given share of the values; 0 when there are none.
[[nodiscard]] double quantile_us(const tmlx_histogram& histogram, double share);

}  // namespace forces::daemon
