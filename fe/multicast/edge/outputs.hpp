// What the edge asks of its owner, in order.
#pragma once

#include <cstddef>
#include <map>
#include <variant>
#include <vector>

#include "common/core/outputs.hpp"
#include "fe/multicast/edge/config.hpp"

namespace forces::fe::multicast {

enum class Mode : std::uint8_t { Include, Exclude };

// What hosts behind a port want of a group.
struct Filter {
  Mode mode = Mode::Include;
  std::vector<Address> sources{};  // Include: of these only; Exclude: of all but these. Ascending

  [[nodiscard]] bool nothing() const { return mode == Mode::Include && sources.empty(); }
  [[nodiscard]] bool passes(const Address& source) const;
  friend bool operator==(const Filter&, const Filter&) = default;
};

struct SendQuery {  // a whole IP packet
  std::uint32_t port = 0;
  std::vector<std::byte> packet{};
};
struct EgressChanged {  // filter.nothing(): the port is no egress of the group any more
  std::uint32_t port = 0;
  Address group{};
  Filter filter{};
};
// The first port wants something of a group, the last one nothing any more.
struct Joined {
  Address group{};
};
struct Left {
  Address group{};
};
// There is a router behind the port: it is to have all groups of this family (a block join).
struct RouterChanged {
  std::uint32_t port = 0;
  Family family{};
  bool present = false;
};
struct QuerierChanged {
  std::uint32_t port = 0;
  Family family{};
  bool ours = false;
  Address querier{};
};
enum class Limit : std::uint8_t { Groups, Sources };
struct LimitReached {  // once, until there is room again; counted each time
  std::uint32_t port = 0;
  Address group{};  // the first that had no room
  Limit limit{};
};
using Output = std::variant<SendQuery, EgressChanged, Joined, Left, RouterChanged, QuerierChanged,
                            LimitReached>;

// The queue of them, which knows how many ports want a group.
class Outputs {
 public:
  void push(Output output) { queue_.push(std::move(output)); }
  [[nodiscard]] std::optional<Output> poll() { return queue_.poll(); }

  // `wanted`: the port began or ceased to want the group.
  void egress(EgressChanged changed, std::optional<bool> wanted);

  [[nodiscard]] std::size_t groups() const { return ports_of_.size(); }

 private:
  OutputQueue<Output> queue_;
  std::map<Address, std::uint32_t> ports_of_;
};

}  // namespace forces::fe::multicast
