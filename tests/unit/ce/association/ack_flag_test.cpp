// RFC 5810 sections 6.1, 7.5, 7.8: the ACK flag is of Config and Heartbeat, and "MUST be ignored"
// in every other message; a CE answers the setup and nothing else that an FE sends.
#include <gtest/gtest.h>

#include "ce/association/core/controller_core.hpp"
#include "proto/pl/association.hpp"
#include "tests/support/octets/hex.hpp"

namespace forces::ce {
namespace {

using namespace std::chrono_literals;
using pl::MsgType;

constexpr pl::ForcesId kCe{0x40000001}, kFe{2};
constexpr Instant kNow{1s};
constexpr std::uint64_t kChannel = 77;

class AckFlagAtTheCe : public testing::TestWithParam<pl::Ack> {
 protected:
  AckFlagAtTheCe() {
    ControllerConfig config;
    config.fes = {{2, "two", {}}};
    core = std::make_unique<ControllerCore>(config);
    core->on_control_up(2, kChannel, kNow);
  }
  // The flag set in a message that was made without.
  void hear(pl::Octets octets) {
    auto flags = pl::decode_header(octets).value().flags.with_ack(GetParam());
    wire::store_be<4>(octets.data() + 20, flags.value);
    core->on_message(kChannel, octets, kNow);
  }
  // What is sent, but for Queries, which every set-up begins.
  std::vector<MsgType> sent() {
    std::vector<MsgType> types;
    while (const auto output = core->poll_output()) {
      const auto* send = std::get_if<SendMessage>(&*output);
      if (send == nullptr) continue;
      const MsgType type = pl::decode_header(send->octets).value().type;
      if (type != MsgType::Query) types.push_back(type);
    }
    return types;
  }
  std::unique_ptr<ControllerCore> core;
};

TEST_P(AckFlagAtTheCe, IsIgnoredInSetupNotificationAndTeardown) {
  hear(pl::encode_association_setup(kFe, kCe, 9).value());
  EXPECT_EQ(sent(), std::vector{MsgType::AssociationSetupResponse});
  ASSERT_TRUE(core->associated(2));

  hear(test::hex("1005 0006 00000002 40000001 0000000000000000 00000000"));
  EXPECT_EQ(sent(), std::vector<MsgType>{}) << "an EventNotification";
  EXPECT_TRUE(core->associated(2));

  auto teardown = pl::encode_association_teardown(kFe, kCe, pl::TeardownReason::Normal).value();
  wire::store_be<8>(teardown.data() + 12, 4711);  // the correlator, which is ignored as well
  hear(std::move(teardown));
  EXPECT_EQ(sent(), std::vector<MsgType>{});
  EXPECT_FALSE(core->associated(2));
}

INSTANTIATE_TEST_SUITE_P(Rfc5810Section6_1, AckFlagAtTheCe,
                         testing::Values(pl::Ack::None, pl::Ack::Success, pl::Ack::Failure,
                                         pl::Ack::Always));

}  // namespace
}  // namespace forces::ce
