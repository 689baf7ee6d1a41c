// Calls in Notify messages, against messages that were made by other code (tests/vectors/rsvp).
#include "ce/signaling/ason/call/notify.hpp"

#include <gtest/gtest.h>

#include "tests/support/octets/vectors.hpp"

namespace forces::signaling::ason::calls {
namespace {

rsvp::Message golden(std::string_view name) {
  for (const auto& vector : test::load_vectors("rsvp/golden.hex")) {
    if (vector.name.ends_with(name)) return rsvp::decode_message(vector.octets).value();
  }
  throw std::runtime_error("no such vector");
}

CallNotify read(const rsvp::Message& m) {
  const auto sessions = rsvp::notify_sessions(m);
  return parse(*m.find<rsvp::ErrorSpec>(), sessions.at(0)).value();
}

// Without what the engine puts in.
rsvp::Message bare(rsvp::Message m) {
  std::erase_if(m.objects, [](const rsvp::Object& o) {
    return std::holds_alternative<rsvp::MessageId>(o) || std::holds_alternative<rsvp::Integrity>(o);
  });
  m.flags = 0;
  return m;
}

const CallId kGolden{"BEL-CARR01-AP0001/192.0.2.2/0000000000000101",
                     0x0101,
                     {Address::v4(0xc0000202), Address::v4(0xc0000219)}};

struct Case {
  const char* name;
  std::string_view vector;
  CallMessage what;
  rsvp::ErrorValue error;
};
const Case kCases[] = {
    {"Request", "notify-call-request", CallMessage::Setup, {}},
    {"Teardown", "notify-call-teardown", CallMessage::Release, {}},
    {"Contention", "callid-contention", CallMessage::Error, {rsvp::ErrorCode::CallManagement, 1}},
    {"ConnectionsExist",
     "connections-exist",
     CallMessage::Error,
     {rsvp::ErrorCode::CallManagement, 2}},
    {"Duplicate", "duplicate-call", CallMessage::Error, {rsvp::ErrorCode::CallManagement, 4}},
};
class CallNotifyGolden : public testing::TestWithParam<Case> {};
TEST_P(CallNotifyGolden, IsReadAndWrittenOctetForOctet) {
  const rsvp::Message m = golden(GetParam().vector);
  const CallNotify n = read(m);
  EXPECT_EQ(n.what, GetParam().what);
  EXPECT_EQ(n.error.error, GetParam().error);
  EXPECT_EQ(n.id, kGolden);
  const Address node = m.find<rsvp::ErrorSpec>()->node;
  EXPECT_EQ(rsvp::encode_message(compose(n, node)), rsvp::encode_message(bare(m)));
}
INSTANTIATE_TEST_SUITE_P(Rfc4974Section6, CallNotifyGolden, testing::ValuesIn(kCases),
                         [](const auto& c) { return c.param.name; });

TEST(CallNotify, HasWhatGoesFromEndToEnd) {
  const CallNotify n = read(golden("notify-call-request"));
  ASSERT_EQ(n.carried.policy.size(), 1U);
  EXPECT_EQ(n.carried.policy[0].elements.at(0).type, 2);
  ASSERT_TRUE(n.capability);
  EXPECT_EQ(n.capability->route.size(), 3U);
}

TEST(CallNotify, TheBitsSayWhatItIs) {
  for (const CallMessage what :
       {CallMessage::Setup, CallMessage::Accept, CallMessage::Release, CallMessage::Released}) {
    EXPECT_EQ(read(compose({.what = what, .id = kGolden}, Address::v4(1))).what, what);
  }
}

TEST(CallNotify, OfAnLspIsNoneOfACall) {  // also with a C bit, which is ignored there
  rsvp::Message m = golden("notify-lsp-failure");
  const auto parsed = [&] {
    return parse(*m.find<rsvp::ErrorSpec>(), rsvp::notify_sessions(m).at(0)).has_value();
  };
  EXPECT_FALSE(parsed());
  m.find<rsvp::AdminStatus>()->bits |= rsvp::admin_status::kCall;
  EXPECT_FALSE(parsed());
}

TEST(CallNotify, AnErrorIsOneWhateverTheBits) {
  rsvp::Message m = compose({.id = kGolden}, Address::v4(1));
  m.find<rsvp::ErrorSpec>()->error = {rsvp::ErrorCode::Policy, 3};
  EXPECT_EQ(read(m).what, CallMessage::Error);
}

TEST(CallNotify, SeveralCallsInOneMessageAreSeveral) {  // RFC 4974 section 5.4.1
  rsvp::Message m = compose({.id = kGolden}, Address::v4(1));
  const rsvp::Message more = compose({.id = {"two", 2, kGolden.ends}}, Address::v4(1));
  m.objects.insert(m.objects.end(), more.objects.begin() + 1, more.objects.end());
  const auto sessions = rsvp::notify_sessions(m);
  ASSERT_EQ(sessions.size(), 2U);
  EXPECT_EQ(parse(*m.find<rsvp::ErrorSpec>(), sessions[1])->id.name, "two");
}

TEST(CallNotify, KnowsBothFamilies) {
  std::array<std::byte, 16> octets{};
  octets[15] = std::byte{1};
  const Address six = Address::v6(octets);
  for (const Ends ends : {Ends{six, six}, Ends{six, Address::v4(1)}, Ends{Address::v4(1), six}}) {
    const CallId id{"v6", 9, ends};
    const auto m = compose({.id = id, .kind = kind_for(ends.end_point)}, six);
    const auto octets_of_it = rsvp::encode_message(m);
    ASSERT_TRUE(octets_of_it);
    EXPECT_EQ(read(rsvp::decode_message(*octets_of_it).value()).id, id);
  }
}

}  // namespace
}  // namespace forces::signaling::ason::calls
