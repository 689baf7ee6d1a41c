#include "fe/association/element_impl.hpp"

#include "fe/association/element_report.hpp"

namespace forces::fe {

using daemon::Severity;

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

}  // namespace forces::fe
