// Draft section 6.1, call by call, over loopback.
#include <unistd.h>

#include <atomic>
#include <thread>

#include "tests/e2e/tml/harness.hpp"

namespace e2e {
namespace {

class Api : public testing::TestWithParam<bool> {  // TLS?
 protected:
  void SetUp() override {
    if (GetParam()) {
      ce.certify(pki, pki.ce(kCe));
      fe.certify(pki, pki.fe(2));
    }
    ce.start();
  }
  Pki pki;
  Ce ce;
  Fe fe{2};
};
INSTANTIATE_TEST_SUITE_P(Security, Api, testing::Bool(),
                         [](const auto& p) { return p.param ? "Tls13" : "Plaintext"; });

TEST_P(Api, BothChannelsComeUpAndCarryMessagesBothWays) {
  fe.open_both(ce);
  ASSERT_EQ(send(fe.control_channel, message(64, 1)), TML_SUCCESS);
  ASSERT_EQ(send(fe.data_channel, redirect(1500, 2)), TML_SUCCESS);
  ASSERT_TRUE(ce.log.wait_messages(2));
  ASSERT_EQ(send(ce.channel(TML_CHANNEL_CONTROL), message(24, 3)), TML_SUCCESS);
  ASSERT_EQ(send(ce.channel(TML_CHANNEL_DATA), redirect(100, 4)), TML_SUCCESS);
  ASSERT_TRUE(fe.log.wait_messages(2));
  EXPECT_EQ(ce.log.last(TMLX_EVENT_CHANNEL_UP).element, 2u);
}

TEST_P(Api, TheLargestMessageArrivesWhole) {
  fe.open_both(ce);
  const auto big = message(262'140, 7);
  ASSERT_EQ(send(fe.control_channel, message(24, 6)), TML_SUCCESS);
  ASSERT_EQ(send(fe.control_channel, big), TML_SUCCESS);
  ASSERT_EQ(send(fe.control_channel, message(24, 8)), TML_SUCCESS);
  ASSERT_TRUE(ce.log.wait_messages(3));
  EXPECT_EQ(ce.log.messages()[1], big);
}

TEST_P(Api, ManyMessagesArriveInOrder) {
  fe.open_both(ce);
  constexpr std::uint64_t kCount = 200'000;
  std::thread writer([&] {
    for (std::uint64_t i = 0; i < kCount; ++i)
      ASSERT_EQ(send(fe.control_channel, message(64, i)), TML_SUCCESS);
  });
  writer.join();
  ASSERT_TRUE(ce.log.wait_messages(kCount));
  const auto got = ce.log.messages();
  for (std::uint64_t i = 0; i < kCount; ++i) ASSERT_EQ(number_of(got[i].data()), i);
}

// ---- 6.1.1 tmlInit
// -------------------------------------------------------------------------------

TEST_P(Api, InitIsOncePerChannelTypeAndOnlyForACe) {
  EXPECT_EQ(tmlInit(TML_CHANNEL_CONTROL, &ce.control), TMLX_E_INVALID);
  fe.create();
  tmlx_init_attributes a = TMLX_INIT_ATTRIBUTES_INIT;
  a.context = fe.context;
  EXPECT_EQ(tmlInit(TML_CHANNEL_CONTROL, &a), TMLX_E_INVALID);
  a.context = nullptr;
  EXPECT_EQ(tmlInit(TML_CHANNEL_CONTROL, &a), TMLX_E_NOT_INIT);
  EXPECT_EQ(tmlInit(static_cast<tml_channel_type>(3), &ce.control), TMLX_E_INVALID);
  EXPECT_EQ(tmlInit(TML_CHANNEL_CONTROL, nullptr), TMLX_E_INVALID);
}

TEST_P(Api, UnknownTransportIsUnsupported) {
  tmlx_init_attributes a = ce.control;
  a.transport = static_cast<tmlx_transport>(1);
  EXPECT_EQ(tmlInit(TML_CHANNEL_CONTROL, &a), TMLX_E_UNSUPPORTED);
  fe.start(ce);
  fe.control.transport = static_cast<tmlx_transport>(1);
  EXPECT_EQ(fe.open(TML_CHANNEL_CONTROL), TMLX_E_UNSUPPORTED);
}

TEST_P(Api, DataPortIsControlPortPlusOneByDefault) {
  Element other(kCe + 1);
  other.create();
  // Some pair of adjacent ports is free.
  for (int port = 20'000; port < 30'000; port += 7) {
    tmlx_init_attributes a = TMLX_INIT_ATTRIBUTES_INIT;
    a.context = other.context;
    a.port = port;
    if (tmlInit(TML_CHANNEL_CONTROL, &a) != TML_SUCCESS) continue;
    a.port = 0;
    ASSERT_EQ(tmlInit(TML_CHANNEL_DATA, &a), TML_SUCCESS) << tmlx_last_error();
    EXPECT_EQ(tmlx_listen_port(other.context, TML_CHANNEL_DATA), port + 1);
    // And at the FE that opens them: the port behind that of its control channel.
    Fe mine(9);
    mine.create();
    mine.control.context = mine.data.context = mine.context;
    mine.control.port = port;
    for (const auto type : {TML_CHANNEL_CONTROL, TML_CHANNEL_DATA}) {
      auto& attributes = type == TML_CHANNEL_CONTROL ? mine.control : mine.data;
      auto& channel = type == TML_CHANNEL_CONTROL ? mine.control_channel : mine.data_channel;
      ASSERT_EQ(tmlOpen(type, kCe + 1, TML_MODE_UNICAST, &attributes, Log::on_event, &channel),
                TML_SUCCESS)
          << tmlx_last_error();
    }
    EXPECT_TRUE(mine.log.wait_event(TMLX_EVENT_CHANNEL_UP, 1, TML_CHANNEL_CONTROL));
    EXPECT_TRUE(mine.log.wait_event(TMLX_EVENT_CHANNEL_UP, 1, TML_CHANNEL_DATA));
    return;
  }
  FAIL() << "no free port";
}

// ---- 6.1.2 tmlOpen
// -------------------------------------------------------------------------------

TEST_P(Api, OpenAgainIsAlreadyRegisteredWithTheSameDescriptor) {
  fe.open_both(ce);
  tml_descriptor again{0};
  Log other;
  fe.control.user = &other;
  EXPECT_EQ(
      tmlOpen(TML_CHANNEL_CONTROL, kCe, TML_MODE_MULTICAST, &fe.control, Log::on_event, &again),
      TML_ALREADY_REGISTERED);
  EXPECT_EQ(again.value, fe.control_channel.value);
  ASSERT_EQ(send(ce.channel(TML_CHANNEL_CONTROL), message(24, 9)), TML_SUCCESS);
  EXPECT_TRUE(fe.log.wait_messages(1)) << "the registration changed";
  EXPECT_TRUE(other.messages().empty());
}

TEST_P(Api, OpenCanWaitForTheChannel) {
  fe.start(ce);
  fe.control.open_timeout = 10'000;
  ASSERT_EQ(fe.open(TML_CHANNEL_CONTROL), TML_SUCCESS) << tmlx_last_error();
  EXPECT_EQ(send(fe.control_channel, message(24)), TML_SUCCESS);
}

TEST_P(Api, OpenThatFailsInTimeLeavesNothing) {
  fe.start(ce);
  fe.control.port = 1;  // nobody listens there
  fe.control.open_timeout = 150;
  EXPECT_EQ(fe.open(TML_CHANNEL_CONTROL), TMLX_E_CONNECT);
  EXPECT_EQ(fe.control_channel.value, 0u);
  EXPECT_GE(fe.log.count(TMLX_EVENT_CONNECT_FAILED), 1u);
  EXPECT_GE(counter(fe.context, "connect_failures"), 1u);
}

TEST_P(Api, AutonomousChannelsComeUpWithoutThePlAndOpenOnlyRegisters) {
  fe.start(ce);
  ASSERT_EQ(tmlx_autonomous(kCe, &fe.control, &fe.data), TML_SUCCESS) << tmlx_last_error();
  ASSERT_TRUE(ce.log.wait_event(TMLX_EVENT_CHANNEL_UP, 1, TML_CHANNEL_DATA));
  ASSERT_EQ(send(ce.channel(TML_CHANNEL_CONTROL), message(24, 5)), TML_SUCCESS);
  EXPECT_EQ(fe.log.count(TMLX_EVENT_CHANNEL_UP), 0u);
  ASSERT_EQ(fe.open(TML_CHANNEL_CONTROL), TML_SUCCESS);
  EXPECT_TRUE(fe.log.wait_event(TMLX_EVENT_CHANNEL_UP, 1, TML_CHANNEL_CONTROL));
  EXPECT_EQ(fe.open(TML_CHANNEL_CONTROL), TML_ALREADY_REGISTERED);
  EXPECT_EQ(ce.log.count(TMLX_EVENT_CHANNEL_UP, TML_CHANNEL_CONTROL), 1u) << "it was set up again";
}

TEST_P(Api, CeOpenRegistersForAConnectedFe) {
  fe.open_both(ce);
  Log mine;
  tmlx_channel_attributes a = TMLX_CHANNEL_ATTRIBUTES_INIT;
  a.context = ce.context;
  a.message_handler = Log::on_messages;
  a.user = &mine;
  tml_descriptor d{0};
  ASSERT_EQ(tmlOpen(TML_CHANNEL_CONTROL, 2, TML_MODE_UNICAST, &a, Log::on_event, &d), TML_SUCCESS);
  EXPECT_EQ(d.value, ce.channel(TML_CHANNEL_CONTROL).value);
  ASSERT_EQ(send(fe.control_channel, message(24)), TML_SUCCESS);
  EXPECT_TRUE(mine.wait_messages(1));
  EXPECT_EQ(tmlOpen(TML_CHANNEL_CONTROL, 2, TML_MODE_UNICAST, &a, Log::on_event, &d),
            TML_ALREADY_REGISTERED);
  tml_descriptor none{0};
  EXPECT_EQ(tmlOpen(TML_CHANNEL_CONTROL, 77, TML_MODE_UNICAST, &a, Log::on_event, &none),
            TMLX_E_CONNECT);
  EXPECT_EQ(tmlClose(d, TML_CLOSE_FORCED), TML_SUCCESS);  // `mine` ends here
}

TEST_P(Api, DataWaitsForControl) {
  fe.start(ce);
  ASSERT_EQ(fe.open(TML_CHANNEL_DATA), TML_SUCCESS);
  EXPECT_FALSE(fe.log.wait([&] { return false; }, 150ms));
  EXPECT_EQ(fe.log.count(TMLX_EVENT_CHANNEL_UP), 0u);
  ASSERT_EQ(fe.open(TML_CHANNEL_CONTROL), TML_SUCCESS);
  EXPECT_TRUE(fe.log.wait_event(TMLX_EVENT_CHANNEL_UP, 1, TML_CHANNEL_DATA));
}

// ---- 6.1.3 tmlClose
// ------------------------------------------------------------------------------

TEST_P(Api, ControlledCloseSendsWhatIsQueuedAndTellsThePeersPl) {
  fe.open_both(ce);
  constexpr std::size_t kCount = 2000;
  for (std::size_t i = 0; i < kCount; ++i)
    ASSERT_EQ(send(fe.control_channel, message(512, i)), TML_SUCCESS);
  ASSERT_EQ(tmlClose(fe.control_channel, TML_CLOSE_CONTROLLED), TML_SUCCESS);
  ASSERT_TRUE(ce.log.wait_event(TMLX_EVENT_CLOSE, 1, TML_CHANNEL_CONTROL));
  ASSERT_TRUE(ce.log.wait_messages(kCount));
  EXPECT_TRUE(ce.log.wait_event(TMLX_EVENT_CLOSE, 1, TML_CHANNEL_DATA))
      << "data closes with control";
  EXPECT_EQ(ce.log.last(TMLX_EVENT_CLOSE).reason, TMLX_REASON_ADMIN);
  EXPECT_EQ(send(fe.control_channel, message(24)), TMLX_E_CLOSED);
  EXPECT_EQ(tmlClose(fe.control_channel, TML_CLOSE_FORCED), TMLX_E_CLOSED);
}

TEST_P(Api, ClosedChannelIsSetUpAgainByALaterOpen) {
  fe.open_both(ce);
  const tml_descriptor old = fe.control_channel;
  ASSERT_EQ(tmlClose(fe.control_channel, TML_CLOSE_FORCED), TML_SUCCESS);
  ASSERT_EQ(fe.open(TML_CHANNEL_CONTROL), TML_SUCCESS);
  ASSERT_TRUE(fe.log.wait_event(TMLX_EVENT_CHANNEL_UP, 2, TML_CHANNEL_CONTROL));
  EXPECT_NE(fe.control_channel.value, old.value);
  EXPECT_EQ(send(old, message(24)), TMLX_E_CLOSED);
  ASSERT_EQ(send(fe.control_channel, message(24, 4)), TML_SUCCESS);
  EXPECT_TRUE(ce.log.wait_messages(1));
}

TEST_P(Api, CeCloseReachesTheFesPl) {
  fe.open_both(ce);
  ASSERT_EQ(tmlClose(ce.channel(TML_CHANNEL_CONTROL), TML_CLOSE_CONTROLLED), TML_SUCCESS);
  EXPECT_TRUE(fe.log.wait_event(TMLX_EVENT_CLOSE, 1, TML_CHANNEL_CONTROL));
  EXPECT_TRUE(fe.log.wait_event(TMLX_EVENT_CLOSE, 1, TML_CHANNEL_DATA));
}

TEST_P(Api, BothSidesMayCloseAtOnce) {
  fe.open_both(ce);
  const tml_descriptor at_ce = ce.channel(TML_CHANNEL_CONTROL);
  std::thread other([&] { (void)tmlClose(at_ce, TML_CLOSE_CONTROLLED); });
  const auto start = std::chrono::steady_clock::now();
  (void)tmlClose(fe.control_channel, TML_CLOSE_CONTROLLED);
  other.join();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 4s) << "each waited for the other";
}

TEST_P(Api, NoCallbackAfterCloseReturned) {
  for (int round = 0; round < 20; ++round) {
    std::atomic<bool> closed{false}, late{false};
    Fe other(static_cast<std::uint32_t>(100 + round));
    if (GetParam()) other.certify(pki, pki.fe(static_cast<unsigned>(100 + round)));
    other.log.hook = [&](const tmlx_event&) { late = late || closed; };
    other.open_both(ce);
    const tml_descriptor peer = ce.channel(TML_CHANNEL_CONTROL);
    for (std::uint64_t i = 0; i < 500; ++i) (void)send(peer, message(64, i), 0);
    ASSERT_EQ(tmlClose(other.control_channel, TML_CLOSE_FORCED), TML_SUCCESS);
    closed = true;
    const std::size_t seen = other.log.messages().size();
    for (std::uint64_t i = 0; i < 100; ++i) (void)send(peer, message(64, i), 0);
    EXPECT_EQ(other.log.messages().size(), seen);
    EXPECT_FALSE(late);
  }
}

TEST_P(Api, CloseFromACallbackWorks) {
  std::atomic<int> status{99};
  fe.log.hook = [&](const tmlx_event& e) {
    if (e.type == TMLX_EVENT_CHANNEL_UP && e.channel_type == TML_CHANNEL_CONTROL)
      status = tmlClose(e.descriptor, TML_CLOSE_CONTROLLED);
  };
  fe.start(ce);
  ASSERT_EQ(fe.open(TML_CHANNEL_CONTROL), TML_SUCCESS);
  ASSERT_TRUE(ce.log.wait_event(TMLX_EVENT_CLOSE, 1, TML_CHANNEL_CONTROL));
  EXPECT_EQ(status, TML_SUCCESS);
}

// ---- 6.1.4 tmlWrite
// ------------------------------------------------------------------------------

TEST_P(Api, WriteChecksItsArguments) {
  fe.open_both(ce);
  const tml_descriptor c = fe.control_channel, d = fe.data_channel;
  auto m = message(64);
  std::size_t written = 1;
  EXPECT_EQ(tmlWrite(c, nullptr, 64, 0, &written), TMLX_E_INVALID);
  EXPECT_EQ(written, 0u);
  EXPECT_EQ(tmlWrite(c, m.data(), 60, 0, nullptr), TMLX_E_INVALID)
      << "size is not the header's Length";
  EXPECT_EQ(tmlWrite(c, m.data(), 20, 0, nullptr), TMLX_E_INVALID);
  EXPECT_EQ(tmlWrite(c, m.data(), 64, -2, nullptr), TMLX_E_INVALID);
  EXPECT_EQ(send(d, message(64)), TMLX_E_INVALID) << "Config on data";
  EXPECT_EQ(send(c, redirect(64)), TMLX_E_INVALID) << "Redirect on control";
  EXPECT_EQ(send(d, redirect(70'000)), TMLX_E_TOO_BIG);
  EXPECT_EQ(send({0}, m), TMLX_E_BAD_DESCRIPTOR);
  EXPECT_EQ(send({0x123456789}, m), TMLX_E_BAD_DESCRIPTOR);
  EXPECT_EQ(tmlWrite(c, m.data(), 64, 0, &written), TML_SUCCESS);
  EXPECT_EQ(written, 64u);
}

TEST_P(Api, WriteBeforeTheChannelIsUpSaysConnect) {
  fe.start(ce);
  fe.control.port = 1;
  ASSERT_EQ(fe.open(TML_CHANNEL_CONTROL), TML_SUCCESS);
  EXPECT_EQ(send(fe.control_channel, message(24)), TMLX_E_CONNECT);
}

// ---- 6.1.5 tmlRead
// -------------------------------------------------------------------------------

class Read : public Api {
 protected:
  void SetUp() override {
    Api::SetUp();
    fe.control.message_handler = nullptr;
    fe.open_both(ce);
  }
  tml_status read(int timeout) { return tmlRead(fe.control_channel, &into, timeout, &size); }
  std::vector<std::uint8_t> buffer = std::vector<std::uint8_t>(4096);
  tmlx_buffer into{buffer.data(), buffer.size()};
  std::size_t size = 0;
};
INSTANTIATE_TEST_SUITE_P(Security, Read, testing::Bool(),
                         [](const auto& p) { return p.param ? "Tls13" : "Plaintext"; });

TEST_P(Read, WaitsAsLongAsItIsTold) {
  EXPECT_EQ(read(0), TMLX_E_WOULD_BLOCK);
  EXPECT_EQ(read(30), TMLX_E_TIMEOUT);
  std::thread later(
      [&] { EXPECT_EQ(send(ce.channel(TML_CHANNEL_CONTROL), message(48, 11)), TML_SUCCESS); });
  EXPECT_EQ(read(-1), TML_SUCCESS);
  EXPECT_EQ(size, 48u);
  EXPECT_EQ(number_of(buffer.data()), 11u);
  later.join();
}

TEST_P(Read, TooSmallABufferKeepsTheMessage) {
  ASSERT_EQ(send(ce.channel(TML_CHANNEL_CONTROL), message(100, 1)), TML_SUCCESS);
  into.capacity = 50;
  ASSERT_EQ(read(-1), TMLX_E_BUFFER_TOO_SMALL);
  EXPECT_EQ(size, 100u);
  into.capacity = 100;
  EXPECT_EQ(read(0), TML_SUCCESS);
}

TEST_P(Read, AMissedReadIsFollowedByOneUpcall) {
  EXPECT_EQ(fe.log.count(TMLX_EVENT_MSG_AVAILABLE), 0u);
  ASSERT_EQ(read(0), TMLX_E_WOULD_BLOCK);
  ASSERT_EQ(send(ce.channel(TML_CHANNEL_CONTROL), message(24, 1)), TML_SUCCESS);
  ASSERT_TRUE(fe.log.wait_event(TMLX_EVENT_MSG_AVAILABLE));
  ASSERT_EQ(send(ce.channel(TML_CHANNEL_CONTROL), message(24, 2)), TML_SUCCESS);
  ASSERT_EQ(read(-1), TML_SUCCESS);
  ASSERT_EQ(read(-1), TML_SUCCESS);
  EXPECT_EQ(fe.log.count(TMLX_EVENT_MSG_AVAILABLE), 1u);
}

TEST_P(Read, IsInvalidWithAHandlerAndOnAGroup) {
  std::size_t n = 0;
  EXPECT_EQ(tmlRead(fe.data_channel, &into, 0, &n), TMLX_E_INVALID);
  tml_descriptor all{0};
  ASSERT_EQ(tmlx_group_find(ce.context, 0xfffffffe, &all), TML_SUCCESS);
  EXPECT_EQ(tmlRead(all, &into, 0, &n), TMLX_E_INVALID);
}

// ---- 6.1.6, 6.1.7 groups
// -------------------------------------------------------------------------

constexpr std::uint32_t kGroup = 0xc0000007;

class Groups : public Api {
 protected:
  void SetUp() override {
    Api::SetUp();
    if (GetParam()) second.certify(pki, pki.fe(3));
    fe.open_both(ce);
    first_up_ = ce.log.count(TMLX_EVENT_CHANNEL_UP);
    second.open_both(ce);
  }
  static tml_status join(Fe& who, std::uint32_t group = kGroup, int timeout = 10'000) {
    const tmlx_group_attributes a{sizeof a, who.control_channel, group, timeout};
    return tmlMulticastGroupJoin(&a);
  }
  static tml_status leave(Fe& who, std::uint32_t group = kGroup, int timeout = 10'000) {
    const tmlx_group_attributes a{sizeof a, who.control_channel, group, timeout};
    return tmlMulticastGroupLeave(&a);
  }
  Fe second{3};
  std::size_t first_up_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Security, Groups, testing::Bool(),
                         [](const auto& p) { return p.param ? "Tls13" : "Plaintext"; });

TEST_P(Groups, FirstJoinCreatesLastLeaveRemovesAndWritesReachMembersOnly) {
  tml_descriptor group{0};
  EXPECT_EQ(tmlx_group_find(ce.context, kGroup, &group), TMLX_E_NO_GROUP);
  ASSERT_EQ(join(fe), TML_SUCCESS);
  ASSERT_TRUE(ce.log.wait_event(TMLX_EVENT_JOIN));
  group = ce.log.last(TMLX_EVENT_JOIN).group;
  EXPECT_EQ(ce.log.last(TMLX_EVENT_JOIN).element, 2u);
  ASSERT_EQ(send(group, message(64, 1)), TML_SUCCESS);
  ASSERT_TRUE(fe.log.wait_messages(1));

  ASSERT_EQ(join(second), TML_SUCCESS);
  EXPECT_EQ(ce.log.last(TMLX_EVENT_JOIN).group.value, group.value) << "the group exists already";
  ASSERT_EQ(send(group, message(4096, 2)), TML_SUCCESS);
  ASSERT_EQ(send(group, redirect(2560, 3)), TML_SUCCESS) << "on data, by its PL type";
  ASSERT_TRUE(fe.log.wait_messages(3));
  ASSERT_TRUE(second.log.wait_messages(2));

  ASSERT_EQ(leave(second), TML_SUCCESS);
  ASSERT_TRUE(ce.log.wait_event(TMLX_EVENT_LEAVE));
  ASSERT_EQ(send(group, message(64, 4)), TML_SUCCESS);
  ASSERT_TRUE(fe.log.wait_messages(4));
  EXPECT_EQ(second.log.messages().size(), 2u);

  ASSERT_EQ(leave(fe), TML_SUCCESS);
  EXPECT_EQ(send(group, message(64, 5)), TMLX_E_CLOSED);
  EXPECT_EQ(tmlx_group_find(ce.context, kGroup, &group), TMLX_E_NO_GROUP);
}

TEST_P(Groups, JoinOfNoMulticastIdIsInvalidAndLeaveWithoutJoinIsNotMember) {
  EXPECT_EQ(join(fe, 0x40000001), TMLX_E_INVALID);
  EXPECT_EQ(join(fe, 0xfffffffe), TMLX_E_INVALID);
  EXPECT_EQ(leave(fe), TMLX_E_NOT_MEMBER);
}

TEST_P(Groups, WithoutWaitingTheAnswerComesAsAnEvent) {
  ASSERT_EQ(join(fe, kGroup, 0), TML_SUCCESS);
  EXPECT_TRUE(fe.log.wait_event(TMLX_EVENT_JOIN));
  ASSERT_EQ(leave(fe, kGroup, 0), TML_SUCCESS);
  EXPECT_TRUE(fe.log.wait_event(TMLX_EVENT_LEAVE));
}

TEST_P(Groups, MembershipEndsWithTheControlChannel) {
  ASSERT_EQ(join(fe), TML_SUCCESS);
  ASSERT_EQ(join(second), TML_SUCCESS);
  ASSERT_EQ(tmlClose(fe.control_channel, TML_CLOSE_FORCED), TML_SUCCESS);
  EXPECT_TRUE(ce.log.wait_event(TMLX_EVENT_LEAVE));
  EXPECT_EQ(ce.log.last(TMLX_EVENT_LEAVE).element, 2u);
}

TEST_P(Groups, EveryFeIsAGroupThatAlwaysExists) {
  tml_descriptor all{0};
  ASSERT_EQ(tmlx_group_find(ce.context, 0xfffffffe, &all), TML_SUCCESS);
  ASSERT_EQ(send(all, message(64, 1)), TML_SUCCESS);
  EXPECT_TRUE(fe.log.wait_messages(1));
  EXPECT_TRUE(second.log.wait_messages(1));
}

TEST(GroupAdmission, TheCeMayRefuseAJoin) {
  Ce ce;
  ce.control.join_filter = [](void*, std::uint32_t element, std::uint32_t) {
    return element == 2 ? 1 : 0;
  };
  ce.start();
  Fe fe(2);
  fe.open_both(ce);
  const tmlx_group_attributes a{sizeof a, fe.control_channel, kGroup, 10'000};
  EXPECT_EQ(tmlMulticastGroupJoin(&a), TMLX_E_PERM);
  EXPECT_TRUE(fe.log.wait_event(TMLX_EVENT_JOIN_REFUSED));
  EXPECT_EQ(counter(ce.channel(TML_CHANNEL_CONTROL), "group_joins_refused"), 1u);
}

// ---- caller-driven
// -------------------------------------------------------------------------------

TEST_P(Api, ACallerDrivenContextStartsNoThreadAndRunsInPoll) {
  fe.config.io_threads = TMLX_CALLER_DRIVEN;
  fe.start(ce);
  ASSERT_EQ(fe.open(TML_CHANNEL_CONTROL), TML_SUCCESS);
  ASSERT_TRUE(eventually([&] {
    (void)tmlx_poll(fe.context, 10);
    return fe.log.count(TMLX_EVENT_CHANNEL_UP) == 1;
  }));
  for (std::uint64_t i = 0; i < 50'000; ++i)
    ASSERT_EQ(send(fe.control_channel, message(256, i)), TML_SUCCESS)
        << "a full queue is drained by the caller";
  ASSERT_EQ(send(ce.channel(TML_CHANNEL_CONTROL), message(24, 1)), TML_SUCCESS);
  ASSERT_TRUE(eventually([&] {
    (void)tmlx_poll(fe.context, 10);
    return ce.log.messages().size() == 50'000 && fe.log.messages().size() == 1;
  }));
  EXPECT_EQ(tmlx_poll(ce.context, 0), TMLX_E_INVALID) << "the CE has its own thread";
}

TEST_P(Api, AWatchedDescriptorCallsBackOnTheIoThread) {
  fe.create();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  std::atomic<int> calls{0};
  ASSERT_EQ(tmlx_watch(
                fe.context, ends[0],
                [](void* n, int fd) {
                  char octet = 0;
                  if (::read(fd, &octet, 1) == 1) ++*static_cast<std::atomic<int>*>(n);
                },
                &calls),
            TML_SUCCESS);
  EXPECT_EQ(tmlx_watch(
                fe.context, ends[0], [](void*, int) {}, nullptr),
            TMLX_E_INVALID)
      << "one watch each";
  ASSERT_EQ(::write(ends[1], "ab", 2), 2);
  EXPECT_TRUE(eventually([&] { return calls == 2; })) << "level-triggered";
  EXPECT_EQ(tmlx_watch(fe.context, ends[0], nullptr, nullptr), TML_SUCCESS);
  ASSERT_EQ(::write(ends[1], "c", 1), 1);
  EXPECT_EQ(tmlx_watch(fe.context, ends[0], nullptr, nullptr), TMLX_E_INVALID);
  EXPECT_EQ(calls, 2);
  close(ends[0]);
  close(ends[1]);
}

TEST_P(Api, AnFeWithoutAnIdIsBoundToItsIdAndItsDataChannelFollows) {
  Fe nameless(0);
  if (GetParam()) nameless.certify(pki, pki.fe(55));
  nameless.start(ce);
  for (int life = 1; life <= 2; ++life) {
    const auto n = static_cast<std::size_t>(life);
    ASSERT_EQ(nameless.open(TML_CHANNEL_CONTROL), TML_SUCCESS) << tmlx_last_error();
    ASSERT_TRUE(ce.log.wait_event(TMLX_EVENT_CHANNEL_UP, n, TML_CHANNEL_CONTROL));
    ASSERT_EQ(tmlx_bind(ce.channel(TML_CHANNEL_CONTROL), 55), TML_SUCCESS) << "life " << life;
    EXPECT_EQ(tmlx_bind(ce.channel(TML_CHANNEL_CONTROL), 56), TMLX_E_INVALID) << "it has an ID";
    ASSERT_EQ(nameless.open(TML_CHANNEL_DATA), TML_SUCCESS);
    ASSERT_TRUE(ce.log.wait_event(TMLX_EVENT_CHANNEL_UP, n, TML_CHANNEL_DATA));
    EXPECT_EQ(ce.log.last(TMLX_EVENT_CHANNEL_UP, TML_CHANNEL_DATA).element, 55u);
    ASSERT_EQ(send(ce.channel(TML_CHANNEL_DATA), redirect(100)), TML_SUCCESS);
    ASSERT_TRUE(nameless.log.wait_messages(n));
    ASSERT_EQ(tmlClose(nameless.control_channel, TML_CLOSE_CONTROLLED), TML_SUCCESS);
    ASSERT_TRUE(ce.log.wait_event(TMLX_EVENT_CLOSE, n, TML_CHANNEL_CONTROL));
  }
}

// A peer need not wait with its data channel until it has an ID.
TEST_P(Api, ADataChannelThatIsUpBeforeItsFeIsBoundGoesAlong) {
  Fe nameless(0);
  if (GetParam()) nameless.certify(pki, pki.fe(55));
  nameless.start(ce);
  for (std::size_t life = 1; life <= 2; ++life) {
    ASSERT_EQ(nameless.open(TML_CHANNEL_CONTROL), TML_SUCCESS) << tmlx_last_error();
    ASSERT_EQ(nameless.open(TML_CHANNEL_DATA), TML_SUCCESS) << tmlx_last_error();
    ASSERT_TRUE(ce.log.wait_event(TMLX_EVENT_CHANNEL_UP, life, TML_CHANNEL_CONTROL));
    ASSERT_TRUE(ce.log.wait_event(TMLX_EVENT_CHANNEL_UP, 3 * life - 2, TML_CHANNEL_DATA));
    const auto first = ce.log.last(TMLX_EVENT_CHANNEL_UP, TML_CHANNEL_DATA);
    EXPECT_GE(first.element, 0x80000000u) << "nobody's ID so far";
    ASSERT_EQ(tmlx_bind(ce.channel(TML_CHANNEL_CONTROL), 55), TML_SUCCESS);
    ASSERT_TRUE(ce.log.wait_event(TMLX_EVENT_CHANNEL_UP, 3 * life - 1, TML_CHANNEL_DATA));
    const auto second = ce.log.last(TMLX_EVENT_CHANNEL_UP, TML_CHANNEL_DATA);
    EXPECT_EQ(second.element, 55u);
    EXPECT_EQ(second.descriptor.value, first.descriptor.value);
    ASSERT_EQ(send(second.descriptor, redirect(100)), TML_SUCCESS);
    ASSERT_TRUE(nameless.log.wait_messages(2 * life - 1));
    // A data channel that comes anew is that FE's too, and takes the place of the old one.
    ASSERT_EQ(tmlClose(nameless.data_channel, TML_CLOSE_CONTROLLED), TML_SUCCESS);
    ASSERT_TRUE(ce.log.wait_event(TMLX_EVENT_CLOSE, 2 * life - 1, TML_CHANNEL_DATA));
    EXPECT_EQ(ce.log.last(TMLX_EVENT_CLOSE, TML_CHANNEL_DATA).element, 55u);
    ASSERT_EQ(nameless.open(TML_CHANNEL_DATA), TML_SUCCESS) << tmlx_last_error();
    ASSERT_TRUE(ce.log.wait_event(TMLX_EVENT_CHANNEL_UP, 3 * life, TML_CHANNEL_DATA));
    EXPECT_EQ(ce.log.last(TMLX_EVENT_CHANNEL_UP, TML_CHANNEL_DATA).element, 55u);
    ASSERT_EQ(send(ce.channel(TML_CHANNEL_DATA), redirect(100)), TML_SUCCESS);
    ASSERT_TRUE(nameless.log.wait_messages(2 * life));
    ASSERT_EQ(tmlClose(nameless.data_channel, TML_CLOSE_CONTROLLED), TML_SUCCESS);
    ASSERT_TRUE(ce.log.wait_event(TMLX_EVENT_CLOSE, 2 * life, TML_CHANNEL_DATA));
    ASSERT_EQ(tmlClose(nameless.control_channel, TML_CLOSE_CONTROLLED), TML_SUCCESS);
    ASSERT_TRUE(ce.log.wait_event(TMLX_EVENT_CLOSE, life, TML_CHANNEL_CONTROL));
  }
}

TEST_P(Api, SeveralIoThreadsServeSeveralFes) {
  Ce many(kCe);
  if (GetParam()) many.certify(pki, pki.ce(kCe));
  many.config.io_threads = 3;
  many.start();
  std::vector<std::unique_ptr<Fe>> fes;
  for (std::uint32_t id = 10; id < 20; ++id) {
    fes.push_back(std::make_unique<Fe>(id));
    if (GetParam()) fes.back()->certify(pki, pki.fe(id));
    fes.back()->open_both(many);
  }
  for (auto& f : fes)
    for (std::uint64_t i = 0; i < 100; ++i)
      ASSERT_EQ(send(f->control_channel, message(64, i)), TML_SUCCESS);
  EXPECT_TRUE(many.log.wait_messages(1000));
}

}  // namespace
}  // namespace e2e
