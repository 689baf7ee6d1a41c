// Memberships for the operator: forcesctl's request, and metrics.
#pragma once

#include <optional>

#include "common/observe/metrics.hpp"
#include "fe/association/element.hpp"
#include "proto/schema/control.pb.h"

namespace forces::fe {

// Nothing: the request is of something else.
[[nodiscard]] std::optional<control::Response> answer_multicast(const Element& element,
                                                                const control::Request& request);
void report_multicast(observe::Families& families, const multicast::MembershipSnapshot& shot);

}  // namespace forces::fe
