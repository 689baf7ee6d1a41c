#include "ce/app/requests.hpp"

#include <fmt/format.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <asio/ip/address.hpp>
#include <cerrno>
#include <cstring>

#include "ce/app/lfb/question.hpp"
#include "common/runtime/timer.hpp"
#include "tml/daemon/report.hpp"

namespace forces::ce {
namespace {

using control::Response;

std::string text_of(const routing::IpAddress& address) {
  if (address.family == routing::Family::V4) {
    return asio::ip::address_v4(address.to_v4()).to_string();
  }
  return asio::ip::address_v6(address.octets).to_string();
}

// RTPROT_* of <linux/rtnetlink.h> and of zebra.
std::string protocol_text(std::uint8_t protocol) {
  struct Name {
    std::uint8_t number;
    std::string_view name;
  };
  static constexpr std::array kNames{
      Name{2, "kernel"},  Name{4, "static"},   Name{11, "zebra"}, Name{186, "bgp"},
      Name{187, "isis"},  Name{188, "ospf"},   Name{189, "rip"},  Name{190, "ripng"},
      Name{192, "eigrp"}, Name{196, "static"}, Name{42, "babel"},
  };
  const auto at = std::ranges::find(kNames, protocol, &Name::number);
  return at == kNames.end() ? std::to_string(protocol) : std::string(at->name);
}

std::string next_hop_text(const routing::NextHop& hop) {
  switch (hop.kind) {
    case routing::HopKind::Blackhole:
      return "blackhole";
    case routing::HopKind::Unreachable:
      return "unreachable";
    case routing::HopKind::Prohibit:
      return "prohibit";
    case routing::HopKind::Forward:
      break;
  }
  std::array<char, IF_NAMESIZE> name{};
  const std::string device = ::if_indextoname(hop.ifindex, name.data()) != nullptr
                                 ? std::string(name.data())
                                 : fmt::format("if{}", hop.ifindex);
  const std::string weight = hop.weight == 1 ? "" : fmt::format(" weight {}", hop.weight);
  if (hop.gateway.unspecified()) return fmt::format("{}{}", device, weight);
  return fmt::format("{} {}{}", text_of(hop.gateway), device, weight);
}

Response routes(const Controller& controller, const control::RouteListRequest& request) {
  const ControllerSnapshot snapshot = controller.snapshot();
  if (!snapshot.routing.enabled) {
    return failure(control::Error::FAILED,
                   "this ce takes no routes: set enabled = true in [routing] and restart it");
  }
  Response response;
  auto& list = *response.mutable_routes();
  std::vector<RouteReport> reports;
  // `after` is one more than the id to begin with, so that 0 is the beginning.
  const auto first = request.after() == 0 ? 0 : static_cast<routing::RouteId>(request.after() - 1);
  const std::size_t fes = request.fe() != 0 ? 1 : std::max<std::size_t>(snapshot.fes.size(), 1);
  const std::size_t most = std::clamp<std::size_t>(kRouteStatesInPage / fes, 1, kRoutesInPage);
  const auto next = controller.routes(first, most, request.fe(), reports);
  if (next) list.set_next(std::uint64_t{*next} + 1);
  for (const RouteReport& report : reports) {
    auto& route = *list.add_routes();
    const auto& prefix = report.route.prefix;
    route.set_prefix(fmt::format("{}/{}", text_of(prefix.address), prefix.length));
    route.set_protocol(protocol_text(report.route.protocol));
    for (const auto& hop : report.route.next_hops) route.add_next_hops(next_hop_text(hop));
    for (const RouteAtFe& at : report.fes) {
      if (at.state == provision::RowState::None) continue;  // it leads to no port of an FE
      auto& state = *route.add_states();
      state.set_fe(at.fe_id);
      state.set_state(std::string(provision::to_string(at.state)));
      if (at.code != pl::ResultCode::Success) {
        state.set_error(std::string(pl::to_string(at.code)));
      } else if (at.kernel.error != 0) {
        state.set_error(kernel_text(at.kernel));
      }
    }
  }
  return response;
}

Response transactions(const Controller& controller) {
  Response response;
  auto& list = *response.mutable_transactions();
  const Instant now = runtime::now();
  for (const auto& record : controller.transactions()) {
    auto& one = *list.add_transactions();
    one.set_id(record.id);
    one.set_state(std::string(provision::to_string(record.state)));
    for (const auto& fe : record.fes) {
      one.add_fes(fe.fe);
      if (fe.fe == record.failed_fe) {
        one.set_reason(fmt::format("FE {}: {}{}", fe.fe, provision::to_string(fe.outcome),
                                   fe.code == pl::ResultCode::Success
                                       ? ""
                                       : fmt::format(" with {}", pl::to_string(fe.code))));
      }
    }
    one.set_age_ms(whole_milliseconds(now - record.began));
    const bool over = record.ended > record.began;
    one.set_took_ms(whole_milliseconds((over ? record.ended : now) - record.began));
  }
  return response;
}

Response ha_status(const Controller& controller) {
  static constexpr std::array<std::string_view, 3> kModes{"none", "cold_standby", "hot_standby"};
  Response response;
  auto& ha = *response.mutable_ha_status();
  const auto snapshot = controller.snapshot();
  ha.set_id(snapshot.ce_id);
  for (const FeSnapshot& fe : snapshot.fes) {
    auto& one = *ha.add_fes();
    one.set_fe(fe.fe_id);
    one.set_mine(fe.master == "mine");
    one.set_master(one.mine() ? snapshot.ce_id : fe.master_ce);
    const auto inventory = controller.inventory(fe.fe_id);
    if (inventory && inventory->ha_mode && *inventory->ha_mode < kModes.size()) {
      one.set_mode(std::string(kModes[*inventory->ha_mode]));
    }
  }
  return response;
}

Response pending(std::uint64_t ticket, const char* nobody) {
  if (ticket == 0) return failure(control::Error::FAILED, nobody);
  Response response;
  response.mutable_pending()->set_ticket(ticket);
  return response;
}

Response ha_switch(Controller& controller, const control::HaSwitchRequest& request) {
  constexpr std::uint32_t kMinCeId = 0x40000000, kMaxCeId = 0x7fffffff;
  if (request.to() < kMinCeId || request.to() > kMaxCeId) {
    return failure(
        control::Error::INVALID,
        fmt::format("{} is no CE: their IDs are 0x40000000 to 0x7fffffff", request.to()));
  }
  std::vector<std::uint32_t> fes(request.fes().begin(), request.fes().end());
  if (fes.empty()) {
    for (const FeSnapshot& fe : controller.snapshot().fes) {
      if (fe.master == "mine") fes.push_back(fe.fe_id);
    }
  }
  return pending(controller.switch_master(fes, request.to()),
                 "this CE is the master of none of these FEs; only the master hands over");
}

// Every RESULT of these messages is E_SUCCESS, or the first that is not.
std::string first_failure(const std::vector<pl::Octets>& messages) {
  if (messages.empty()) return "gave no answer (is it associated, and this CE its master?)";
  for (const pl::Octets& octets : messages) {
    const auto view = pl::MessageView::parse(octets);
    pl::ResultCode code{};
    if (!view) return "answered what cannot be read";
    if (!provision::succeeded(*view, &code)) return std::string(pl::to_string(code));
  }
  return {};
}

Response taken(Controller& controller, const control::PendingRequest& request) {
  const auto answer = controller.answer(request.ticket());
  if (!answer) {
    return failure(control::Error::NOT_FOUND,
                   fmt::format("there is no ticket {}", request.ticket()));
  }
  if (!answer->done) return pending(request.ticket(), "");
  std::string done, bad;
  for (const auto& [fe, messages] : answer->by_fe) {
    const std::string why = first_failure(messages);
    auto& text = why.empty() ? done : bad;
    fmt::format_to(std::back_inserter(text), "{}FE {}{}{}", text.empty() ? "" : ", ", fe,
                   why.empty() ? "" : " ", why);
  }
  if (!bad.empty()) return failure(control::Error::FAILED, fmt::format("not done at {}", bad));
  Response response;
  response.mutable_done()->set_message(fmt::format("done at {}", done));
  return response;
}

}  // namespace

std::string kernel_text(const provision::InKernel& at) {
  struct Hint {
    int error;
    std::string_view text;
  };
  static constexpr std::array kHints{
      Hint{EHOSTUNREACH, "no route to host: is the next hop's network on the port?"},
      Hint{ENETUNREACH, "network is unreachable: is the next hop's network on the port?"},
      Hint{ENETDOWN, "network is down: is the port up?"},
      Hint{EPERM, "operation not permitted: has the fe CAP_NET_ADMIN?"},
      Hint{EINVAL, "invalid argument: what the fe's log says of it has more"},
      Hint{EEXIST, "file exists: is there such a route of somebody else, with the same metric?"},
  };
  const int error = static_cast<int>(at.error);
  const auto hint = std::ranges::find(kHints, error, &Hint::error);
  const std::string text =
      hint == kHints.end() ? std::string(std::strerror(error)) : std::string(hint->text);
  return at.by_next_hop ? fmt::format("next hop: {}", text) : text;
}

Response answer(Controller& controller, const control::Request& request) {
  using Operation = control::Request::OperationCase;
  switch (request.operation_case()) {
    case Operation::kRouteList:
      return routes(controller, request.route_list());
    case Operation::kTransactionList:
      return transactions(controller);
    case Operation::kHaStatus:
      return ha_status(controller);
    case Operation::kHaSwitch:
      return ha_switch(controller, request.ha_switch());
    case Operation::kPending:
      return taken(controller, request.pending());
    default:
      return {};
  }
}

void describe(control::Element& element, const FeSnapshot& fe) {
  auto& tables = *element.mutable_tables();
  tables.set_state(std::string(fe.sync));
  tables.set_wanted(fe.rows_wanted);
  tables.set_acknowledged(fe.rows_acknowledged);
  tables.set_failed(fe.rows_failed);
  tables.set_kernel(std::string(fe.kernel));
  tables.set_kernel_installed(fe.kernel_installed);
  tables.set_kernel_waiting(fe.kernel_waiting);
  tables.set_kernel_pending(fe.kernel_pending);
  tables.set_kernel_failed(fe.kernel_failed);
  tables.set_kernel_failed_hops(fe.kernel_failed_hops);
  for (const auto& counter : fe.counters) {
    if (counter.name == "rows_adopted") tables.set_adopted(counter.value);
    if (counter.name == "rows_read_back") tables.set_read_backs(counter.value);
  }
}

void describe(control::Element& element, const provision::Inventory& inventory) {
  const auto name_of = [&](const provision::LfbInstance& lfb) {
    const auto at =
        std::ranges::find(inventory.classes, lfb.class_id, &provision::LfbClass::class_id);
    return fmt::format("{}.{}",
                       at == inventory.classes.end() ? std::to_string(lfb.class_id) : at->name,
                       lfb.instance_id);
  };
  for (const auto& known : inventory.classes) {
    auto& one = *element.add_classes();
    one.set_id(known.class_id);
    one.set_name(known.name);
    one.set_version(known.version);
    for (const std::uint32_t id : inventory.instances_of(known.class_id)) one.add_instances(id);
  }
  for (const auto& link : inventory.links) {
    auto& one = *element.add_topology();
    one.set_from(fmt::format("{} {} {}", name_of(link.from), link.from_group, link.from_index));
    one.set_to(fmt::format("{} {} {}", name_of(link.to), link.to_group, link.to_index));
  }
  for (const auto& neighbor : inventory.neighbors) {
    element.add_neighbors(std::to_string(neighbor.neighbor_id));
  }
}

}  // namespace forces::ce
