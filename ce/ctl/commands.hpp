// The command line of forcesctl, and what each command does.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "proto/schema/control.pb.h"

namespace forces::ctl {

inline constexpr int kExitRefused = 1;  // the daemon answered that it cannot
inline constexpr int kExitUsage = 64;
inline constexpr int kExitUnavailable = 69;  // no daemon, or no answer

struct Invocation {
  std::string socket = "/run/forces/ce.sock";
  bool json = false;
  double timeout_s = 5;
  std::optional<control::Request> request;  // set by the command that was given
  std::string role;                         // the program that the command is for; "": either
};

// Fills `invocation`, which must outlive the parsing.
void add_commands(CLI::App& app, Invocation& invocation);

// Asks and prints; the exit status.
[[nodiscard]] int execute(const Invocation& invocation);

}  // namespace forces::ctl
