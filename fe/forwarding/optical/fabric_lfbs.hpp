// CrossConnect and OpticalPort, joined to the fabric: what a CE sets becomes rows and traces of the
// fabric, what the fabric finds out becomes values of LFBs and events. No I/O; the simulations use
// it as the daemon does.
#pragma once

#include <optional>
#include <vector>

#include "fe/dataplane/optical/fabric.hpp"
#include "fe/lfb/engine/engine.hpp"

namespace forces::fe::forwarding {

namespace optical = dataplane::optical;

inline constexpr lfb::Target kCrossConnect{65'792, 1}, kOpticalPort{65'797, 1};

class FabricLfbs {
 public:
  explicit FabricLfbs(optical::Fabric& fabric) : fabric_(fabric) {}

  // Adds the instances. `engine` outlives this.
  void attach(lfb::Engine& engine);
  // A row that was kept. False: it cannot be beside those that are there.
  bool restore(std::uint32_t index, const optical::CrossConnect& row);

  // E_VALUE_OUT_OF_RANGE: no such port, or the port has no such label. E_INVALID_PARAMETERS: a row
  // that leads to where it comes from, a trace that is none. E_PERM: the row is another owner's.
  // (A label that another row has is E_EXISTS, by the keys of the table.) The fabric's
  // configuration alone decides, so any thread that may use the engine.
  [[nodiscard]] pl::ResultCode check(const lfb::Change& change) const;

  struct RowChange {
    std::uint32_t index = 0;
    std::optional<optical::CrossConnect> row;  // nothing: it has gone
  };
  // Done in the fabric; the rows among them, for who keeps them.
  [[nodiscard]] std::vector<RowChange> apply(const lfb::Changes& changes);
  // News of the fabric, into the engine.
  void publish(Instant now);

 private:
  void publish_rows(const std::vector<std::uint32_t>& rows, Instant now);
  void publish_port(std::uint32_t port, Instant now);
  void publish_traces(const std::vector<optical::Endpoint>& traces, Instant now);

  // Rows of a table of ours: a subscript for each.
  template <class Name>
  class Subscripts {
   public:
    [[nodiscard]] std::uint32_t of(const Name& name);
    [[nodiscard]] std::optional<std::uint32_t> release(const Name& name);
    [[nodiscard]] const std::map<Name, std::uint32_t>& all() const { return by_name_; }

   private:
    std::map<Name, std::uint32_t> by_name_;
    std::vector<std::uint32_t> free_;
  };
  struct FailedRange {
    std::uint32_t port = 0, first = 0, last = 0;
    friend auto operator<=>(const FailedRange&, const FailedRange&) = default;
  };

  optical::Fabric& fabric_;
  lfb::Engine* engine_ = nullptr;
  Subscripts<FailedRange> failed_;
  Subscripts<optical::Endpoint> received_;
};

// A row as it is packed.
[[nodiscard]] optical::CrossConnect cross_connect_of(wire::Bytes row);
void write_cross_connect(const optical::CrossConnect& row, wire::ByteWriter& out);

}  // namespace forces::fe::forwarding
