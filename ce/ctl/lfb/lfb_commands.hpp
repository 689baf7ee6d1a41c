// `forcesctl lfb ...`: what an FE has in its LFBs.
#pragma once

#include <CLI/CLI.hpp>

namespace forces::ctl {

struct Invocation;

void add_lfb(CLI::App& app, Invocation& invocation);

}  // namespace forces::ctl
