#include <algorithm>

#include "ce/signaling/resource/core/impl.hpp"

namespace forces::signaling::resource {

bool Manager::Impl::may_lose(const FePort& at, const LabelRanges& labels) const {
  const Port* const port = ports.find(at);
  if (port == nullptr) return true;
  return labels.contains(port->held[0] & port->labels) &&
         labels.contains(port->held[1] & port->labels);
}

bool Manager::Impl::set_interface(const InterfaceConfig& interface) {
  if (interface.id == 0 || interface.port.fe == 0 || fabric.link(interface.port) != nullptr) {
    return false;
  }
  if (!may_lose(interface.port, interface.labels)) return false;
  const Port* const there = ports.find(interface.port);
  if (there != nullptr && there->interface != 0 && there->interface != interface.id) return false;
  const auto before = interfaces.find(interface.id);
  if (before != interfaces.end() && before->second != interface) {
    const InterfaceConfig& old = before->second;
    const bool in_use = ports.find(old.port)->in_use();
    const bool moved = old.port != interface.port || old.remote != interface.remote ||
                       old.switching != interface.switching || old.encoding != interface.encoding ||
                       old.compound != interface.compound;
    if (in_use && moved) return false;
    if (old.port != interface.port) ports.remove(old.port);
  }
  Port& port = ports.add(interface.port);
  port.labels = interface.labels;
  port.interface = interface.id;
  fes[interface.port.fe].config.id = interface.port.fe;
  interfaces[interface.id] = interface;
  if (interface.compound) {
    tables.try_emplace(interface.id);
  } else {
    tables.erase(interface.id);
  }
  associate(interface.id);
  return true;
}

bool Manager::Impl::remove_interface(std::uint32_t id) {
  const auto at = interfaces.find(id);
  if (at == interfaces.end()) return false;
  const Port* const port = ports.find(at->second.port);
  if (port->in_use()) return false;
  ports.remove(at->second.port);
  tables.erase(id);
  alarms.erase(id);
  interfaces.erase(at);
  dirty.insert(id);
  return true;
}

bool Manager::Impl::set_inter_fe_link(const InterFeLink& link) {
  if (link.a.fe == 0 || link.b.fe == 0 || link.a.fe == link.b.fe) return false;
  for (const FePort& end : {link.a, link.b}) {
    const Port* const port = ports.find(end);
    if (port != nullptr && port->interface != 0) return false;
    if (!may_lose(end, link.labels)) return false;
    const InterFeLink* const old = fabric.link(end);
    if (old != nullptr && (old->a != link.a || old->b != link.b) && port != nullptr &&
        port->in_use()) {
      return false;
    }
  }
  for (const FePort& end : {link.a, link.b}) {
    ports.add(end).labels = link.labels;
    fes[end.fe].config.id = end.fe;
  }
  fabric.set(link);
  return true;
}

bool Manager::Impl::remove_inter_fe_link(const FePort& end) {
  const InterFeLink* const link = fabric.link(end);
  if (link == nullptr) return false;
  const FePort a = link->a, b = link->b;
  if (ports.find(a)->in_use() || ports.find(b)->in_use()) return false;
  fabric.remove(end);
  ports.remove(a);
  ports.remove(b);
  return true;
}

void Manager::Impl::associate(std::uint32_t id) {
  const InterfaceConfig& interface = interfaces.at(id);
  Port& port = *ports.find(interface.port);
  std::set<LabelFault> faults;
  port.unassociated = {};
  if (interface.compound) {
    const LabelTable& table = tables.at(id);
    port.unassociated = port.labels - table.usable();
    const auto found = table.faults();
    faults.insert(found.begin(), found.end());
  }
  std::set<LabelFault>& before = alarms[id];
  for (const LabelFault& fault : before) {
    if (!faults.contains(fault)) {
      out.push(LabelAlarm{.interface = id, .fault = fault, .raised = false});
    }
  }
  for (const LabelFault& fault : faults) {
    if (!before.contains(fault)) out.push(LabelAlarm{.interface = id, .fault = fault});
  }
  before = std::move(faults);
  if (interface.compound) out.push(AssociationChanged{id});
  changed(interface.port);
}

}  // namespace forces::signaling::resource
