#include "fe/dataplane/kernel/links.hpp"

#include <vector>

namespace forces::fe::dataplane::kernel {

void Links::on_link(const Link& link, bool gone) {
  const auto at = links_.find(link.index);
  if (gone) {
    if (at == links_.end()) return;
    forget_addresses(link.index);
    Link last = at->second.link;
    last.up = last.carrier = last.admin_up = false;
    links_.erase(at);
    events_.push_back(LinkChanged{last, true});
    return;
  }
  if (at != links_.end() && at->second.link == link) {
    at->second.seen = true;
    return;
  }
  links_[link.index] = {link, true};
  events_.push_back(LinkChanged{link, false});
}

void Links::on_address(const InterfaceAddress& address, bool gone) {
  const auto at = addresses_.find(address);
  if (gone) {
    if (at == addresses_.end()) return;
    addresses_.erase(at);
    events_.push_back(AddressChanged{address, true});
    return;
  }
  if (at != addresses_.end()) {
    at->second = true;
    return;
  }
  addresses_.emplace(address, true);
  events_.push_back(AddressChanged{address, false});
}

void Links::forget_addresses(std::uint32_t interface) {
  for (auto at = addresses_.begin(); at != addresses_.end();) {
    if (at->first.interface == interface) {
      events_.push_back(AddressChanged{at->first, true});
      at = addresses_.erase(at);
    } else {
      ++at;
    }
  }
}

void Links::begin_dump() {
  for (auto& [index, known] : links_) known.seen = false;
  for (auto& [address, seen] : addresses_) seen = false;
}

void Links::end_dump() {
  for (auto at = addresses_.begin(); at != addresses_.end();) {
    if (at->second) {
      ++at;
      continue;
    }
    events_.push_back(AddressChanged{at->first, true});
    at = addresses_.erase(at);
  }
  std::vector<Link> gone;
  for (const auto& [index, known] : links_) {
    if (!known.seen) gone.push_back(known.link);
  }
  for (const Link& link : gone) on_link(link, true);
}

std::optional<LinkEvent> Links::poll_event() {
  if (events_.empty()) return {};
  LinkEvent event = events_.front();
  events_.pop_front();
  return event;
}

const Link* Links::find(std::uint32_t index) const {
  const auto at = links_.find(index);
  return at == links_.end() ? nullptr : &at->second.link;
}

const Link* Links::find(std::string_view name) const {
  for (const auto& [index, known] : links_) {
    if (name == known.link.name.data()) return &known.link;
  }
  return nullptr;
}

}  // namespace forces::fe::dataplane::kernel
