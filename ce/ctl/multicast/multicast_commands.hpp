// `forcesctl group|scsp|mars|drain`: the MARS of a ce and the server group that it is in.
#pragma once

#include <CLI/CLI.hpp>

namespace forces::ctl {

struct Invocation;

void add_multicast(CLI::App& app, Invocation& invocation);

}  // namespace forces::ctl
