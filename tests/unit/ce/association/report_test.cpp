// Every event that bad input causes is a line of the log at its default level, and says what it
// was.
#include <gtest/gtest.h>

#include "ce/association/controller_report.hpp"

namespace forces::ce {
namespace {

struct Case {
  tmlx_event_type type;
  tml_channel_type channel;
  Severity want;
};
TEST(CEReport, BadInputIsAWarning) {
  const Case cases[] = {
      {TMLX_EVENT_AUTH_FAILED, TML_CHANNEL_CONTROL, Severity::Warning},
      {TMLX_EVENT_PROTOCOL_ERROR, TML_CHANNEL_CONTROL, Severity::Warning},
      {TMLX_EVENT_SKIPPED, TML_CHANNEL_CONTROL, Severity::Warning},
      {TMLX_EVENT_DROPPED, TML_CHANNEL_DATA, Severity::Warning},
      {TMLX_EVENT_JOIN_REFUSED, TML_CHANNEL_CONTROL, Severity::Warning},
      {TMLX_EVENT_HB_LOST, TML_CHANNEL_CONTROL, Severity::Warning},
      {TMLX_EVENT_CHANNEL_DOWN, TML_CHANNEL_CONTROL, Severity::Warning},
      {TMLX_EVENT_CONGESTED, TML_CHANNEL_CONTROL, Severity::Warning},
      {TMLX_EVENT_CONGESTED, TML_CHANNEL_DATA, Severity::Debug},
      {TMLX_EVENT_CONGESTION_CLEARED, TML_CHANNEL_CONTROL, Severity::Info},
  };
  for (const Case& c : cases) {
    tmlx_event event{};
    event.type = c.type;
    event.channel_type = c.channel;
    event.element_id = 7;
    event.count = 3;
    event.group_id = 0xc0000001;
    event.detail = "why";
    const Note note = note_of(event);
    EXPECT_EQ(note.severity, c.want) << tmlx_event_name(c.type);
    EXPECT_EQ(note.event, tmlx_event_name(c.type));
    EXPECT_EQ(note.element, 7U);
    EXPECT_NE(note.text.find(": group 0xc0000001: 3: why"), std::string::npos) << note.text;
  }
}

}  // namespace
}  // namespace forces::ce
