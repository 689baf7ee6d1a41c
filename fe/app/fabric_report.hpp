// The optical fabric for the operator: forcesctl's requests, and metrics.
#pragma once

#include <optional>

#include "common/observe/metrics.hpp"
#include "fe/association/element.hpp"
#include "proto/schema/control.pb.h"

namespace forces::fe {

// Nothing: the request is of something else.
[[nodiscard]] std::optional<control::Response> answer_fabric(Element& element,
                                                             const control::Request& request);
void report_fabric(observe::Families& families, const forwarding::FabricSnapshot& fabric);

}  // namespace forces::fe
