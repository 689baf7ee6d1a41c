#include "tests/e2e/multicast/member.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "common/core/outputs.hpp"
#include "proto/mars/element_address.hpp"
#include "proto/pl/association.hpp"
#include "proto/wire/snap.hpp"

namespace e2e {

namespace mars = forces::mars;
namespace pl = forces::pl;
namespace wire = forces::wire;
using namespace std::chrono_literals;

forces::Instant Member::now() {
  return forces::Instant(std::chrono::steady_clock::now().time_since_epoch());
}

mars::client::Config Member::client_config(std::uint32_t id, const std::vector<CeAddress>& ces) {
  mars::client::Config c;
  c.address = mars::encode_element({{id}, {0x7f000001, static_cast<std::uint16_t>(5000 + id)}});
  c.protocol_address = mars::ipv4_address(0x0a000000 + id);
  for (const CeAddress& ce : ces) c.mars.push_back(mars::encode_element({{ce.id}, {}}));
  c.seed = id;
  c.times.retransmit = 500ms;
  c.times.random_least = 10ms;
  c.times.random_most = 50ms;
  c.times.looping = 500ms;
  c.times.nobody = 100ms;
  return c;
}

Member::Member(const std::string& folder, std::uint32_t id, const std::vector<CeAddress>& ces)
    : id_(id), first_(ces.front().id), client_(client_config(id, ces)) {
  const std::string ca = folder + "/ca.crt", cert = folder + "/fe-" + std::to_string(id);
  const std::string crt = cert + ".crt", key = cert + ".key";
  tmlx_tls tls = TMLX_TLS_INIT;
  tls.ca_file = ca.c_str();
  tls.cert_file = crt.c_str();
  tls.key_file = key.c_str();
  tmlx_config config = TMLX_CONFIG_INIT;
  config.local_id = id;
  config.tls = &tls;
  EXPECT_EQ(tmlx_context_create(&config, &context_), TML_SUCCESS) << tmlx_last_error();
  for (const CeAddress& ce : ces) {
    tmlx_channel_attributes a = TMLX_CHANNEL_ATTRIBUTES_INIT;
    a.context = context_;
    a.address = "127.0.0.1";
    a.port = ce.control_port;
    a.message_handler = &on_messages;
    a.user = this;
    a.backoff_min_ms = 20;
    a.backoff_max_ms = 200;
    tml_descriptor channel{};
    // Its events wait in the queue until pump() of this thread, which knows the descriptor by then.
    EXPECT_EQ(tmlOpen(TML_CHANNEL_CONTROL, ce.id, TML_MODE_UNICAST, &a, &on_event, &channel),
              TML_SUCCESS)
        << tmlx_last_error();
    ces_[ce.id].channel = channel;
  }
}

Member::~Member() { tmlx_context_destroy(context_); }

void Member::on_event(void* self, const tmlx_event* event) {
  const bool up = event->type == TMLX_EVENT_CHANNEL_UP;
  if (!up && event->type != TMLX_EVENT_CHANNEL_DOWN && event->type != TMLX_EVENT_CLOSE) return;
  auto& me = *static_cast<Member*>(self);
  const std::lock_guard lock(me.mutex_);
  me.events_.push_back({event->descriptor.value, up, {}});
}

void Member::on_messages(void* self, tml_descriptor channel, const tmlx_message* messages,
                         size_t count) {
  auto& me = *static_cast<Member*>(self);
  const std::lock_guard lock(me.mutex_);
  for (size_t i = 0; i < count; ++i) {
    const auto* const data = static_cast<const std::byte*>(messages[i].data);
    me.events_.push_back({channel.value, {}, {data, data + messages[i].size}});
  }
}

void Member::pump() {
  std::deque<Event> events;
  {
    const std::lock_guard lock(mutex_);
    events.swap(events_);
  }
  for (const Event& event : events) take(event);
  if (const auto due = client_.next_deadline(); due && *due <= now()) client_.on_timer(now());
  while (auto output = client_.poll_output()) {
    const auto* const out = std::get_if<mars::client::Send>(&*output);
    if (out != nullptr) send(mars::decode_element(out->mars)->id.value, out->octets);
  }
}

void Member::take(const Event& event) {
  for (auto& [id, ce] : ces_) {
    if (ce.channel.value != event.channel) continue;
    if (!event.up) return on_pl(id, event.octets);
    if (*event.up) return set_up(id);
    if (std::exchange(ce.associated, false)) {
      client_.on_vc_lost(mars::encode_element({{id}, {}}), now());
    }
  }
}

void Member::set_up(std::uint32_t ce) {
  write(ce, pl::encode_association_setup({id_}, {ce}, 1).value());
}

void Member::on_pl(std::uint32_t ce, const std::vector<std::byte>& octets) {
  const auto header = pl::decode_header(octets);
  ASSERT_TRUE(header);
  switch (header->type) {
    case pl::MsgType::AssociationSetupResponse: {
      const auto response = pl::decode_association_setup_response(octets);
      ASSERT_TRUE(response && response->result == pl::AssociationResult::Success);
      ces_.at(ce).associated = true;
      // Its first ce is where it is to be at first, whichever channel is up first.
      if (ce == first_ && !std::exchange(started_, true)) client_.start(now());
      return;
    }
    case pl::MsgType::AssociationTeardown:  // that ce has started again
      if (std::exchange(ces_.at(ce).associated, false)) {
        client_.on_vc_lost(mars::encode_element({{ce}, {}}), now());
      }
      return set_up(ce);
    case pl::MsgType::Heartbeat:
      if (header->flags.ack() == pl::Ack::Always) {
        write(ce, pl::encode_heartbeat_reply(*header, {id_}).value());
      }
      return;
    case pl::MsgType::MarsVc: {
      const auto vc = pl::decode_vc(octets);
      ASSERT_TRUE(vc);
      ++heard_[vc->kind];
      const auto snap = wire::decode_snap(vc->sdu);
      ASSERT_TRUE(snap && snap->pid == wire::SnapPid::MarsControl);
      client_.on_message(mars::encode_element({{ce}, {}}),
                         vc->kind == pl::VcKind::PointToPoint ? mars::client::Via::Private
                                                              : mars::client::Via::Control,
                         snap->payload, now());
      return;
    }
    default:
      return;  // an FE would answer Queries; nothing here depends on it
  }
}

void Member::write(std::uint32_t ce, const pl::Octets& octets) {
  (void)tmlWrite(ces_.at(ce).channel, octets.data(), octets.size(), 0, nullptr);
}

void Member::send(std::uint32_t ce, const mars::Octets& message) {
  const auto at = ces_.find(ce);  // a REDIRECT_MAP may name others than those we have channels to
  if (at == ces_.end() || !at->second.associated) {
    return client_.on_vc_lost(mars::encode_element({{ce}, {}}), now());
  }
  const auto snap = wire::snap_header(wire::SnapPid::MarsControl);
  mars::Octets sdu(snap.begin(), snap.end());
  sdu.insert(sdu.end(), message.begin(), message.end());
  write(ce, pl::encode_vc({id_}, {ce}, pl::VcKind::PointToPoint, sdu).value());
}

void Member::say_as(std::uint32_t ce, std::uint32_t other) {
  mars::Message m{.operation = mars::Operation::Join,
                  .source = mars::encode_element({{other}, {0x7f000001, 4000}}),
                  .source_protocol = mars::ipv4_address(0x0a0000ff)};
  m.flags = m.flags.with_registers(true);
  send(ce, mars::encode_message(m).value());
}

std::optional<std::vector<std::uint32_t>> Member::receivers(std::uint32_t group) const {
  const auto* const leaves = client_.leaves(address(group));
  if (leaves == nullptr) return std::nullopt;
  std::vector<std::uint32_t> ids;
  for (const auto& leaf : *leaves) ids.push_back(mars::decode_element(leaf)->id.value);
  return ids;
}

bool Member::registered_with(std::uint32_t ce) const {
  return client_.state() == mars::client::Client::State::Registered && client_.settled() &&
         client_.mars() == mars::encode_element({{ce}, {}});
}

}  // namespace e2e
