#include "fe/dataplane/kernel/plane.hpp"

#include <poll.h>
#include <sys/epoll.h>

#include <utility>

namespace forces::fe::dataplane::kernel {
namespace {
constexpr int kOpenTimeout = 10'000;  // ms without anything to read

std::string text_of(std::string_view step, const std::error_code& error) {
  return std::string(step) + ": " + error.message();
}

struct RowOf {
  using Row = std::variant<Prefix, ObjectId>;
  Row operator()(const SetRoute& o) const { return o.prefix; }
  Row operator()(const DeleteRoute& o) const { return o.prefix; }
  Row operator()(const SetNextHop& o) const { return o.id; }
  Row operator()(const SetMembers& o) const { return o.id; }
  Row operator()(const DeleteObject& o) const { return o.id; }
};
}  // namespace

PlaneCounters& PlaneCounters::operator+=(const PlaneCounters& more) {
  kernel.batches += more.kernel.batches;
  kernel.operations += more.kernel.operations;
  kernel.failures += more.kernel.failures;
  kernel.lost_batches += more.kernel.lost_batches;
  kernel.bad_messages += more.kernel.bad_messages;
  monitor.losses += more.monitor.losses;
  monitor.bad_messages += more.monitor.bad_messages;
  monitor.touched_by_others += more.monitor.touched_by_others;
  monitor.touched_by_kernel += more.monitor.touched_by_kernel;
  read_backs += more.read_backs;
  refused += more.refused;
  events_dropped += more.events_dropped;
  return *this;
}

Plane::Plane(const Identity& identity)
    : identity_(identity), kernel_(identity), monitor_(identity) {}

std::string Plane::open() {
  if (const auto error = kernel_.open()) return text_of("rtnetlink socket", error);
  if (const auto error = monitor_.open(kernel_.port_id()))
    return text_of("rtnetlink groups", error);
  poller_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
  if (!poller_.valid()) return system_error("epoll");
  for (const int fd : {kernel_.fd(), monitor_.link_fd(), monitor_.route_fd()}) {
    epoll_event event{};
    event.events = EPOLLIN;
    if (::epoll_ctl(poller_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return system_error("epoll");
  }
  for (;;) {
    if (auto failed = step(); !failed.empty()) return failed;
    if (links_complete_ && !read_back_wanted_ && !dump_ && !fib_.reviewing()) return {};
    if (busy()) continue;
    pollfd waiting{poller_.get(), POLLIN, 0};
    if (::poll(&waiting, 1, kOpenTimeout) == 0) return "rtnetlink: no answer to a dump";
  }
}

std::string Plane::step() {
  if (const auto error = monitor_.on_link_readable()) return text_of("rtnetlink links", error);
  if (const auto error = monitor_.on_route_readable()) return text_of("rtnetlink routes", error);
  if (const auto error = take_events()) return text_of("rtnetlink", error);
  if (!links_complete_) return {};
  if (const auto error = read_back()) return text_of("rtnetlink dump", error);
  if (dump_ || read_back_wanted_) return {};
  if (const auto error = run_batch()) return text_of("rtnetlink request", error);
  return {};
}

bool Plane::busy() const {
  if (!links_complete_ || kernel_.waiting()) return false;
  return read_back_wanted_ || fib_.has_work();
}

std::error_code Plane::take_events() {
  while (auto event = monitor_.poll_event()) {
    if (auto* link = std::get_if<LinkChanged>(&*event)) {
      fib_.on_link(link->link.index, link->link.up && !link->gone, link->link.mtu);
      tell(*link);
    } else if (auto* address = std::get_if<AddressChanged>(&*event)) {
      if (!address->gone) fib_.on_address(address->address.interface);
      tell(*address);
    } else if (auto* route = std::get_if<RouteTouched>(&*event)) {
      if (route->gone) {
        fib_.on_route_gone(route->row.prefix);
      } else {
        fib_.on_route_seen(route->row);
      }
      if (!route->by_kernel) tell(*route);
    } else if (auto* object = std::get_if<ObjectTouched>(&*event)) {
      if (object->gone) {
        fib_.on_object_gone(object->row.id);
      } else if (object->row.protocol == identity_.protocol || fib_.status(object->row.id)) {
        fib_.on_object_seen(object->row);
      } else {
        continue;  // in our range of numbers, but not ours
      }
      if (!object->by_kernel) tell(std::move(*object));
    } else if (std::holds_alternative<Lost>(*event)) {
      read_back_wanted_ = true;
    } else {
      links_complete_ = true;
    }
  }
  return {};
}

std::error_code Plane::read_back() {
  if (read_back_wanted_ && !dump_) {
    // Answers first, and an end to the reading before.
    if (!kernel_.idle() || fib_.in_flight() > 0 || fib_.reviewing()) return run_batch();
    read_back_wanted_ = read_back_again_ = false;
    ++read_backs_;
    fib_.begin_read_back();
    dump_ = Dump::NextHops;
    if (const auto error = kernel_.start_dump(*dump_)) return error;
  }
  for (int datagrams = 0; dump_ && datagrams < kDatagramsAStep; ++datagrams) {
    DumpStep read = kernel_.read_dump();
    for (Message& message : read.rows) take_row(message);
    if (!read.done) {
      if (read.rows.empty()) return {};
      continue;
    }
    read_back_again_ = read_back_again_ || read.inconsistent;
    if (*dump_ == Dump::Ipv6Routes) {
      dump_.reset();
      fib_.end_read_back();
      if (read_back_again_) read_back_wanted_ = true;
      return {};
    }
    dump_ = *dump_ == Dump::NextHops ? Dump::Ipv4Routes : Dump::Ipv6Routes;
    if (const auto error = kernel_.start_dump(*dump_)) return error;
  }
  return {};
}

void Plane::take_row(Message& message) {
  if (const auto* route = std::get_if<RouteMessage>(&message.body)) {
    const RouteRow& row = route->row;
    if (row.protocol == identity_.protocol && row.table == identity_.table &&
        row.priority == identity_.priority) {
      fib_.on_route_seen(row);
    }
  } else if (const auto* object = std::get_if<ObjectMessage>(&message.body)) {
    if (object->row.protocol == identity_.protocol) fib_.on_object_seen(object->row);
  }
}

std::error_code Plane::run_batch() {
  fib_.review(kReviewAStep);
  if (kernel_.waiting()) {
    if (const auto error = kernel_.on_readable()) return error;
  }
  const bool taking = kernel_.idle();
  while (taking && !read_back_wanted_ && under_way_.size() < kMaxBatch) {
    auto request = fib_.poll_operation();
    if (!request) break;
    under_way_.emplace_back(request->ticket, std::visit(RowOf{}, request->operation));
    if (!kernel_.push(request->ticket, request->operation)) {
      return std::make_error_code(std::errc::no_buffer_space);
    }
    if (!kernel_.has_room()) break;
  }
  if (const auto error = kernel_.flush()) return error;
  while (auto outcome = kernel_.poll_outcome()) {
    // Answers come in the order of the requests.
    auto row = under_way_.front().second;
    under_way_.pop_front();
    if (!fib_.on_result(outcome->ticket, outcome->error)) continue;
    ++refused_;
    tell(RefusedRow{row, outcome->error, std::move(outcome->text)});
  }
  return {};
}

void Plane::tell(PlaneEvent event) {
  if (events_.size() >= kMaxPlaneEvents) {
    ++events_dropped_;
    return;
  }
  events_.push_back(std::move(event));
}

std::optional<PlaneEvent> Plane::poll_event() {
  if (events_.empty()) return {};
  PlaneEvent event = std::move(events_.front());
  events_.pop_front();
  return event;
}

PlaneCounters Plane::counters() const {
  return {kernel_.counters(), monitor_.counters(), read_backs_, refused_, events_dropped_};
}

}  // namespace forces::fe::dataplane::kernel
