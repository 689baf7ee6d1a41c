// Messages in several parts: MULTI, GROUPLIST_REPLY, REDIRECT_MAP (RFC 2022 sections 5.1.1, 5.3,
// 5.4.3). The timer between parts is for whoever runs the client.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/core/result.hpp"
#include "proto/mars/message.hpp"
#include "proto/wire/snap.hpp"

namespace forces::mars {

// As few parts as there can be: all targets of a part are of one type and length. Those of a MULTI
// are put together for that, those of a REDIRECT_MAP keep their order, which has a meaning.
// TooLarge when not even one target fits, UnknownType for a message that has no parts.
[[nodiscard]] Result<std::vector<Message>> split(const Message& whole,
                                                 std::size_t mtu = wire::kDefaultAtmMtu);

// Puts the parts of one message together.
class Assembly {
 public:
  enum class Status : std::uint8_t {
    More,
    Complete,  // result() has all targets
    Broken,    // a part is missing, or MSN or target changed: discard all and ask again
  };

  [[nodiscard]] Status add(const Message& part);
  // What was gathered; `part` is that of the last one.
  [[nodiscard]] const std::optional<Message>& result() const { return whole_; }

 private:
  Status status_ = Status::More;
  std::optional<Message> whole_;
};

}  // namespace forces::mars
