// What is asked of one FE about one path, and what its answer says. Octets and messages only: who
// sends them is lfb_requests.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proto/model/path.hpp"
#include "proto/pl/message.hpp"
#include "proto/schema/control.pb.h"

namespace forces::ce {

// Of one page, which is 1 MiB at most with all around it.
inline constexpr std::uint32_t kLfbRowsInPage = 1'000;
inline constexpr std::size_t kLfbPageOctets = std::size_t{512} * 1024;

struct LfbQuestion {
  std::uint32_t fe = 0;
  model::LfbPath path;
  bool properties = false;
  std::uint32_t from = 0, span = 0;  // of a table: which subscripts are read
  std::uint32_t count = 0;           // and how many rows are shown at most

  // A table that is read by TABLERANGE. One inside of a row that a key names comes whole.
  [[nodiscard]] bool is_table() const;
  // An LFB of which the components are known.
  [[nodiscard]] bool is_lfb() const { return path.lfb_class != nullptr && path.ids.empty(); }
  [[nodiscard]] std::uint32_t last() const;  // subscript
};

[[nodiscard]] std::vector<pl::BodyTlv> query_of(const LfbQuestion& question);
// SET with data, DEL without.
[[nodiscard]] std::vector<pl::BodyTlv> config_of(const model::LfbPath& path,
                                                 std::optional<pl::Element> data);

// LfbValues or an Error. A table without a row in the range but with some behind it has `next` and
// no rows.
[[nodiscard]] control::Response answer_of(const LfbQuestion& question,
                                          const std::vector<pl::Octets>& messages);

// What stands against it in the answers to a Config: "E_READ_ONLY: no CE can change this". Empty:
// it is done.
[[nodiscard]] std::string refusal_of(const std::vector<pl::Octets>& messages);

[[nodiscard]] control::Response failure(control::Error::Code code, std::string message);

}  // namespace forces::ce
