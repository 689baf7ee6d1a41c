#include "fe/association/element.hpp"

#include <random>
#include <utility>

#include "fe/association/element_impl.hpp"
#include "fe/association/element_report.hpp"

namespace forces::fe {
namespace {

std::uint64_t seed_of(const ElementConfig& config) {
  return config.random_seed != 0 ? config.random_seed : std::random_device{}();
}

constexpr Duration kFlushLimit = std::chrono::seconds(10);

}  // namespace

Element::Impl::Impl(ElementConfig config, daemon::EventSink sink)
    : config_(std::move(config)),
      sink_(std::move(sink)),
      planes_(config_.forwarding, config_.ports, config_.fabric, config_.endpoint),
      core_(config_, seed_of(config_), &planes_, &planes_),
      redirect_(config_.ports, config_.classes),
      channels_(config_, {&Impl::on_event, &Impl::on_control, &Impl::on_data, this}) {
  for (const CeConfig& ce : config_.ces) redirect_.add_ce(ce.ce_id);
  planes_.attach(core_.engine());
  if (!config_.multicast.enabled) return;
  membership_.emplace(config_, seed_of(config_), core_, planes_, redirect_);
  redirect_.set_listener({&Impl::on_membership, this});
}

bool Element::Impl::open_ports() {
  Later later;
  for (std::string& failure : redirect_.open()) {
    later.notes.push_back(
        {daemon::Severity::Error, "port_failed", config_.fe_id, std::move(failure)});
  }
  bool good = later.notes.empty();
  {
    const std::scoped_lock lock(mutex_);
    good = planes_.open(core_.values().protocol, runtime::now()) && good;
    take_notes(later);
  }
  perform(later);
  return good;
}

tml_status Element::Impl::start(tmlx_context* context) {
  context_ = context;
  if (const tml_status status = redirect_.start(context); status != TML_SUCCESS) return status;
  const tml_status watched = tmlx_watch(context, timer_.fd(), &Impl::on_timer, this);
  if (watched != TML_SUCCESS) return watched;
  if (const int fd = planes_.fabric().fd(); fd >= 0) {
    const tml_status status = tmlx_watch(context, fd, &Impl::on_fabric, this);
    if (status != TML_SUCCESS) return status;
  }
  for (const int fd : planes_.multicast().fds()) {
    const tml_status status = tmlx_watch(context, fd, &Impl::on_plane, this);
    if (status != TML_SUCCESS) return status;
  }
  Later later;
  {
    const std::scoped_lock lock(mutex_);
    planes_.kernel().start();
    planes_.multicast().start();
    const Instant now = runtime::now();
    if (membership_) membership_->turn(now);
    core_.start(now);
    pump(later);
  }
  perform(later);
  return TML_SUCCESS;
}

// The policer belongs to the I/O thread: it takes the new rates at the timer's next call.
void Element::Impl::reconfigure(const ElementConfig& config) {
  const std::scoped_lock lock(mutex_);
  new_classes_ = config.classes;
  new_mcs_ = config.multicast.mcs;
  timer_.fire();
}

void Element::Impl::stop() {
  if (context_ == nullptr) return;
  redirect_.stop();
  Later later;
  {
    const std::scoped_lock lock(mutex_);
    const Instant now = runtime::now();
    if (membership_) membership_->stop(now);
    pump(later);  // the MARS hears of it before the association ends
    core_.stop(now);
    pump(later);
  }
  perform(later);
  (void)tmlx_watch(context_, timer_.fd(), nullptr, nullptr);
  int plane_fd = -1;
  {
    const std::scoped_lock lock(mutex_);
    plane_fd = plane_fd_;
  }
  planes_.multicast().stop();
  std::vector<int> fds = planes_.multicast().fds();
  fds.insert(fds.end(), {plane_fd, planes_.fabric().fd()});
  for (const int fd : fds) {
    if (fd >= 0) (void)tmlx_watch(context_, fd, nullptr, nullptr);
  }
  end_forwarding();
  context_ = nullptr;
}

// CEFailoverPolicy 0 leaves nothing in the kernel, 1 all that CEs have set.
void Element::Impl::end_forwarding() {
  const Instant limit = runtime::now() + kFlushLimit;
  Later later;
  {
    const std::scoped_lock lock(mutex_);
    if (core_.values().protocol.failover_policy == 0) planes_.kernel().discard_all();
    take_notes(later);
  }
  perform(later);
  for (bool more = true; more && runtime::now() < limit;) {
    const std::scoped_lock lock(mutex_);
    more = planes_.kernel().flush();
  }
}

ElementSnapshot Element::Impl::snapshot() {
  ElementSnapshot shot;
  {
    const std::scoped_lock lock(mutex_);
    const Instant now = runtime::now();
    shot = core_.snapshot(now);
    append(shot, planes_.kernel().snapshot(now));
    append(shot, planes_.fabric().snapshot());
    if (membership_) membership_->append_to(shot);
    for (auto& sample : planes_.multicast().counters()) shot.counters.push_back(std::move(sample));
    shot.counters.push_back({"pl_send_failures", "", control_send_failures_});
    channels_.append_to(shot);
  }
  append(shot, redirect_);
  return shot;
}

Element::Element(ElementConfig config, daemon::EventSink sink)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(sink))) {}
Element::~Element() = default;

void Element::on_context_event(void* element, const tmlx_event* event) {
  static_cast<Element*>(element)->impl_->report(*event);
}
bool Element::open_ports() { return impl_->open_ports(); }
tml_status Element::start(tmlx_context* context) { return impl_->start(context); }
void Element::reconfigure(const ElementConfig& config) { impl_->reconfigure(config); }
void Element::stop() { impl_->stop(); }
ElementSnapshot Element::snapshot() const { return impl_->snapshot(); }
Element::CrossConnects Element::cross_connects(std::uint32_t first, std::size_t most) const {
  return impl_->cross_connects(first, most);
}
std::vector<multicast::GroupSnapshot> Element::groups(std::size_t first, std::size_t most) const {
  return impl_->groups(first, most);
}
bool Element::set_fault(std::uint32_t port,
                        std::optional<dataplane::optical::Fabric::Labels> labels, bool failed) {
  return impl_->set_fault(port, labels, failed);
}

}  // namespace forces::fe
