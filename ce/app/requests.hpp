// The operator's requests that only a ce knows: routes, transactions, mastership.
#pragma once

#include <string>

#include "ce/association/controller.hpp"
#include "proto/schema/control.pb.h"

namespace forces::ce {

// Of one answer, which is 1 MiB at most: routes, and their states at FEs.
inline constexpr std::size_t kRoutesInPage = 2000, kRouteStatesInPage = 20'000;

// No result: nor does this program know it.
[[nodiscard]] control::Response answer(Controller& controller, const control::Request& request);

// What the FE's kernel said of a row, and what it usually means there.
[[nodiscard]] std::string kernel_text(const provision::InKernel& at);

// What an FE told of itself, and how far its tables are.
void describe(control::Element& element, const FeSnapshot& fe);
void describe(control::Element& element, const provision::Inventory& inventory);

}  // namespace forces::ce
