// `forcesctl call|spc|connection|label-map|te|signaling|policy`: an optical control plane.
#pragma once

#include <CLI/CLI.hpp>

namespace forces::ctl {

struct Invocation;

void add_signaling(CLI::App& app, Invocation& invocation);

}  // namespace forces::ctl
