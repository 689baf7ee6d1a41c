// The only translation unit with extern "C" definitions: arguments are checked here, and no C++
// exception leaves.
#include <cstring>
#include <new>
#include <string>

#include "proto/tml/frame.hpp"
#include "tml/src/net/element/context.hpp"
#include "tml/tml.h"

struct tmlx_context {
  std::unique_ptr<forces::tml::Context> impl;
};

namespace {

using forces::tml::Channel;
using forces::tml::Context;
using forces::tml::Handles;

thread_local std::string last_error;

tml_status failed(tml_status status, const char* why) {
  last_error = why;
  return status;
}

template <class Body>
tml_status guarded(Body&& body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return TMLX_E_NO_MEMORY;
  } catch (const std::exception& e) {
    return failed(TMLX_E_INTERNAL, e.what());
  } catch (...) {
    return TMLX_E_INTERNAL;
  }
}

// An older caller's struct is shorter, a newer caller's is longer. False: not such a struct.
template <class T>
bool copy_known(const T* from, T& to, std::size_t least) {
  if (from == nullptr || from->size < least) return false;
  std::memcpy(&to, from, std::min(from->size, sizeof to));
  to.size = sizeof to;
  return true;
}

bool is_type(tml_channel_type type) {
  return type == TML_CHANNEL_CONTROL || type == TML_CHANNEL_DATA;
}

tml_status unknown(tml_descriptor d) {
  return Handles::instance().was_issued(d) ? TMLX_E_CLOSED : TMLX_E_BAD_DESCRIPTOR;
}

template <class Body>
tml_status with_channel(tml_descriptor d, Body&& body) noexcept {
  return guarded([&]() -> tml_status {
    if (Channel* channel = Handles::instance().channel(d)) return body(*channel);
    return Handles::instance().group(d) != nullptr ? TMLX_E_INVALID : unknown(d);
  });
}

tml_status open_channel(tml_channel_type type, uint32_t element,
                        const tmlx_channel_attributes* from, tml_event_handler handler,
                        bool register_now, tml_descriptor* out) {
  tmlx_channel_attributes a = TMLX_CHANNEL_ATTRIBUTES_INIT;
  if (!is_type(type) || out == nullptr ||
      !copy_known(from, a, offsetof(tmlx_channel_attributes, options)))
    return failed(TMLX_E_INVALID, "channel type, attributes or descriptor is missing");
  *out = {0};
  if (a.context == nullptr) return failed(TMLX_E_NOT_INIT, "channelAttributes.context is missing");
  if (a.transport != TMLX_TRANSPORT_TCP) return failed(TMLX_E_UNSUPPORTED, "no such transport");
  std::string why;
  const tml_status status =
      a.context->impl->open(type, element, a, handler, register_now, *out, why);
  if (!why.empty()) last_error = why;
  return status;
}

}  // namespace

