// RFC 5810 sections 4.2 to 4.4 over the real TML: what the virtual network cannot show.
#include "tests/e2e/association/pair.hpp"

namespace forces::test {
namespace {

class Association : public testing::Test {
 protected:
  void SetUp() override {
    ce.config.fes = {{1, "one", {}}, {2, "two", {}}};
    ce.start();
    fe.point_at(ce);
  }

  e2e::Pki pki;
  CePart ce{pki, pki.ce(kCe)};
  FePart fe{pki, pki.fe(1), 1};
};

TEST_F(Association, ComesUpWithBothChannels) {
  fe.start();
  ASSERT_TRUE(eventually([&] { return ce.associated(1); }));
  const auto shot = fe.element->snapshot();
  EXPECT_EQ(shot.state, "associated");
  EXPECT_EQ(shot.fe_state, "oper_enable");
  EXPECT_EQ(shot.master, kCe);
  EXPECT_EQ(ce.fe(1)->name, "one");
  EXPECT_EQ(ce.fe(2)->state, "down");
  ASSERT_TRUE(eventually([&] { return counter(ce.fe(1)->counters, "pl_configs_done") >= 1; }));
}

TEST_F(Association, AnFeThatIsNotConfiguredIsRefused) {
  FePart other(pki, pki.fe(9), 9);
  other.point_at(ce);
  other.start();
  ASSERT_TRUE(eventually([&] { return other.notes.count("association_state") >= 3; }));
  ASSERT_TRUE(eventually([&] { return ce.notes.count("association_refused") >= 1; }));
  EXPECT_EQ(other.element->snapshot().state, "pre_association");
}

TEST_F(Association, AnFeWithoutAnIdGetsOne) {
  auto config = ce.config;
  config.assign_first = 100;
  config.assign_last = 101;
  ce.controller->reconfigure(config);
  FePart nameless(pki, pki.fe(9), 0);
  nameless.point_at(ce);
  nameless.start();
  ASSERT_TRUE(eventually([&] {
    const auto given = ce.fe(100);
    return given && given->state == "associated";
  })) << ce.notes.text()
      << nameless.notes.text();
  ASSERT_TRUE(eventually([&] { return nameless.element->snapshot().fe_id == 100; }));
}

TEST_F(Association, StopOfTheFeIsATeardownNotALoss) {
  fe.start();
  ASSERT_TRUE(eventually([&] { return ce.associated(1); }));
  fe.end();
  ASSERT_TRUE(eventually([&] { return ce.fe(1)->state == "down"; }));
  EXPECT_EQ(counter(ce.fe(1)->counters, "pl_teardowns_received"), 1U);
}

TEST_F(Association, AnFeStartedAgainTakesThePlaceOfTheOneThatHangs) {
  fe.config.backoff_max_ms = 0;  // the replaced one is in no hurry
  fe.start();
  ASSERT_TRUE(eventually([&] { return ce.associated(1); }));
  FePart again(pki, pki.fe(1), 1);
  again.point_at(ce);
  again.start();
  ASSERT_TRUE(eventually([&] { return again.element->snapshot().state == "associated"; }));
  ASSERT_TRUE(eventually([&] { return ce.fe(1)->associations >= 2 && ce.associated(1); }));
  fe.end();
  ASSERT_TRUE(eventually([&] { return ce.associated(1); }));
  EXPECT_EQ(again.element->snapshot().state, "associated");
}

TEST_F(Association, ACeThatStopsAndReturnsHasItsFeBack) {
  fe.start();
  ASSERT_TRUE(eventually([&] { return ce.associated(1); }));
  ce.end();
  ASSERT_TRUE(eventually([&] { return fe.element->snapshot().state == "pre_association"; }));
  ce.start();
  ASSERT_TRUE(eventually([&] { return ce.associated(1); }));
  EXPECT_EQ(fe.element->snapshot().state, "associated");
}

TEST_F(Association, InHotStandbyTheSecondCeTakesOver) {  // RFC 7121 section 3.2
  CePart second(pki, pki.ce(kCe + 1));
  second.config.ce_id = kCe + 1;
  second.config.fes = ce.config.fes;
  second.start();
  fe.point_at(second);
  fe.config.fepo.failover_policy = 1;
  fe.config.fepo.ha_mode = 2;
  fe.start();
  ASSERT_TRUE(eventually([&] { return ce.associated(1) && second.associated(1); }));
  EXPECT_EQ(fe.element->snapshot().master, kCe);
  ce.end();
  ASSERT_TRUE(eventually([&] { return fe.element->snapshot().master == kCe + 1; }));
  EXPECT_EQ(fe.element->snapshot().fe_state, "oper_enable");
}

TEST_F(Association, AnFeThatIsNoLongerConfiguredIsTornDown) {
  fe.start();
  ASSERT_TRUE(eventually([&] { return ce.associated(1); }));
  auto config = ce.config;
  config.fes = {{2, "two", {}}};
  ce.controller->reconfigure(config);
  ASSERT_TRUE(eventually([&] { return fe.element->snapshot().state == "pre_association"; }));
  ce.controller->reconfigure(ce.config);
  ASSERT_TRUE(eventually([&] { return ce.associated(1); }));
}

}  // namespace
}  // namespace forces::test
