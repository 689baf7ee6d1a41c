#include "ce/multicast/service/core.hpp"

#include <algorithm>
#include <utility>

#include "common/core/outputs.hpp"
#include "proto/mars/csa.hpp"
#include "proto/mars/element_address.hpp"
#include "proto/wire/snap.hpp"

namespace forces::multicast {
namespace {

namespace server = mars::server;

// Form of records is SCSP's to judge, for it decides what becomes of their packet.
Result<void> check_body(wire::Bytes body, std::size_t base) {
  FORCES_TRY(entry, mars::decode_entry(body, base));
  (void)entry;
  return {};
}

mars::Octets sdu_of(const mars::Octets& message) {
  const auto snap = wire::snap_header(wire::SnapPid::MarsControl);
  mars::Octets sdu(snap.size() + message.size());
  std::ranges::copy(message, std::ranges::copy(snap, sdu.begin()).out);
  return sdu;
}

}  // namespace

void prepare(std::uint32_t ce_id, bool alone, const std::function<std::uint32_t()>& random,
             std::uint32_t seconds, server::Config& mars, sync::Config& engine) {
  mars.id = {ce_id};
  mars.address = mars::encode_element({{ce_id}, {}});
  mars.alone = alone;
  for (auto& protocol : mars.protocols) {
    protocol.first_csn = random();
    protocol.first_ssn = random();
    protocol.first_cmi = random();
  }
  engine.id = {ce_id};
  engine.restarted = false;  // `used` says more
  engine.check_body = &check_body;
  engine.ca_sequence = seconds;
}

void Core::lost(const std::vector<Vcs::Leaf>& leaves, Instant now) {
  for (const Vcs::Leaf& leaf : leaves) {
    mars_.on_leaf_lost(leaf.control, leaf.protocol, leaf.address, now);
  }
}

void Core::on_vc(ce::VcOfFe vc, bool up, Instant now) {
  lost(up ? vcs_.on_up(vc) : vcs_.on_down(vc), now);
}

std::optional<Refusal> Core::on_sdu(ce::VcOfFe vc, wire::Bytes sdu, Instant now) {
  on_vc(vc, true, now);  // it may come before we are told that its VC is there
  auto message = vcs_.admit(vc, sdu);
  if (!message) return message.error();
  mars_.on_message({vc.vc}, *std::move(message), now);
  return std::nullopt;
}

void Core::on_event(const sync::Output& event, const sync::Engine& engine, Instant now) {
  if (const auto* const changed = std::get_if<sync::Changed>(&event)) take(*changed, engine, now);
  if (std::holds_alternative<sync::Synchronized>(event)) mars_.on_aligned(now);
}

void Core::take(const sync::Changed& changed, const sync::Engine& engine, Instant now) {
  const auto [originator, key] = changed.id;
  const server::ServerId its{originator.value};
  const auto record = engine.record(changed.id);
  if (!record || changed.change == sync::Change::Purged) {
    if (its != us_) mars_.on_record_gone(its, key, now);
  } else if (its == us_) {
    mars_.on_own_record(key, record->body, now);
  } else {
    mars_.on_record(its, key, record->body, now);
  }
}

std::optional<Core::Output> Core::poll_output() {
  while (auto output = mars_.poll_output()) {
    if (auto ours = perform(*output)) return ours;
  }
  return std::nullopt;
}

// Leaves are in order with what is sent to them.
std::optional<Core::Output> Core::perform(server::Output& output) {
  using Out = std::optional<Output>;
  return std::visit(
      Overloaded{
          [&](server::SendPrivate& o) -> Out {
            SendVc send{.to = {}, .kind = pl::VcKind::PointToPoint, .sdu = sdu_of(o.octets)};
            if (const auto vc = vcs_.find(o.vc)) send.to.push_back(*vc);
            return send;
          },
          [&](server::SendControl& o) -> Out {
            auto leaves = vcs_.leaves(o.control, o.protocol);
            if (leaves.empty()) return std::nullopt;
            return SendVc{.to = std::move(leaves),
                          .kind = o.control == server::ControlVc::Cluster ? pl::VcKind::Cluster
                                                                          : pl::VcKind::Server,
                          .sdu = sdu_of(o.octets)};
          },
          [&](server::AddLeaf& leaf) -> Out {
            vcs_.add(leaf);
            return std::nullopt;
          },
          [&](server::DropLeaf& leaf) -> Out {
            vcs_.drop(leaf);
            return std::nullopt;
          },
          [](auto& o) -> Out { return std::move(o); },
      },
      output);
}

}  // namespace forces::multicast
