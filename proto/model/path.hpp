// Where an operator points: CLASS.INSTANCE/COMPONENT/SUBSCRIPT/FIELD, by names or numbers.
//
//   IPv4UcastLPM.1/IPv4PrefixTable/17/HopSelector
//   10.1/1/17/6                              numbers are always taken, also those no table has
//   ipv4ucastlpm.1/PrefixTable[10.0.0.0/24]  case does not matter, the end of a name is enough
//   where
//                                            only one has it; a row by its key instead of subscript
//   CrossConnect.1/CrossConnectTable[2#7,0]  of another key than key 1
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto/model/model.hpp"
#include "proto/pl/body/path_data.hpp"

namespace forces::model {

[[nodiscard]] const LfbClass* known_class(std::uint32_t id);

struct ClassName {
  std::uint32_t id = 0;
  std::string name;
};

struct LfbPath {
  Target lfb{};
  const LfbClass* lfb_class = nullptr;  // null: no table has it
  std::vector<std::uint32_t> ids{};     // with a key: to the table
  std::optional<pl::KeyInfo> key{};
  std::vector<std::uint32_t> below{};    // the row that the key names
  const Component* component = nullptr;  // null: the LFB, an event, or not known
  const Type* type = nullptr;            // of what the path leads to; null: as above
  std::string text;                      // by names where there are such

  // The PATH-DATA, with `items` where it leads.
  [[nodiscard]] pl::Element element(std::vector<pl::Element> items) const;
};

// `others`: classes that an FE names and no table has. The error is a sentence.
[[nodiscard]] std::expected<LfbPath, std::string> read_path(std::string_view text,
                                                            std::span<const ClassName> others);

// "IPv4UcastLPM.1/IPv4PrefixTable/17" of numbers.
[[nodiscard]] std::string path_text(const Target& lfb, std::span<const std::uint32_t> ids);

}  // namespace forces::model
