#include "ce/app/config.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/support/paths.hpp"
#include "tests/unit/tml/daemon/golden.hpp"

namespace forces::ce {
namespace {

using namespace std::chrono_literals;

const std::string kGolden = forces::test::in_checkout("tests/unit/ce/app/golden");

class CeConfigGolden : public testing::TestWithParam<std::string> {};
TEST_P(CeConfigGolden, GivesWhatStandsInItsOkFile) {
  daemon::expect_golden<Settings>(kGolden, GetParam());
}
INSTANTIATE_TEST_SUITE_P(Files, CeConfigGolden, testing::ValuesIn(daemon::golden_names(kGolden)),
                         [](const auto& c) { return c.param; });

TEST(CeConfigExample, NamesEveryKeyWithItsDefault) {
  const std::string plain = forces::test::in_checkout("deploy/config/ce.toml");
  const std::string ason = forces::test::in_checkout("deploy/config/ce-ason.toml");
  daemon::expect_example_is_complete<Settings>(plain, ason);
  daemon::expect_example_is_complete<Settings>(ason, plain);
}

TEST(CeControllerConfig, TakesWhatTheFileSays) {
  Settings s;
  s.id = 0x40000007;
  s.address = "::1";
  s.control_port = 1000;
  s.heartbeat.fe_dead = 7s;
  s.fes = {{.fe_id = 2, .name = "two", .ports = {}}};
  s.common.channels.ttl = 250ms;
  s.assign_first = 10;
  s.assign_last = 20;
  const auto config = controller_config(s);
  EXPECT_EQ(config.ce_id, 0x40000007U);
  EXPECT_EQ(config.address, "::1");
  EXPECT_EQ(config.control_port, 1000);
  EXPECT_EQ(config.data_port, 0);  // the control port's + 1
  EXPECT_EQ(config.heartbeat.fe_dead, 7s);
  ASSERT_EQ(config.fes.size(), 1U);
  EXPECT_EQ(config.fes[0].name, "two");
  EXPECT_EQ(config.data_options.message_ttl_ms, 250);
  EXPECT_EQ(config.assign_last, 20U);
}

struct Ports {
  const char* name;
  std::uint16_t control, data;
  int want_control, want_data;
};
class CePorts : public testing::TestWithParam<Ports> {};
TEST_P(CePorts, AreLibtmlsOwnWords) {
  Settings s;
  s.control_port = GetParam().control;
  s.data_port = GetParam().data;
  const auto config = controller_config(s);
  EXPECT_EQ(config.control_port, GetParam().want_control);
  EXPECT_EQ(config.data_port, GetParam().want_data);
}
INSTANTIATE_TEST_SUITE_P(
    Table, CePorts,
    testing::Values(Ports{"Default", 6704, 0, 6704, 0}, Ports{"Both", 1, 3, 1, 3},
                    Ports{"AnyFree", 0, 0, TMLX_PORT_EPHEMERAL, TMLX_PORT_EPHEMERAL},
                    Ports{"AnyFreeControl", 0, 3, TMLX_PORT_EPHEMERAL, 3}),
    [](const auto& c) { return c.param.name; });

}  // namespace
}  // namespace forces::ce
