#include "ce/multicast/service/vcs.hpp"

#include <set>

#include "proto/mars/element_address.hpp"
#include "proto/mars/message.hpp"
#include "proto/wire/snap.hpp"

namespace forces::multicast {

using mars::server::AddLeaf;
using mars::server::ControlVc;
using mars::server::DropLeaf;

std::string_view to_string(Refusal refusal) {
  switch (refusal) {
    case Refusal::OldVc:
      return "old_vc";
    case Refusal::NoMars:
      return "no_mars";
    case Refusal::NotItself:
      return "not_itself";
  }
  return "unknown";
}

std::vector<Vcs::Leaf> Vcs::on_up(ce::VcOfFe vc) {
  std::uint64_t& last = last_[vc.fe_id];
  if (vc.vc <= last) return {};  // it is there, or over already
  auto lost = lose(last);
  last = vc.vc;
  fes_[vc.vc] = vc.fe_id;
  return lost;
}

std::vector<Vcs::Leaf> Vcs::on_down(ce::VcOfFe vc) {
  std::uint64_t& last = last_[vc.fe_id];
  if (vc.vc < last) return {};  // another one has taken its place
  last = vc.vc;
  return lose(vc.vc);
}

std::vector<Vcs::Leaf> Vcs::lose(std::uint64_t vc) {
  std::vector<Leaf> lost;
  fes_.erase(vc);
  std::erase_if(leaves_, [&](const auto& leaf) {
    if (leaf.second != vc) return false;
    lost.push_back(leaf.first);
    return true;
  });
  return lost;
}

std::expected<Result<mars::Message>, Refusal> Vcs::admit(ce::VcOfFe vc, wire::Bytes sdu) const {
  if (!fes_.contains(vc.vc)) return std::unexpected(Refusal::OldVc);
  const auto snap = wire::decode_snap(sdu);
  if (!snap || snap->pid != wire::SnapPid::MarsControl) return std::unexpected(Refusal::NoMars);
  auto message = mars::decode_message(snap->payload);
  if (!message) return message;
  const auto who = mars::decode_element(message->source);
  if (!who || who->id.value != vc.fe_id) return std::unexpected(Refusal::NotItself);
  return message;
}

void Vcs::add(const AddLeaf& leaf) {
  if (!fes_.contains(leaf.vc.value)) return;
  leaves_[{leaf.control, leaf.protocol, leaf.leaf}] = leaf.vc.value;
}

void Vcs::drop(const DropLeaf& leaf) { leaves_.erase({leaf.control, leaf.protocol, leaf.leaf}); }

std::optional<ce::VcOfFe> Vcs::find(mars::server::Vc vc) const {
  const auto at = fes_.find(vc.value);
  if (at == fes_.end()) return std::nullopt;
  return ce::VcOfFe{at->second, at->first};
}

std::vector<ce::VcOfFe> Vcs::leaves(ControlVc control, const mars::ProtocolType& protocol) const {
  std::set<std::uint64_t> once;
  std::vector<ce::VcOfFe> all;
  for (auto at = leaves_.lower_bound({control, protocol, {}}); at != leaves_.end(); ++at) {
    if (at->first.control != control || at->first.protocol != protocol) break;
    if (once.insert(at->second).second) all.push_back({fes_.at(at->second), at->second});
  }
  return all;
}

}  // namespace forces::multicast
