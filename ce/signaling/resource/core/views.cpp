#include <algorithm>

#include "ce/signaling/resource/core/impl.hpp"

namespace forces::signaling::resource {

Connection* Manager::Impl::find(const LspKey& lsp) {
  const auto at = connections.find(lsp);
  return at == connections.end() ? nullptr : &at->second;
}

const Connection* Manager::Impl::find(const LspKey& lsp) const {
  const auto at = connections.find(lsp);
  return at == connections.end() ? nullptr : &at->second;
}

bool Manager::Impl::fe_ready(std::uint32_t id) const {
  const auto at = fes.find(id);
  return at != fes.end() && at->second.up && at->second.known;
}

bool Manager::Impl::interface_up(const InterfaceConfig& interface) const {
  const Port* const port = ports.find(interface.port);
  return port != nullptr && port->up && fe_ready(interface.port.fe);
}

void Manager::Impl::changed(const FePort& at) {
  const Port* const port = ports.find(at);
  if (port != nullptr && port->interface != 0) dirty.insert(port->interface);
}

ConnectionState Manager::Impl::state(const Connection& connection) const {
  switch (connection.goal) {
    case Goal::Keep:
      return ConnectionState::Found;
    case Goal::Release:
      return ConnectionState::Releasing;
    case Goal::Reserve:
      return connection.told == Goal::Reserve ? ConnectionState::Reserved
                                              : ConnectionState::Reserving;
    case Goal::Activate:
      break;
  }
  return connection.told == Goal::Activate ? ConnectionState::Active : ConnectionState::Activating;
}

Terminal Manager::Impl::terminal(const FePort& at, Label label) const {
  const Port* const port = ports.find(at);
  return {.port = at, .interface = port == nullptr ? 0 : port->interface, .label = label};
}

std::vector<Manager::Impl::Chain> Manager::Impl::chains(const Connection& connection) const {
  using End = std::pair<FePort, Label>;
  std::map<End, Connection::RowId> by_in;
  std::set<End> fed;  // ends that a fibre within the node brings something to
  for (const auto& [id, row] : connection.there) {
    by_in[{{id.first, row.in_port}, row.in_label}] = id;
    if (const auto across = fabric.across({id.first, row.out_port})) {
      fed.insert({*across, row.out_label});
    }
  }
  std::vector<Chain> all;
  for (const auto& [end, first] : by_in) {
    if (fed.contains(end)) continue;
    Chain chain{.from = terminal(end.first, end.second)};
    for (auto at = by_in.find(end); at != by_in.end();) {
      const Connection::RowId id = at->second;
      const Row& row = connection.there.at(id);
      chain.rows.push_back(id);
      const FePort out_port{id.first, row.out_port};
      chain.to = terminal(out_port, row.out_label);
      const auto across = fabric.across(out_port);
      if (!across || chain.rows.size() > connection.there.size()) break;
      at = by_in.find({*across, row.out_label});
    }
    all.push_back(std::move(chain));
  }
  return all;
}

ConnectionView Manager::Impl::view(const Connection& connection) const {
  ConnectionView view{.owner = connection.owner,
                      .state = state(connection),
                      .failing = !connection.causes.empty(),
                      .active_rows = connection.any_active(),
                      .labels = connection.plan.labels};
  if (connection.goal != Goal::Keep) {
    view.in = connection.wants.in.interface;
    view.out = connection.wants.out.interface;
  }
  for (const auto& [id, row] : connection.there) {
    view.rows.push_back({.fe = id.first, .at = {.number = id.second, .row = row}});
  }
  for (const Chain& chain : chains(connection)) view.ways.emplace_back(chain.from, chain.to);
  return view;
}

}  // namespace forces::signaling::resource
