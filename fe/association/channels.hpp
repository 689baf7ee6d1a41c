// The two channels to each CE: libtml's descriptors, by the CE's place in the configuration. The
// element's mutex guards them; open() and close() alone are called without it, for libtml may call
// back.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "fe/association/core/element_core.hpp"
#include "tml/tml.h"

namespace forces::fe {

struct ChannelPair {
  std::uint64_t control = 0, data = 0;  // descriptors of tmlOpen, 0: none
  bool data_up = false;
};

struct ChannelHandlers {
  tml_event_handler event = nullptr;
  tmlx_message_handler control = nullptr, data = nullptr;
  void* user = nullptr;
};

class Channels {
 public:
  // `config` outlives this.
  Channels(const ElementConfig& config, const ChannelHandlers& handlers)
      : config_(config), handlers_(handlers), pairs_(config.ces.size()) {}

  [[nodiscard]] tml_status open(tmlx_context* context, std::size_t ce, tml_channel_type type,
                                tml_descriptor& channel) const;
  static void close(const ChannelPair& pair);

  [[nodiscard]] std::optional<std::size_t> ce_of(std::uint64_t channel) const;
  [[nodiscard]] std::optional<std::size_t> index_of(std::uint32_t ce_id) const;
  [[nodiscard]] const ChannelPair& operator[](std::size_t ce) const { return pairs_[ce]; }

  void on_opened(std::size_t ce, tml_channel_type type, tml_descriptor channel);
  [[nodiscard]] ChannelPair forget(std::size_t ce) { return std::exchange(pairs_[ce], {}); }
  // Of a channel, and told to the core.
  void on_event(std::size_t ce, const tmlx_event& event, ElementCore& core, Instant now);

  void append_to(ElementSnapshot& shot) const;

 private:
  const ElementConfig& config_;
  ChannelHandlers handlers_;
  std::vector<ChannelPair> pairs_;
};

}  // namespace forces::fe
