// `forcesctl membership`: who has joined which groups at an fe, and what the MARS has of it.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "proto/schema/control.pb.h"

namespace forces::ctl {

struct Invocation;

void add_membership(CLI::App& app, Invocation& invocation);
[[nodiscard]] std::string text_of(const control::MembershipList& list);

}  // namespace forces::ctl
