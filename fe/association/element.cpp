// The shell around ElementCore: libtml's callbacks in, tmlWrite, tmlOpen and tmlClose out, one
// timer. It decides nothing.
//
// One mutex guards the core. Messages are written under it, so that they leave in the order in
// which the core produced them; channels are opened and closed, and the sink is called, after its
// release.
#include "fe/association/element.hpp"

#include <algorithm>
#include <mutex>
#include <random>
#include <utility>

#include "common/runtime/timer.hpp"
#include "fe/association/channels.hpp"
#include "fe/association/core/element_core.hpp"
#include "fe/association/element_report.hpp"
#include "fe/association/membership.hpp"
#include "fe/forwarding/planes.hpp"
#include "fe/redirect/redirector.hpp"

namespace forces::fe {
namespace {

using daemon::Severity;

std::uint64_t seed_of(const ElementConfig& config) {
  return config.random_seed != 0 ? config.random_seed : std::random_device{}();
}

// What is done once the mutex is free.
struct Later {
  daemon::Notes notes{};
  std::vector<RequestChannels> channels{};
  std::optional<std::size_t> data_channel{};  // to be opened, now that the FE has an ID
  int unwatch = -1, watch = -1;               // descriptors of the forwarding plane
};

constexpr Duration kFlushLimit = std::chrono::seconds(10);

}  // namespace

class Element::Impl {
 public:
  Impl(ElementConfig config, daemon::EventSink sink)
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
  ~Impl() { stop(); }

  bool open_ports();
  tml_status start(tmlx_context* context);
  void reconfigure(const ElementConfig& config);
  void stop();
  [[nodiscard]] ElementSnapshot snapshot();
  [[nodiscard]] CrossConnects cross_connects(std::uint32_t first, std::size_t most) {
    return planes_.fabric().rows(first, most);
  }
  bool set_fault(std::uint32_t port, std::optional<dataplane::optical::Fabric::Labels> labels,
                 bool failed);
  [[nodiscard]] std::vector<multicast::GroupSnapshot> groups(std::size_t first, std::size_t most) {
    const std::scoped_lock lock(mutex_);
    return membership_ ? membership_->service().groups(first, most)
                       : std::vector<multicast::GroupSnapshot>{};
  }
  void report(const tmlx_event& event) { perform({.notes = {daemon::note_of(event)}}); }

 private:
  static void on_event(void* self, const tmlx_event* event) {
    static_cast<Impl*>(self)->handle(*event);
  }
  static void on_control(void* self, tml_descriptor channel, const tmlx_message* messages,
                         size_t count) {
    static_cast<Impl*>(self)->handle_control(channel.value, messages, count);
  }
  static void on_data(void* self, tml_descriptor channel, const tmlx_message* messages,
                      size_t count) {
    static_cast<Impl*>(self)->handle_data(channel.value, messages, count);
  }
  static void on_timer(void* self, int) { static_cast<Impl*>(self)->handle_timer(); }
  static void on_plane(void* self, int) { static_cast<Impl*>(self)->handle_plane(); }
  static void on_fabric(void* self, int) { static_cast<Impl*>(self)->handle_fabric(); }
  static void on_membership(void* self, std::uint32_t port, wire::Bytes packet, Instant) {
    static_cast<Impl*>(self)->handle_membership(port, packet);
  }

  void handle(const tmlx_event& event);
  void handle_control(std::uint64_t channel, const tmlx_message* messages, size_t count);
  void handle_data(std::uint64_t channel, const tmlx_message* messages, size_t count);
  void handle_timer();
  void handle_plane();
  void handle_fabric();
  void handle_membership(std::uint32_t port, wire::Bytes packet);
  template <class Work>
  void with_planes(Work&& work);
  void end_forwarding();
  void message(std::size_t ce, const tmlx_message& message, Instant now);
  void sync_traffic();  // under the mutex, as are the next three
  void take_notes(Later& later);
  void pump(Later& later);
  void perform(const ElementOutput& output, Later& later);
  void perform(const Later& later);  // without the mutex, as are the next two
  void open(std::size_t ce);
  [[nodiscard]] bool open(std::size_t ce, tml_channel_type type);
  void close(std::size_t ce);

