// The part of Context that is the multicast of draft section 6.3 (rows 19 to 21).
#include <algorithm>

#include "proto/pl/ids.hpp"
#include "proto/tml/frame.hpp"
#include "tml/src/net/element/context.hpp"

namespace forces::tml {
namespace {

constexpr std::size_t kRetiredGroups = 1024;
constexpr std::size_t kShareAbove = 2048;  // octets: below, a copy for each member is cheaper

}  // namespace

tml_status Context::group_find(std::uint32_t group, tml_descriptor& out) {
  const std::lock_guard lock(mutex_);
  auto found = group_handles_.find(group);
  if (found == group_handles_.end() && group == pl::kAllFes.value) {
    auto handle = std::make_unique<GroupHandle>(GroupHandle{this, pl::kAllFes.value, 0});
    const tml_descriptor d = Handles::instance().add(*handle);
    found = group_handles_.emplace(pl::kAllFes.value, Group{std::move(handle), d}).first;
  }
  if (found == group_handles_.end()) return TMLX_E_NO_GROUP;
  out = found->second.descriptor;
  return TML_SUCCESS;
}

tml_status Context::group_write(const GroupHandle& group, std::span<const std::byte> pl,
                                std::uint32_t* failed, std::size_t* failed_count) {
  if (pl.size() < kMinPlSize || pl.size() % 4 != 0 || pl.size() > kMaxPlSize) return TMLX_E_INVALID;
  const PlView view = view_pl(pl.data());
  if (view.length != pl.size()) return TMLX_E_INVALID;
  const bool data = view.type == kPlRedirect;
  const unsigned level = view.transaction ? 4 : view.priority;
  const std::size_t room = failed_count != nullptr ? *failed_count : 0;
  std::size_t lost = 0, members = 0;
  SharedFrame* shared = pl.size() > kShareAbove ? SharedFrame::make(pl) : nullptr;
  const Instant at = now();
  const auto offer = [&](std::uint32_t element, Channel* channel) {
    ++members;
    if (channel != nullptr && channel->open && channel->offer(pl, shared, level, at)) return;
    if (lost < room && failed != nullptr) failed[lost] = element;
    ++lost;
  };
  {
    const std::lock_guard lock(mutex_);
    if (group.group == pl::kAllFes.value) {
      for (auto& [k, peer] : table_) {
        Channel* channel = data ? peer.data : peer.control;
        if (peer.control != nullptr && peer.control->up())
          offer(peer.control->element_id(), channel);
      }
    } else if (const auto* list = groups_.members(group.group, group.incarnation)) {
      for (const Groups::Member element : *list) {
        const auto found = table_.find(key(local_id_, element));
        Channel* channel = found == table_.end() ? nullptr
                           : data                ? found->second.data
                                                 : found->second.control;
        offer(element, channel);
      }
    }
  }
  if (shared != nullptr) shared->release();
  if (failed_count != nullptr) *failed_count = std::min(lost, room);
  if (members == 0 && group.group != pl::kAllFes.value) return TMLX_E_NO_GROUP;
  return lost == 0 ? TML_SUCCESS : TMLX_E_PARTIAL;
}

void Context::on_join(Channel& channel, std::uint32_t group, std::uint32_t request) {
  const Server& s = server(TML_CHANNEL_CONTROL);
  const std::uint32_t element = channel.element_id();
  std::uint32_t status = pl::is_multicast({group}) ? kGroupOk : kGroupInvalid;
  if (status == kGroupOk && s.join_filter != nullptr && s.join_filter(s.user, element, group) != 0)
    status = kGroupRefused;
  if (status != kGroupOk) {
    channel.counters().add(Counter::GroupJoinsRefused);
    tmlx_event event{};
    event.type = TMLX_EVENT_JOIN_REFUSED;
    event.group_id = group;
    event.status = status == kGroupInvalid ? TMLX_E_INVALID : TMLX_E_PERM;
    event.detail = status == kGroupInvalid ? "the ID is not a multicast ID" : "the PL refused it";
    channel.emit(event);
    if (channel.link() != nullptr)
      channel.link()->fsm().answer(MsgType::JoinResponse, group, request, status);
    return;
  }
  tmlx_event event{};
  {
    const std::lock_guard lock(mutex_);
    const Groups::Joined joined = groups_.join(group, element);
    if (joined.created) {
      auto handle = std::make_unique<GroupHandle>(GroupHandle{this, group, joined.incarnation});
      const tml_descriptor d = Handles::instance().add(*handle);
      group_handles_.insert_or_assign(group, Group{std::move(handle), d});
    }
    event.group = group_handles_.at(group).descriptor;
  }
  channel.counters().add(Counter::GroupJoins);
  event.type = TMLX_EVENT_JOIN;
  event.group_id = group;
  channel.emit(event);
  if (channel.link() != nullptr)
    channel.link()->fsm().answer(MsgType::JoinResponse, group, request, kGroupOk);
}

void Context::leave_group(Channel& channel, std::uint32_t group) {
  tmlx_event event{};
  {
    const std::lock_guard lock(mutex_);
    const auto found = group_handles_.find(group);
    if (found != group_handles_.end()) {
      event.group = found->second.descriptor;
      if (groups_.incarnation(group) == 0) {
        Handles::instance().remove(found->second.descriptor);
        retired_groups_.push_back(std::move(found->second.handle));
        if (retired_groups_.size() > kRetiredGroups) retired_groups_.pop_front();
        group_handles_.erase(found);
      }
    }
  }
  channel.counters().add(Counter::GroupLeaves);
  event.type = TMLX_EVENT_LEAVE;
  event.group_id = group;
  channel.emit(event);
}

void Context::on_leave(Channel& channel, std::uint32_t group, std::uint32_t request) {
  bool was = false;
  {
    const std::lock_guard lock(mutex_);
    was = groups_.leave(group, channel.element_id());
  }
  if (was) leave_group(channel, group);
  if (channel.link() == nullptr) return;
  if (was) return channel.answer_leave(group, request);
  channel.link()->fsm().answer(MsgType::LeaveResponse, group, request, kGroupNotMember);
}

tml_status Context::change_membership(Channel& channel, bool join, std::uint32_t group,
                                      int timeout) {
  if (channel.type() != TML_CHANNEL_CONTROL || !pl::is_fe({channel.local_id()}))
    return TMLX_E_INVALID;
  if (!pl::is_multicast({group})) return TMLX_E_INVALID;
  if (!channel.up()) return channel.open ? TMLX_E_CONNECT : TMLX_E_CLOSED;
  if (timeout != 0 && channel.loop().inside()) return TMLX_E_WOULD_BLOCK;
  constexpr int kPending = 1;
  const auto result = std::make_shared<std::atomic<int>>(kPending);
  channel.loop().run([&] {
    if (!join &&
        std::find(channel.joined.begin(), channel.joined.end(), group) == channel.joined.end()) {
      *result = TMLX_E_NOT_MEMBER;
    } else if (channel.link() == nullptr) {
      *result = TMLX_E_CONNECT;
    } else {
      const std::uint32_t request = channel.next_request++;
      channel.requests[request] = {group, join, result};
      if (join)
        channel.link()->fsm().join(group, request);
      else
        channel.link()->fsm().leave(group, request);
      channel.link()->pump();
    }
  });
  if (*result == kPending && timeout != 0 &&
      !channel.loop().wait(timeout, [&] { return *result != kPending; }))
    return TMLX_E_TIMEOUT;
  return *result == kPending ? TML_SUCCESS : static_cast<tml_status>(result->load());
}

void Context::on_answer(Channel& channel, bool join, std::uint32_t group, std::uint32_t request,
                        std::uint32_t status) {
  const auto found = channel.requests.find(request);
  if (found == channel.requests.end() || found->second.group != group || found->second.join != join)
    return channel.counters().add(Counter::TmlUnexpected);
  const auto result = found->second.result;
  channel.requests.erase(found);
  std::erase(channel.joined, group);
  if (join && status == kGroupOk) channel.joined.push_back(group);
  const tml_status outcome = status == kGroupOk          ? TML_SUCCESS
                             : status == kGroupRefused   ? TMLX_E_PERM
                             : status == kGroupNotMember ? TMLX_E_NOT_MEMBER
                                                         : TMLX_E_INVALID;
  if (result) *result = outcome;
  channel.loop().wake_waiters();
  tmlx_event event{};
  event.type = outcome != TML_SUCCESS && join ? TMLX_EVENT_JOIN_REFUSED
               : join                         ? TMLX_EVENT_JOIN
                                              : TMLX_EVENT_LEAVE;
  event.group_id = group;
  event.status = outcome;
  channel.emit(event);
}

}  // namespace forces::tml
