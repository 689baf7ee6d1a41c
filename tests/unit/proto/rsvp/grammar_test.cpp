// What must stand in a message, and the lists of Resv and Notify.
#include "proto/rsvp/grammar.hpp"

#include <algorithm>

#include "tests/unit/proto/rsvp/support.hpp"

namespace forces::rsvp {
namespace {

using namespace test_support;
using M = MessageType;

FilterSpec filter(std::uint16_t lsp) { return {.sender = v4(kNode2), .lsp_id = lsp}; }
Label label(std::uint32_t slot) { return {.labels = {slot << 16}}; }

TEST(RsvpGrammar, EveryTypeHasItsMandatoryObjects) {  // RFC 2205 section 3.1, RFC 3473 section 11
  const Object session = Session{}, hop = Hop{}, time = TimeValues{}, error = ErrorSpec{},
               style = Style{}, request = LabelRequest{}, sender = SenderTemplate{},
               tspec = SenderTspec{}, confirm = ResvConfirm{}, ack = MessageIdAck{},
               hello = Hello{}, challenge = Challenge{}, integrity = Integrity{};
  const std::pair<MessageType, std::vector<Object>> rows[] = {
      {M::Path, {session, hop, time, request, sender, tspec}},
      {M::RecoveryPath, {session, hop, time, request, sender, tspec}},
      {M::Resv, {session, hop, time, style}},
      {M::PathErr, {session, error}},
      {M::ResvErr, {session, hop, error, style}},
      {M::PathTear, {session, hop}},
      {M::ResvTear, {session, hop, style}},
      {M::ResvConf, {session, error, confirm, style}},
      {M::Notify, {error, session}},
      {M::Ack, {ack}},
      {M::Hello, {hello}},
      {M::Srefresh, {}},
      {M::Bundle, {}},
      {M::IntegrityChallenge, {challenge}},
      {M::IntegrityResponse, {integrity, challenge}},
      {MessageType{99}, {}},
  };
  for (const auto& [type, objects] : rows) {
    Message whole{.type = type, .objects = objects};
    EXPECT_EQ(missing(whole), std::nullopt) << to_string(type);
    std::ranges::reverse(whole.objects);  // order is a recommendation
    EXPECT_EQ(missing(whole), std::nullopt) << to_string(type);
    for (std::size_t i = 0; i < objects.size(); ++i) {
      Message without{.type = type, .objects = objects};
      without.objects.erase(without.objects.begin() + static_cast<long>(i));
      const auto error_found = missing(without);
      ASSERT_TRUE(error_found) << to_string(type) << " without " << i;
      EXPECT_EQ(error_found->code, Errc::Missing);
    }
  }
}

TEST(RsvpGrammar, FixedFilterIsAReservationForEachSender) {  // RFC 3209 section 3.2
  const Message m{.type = M::Resv,
                  .objects = {Session{}, Style{}, Flowspec{}, filter(1), label(1), RecordRoute{},
                              filter(2), label(2), Flowspec{.traffic = G709{}}, filter(3),
                              LspAttributes{}, label(3), label(4)}};
  const auto flows = flow_descriptors(m);
  ASSERT_TRUE(flows);
  ASSERT_EQ(flows->size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(flows->at(i).filter->lsp_id, i + 1);
    EXPECT_EQ(*flows->at(i).label, label(static_cast<std::uint32_t>(i + 1)));  // the first counts
  }
  EXPECT_NE(flows->at(0).route, nullptr);
  EXPECT_EQ(flows->at(1).route, nullptr);
  EXPECT_EQ(flows->at(0).flowspec, flows->at(1).flowspec);  // left out: as before
  EXPECT_TRUE(std::holds_alternative<G709>(flows->at(2).flowspec->traffic));
  EXPECT_EQ(flows->at(0).objects.size(), 3u);
  EXPECT_EQ(flows->at(1).objects.size(), 2u);
  EXPECT_EQ(flows->at(2).objects.size(), 4u);
}

TEST(RsvpGrammar, SharedExplicitIsAListOfSenders) {
  const Message m{.type = M::Resv,
                  .objects = {Session{}, Style{.options = Style::kSharedExplicit}, Flowspec{},
                              filter(1), label(1), filter(2), label(1)}};
  const auto flows = flow_descriptors(m);
  ASSERT_TRUE(flows);
  ASSERT_EQ(flows->size(), 2u);
  EXPECT_EQ(flows->at(1).flowspec, flows->at(0).flowspec);
}

TEST(RsvpGrammar, ALabelNeedsItsFilterSpec) {
  for (const Object& early : {Object(label(1)), Object(RecordRoute{})}) {
    const Message m{.type = M::Resv, .objects = {Session{}, Flowspec{}, early, filter(1)}};
    EXPECT_EQ(flow_descriptors(m).error(), (Error{Errc::Missing, 0, "rsvp.filter_spec"}));
  }
  EXPECT_TRUE(flow_descriptors({.type = M::Resv})->empty());
}

TEST(RsvpGrammar, ANotifyHasAListOfSessions) {  // RFC 4974 section 5.4.1
  const Message m{.type = M::Notify,
                  .objects = {MessageId{}, ErrorSpec{}, Session{.call_id = 1}, AdminStatus{},
                              SessionAttribute{.name = "one"}, Session{.call_id = 2},
                              SenderTemplate{}, SessionAttribute{.name = "two"}}};
  const auto sessions = notify_sessions(m);
  ASSERT_EQ(sessions.size(), 2u);
  EXPECT_EQ(sessions[0].session->call_id, 1);
  EXPECT_EQ(sessions[0].objects.size(), 3u);
  EXPECT_EQ(sessions[0].find<SessionAttribute>()->name, "one");
  EXPECT_EQ(sessions[0].find<SenderTemplate>(), nullptr);
  EXPECT_EQ(sessions[1].find<SessionAttribute>()->name, "two");
  EXPECT_TRUE(notify_sessions({.type = M::Notify}).empty());
}

TEST(RsvpGrammar, OnlyTheFirstOfAnObjectCounts) {  // RFC 4974 section 5.3, RFC 3209 section 4.3
  const Message m{.type = M::Path,
                  .objects = {LabelSet{.label_type = 1}, ExplicitRoute{{Subobject{true}}},
                              LabelSet{.label_type = 2}, ExplicitRoute{}}};
  EXPECT_EQ(m.find<ExplicitRoute>()->route.size(), 1u);
  EXPECT_EQ(std::ranges::distance(m.all<LabelSet>()), 2);  // all of these do
}

}  // namespace
}  // namespace forces::rsvp
