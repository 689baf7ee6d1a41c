// What an FE is asked for and told, when answers are lost.
#include "ce/signaling/service/fabric.hpp"

#include <gtest/gtest.h>

#include "ce/state/memory.hpp"

namespace forces::signaling {
namespace {

constexpr std::uint32_t kFe = 1, kPort = 12;

// Says yes to everything, and remembers it.
class Access final : public FeAccess {
 public:
  std::uint64_t period(std::uint32_t) override { return 1; }
  std::uint64_t ask(std::uint32_t, const std::vector<pl::BodyTlv>&) override { return ++last; }
  std::uint64_t configure(std::uint32_t, const std::vector<pl::BodyTlv>& config) override {
    configs.emplace_back(++last, config);
    return last;
  }
  std::uint64_t transact(const std::vector<ce::provision::TransactionPart>&) override {
    return ++last;
  }
  std::uint64_t last = 0;
  std::vector<std::pair<std::uint64_t, std::vector<pl::BodyTlv>>> configs;
};

class FabricTest : public testing::Test {
 protected:
  void SetUp() override {
    NodeConfig config{.id = {0xc0000201}, .nodes = {{.id = {0xc0000201}}}, .fes = {{.id = kFe}}};
    auto made = TransportNode::make(std::move(config), store, now);
    ASSERT_TRUE(made);
    node = std::move(*made);
    fabric.emplace(access, *node, std::set{kFe});
  }
  void answer(std::uint64_t ticket, bool came) {
    ce::OperatorAnswer answer;
    if (came) answer.by_fe[kFe].emplace_back();
    fabric->on_answer(ticket, answer, now);
  }
  Instant now{std::chrono::hours(1)};
  state::MemoryStore store;
  Access access;
  std::unique_ptr<TransportNode> node;
  std::optional<Fabric> fabric;
};

// The subscription empties the FE's table of traces. One whose answer is lost may have been carried
// out, and is sent again: what was set between the two would be gone.
TEST_F(FabricTest, NoTraceIsSetBeforeTheSubscriptionIsAnswered) {
  fabric->on_fe(kFe, now);
  ASSERT_EQ(access.configs.size(), 1U);
  const auto subscription = access.configs.back();
  fabric->perform(SendTraces{.port = {kFe, kPort}, .texts = {{7, "a"}}}, now);
  answer(subscription.first, false);
  now += Fabric::kAskAgain;
  fabric->on_time(now);
  ASSERT_EQ(access.configs.size(), 2U) << "again, and nothing else";
  EXPECT_EQ(access.configs[1].second, subscription.second);
  answer(access.configs[1].first, true);
  ASSERT_EQ(access.configs.size(), 3U);
  EXPECT_EQ(
      access.configs[2].second,
      ce::provision::trace_config(1, std::vector<ce::provision::TraceChange>{
                                         {.number = 0, .port = kPort, .label = 7, .text = "a"}}));
}

}  // namespace
}  // namespace forces::signaling
