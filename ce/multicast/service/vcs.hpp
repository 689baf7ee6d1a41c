// The VCs between this MARS and its FEs: which are there, and which of them are leaves of CCVC and
// SCVC. No I/O: the service performs what it says.
//
// CCVC and SCVC are sets of leaves, and what is sent on one is written to each: libtml's groups
// have the members that asked to be (draft section 6.1.6), but whose word counts here is the
// MARS's. For messages as small as these libtml copies for each member anyway (tml/README.md row
// 21).
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "ce/association/observer.hpp"
#include "ce/multicast/mars/face.hpp"

namespace forces::multicast {

// Why an SDU of an FE does not reach the MARS.
enum class Refusal : std::uint8_t {
  OldVc,     // of an association that is over
  NoMars,    // no LLC/SNAP, or another protocol
  NotItself  // it speaks for somebody else
};
inline constexpr std::size_t kRefusals = 3;
[[nodiscard]] std::string_view to_string(Refusal refusal);

class Vcs {
 public:
  struct Leaf {
    mars::server::ControlVc control{};
    mars::ProtocolType protocol{};
    mars::AtmAddress address{};
    friend auto operator<=>(const Leaf&, const Leaf&) = default;
  };

  // What ce::VcObserver tells, in any order. The leaves that are lost by it.
  std::vector<Leaf> on_up(ce::VcOfFe vc);
  std::vector<Leaf> on_down(ce::VcOfFe vc);

  // What stands behind LLC/SNAP, if it is a message that this FE may send: its source is an address
  // of the FE (proto/mars/element_address.hpp). What does not decode is the MARS's to count.
  [[nodiscard]] std::expected<Result<mars::Message>, Refusal> admit(ce::VcOfFe vc,
                                                                    wire::Bytes sdu) const;

  void add(const mars::server::AddLeaf& leaf);
  void drop(const mars::server::DropLeaf& leaf);

  [[nodiscard]] std::optional<ce::VcOfFe> find(mars::server::Vc vc) const;
  // Each VC once, whatever number of leaves it has.
  [[nodiscard]] std::vector<ce::VcOfFe> leaves(mars::server::ControlVc control,
                                               const mars::ProtocolType& protocol) const;
  [[nodiscard]] std::size_t size() const { return fes_.size(); }

 private:
  [[nodiscard]] std::vector<Leaf> lose(std::uint64_t vc);

  std::map<std::uint64_t, std::uint32_t> fes_;   // by VC
  std::map<std::uint32_t, std::uint64_t> last_;  // of an FE: the newest VC, there or over
  std::map<Leaf, std::uint64_t> leaves_;         // the VC of each
};

}  // namespace forces::multicast