  ElementConfig config_;
  daemon::EventSink sink_;
  std::mutex mutex_;
  forwarding::Planes planes_;  // its owner: the mutex, as of the core
  ElementCore core_;
  Redirector redirect_;
  std::optional<Membership> membership_;  // with [multicast]
  Channels channels_;
  std::optional<std::vector<dataplane::ClassConfig>> new_classes_;
  std::optional<std::vector<multicast::Address>> new_mcs_;
  tmlx_context* context_ = nullptr;
  runtime::Timer timer_;
  int plane_fd_ = -1;  // that is watched
  std::uint64_t control_send_failures_ = 0;
};

bool Element::Impl::open_ports() {
  Later later;
  for (std::string& failure : redirect_.open()) {
    later.notes.push_back({Severity::Error, "port_failed", config_.fe_id, std::move(failure)});
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

void Element::Impl::handle(const tmlx_event& event) {
  Later later{.notes = {daemon::note_of(event)}};
  if (const auto ce = channels_.index_of(event.element_id)) {
    const std::scoped_lock lock(mutex_);
    channels_.on_event(*ce, event, core_, runtime::now());
    pump(later);
  }
  perform(later);
}

void Element::Impl::message(std::size_t ce, const tmlx_message& message, Instant now) {
  core_.on_message(ce, {static_cast<const std::byte*>(message.data), message.size}, now);
}

void Element::Impl::handle_control(std::uint64_t channel, const tmlx_message* messages,
                                   size_t count) {
  const Instant now = runtime::now();
  Later later;
  {
    const std::scoped_lock lock(mutex_);
    sync_traffic();
    if (const auto ce = channels_.ce_of(channel)) {
      for (size_t i = 0; i < count; ++i) message(*ce, messages[i], now);
    }
    pump(later);
  }
  perform(later);
}

// Redirects, and by decision 10 of the TML also heartbeats, which belong to the association.
void Element::Impl::handle_data(std::uint64_t channel, const tmlx_message* messages, size_t count) {
  const Instant now = runtime::now();
  std::optional<std::size_t> ce;
  Later later;
  {
    const std::scoped_lock lock(mutex_);
    ce = channels_.ce_of(channel);
    for (size_t i = 0; ce && i < count; ++i) {
      const wire::Bytes octets(static_cast<const std::byte*>(messages[i].data), messages[i].size);
      if (Redirector::is_heartbeat(octets)) message(*ce, messages[i], now);
    }
    pump(later);
  }
  perform(later);
  if (ce) redirect_.on_messages(config_.ces[*ce].ce_id, messages, count, now);
}

void Element::Impl::handle_timer() {
  Later later;
  {
    const std::scoped_lock lock(mutex_);
    timer_.served();
    if (new_classes_) redirect_.set_classes(*new_classes_);
    new_classes_.reset();
    sync_traffic();
    const Instant now = runtime::now();
    if (membership_ && new_mcs_) membership_->set_mcs(std::move(*new_mcs_), now);
    new_mcs_.reset();
    core_.on_timer(now);
    planes_.turn(now);
    if (membership_) membership_->turn(now);
    core_.on_engine(now);
    pump(later);
  }
  perform(later);
}

// Does something to the planes, and what follows from it.
template <class Work>
void Element::Impl::with_planes(Work&& work) {
  Later later;
  {
    const std::scoped_lock lock(mutex_);
    const Instant now = runtime::now();
    work(now);
    core_.on_engine(now);
    pump(later);
  }
  perform(later);
}

void Element::Impl::handle_plane() {
  with_planes([this](Instant now) { planes_.turn(now); });
}

// Frames do not wait for the mutex; what they tell of does.
void Element::Impl::handle_fabric() {
  if (!planes_.fabric().receive(runtime::now())) return;
  with_planes([this](Instant now) { planes_.fabric().turn(now); });
}

void Element::Impl::handle_membership(std::uint32_t port, wire::Bytes packet) {
  with_planes([&](Instant now) { membership_->on_packet(port, packet, now); });
}

bool Element::Impl::set_fault(std::uint32_t port,
                              std::optional<dataplane::optical::Fabric::Labels> labels,
                              bool failed) {
  bool done = false;
  with_planes([&](Instant now) { done = planes_.fabric().set_fault(port, labels, failed, now); });
  return done;
}

void Element::Impl::take_notes(Later& later) {
  for (daemon::Note& note : planes_.take_notes()) {
    note.element = core_.fe_id();
    later.notes.push_back(std::move(note));
  }
  if (!membership_) return;
  for (daemon::Note& note : membership_->take_notes()) later.notes.push_back(std::move(note));
}

void Element::Impl::sync_traffic() {
  for (std::size_t i = 0; i < config_.ces.size(); ++i) {
    const Redirector::Totals t = redirect_.totals(config_.ces[i].ce_id);
    core_.on_data_traffic(
        i, {t.received_packets, t.received_octets, t.received_errors, t.sent_packets, t.sent_octets,
            t.sent_errors, t.received_at, t.sent_at});
  }
  core_.on_redirect_totals(redirect_.counters().to_ce.get(), redirect_.counters().from_ce.get());
}

void Element::Impl::pump(Later& later) {
  const Instant now = runtime::now();
  if (planes_.obey(core_.values().object.state, now)) core_.on_engine(now);
  do {
    while (const auto output = core_.poll_output()) perform(*output, later);
  } while (membership_ && membership_->serve(now));
  const auto target = core_.redirect_target();
  const bool ready = target && channels_[*target].data_up;
  redirect_.set_target(core_.fe_id(), target ? config_.ces[*target].ce_id : 0,
                       ready ? channels_[*target].data : 0);
  take_notes(later);
  if (const int fd = planes_.kernel().fd(); fd != plane_fd_) {
    later.unwatch = std::exchange(plane_fd_, fd);
    later.watch = fd;
  }
  std::optional<Instant> at;
  for (const auto one : {core_.next_deadline(), planes_.next_deadline(),
                         membership_ ? membership_->next_deadline() : std::nullopt}) {
    if (one && (!at || *one < *at)) at = one;
  }
  timer_.arm(at);
  if (planes_.kernel().busy())
    timer_.fire();  // a batch each time round, so that control has its turn
}

void Element::Impl::perform(const ElementOutput& output, Later& later) {
  const auto ce_id = [&](std::size_t ce) { return config_.ces[ce].ce_id; };
  const auto note = [&](daemon::Note n) { later.notes.push_back(std::move(n)); };
  std::visit(Overloaded{
                 [&](const SendMessage& send) {
                   const tml_status status =
                       tmlWrite({channels_[send.ce].control}, send.octets.data(),
                                send.octets.size(), 0, nullptr);
                   if (status == TML_SUCCESS) return;
                   ++control_send_failures_;  // the FSM's timers repeat what matters
                   note({Severity::Warning, "send_failed", ce_id(send.ce), tmlx_strerror(status)});
                 },
                 [&](const RequestChannels& request) { later.channels.push_back(request); },
                 [&](const CeChanged& changed) {
                   note(note_of(changed, ce_id(changed.ce)));
                   if (membership_) {
                     membership_->on_changed(ce_id(changed.ce), changed.change, runtime::now());
                   }
                 },
                 [&](const VcReceived& vc) {
                   if (membership_) membership_->on_vc(ce_id(vc.ce), vc, runtime::now());
                 },
                 [&](const MessagesDropped& dropped) {
                   note({Severity::Warning, "message_dropped", ce_id(dropped.ce),
                         std::to_string(dropped.count) + ", the last for " +
                             std::string(to_string(dropped.last))});
                 },
                 [&](const IdAssigned& assigned) {
                   note({Severity::Info, "id_assigned", assigned.fe_id, "by the CE"});
                   later.data_channel = assigned.ce;
                 },
                 [&](const MasterChanged& master) {
                   note({Severity::Info, "master_changed", master.to ? ce_id(*master.to) : 0,
                         master.to ? "new master" : "no master"});
                 },
                 [&](const ElementStateChanged& state) {
                   note({Severity::Info, "element_state", core_.fe_id(),
                         std::string(to_string(state.to))});
                   if (state.to == ElementState::Associated) {
                     planes_.kernel().on_associated(runtime::now());
                   } else if (state.to == ElementState::NotAssociated) {
                     planes_.kernel().on_unassociated();
                   } else {
                     planes_.kernel().on_discarded();
                   }
                 },
             },
             output);
}

void Element::Impl::perform(const Later& later) {
  daemon::tell(sink_, later.notes);
  if (later.unwatch >= 0) (void)tmlx_watch(context_, later.unwatch, nullptr, nullptr);
  if (later.watch >= 0) (void)tmlx_watch(context_, later.watch, &Impl::on_plane, this);
  for (const RequestChannels& request : later.channels) {
    request.open ? open(request.ce) : close(request.ce);
  }
  if (later.data_channel) (void)open(*later.data_channel, TML_CHANNEL_DATA);
}

// An FE without an ID has its data channel once it has one: the CE pairs by ID.
void Element::Impl::open(std::size_t ce) {
  if (!open(ce, TML_CHANNEL_CONTROL)) return;
  bool nameless = false;
  {
    const std::scoped_lock lock(mutex_);
    nameless = core_.fe_id() == 0;
  }
  if (!nameless) (void)open(ce, TML_CHANNEL_DATA);
}

bool Element::Impl::open(std::size_t ce, tml_channel_type type) {
  tml_descriptor channel{};
  const tml_status status = channels_.open(context_, ce, type, channel);
  Later later;
  {
    const std::scoped_lock lock(mutex_);
    if (status >= 0) {
      channels_.on_opened(ce, type, channel);
      return true;
    }
    later.notes.push_back(
        {Severity::Warning, "open_failed", config_.ces[ce].ce_id, tmlx_last_error()});
    type == TML_CHANNEL_CONTROL ? core_.on_control_closed(ce, runtime::now())
                                : core_.on_data_closed(ce, runtime::now());
    pump(later);
  }
  perform(later);
  return false;
}

void Element::Impl::close(std::size_t ce) {
  ChannelPair old;
  {
    const std::scoped_lock lock(mutex_);
    old = channels_.forget(ce);
    core_.on_data_down(ce);
  }
  Channels::close(old);
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
