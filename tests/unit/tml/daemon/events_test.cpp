#include "tml/daemon/events.hpp"

#include <gtest/gtest.h>

namespace forces::daemon {
namespace {

tmlx_event event_of(tmlx_event_type type) {
  tmlx_event event{};
  event.type = type;
  event.element_id = 2;
  event.channel_type = TML_CHANNEL_CONTROL;
  return event;
}

TEST(DaemonEvents, OfLibtmlSayChannelCountAndDetail) {
  auto event = event_of(TMLX_EVENT_CONNECT_FAILED);
  event.channel_type = TML_CHANNEL_DATA;
  event.count = 100;
  event.detail = "refused";
  const Note note = note_of(event);
  EXPECT_EQ(note.severity, Severity::Warning);
  EXPECT_EQ(note.event, tmlx_event_name(TMLX_EVENT_CONNECT_FAILED));
  EXPECT_EQ(note.element, 2U);
  EXPECT_EQ(note.text, "data channel: 100: refused");
}

TEST(DaemonEvents, AChannelThatEndsSaysWhy) {
  auto event = event_of(TMLX_EVENT_CHANNEL_DOWN);
  event.reason = TMLX_REASON_DEAD_PEER;
  EXPECT_EQ(note_of(event).text,
            "control channel: " + std::string(tmlx_reason_name(TMLX_REASON_DEAD_PEER)));
  EXPECT_EQ(note_of(event_of(TMLX_EVENT_CHANNEL_UP)).text, "control channel");
}

TEST(DaemonEvents, WhatComesOftenIsForDebuggingAndWhatIsBadWarns) {
  EXPECT_EQ(note_of(event_of(TMLX_EVENT_WRITABLE)).severity, Severity::Debug);
  EXPECT_EQ(note_of(event_of(TMLX_EVENT_CHANNEL_UP)).severity, Severity::Info);
  EXPECT_EQ(note_of(event_of(TMLX_EVENT_HB_LOST)).severity, Severity::Warning);
}

// Every event that bad input causes is a line of the log at its default level, and says what it
// was.
TEST(DaemonEvents, BadInputIsAWarning) {
  struct Case {
    tmlx_event_type type;
    tml_channel_type channel;
    Severity want;
  };
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
    auto event = event_of(c.type);
    event.channel_type = c.channel;
    event.count = 3;
    event.group_id = 0xc0000001;
    event.detail = "why";
    const Note note = note_of(event);
    EXPECT_EQ(note.severity, c.want) << tmlx_event_name(c.type);
    EXPECT_NE(note.text.find(": group 0xc0000001: 3: why"), std::string::npos) << note.text;
  }
}

TEST(DaemonEvents, AreToldInOrderAndToNobodyIfThereIsNobody) {
  const Notes notes{{Severity::Info, "a", 1, "x"}, {Severity::Error, "b", 2, "y"}};
  std::string told;
  tell([&](Severity, std::string_view event, std::uint32_t,
           std::string_view text) { told += std::string(event) + "=" + std::string(text) + " "; },
       notes);
  EXPECT_EQ(told, "a=x b=y ");
  tell(nullptr, notes);
}

}  // namespace
}  // namespace forces::daemon
