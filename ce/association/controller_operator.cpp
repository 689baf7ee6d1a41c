// Controller: what it shows of itself, and what it does for an operator.

#include <algorithm>

#include "ce/association/controller_impl.hpp"
#include "ce/association/controller_report.hpp"

namespace forces::ce {

std::optional<routing::RouteId> Controller::Impl::routes(routing::RouteId first, std::size_t most,
                                                         std::uint32_t fe_id,
                                                         std::vector<RouteReport>& out) const {
  std::vector<routing::RouteLine> lines;
  const auto next = routing_.list(first, most, lines);
  const std::scoped_lock lock(mutex_);
  std::vector<std::uint32_t> fes;
  for (const FeConfig& fe : config_.fes) {
    if (fe_id == 0 || fe.fe_id == fe_id) fes.push_back(fe.fe_id);
  }
  for (auto& line : lines) {
    const provision::RowKey key{provision::RowKind::Prefix, line.row};
    auto& report = out.emplace_back(std::move(line), std::vector<RouteAtFe>{});
    for (const std::uint32_t fe : fes) {
      const auto* provisioner = core_.provisioner(fe);
      if (provisioner == nullptr) continue;
      const provision::RowBook& book = provisioner->sync().rows();
      RouteAtFe at{.fe_id = fe, .state = book.state(key)};
      if (const auto failure = book.failures().find(key); failure != book.failures().end()) {
        at.code = failure->second.code;
      }
      using provision::RowState;
      if (at.state == RowState::Acknowledged || at.state == RowState::Installed) {
        const provision::PlaneReader& plane = provisioner->plane();
        std::vector<routing::HopSelector> hops;
        if (!plane.plane().failed_hops.empty()) hops = routing_.hops_of(fe, report.route.selector);
        at.kernel = plane.look_up(book, key, report.route.prefix, hops);
        at.state = at.kernel.state;
      }
      report.fes.push_back(at);
    }
  }
  return next;
}

ControllerSnapshot Controller::Impl::snapshot() const {
  ControllerSnapshot shot;
  {
    const std::scoped_lock lock(mutex_);
    shot = core_.snapshot(runtime::now());
    shot.counters.push_back({"pl_send_failures", "", control_send_failures_});
  }
  shot.routing = routing_.snapshot();
  shot.counters.push_back({"redirect_unknown_channel", "", redirect_.unknown_channel().get()});
  if (context_ != nullptr) {
    shot.control_port = tmlx_listen_port(context_, TML_CHANNEL_CONTROL);
    shot.data_port = tmlx_listen_port(context_, TML_CHANNEL_DATA);
  }
  for (FeSnapshot& fe : shot.fes) {
    redirect_.inspect(fe.fe_id, [&](const RedirectFeCounters& counters, const auto& ports) {
      append(fe.counters, counters);
      for (const Redirector::PortView& port : ports) {
        fe.ports.push_back(
            {port.port_id, port.tun, port.address, port.open, samples(port.counters)});
      }
    });
  }
  return shot;
}

ControllerSnapshot Controller::snapshot() const { return impl_->snapshot(); }

std::optional<routing::RouteId> Controller::routes(routing::RouteId first, std::size_t most,
                                                   std::uint32_t fe_id,
                                                   std::vector<RouteReport>& out) const {
  return impl_->routes(first, most, fe_id, out);
}
std::optional<provision::Inventory> Controller::inventory(std::uint32_t fe_id) const {
  return impl_->look([&](const ControllerCore& core) -> std::optional<provision::Inventory> {
    const auto* provisioner = core.provisioner(fe_id);
    if (provisioner == nullptr) return std::nullopt;
    return provisioner->inventory();
  });
}
std::vector<provision::TransactionRecord> Controller::transactions() const {
  return impl_->look([](const ControllerCore& core) { return core.transactions().list(); });
}
std::uint64_t Controller::ask(const std::vector<std::uint32_t>& fes,
                              const std::vector<pl::BodyTlv>& query, Answers answers) {
  return impl_->with_core([&](ControllerCore& core, OperatorDesk& desk, Instant now) {
    std::vector<std::pair<std::uint32_t, std::uint64_t>> asked;
    for (const std::uint32_t fe : fes) asked.emplace_back(fe, core.ask(fe, query, now));
    return desk.open(asked, now, answers);
  });
}
std::uint64_t Controller::configure(std::uint32_t fe_id, const std::vector<pl::BodyTlv>& config,
                                    Answers answers) {
  return impl_->with_core([&](ControllerCore& core, OperatorDesk& desk, Instant now) {
    return desk.open({{fe_id, core.configure_fe(fe_id, config, now)}}, now, answers);
  });
}
std::uint64_t Controller::transact(const std::vector<provision::TransactionPart>& parts,
                                   Answers answers) {
  return impl_->with_core([&](ControllerCore& core, OperatorDesk& desk, Instant now) {
    const auto id = core.transact(parts, now);
    return id ? desk.open_transaction(*id, now, answers) : std::uint64_t{0};
  });
}
std::uint64_t Controller::switch_master(const std::vector<std::uint32_t>& fes,
                                        std::uint32_t ce_id) {
  return impl_->with_core([&](ControllerCore& core, OperatorDesk& desk, Instant now) {
    std::vector<std::pair<std::uint32_t, std::uint64_t>> asked;
    for (const std::uint32_t fe : fes) asked.emplace_back(fe, core.switch_master(fe, ce_id, now));
    return desk.open(asked, now);
  });
}
std::optional<OperatorAnswer> Controller::answer(std::uint64_t ticket) {
  return impl_->with_core(
      [&](ControllerCore&, OperatorDesk& desk, Instant now) { return desk.answer(ticket, now); });
}

}  // namespace forces::ce
