// ControllerCore: the VCs that MARS has with FEs (proto/pl/vc.hpp).
//
// A VC is as old as the association: loss of the TML ends neither (RFC 5810 section 4.2.2.3), and
// what is sent meanwhile is lost, which MARS repairs by its sequence numbers (RFC 2022 section
// 5.1.4.2).
#include <utility>

#include "ce/association/core/controller_core.hpp"

namespace forces::ce {

void ControllerCore::follow_vc(std::uint32_t fe_id, Peer& on, const StateChanged& change) {
  if (!carry_vcs_) return;
  const bool there = change.to == FeState::Associated || change.to == FeState::ChannelLost;
  const bool anew = change.cause == Cause::SetupGranted;
  if (on.vc != 0 && (!there || anew)) {
    out_.push(VcChanged{fe_id, std::exchange(on.vc, 0), false});
  }
  if (!anew || !there) return;
  on.vc = ++last_vc_;
  out_.push(VcChanged{fe_id, on.vc, true});
}

std::optional<Drop> ControllerCore::on_vc(Peer& from, const pl::Header& header,
                                          wire::Bytes octets) {
  const auto view = pl::decode_vc(octets);
  // An FE is no root of CCVC or SCVC.
  if (!view || view->kind != pl::VcKind::PointToPoint) return Drop::Malformed;
  out_.push(VcReceived{header.source.value, from.vc, {view->sdu.begin(), view->sdu.end()}});
  return std::nullopt;
}

std::size_t ControllerCore::send_vc(std::span<const VcOfFe> to, pl::VcKind kind, wire::Bytes sdu,
                                    Instant now) {
  std::size_t sent = 0;
  for (const VcOfFe& one : to) {
    const auto at = peers_.find(one.fe_id);
    if (at == peers_.end() || at->second.vc != one.vc || at->second.control == 0) continue;
    Peer& on = at->second;
    auto octets = pl::encode_vc({ce_id_}, {one.fe_id}, kind, sdu);
    if (!octets) return 0;  // for all alike
    on.fsm.on_sent(now);
    send(one.fe_id, on, std::move(octets));
    ++sent;
  }
  return sent;
}

}  // namespace forces::ce
