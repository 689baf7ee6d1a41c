// What the operator asks for, and why not.
#include <algorithm>
#include <utility>

#include "ce/signaling/ason/call/controller.hpp"

namespace forces::signaling::ason::calls {

using rsvp::ErrorCode;
using rsvp::UniSubobject;

namespace {

bool names_link(const rsvp::Subobject& s) {
  return s.as<rsvp::PrefixHop>() != nullptr || s.as<rsvp::UnnumberedHop>() != nullptr;
}

// RFC 4974 section 5.3: an identifier, and behind it what the link can.
std::vector<rsvp::Route> links(const rsvp::Route& route) {
  std::vector<rsvp::Route> list;
  for (const rsvp::Subobject& s : route) {
    if (names_link(s) || list.empty()) list.emplace_back();
    list.back().push_back(s);
  }
  return list;
}

void apply(const ModifyCall& change, std::optional<rsvp::LinkCapability>& capability) {
  std::vector<rsvp::Route> list = links(capability ? capability->route : rsvp::Route{});
  const auto drop = [&](const rsvp::Subobject& identifier) {
    std::erase_if(list, [&](const rsvp::Route& link) { return link.front() == identifier; });
  };
  for (const rsvp::Subobject& identifier : change.remove_capability) drop(identifier);
  for (rsvp::Route& link : links(change.add_capability)) {
    drop(link.front());
    list.push_back(std::move(link));
  }
  capability.reset();
  for (const rsvp::Route& link : list) {
    auto& route = capability ? capability->route : capability.emplace().route;
    route.insert(route.end(), link.begin(), link.end());
  }
}

}  // namespace

std::expected<CallHandle, Reason> CallController::create(const CreateCall& request, Instant now) {
  const auto no = [&](std::string_view cause, std::string text, rsvp::ErrorValue error = {}) {
    return std::unexpected(local_reason(cause, std::move(text), error));
  };
  if (request.end_point == Address()) return no("invalid", "the call has no end point");
  if (request.name.size() > 255) return no("invalid", "the name is longer than 255 octets");
  if (request.network_names && !request.name.empty()) {
    return no("invalid", "either you or the network gives the name");
  }
  if (book_.size() >= config_.max_calls) return no("limit", "there are too many calls");
  Call fresh{.id = {request.name, 0, {request.sender.value_or(config_.address), request.end_point}},
             .capability = request.capability ? request.capability : config_.capability};
  Carried& carried = fresh.carried;
  carried.policy = request.policy;
  carried.attributes = request.attributes;
  if (request.source_tna) carried.set_tna(UniSubobject::kSourceTna, *request.source_tna);
  if (request.destination_tna) {
    carried.set_tna(UniSubobject::kDestinationTna, *request.destination_tna);
  }
  if (request.service_level) carried.set_service_level(*request.service_level);

  CallId& id = fresh.id;
  if (!ours(id.ends.sender)) {
    return no("invalid", to_text(id.ends.sender) + " is no address of this call controller");
  }
  const auto hop = hop_for(id.ends, carried);
  if (!hop) return no("no_route", hop.error().text, hop.error().error);
  const bool unnamed = request.network_names;
  if (unnamed && !(hop->next && hop->point->kind == PointKind::Uni)) {
    return no("invalid", "only behind a UNI does the network give names");
  }
  if (unnamed && hop->point->profile == Profile::Oif) {
    carried.call_id = rsvp::CallId{.kind = rsvp::CallId::Kind::Assign};  // RFC 3474 section 4.3.1
  }
  if (!unnamed && id.name.empty()) id.name = make_name();
  if (const Call* const other = book_.find_name(id.ends, id.name)) {
    const auto* const text = unnamed ? "another request for a name waits"
                             : other->told_gone
                                 ? "there was such a call, and its end is not confirmed"
                                 : "there is such a call";
    return no("duplicate", text, {ErrorCode::CallManagement, rsvp::call::kDuplicate});
  }
  if (!unnamed) {
    id.number = book_.free_number(id.ends);
    if (id.number == 0) return no("limit", "all short Call IDs of this pair are in use");
  }
  if (hop->point != nullptr) {
    const CallRequest asked{id.ends, &carried, true};
    const Address caller = request.source_tna.value_or(id.ends.sender);
    const auto refusal = policy_.admit(*hop->point, Side::Down, asked, usage(*hop->point, caller));
    if (refusal) return no("refused", refusal->text, refusal->error);
  }
  if (hop->next) {
    fresh.down = segment(*hop->next, *hop->point, CallState::SetupSent);
    fresh.down->kind = kind_for(id.ends.end_point);
    const auto octets = rsvp::encode_message(
        compose(notify_of(fresh, Side::Down, CallMessage::Setup), config_.address));
    if (!octets) {
      return no("invalid",
                "this cannot be said in a message: " + std::string(octets.error().field));
    }
  }
  Call& call = book_.add(std::move(fresh));
  if (call.local()) {
    ++counters_.accepted;
    claim_connections(call);
  }
  persist(call);
  changed(call);
  if (call.down) send_setup(call, now);
  return call.handle;
}

std::optional<Reason> CallController::remove(CallHandle handle, Instant now) {
  Call* const call = book_.find(handle);
  if (call == nullptr) return local_reason("unknown_call", "there is no such call");
  if (!call->connections.empty()) {
    return local_reason("connections_exist", "the call has connections",
                        {ErrorCode::CallManagement, rsvp::call::kConnectionsExist});
  }
  if (call->up && call->down) {
    return local_reason("not_an_end", "the call passes here; it is released at its ends: " +
                                          to_text(call->id.ends.sender) + ", " +
                                          to_text(call->id.ends.end_point));
  }
  if (call->releasing()) return std::nullopt;
  call->reason = {};
  if (call->local()) {
    Call last = *call;
    erase(*call);
    gone(last, {}, now);
    return std::nullopt;
  }
  const Side side = call->down ? Side::Down : Side::Up;
  tickets_.erase(call->leg(side)->ticket);
  begin_release(*call, side);
  persist(*call);
  changed(*call);
  send_release(*call, side, now);
  return std::nullopt;
}

std::optional<Reason> CallController::forget(CallHandle handle, Instant now) {
  Call* const call = book_.find(handle);
  if (call == nullptr) return local_reason("unknown_call", "there is no such call");
  if (!call->connections.empty()) {
    return local_reason("connections_exist", "the call has connections",
                        {ErrorCode::CallManagement, rsvp::call::kConnectionsExist});
  }
  Call last = *call;
  erase(*call);
  gone(last, local_reason("forgotten", "by the operator"), now);
  return std::nullopt;
}

std::optional<Reason> CallController::modify(CallHandle handle, const ModifyCall& change,
                                             Instant now) {
  Call* const call = book_.find(handle);
  if (call == nullptr) return local_reason("unknown_call", "there is no such call");
  if (!call->established()) {
    return local_reason("not_established", "the call is " + std::string(to_string(call->state())));
  }
  if (call->up && call->down) {
    return local_reason("not_an_end", "the call passes here; it is changed at its ends");
  }
  if (call->change) return local_reason("busy", "another change waits for its answer");
  if (!change.add_capability.empty() && !names_link(change.add_capability.front())) {
    return local_reason("invalid", "capabilities stand behind the identifier of their link");
  }
  Carried wanted = call->carried;
  if (change.service_level) {
    if (call->terminator()) {
      return local_reason("not_the_caller", "the caller's side changes the service level");
    }
    wanted.set_service_level(*change.service_level);
    const ReferencePoint* const point = call->down ? policy_.point(call->down->point) : nullptr;
    const auto no = point != nullptr ? policy_.admit_level(*point, wanted) : std::nullopt;
    if (no) return local_reason("refused", no->text, no->error);
  }
  std::optional<rsvp::LinkCapability> capability = call->capability;
  apply(change, capability);
  if (capability) {
    const auto octets =
        rsvp::encode_message({.type = rsvp::MessageType::Notify, .objects = {*capability}});
    if (!octets) {
      return local_reason("invalid",
                          "this cannot be said in a message: " + std::string(octets.error().field));
    }
  }
  const bool renewed = capability != call->capability;
  call->capability = std::move(capability);
  call->reason = {};
  const bool other_level = wanted != call->carried;
  if (call->local()) call->carried = std::move(wanted);
  if (renewed || call->local()) persist(*call);
  if (call->local() || !(renewed || other_level)) return std::nullopt;
  const Side side = call->down ? Side::Down : Side::Up;
  if (other_level) call->change = std::move(wanted);
  call->leg(side)->tries = 0;
  send_refresh(*call, side, now);
  return std::nullopt;
}

std::vector<const Call*> CallController::list(CallHandle after, std::size_t most) const {
  const auto& all = book_.all();
  std::vector<const Call*> page;
  for (auto at = all.upper_bound(after); at != all.end() && page.size() < most; ++at) {
    if (!at->second.told_gone) page.push_back(&at->second);
  }
  return page;
}

std::size_t CallController::size() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(book_.all(), [](const auto& one) { return !one.second.told_gone; }));
}

std::vector<const Call*> CallController::list() const {
  std::vector<const Call*> list;
  list.reserve(book_.size());
  for (const auto& [handle, call] : book_.all()) {
    if (!call.told_gone) list.push_back(&call);
  }
  return list;
}

}  // namespace forces::signaling::ason::calls
