// The shell around ElementCore: libtml's callbacks in, tmlWrite, tmlOpen and tmlClose out, one
// timer. It decides nothing. element.cpp has how it begins and ends, element_impl.cpp what happens
// in between.
//
// One mutex guards the core. Messages are written under it, so that they leave in the order in
// which the core produced them; channels are opened and closed, and the sink is called, after its
// release.
#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "common/runtime/timer.hpp"
#include "fe/association/channels.hpp"
#include "fe/association/core/element_core.hpp"
#include "fe/association/element.hpp"
#include "fe/association/membership.hpp"
#include "fe/forwarding/planes.hpp"
#include "fe/redirect/redirector.hpp"

namespace forces::fe {

class Element::Impl {
 public:
  Impl(ElementConfig config, daemon::EventSink sink);
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
  // What is done once the mutex is free.
  struct Later {
    daemon::Notes notes{};
    std::vector<RequestChannels> channels{};
    std::optional<std::size_t> data_channel{};  // to be opened, now that the FE has an ID
    int unwatch = -1, watch = -1;               // descriptors of the forwarding plane
  };

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

}  // namespace forces::fe
