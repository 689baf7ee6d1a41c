// RFC 5810 sections 6.1, 7.5, 7.7: the ACK flag is of Config and Heartbeat, and "MUST be ignored"
// in every other message: a Query is answered always, a setup response and a teardown never.
#include <gtest/gtest.h>

#include "fe/association/core/element_core.hpp"
#include "proto/pl/association.hpp"
#include "tests/support/octets/hex.hpp"

namespace forces::fe {
namespace {

using namespace std::chrono_literals;
using pl::MsgType;

constexpr pl::ForcesId kCe{0x40000001}, kFe{2};
constexpr Instant kNow{1s};

class AckFlagAtTheFe : public testing::TestWithParam<pl::Ack> {
 protected:
  AckFlagAtTheFe() {
    ElementConfig config;
    config.fe_id = kFe.value;
    config.ces = {{kCe.value, "a"}};
    core = std::make_unique<ElementCore>(config, 1);
    core->start(kNow);
    core->on_control_up(0, kNow);
    (void)sent();
  }
  void hear(pl::Octets octets) {
    auto flags = pl::decode_header(octets).value().flags.with_ack(GetParam());
    wire::store_be<4>(octets.data() + 20, flags.value);
    core->on_message(0, octets, kNow);
  }
  std::vector<MsgType> sent() {
    std::vector<MsgType> types;
    while (const auto output = core->poll_output()) {
      const auto* send = std::get_if<SendMessage>(&*output);
      if (send != nullptr) types.push_back(pl::decode_header(send->octets).value().type);
    }
    return types;
  }
  std::unique_ptr<ElementCore> core;
};

TEST_P(AckFlagAtTheFe, IsIgnoredInSetupResponseQueryAndTeardown) {
  hear(pl::encode_association_setup_response(kCe, kFe, 1, pl::AssociationResult::Success).value());
  EXPECT_EQ(core->state(0), CeState::Associated);
  EXPECT_EQ(sent(), std::vector<MsgType>{});

  // GET of FEPO.CEID
  hear(
      test::hex("1004 000c 40000001 00000002 0000000000000005 20000000"
                "1000 0018 00000002 00000001 0007 0010 0110 000c 0000 0001 00000008"));
  EXPECT_EQ(sent(), std::vector{MsgType::QueryResponse});

  auto teardown = pl::encode_association_teardown(kCe, kFe, pl::TeardownReason::Normal).value();
  wire::store_be<8>(teardown.data() + 12, 4711);  // the correlator, which is ignored as well
  hear(std::move(teardown));
  EXPECT_EQ(sent(), std::vector<MsgType>{});
  EXPECT_NE(core->state(0), CeState::Associated);
}

INSTANTIATE_TEST_SUITE_P(Rfc5810Section6_1, AckFlagAtTheFe,
                         testing::Values(pl::Ack::None, pl::Ack::Success, pl::Ack::Failure,
                                         pl::Ack::Always));

}  // namespace
}  // namespace forces::fe
