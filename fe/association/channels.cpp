#include "fe/association/channels.hpp"

#include <algorithm>
#include <string>

namespace forces::fe {

tml_status Channels::open(tmlx_context* context, std::size_t ce, tml_channel_type type,
                          tml_descriptor& channel) const {
  const CeConfig& config = config_.ces[ce];
  const bool control = type == TML_CHANNEL_CONTROL;
  tmlx_channel_attributes attributes = TMLX_CHANNEL_ATTRIBUTES_INIT;
  attributes.context = context;
  attributes.address = config.address.c_str();
  attributes.user = handlers_.user;
  attributes.backoff_min_ms = config_.backoff_min_ms;
  attributes.backoff_max_ms = config_.backoff_max_ms;
  attributes.port = control ? config.control_port : config.data_port;
  attributes.message_handler = control ? handlers_.control : handlers_.data;
  attributes.options = control ? config_.control_options : config_.data_options;
  return tmlOpen(type, config.ce_id, TML_MODE_UNICAST, &attributes, handlers_.event, &channel);
}

// Section 6.2.2 of the draft: data before control.
void Channels::close(const ChannelPair& pair) {
  if (pair.data != 0) (void)tmlClose({pair.data}, TML_CLOSE_CONTROLLED);
  if (pair.control != 0) (void)tmlClose({pair.control}, TML_CLOSE_CONTROLLED);
}

void Channels::on_opened(std::size_t ce, tml_channel_type type, tml_descriptor channel) {
  (type == TML_CHANNEL_CONTROL ? pairs_[ce].control : pairs_[ce].data) = channel.value;
}

std::optional<std::size_t> Channels::index_of(std::uint32_t ce_id) const {
  const auto at = std::ranges::find(config_.ces, ce_id, &CeConfig::ce_id);
  if (at == config_.ces.end()) return std::nullopt;
  return static_cast<std::size_t>(at - config_.ces.begin());
}

std::optional<std::size_t> Channels::ce_of(std::uint64_t channel) const {
  const auto at = std::ranges::find_if(
      pairs_, [&](const ChannelPair& c) { return c.control == channel || c.data == channel; });
  if (at == pairs_.end()) return std::nullopt;
  return static_cast<std::size_t>(at - pairs_.begin());
}

void Channels::on_event(std::size_t ce, const tmlx_event& event, ElementCore& core, Instant now) {
  ChannelPair& channels = pairs_[ce];
  const bool control = event.channel_type == TML_CHANNEL_CONTROL;
  switch (event.type) {
    case TMLX_EVENT_CHANNEL_UP:
      if (control) {
        channels.control = event.descriptor.value;
        core.on_control_up(ce, now);
      } else {
        channels.data = event.descriptor.value;
        channels.data_up = true;
        core.on_data_up(ce);
      }
      return;
    case TMLX_EVENT_CHANNEL_DOWN:
      if (control) {
        core.on_control_down(ce, now);
      } else {
        channels.data_up = false;
        core.on_data_down(ce);
      }
      return;
    case TMLX_EVENT_CLOSE:  // the CE closed it: libtml will not bring it back by itself
      if (control) {
        channels = {};
        core.on_control_closed(ce, now);
      } else {
        channels.data = 0;
        channels.data_up = false;
        core.on_data_closed(ce, now);
      }
      return;
    default:
      return;
  }
}

void Channels::append_to(ElementSnapshot& shot) const {
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    const CeConfig& config = config_.ces[i];
    shot.ces[i].address = config.address + ":" + std::to_string(config.control_port);
    shot.ces[i].control_channel = pairs_[i].control;
    shot.ces[i].data_channel = pairs_[i].data;
  }
}

}  // namespace forces::fe
