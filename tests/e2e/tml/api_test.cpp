// Draft section 6.1, call by call, over loopback.
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

}  // namespace
}  // namespace e2e
