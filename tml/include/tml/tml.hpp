// libtml for C++17 and later: ownership and spans over the C API of tml.h. Inline only, so no C++
// ABI is promised. Nothing here throws but Context's constructor.
#ifndef TML_TML_HPP
#define TML_TML_HPP

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "tml/tml.h"

namespace tml {

// A status that is no success, with the library's own words.
class Error : public std::runtime_error {
 public:
  explicit Error(tml_status s)
      : std::runtime_error(std::string(tmlx_strerror(s)) + ": " + tmlx_last_error()), status(s) {}
  tml_status status;
};

// Owns a tmlx_context.
class Context {
 public:
  explicit Context(const tmlx_config& config) {
    if (const tml_status s = tmlx_context_create(&config, &context_); s != TML_SUCCESS)
      throw Error(s);
  }
  ~Context() { tmlx_context_destroy(context_); }
  Context(Context&& other) noexcept : context_(std::exchange(other.context_, nullptr)) {}
  Context& operator=(Context&& other) noexcept {
    std::swap(context_, other.context_);
    return *this;
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  tmlx_context* get() const { return context_; }
  int listen_port(tml_channel_type type) const { return tmlx_listen_port(context_, type); }
  tml_status poll(int timeout_ms) const { return tmlx_poll(context_, timeout_ms); }
  tml_status reload_tls() const { return tmlx_tls_reload(context_); }

 private:
  tmlx_context* context_ = nullptr;
};

// A channel or a group. Copies freely, owns nothing: close() ends the channel.
class Channel {
 public:
  Channel() = default;
  explicit Channel(tml_descriptor descriptor) : descriptor_(descriptor) {}
  tml_descriptor descriptor() const { return descriptor_; }
  explicit operator bool() const { return descriptor_.value != 0; }

  tml_status write(const void* message, std::size_t size, int timeout_ms = -1) const {
    return tmlWrite(descriptor_, message, size, timeout_ms, nullptr);
  }
  // On success `size` is the message's; on TMLX_E_BUFFER_TOO_SMALL the size needed.
  tml_status read(void* buffer, std::size_t capacity, std::size_t& size,
                  int timeout_ms = -1) const {
    const tmlx_buffer into{buffer, capacity};
    return tmlRead(descriptor_, &into, timeout_ms, &size);
  }
  tml_status close(tml_close_mode mode = TML_CLOSE_CONTROLLED) const {
    return tmlClose(descriptor_, mode);
  }
  tml_status join(std::uint32_t group_id, int timeout_ms = -1) const {
    const tmlx_group_attributes a{sizeof a, descriptor_, group_id, timeout_ms};
    return tmlMulticastGroupJoin(&a);
  }
  tml_status leave(std::uint32_t group_id, int timeout_ms = -1) const {
    const tmlx_group_attributes a{sizeof a, descriptor_, group_id, timeout_ms};
    return tmlMulticastGroupLeave(&a);
  }
  tmlx_channel_info info() const {
    tmlx_channel_info out = TMLX_CHANNEL_INFO_INIT;
    (void)tmlx_channel_get_info(descriptor_, &out);
    return out;
  }

 private:
  tml_descriptor descriptor_{0};
};

}  // namespace tml

#endif  // TML_TML_HPP
