// `forcesctl fabric`: the optical fabric of an fe.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "proto/schema/control.pb.h"

namespace forces::ctl {

struct Invocation;

void add_fabric(CLI::App& app, Invocation& invocation);
[[nodiscard]] std::string text_of(const control::Fabric& fabric);

}  // namespace forces::ctl