extern "C" {

tml_status tmlx_context_create(const tmlx_config* config, tmlx_context** context) {
  return guarded([&]() -> tml_status {
    tmlx_config c = TMLX_CONFIG_INIT;
    if (context == nullptr || !copy_known(config, c, offsetof(tmlx_config, max_peers)))
      return failed(TMLX_E_INVALID, "config or context is missing");
    tmlx_tls tls = TMLX_TLS_INIT;
    if (c.tls != nullptr && !copy_known(c.tls, tls, offsetof(tmlx_tls, crl_file)))
      return failed(TMLX_E_INVALID, "config.tls has no size");
    if (c.tls != nullptr) c.tls = &tls;
    auto made = std::make_unique<tmlx_context>();
    std::string why;
    const tml_status status = Context::create(c, made->impl, why);
    if (status != TML_SUCCESS) return failed(status, why.c_str());
    *context = made.release();
    return TML_SUCCESS;
  });
}

void tmlx_context_destroy(tmlx_context* context) { delete context; }

const char* tmlx_last_error(void) { return last_error.c_str(); }

tml_status tmlx_tls_reload(tmlx_context* context) {
  return guarded([&]() -> tml_status {
    if (context == nullptr) return TMLX_E_NOT_INIT;
    std::string why;
    const tml_status status = context->impl->reload(why);
    return status == TML_SUCCESS ? status : failed(status, why.c_str());
  });
}

tml_status tmlx_poll(tmlx_context* context, int timeout) {
  return guarded([&]() -> tml_status {
    if (context == nullptr) return TMLX_E_NOT_INIT;
    if (!context->impl->caller_driven())
      return failed(TMLX_E_INVALID, "tmlx_poll is for contexts made with TMLX_CALLER_DRIVEN");
    return context->impl->poll(timeout) ? TML_SUCCESS : TMLX_E_TIMEOUT;
  });
}

tml_status tmlx_watch(tmlx_context* context, int fd, tmlx_ready_handler ready, void* user) {
  return guarded([&]() -> tml_status {
    if (context == nullptr) return TMLX_E_NOT_INIT;
    return fd < 0 ? TMLX_E_INVALID : context->impl->watch(fd, ready, user);
  });
}

tml_status tmlInit(tml_channel_type channelType, const tmlx_init_attributes* initAttributes) {
  return guarded([&]() -> tml_status {
    tmlx_init_attributes a = TMLX_INIT_ATTRIBUTES_INIT;
    if (!is_type(channelType) ||
        !copy_known(initAttributes, a, offsetof(tmlx_init_attributes, options)))
      return failed(TMLX_E_INVALID, "channel type or attributes are missing");
    if (a.context == nullptr) return failed(TMLX_E_NOT_INIT, "initAttributes.context is missing");
    if (a.transport != TMLX_TRANSPORT_TCP) return failed(TMLX_E_UNSUPPORTED, "no such transport");
    std::string why;
    const tml_status status = a.context->impl->init(channelType, a, why);
    return status == TML_SUCCESS ? status : failed(status, why.c_str());
  });
}

tml_status tmlOpen(tml_channel_type channelType, uint32_t elementId, tml_channel_mode channelMode,
                   const tmlx_channel_attributes* channelAttributes,
                   tml_event_handler eventHandlerCallBack, tml_descriptor* channelDescriptor) {
  return guarded([&]() -> tml_status {
    if (channelMode != TML_MODE_UNICAST && channelMode != TML_MODE_MULTICAST)
      return failed(TMLX_E_INVALID, "channelMode is neither unicast nor multicast");
    return open_channel(channelType, elementId, channelAttributes, eventHandlerCallBack, true,
                        channelDescriptor);
  });
}

tml_status tmlx_autonomous(uint32_t elementId, const tmlx_channel_attributes* control,
                           const tmlx_channel_attributes* data) {
  return guarded([&]() -> tml_status {
    tml_descriptor ignored{};
    const tml_status status =
        open_channel(TML_CHANNEL_CONTROL, elementId, control, nullptr, false, &ignored);
    if (status != TML_SUCCESS) return status;
    return open_channel(TML_CHANNEL_DATA, elementId, data, nullptr, false, &ignored);
  });
}

tml_status tmlClose(tml_descriptor channelDescriptor, tml_close_mode mode) {
  if (mode != TML_CLOSE_CONTROLLED && mode != TML_CLOSE_FORCED) return TMLX_E_INVALID;
  return with_channel(channelDescriptor, [&](Channel& c) { return Context::close(c, mode); });
}

tml_status tmlWrite(tml_descriptor channelDescriptor, const void* msg, size_t msgSize, int timeout,
                    size_t* bytesWritten) {
  if (bytesWritten != nullptr) *bytesWritten = 0;
  if (msg == nullptr || timeout < -1) return TMLX_E_INVALID;
  const std::span octets(static_cast<const std::byte*>(msg), msgSize);
  return guarded([&]() -> tml_status {
    tml_status status;
    if (Channel* channel = Handles::instance().channel(channelDescriptor)) [[likely]] {
      status = channel->write(octets, timeout);
    } else if (const auto* group = Handles::instance().group(channelDescriptor)) {
      status = group->context->group_write(*group, octets, nullptr, nullptr);
    } else {
      return unknown(channelDescriptor);
    }
    if (status == TML_SUCCESS && bytesWritten != nullptr) *bytesWritten = msgSize;
    return status;
  });
}

tml_status tmlRead(tml_descriptor channelDescriptor, const tmlx_buffer* msgBuf, int timeout,
                   size_t* bytesRead) {
  if (msgBuf == nullptr || bytesRead == nullptr || timeout < -1) return TMLX_E_INVALID;
  *bytesRead = 0;
  return with_channel(channelDescriptor,
                      [&](Channel& c) { return c.read(*msgBuf, timeout, *bytesRead); });
}

static tml_status membership(const tmlx_group_attributes* from, bool join) {
  tmlx_group_attributes a = TMLX_GROUP_ATTRIBUTES_INIT;
  if (!copy_known(from, a, sizeof a)) return TMLX_E_INVALID;
  return with_channel(a.channel, [&](Channel& c) {
    return Context::change_membership(c, join, a.group_id, a.timeout);
  });
}

tml_status tmlMulticastGroupJoin(const tmlx_group_attributes* groupAttributes) {
  return membership(groupAttributes, true);
}

tml_status tmlMulticastGroupLeave(const tmlx_group_attributes* groupAttributes) {
  return membership(groupAttributes, false);
}

int tmlx_listen_port(tmlx_context* context, tml_channel_type channelType) {
  return context != nullptr && is_type(channelType) ? context->impl->listen_port(channelType) : 0;
}

tml_status tmlx_group_find(tmlx_context* context, uint32_t group_id, tml_descriptor* group) {
  return guarded([&]() -> tml_status {
    if (context == nullptr) return TMLX_E_NOT_INIT;
    return group == nullptr ? TMLX_E_INVALID : context->impl->group_find(group_id, *group);
  });
}

tml_status tmlx_group_write(tml_descriptor group, const void* msg, size_t msgSize,
                            uint32_t* failed_ids, size_t* failed_count) {
  if (msg == nullptr) return TMLX_E_INVALID;
  return guarded([&]() -> tml_status {
    const auto* handle = Handles::instance().group(group);
    if (handle == nullptr)
      return Handles::instance().channel(group) != nullptr ? TMLX_E_INVALID : unknown(group);
    return handle->context->group_write(*handle, {static_cast<const std::byte*>(msg), msgSize},
                                        failed_ids, failed_count);
  });
}

tml_status tmlx_bind(tml_descriptor control, uint32_t element_id) {
  return with_channel(control, [&](Channel& c) { return c.context().bind(c, element_id); });
}

tml_status tmlx_channel_get_info(tml_descriptor channel, tmlx_channel_info* info) {
  if (info == nullptr || info->size < offsetof(tmlx_channel_info, rtt)) return TMLX_E_INVALID;
  return with_channel(channel, [&](Channel& c) {
    tmlx_channel_info full{};
    c.info(full);
    full.size = std::min(info->size, sizeof full);
    std::memcpy(info, &full, full.size);
    return TML_SUCCESS;
  });
}

void tmlx_channel_each(tmlx_context* context, tmlx_channel_visitor visit, void* user) {
  if (context == nullptr || visit == nullptr) return;
  for (const tml_descriptor d : context->impl->channels()) visit(user, d);
}

size_t tmlx_counter_count(void) { return forces::tml::kCounters; }

const tmlx_counter_description* tmlx_counter_info(size_t index) {
  using forces::tml::kCounterRows;
  static const auto all = [] {
    std::array<tmlx_counter_description, forces::tml::kCounters> d{};
    for (std::size_t i = 0; i < d.size(); ++i)
      d[i] = {kCounterRows[i].name, kCounterRows[i].label, kCounterRows[i].help,
              static_cast<tmlx_counter_scope>(kCounterRows[i].scope)};
    return d;
  }();
  return index < all.size() ? &all[index] : nullptr;
}

static void fill(const forces::tml::Counters& from, forces::tml::Scope scope, uint64_t* values,
                 size_t capacity) {
  for (std::size_t i = 0; i < capacity; ++i)
    values[i] =
        i < forces::tml::kCounters && forces::tml::kCounterRows[i].scope == scope ? from.get(i) : 0;
}

tml_status tmlx_context_counters(tmlx_context* context, uint64_t* values, size_t capacity) {
  if (context == nullptr || values == nullptr) return TMLX_E_INVALID;
  fill(context->impl->counters(), forces::tml::Scope::Context, values, capacity);
  return TML_SUCCESS;
}

tml_status tmlx_channel_counters(tml_descriptor channel, uint64_t* values, size_t capacity) {
  if (values == nullptr) return TMLX_E_INVALID;
  return with_channel(channel, [&](Channel& c) {
    fill(c.counters(), forces::tml::Scope::Channel, values, capacity);
    return TML_SUCCESS;
  });
}

}  // extern "C"
