// The command line of forcesctl, and what each command does.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "proto/schema/control.pb.h"

namespace forces::ctl {

inline constexpr double kTimeout = 5, kPatience = 300;  // seconds
inline constexpr int kExitRefused = 1;                  // the daemon answered that it cannot
inline constexpr int kExitUsage = 64;
inline constexpr int kExitUnavailable = 69;  // no daemon, or no answer

struct Invocation {
  std::string socket = "/run/forces/ce.sock";
  bool json = false;
  std::optional<double> timeout_s;          // none: kTimeout, or of what takes its time kPatience
  std::optional<control::Request> request;  // set by the command that was given
  std::string role;                         // the program that the command is for; "": either
  bool waits = false;                       // for what takes its time
};

// Fills `invocation`, which must outlive the parsing.
void add_commands(CLI::App& app, Invocation& invocation);

// Asks and prints; the exit status.
[[nodiscard]] int execute(const Invocation& invocation);

}  // namespace forces::ctl
