#include "proto/mars/codes.hpp"

#include <array>

namespace forces::mars {

std::string_view to_string(Operation operation) {
  static constexpr std::array<std::string_view, 13> kNames{
      "MARS_REQUEST",         "MARS_MULTI",
      "MARS_MSERV",           "MARS_JOIN",
      "MARS_LEAVE",           "MARS_NAK",
      "MARS_UNSERV",          "MARS_SJOIN",
      "MARS_SLEAVE",          "MARS_GROUPLIST_REQUEST",
      "MARS_GROUPLIST_REPLY", "MARS_REDIRECT_MAP",
      "MARS_MIGRATE"};
  return is_known(operation) ? kNames[static_cast<std::size_t>(operation) - 1] : "Unknown";
}

std::string_view to_string(State state) {
  static constexpr std::array<std::string_view, 5> kNames{"redirect", "mcs_serve", "client_join",
                                                          "client_leave", "mcs_unserve"};
  return is_known(state) ? kNames[static_cast<std::size_t>(state) - 1] : "unknown";
}

}  // namespace forces::mars
