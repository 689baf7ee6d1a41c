// The frame of a daemon: command line, log, event loop, signals, control socket, HTTP, service
// manager, privileges, and an end in good order. ce/main.cpp and fe/main.cpp are one call of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tml/daemon/application.hpp"

namespace forces::daemon {

// Exit statuses, after sysexits(3) and systemd's convention for configuration errors.
inline constexpr int kExitUsage = 64;
inline constexpr int kExitUnavailable = 69;  // a socket, a device or an identity is not to be had
inline constexpr int kExitConfig = 78;

// What main() returns.
[[nodiscard]] int run(Application& application, int argc, char** argv);

// The tables whose lines differ between two printed configurations, each once.
[[nodiscard]] std::vector<std::string> changed_tables(std::string_view before,
                                                      std::string_view after);

}  // namespace forces::daemon
