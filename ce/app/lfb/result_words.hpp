// RESULT codes (RFC 5810 section 7.1.7, RFC 7391 section 3.2) for the one at the terminal.
#pragma once

#include <string>
#include <string_view>

#include "proto/pl/codes.hpp"

namespace forces::ce {

// "E_READ_ONLY: no CE can change this". `cause` is what the FE said beside it.
[[nodiscard]] std::string result_words(pl::ResultCode code, std::string_view cause = {});

}  // namespace forces::ce
