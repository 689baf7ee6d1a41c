// RFC 7121 and RFC 5810 section 8 over the real TML: one FE, two CEs that say what they like.
#include "tests/e2e/association/bare_ce.hpp"

namespace forces::test {
namespace {

constexpr std::uint32_t kOther = kCe + 1;
constexpr const char* kFirstId = "40000001";
constexpr const char* kSecondId = "40000002";

class Ha : public testing::Test {
 protected:
  void start(std::uint8_t ha_mode, std::uint8_t policy, bool two = true) {
    first.start();
    second.start();
    fe.config.ces = {first.address()};
    if (two) fe.config.ces.push_back(second.address());
    fe.config.fepo.ha_mode = ha_mode;
    fe.config.fepo.failover_policy = policy;
    fe.config.setup_timeout = 1s;
    fe.start();
    ASSERT_TRUE(test::eventually([&] { return master() == kCe; }));
  }
  void hot_standby() {
    start(2, 1);
    ASSERT_TRUE(test::eventually([&] { return state_of(1) == "associated"; }));
  }
  std::uint32_t master() { return fe.element->snapshot().master; }
  std::string_view state_of(std::size_t ce) { return fe.element->snapshot().ces.at(ce).state; }
  std::string_view fe_state() { return fe.element->snapshot().fe_state; }

  e2e::Pki pki;
  BareCe first{pki, kCe}, second{pki, kOther};
  FePart fe{pki, pki.fe(1), 1};
};

TEST_F(Ha, InHotStandbyAllCesHasEveryCeAndWhatItIs) {  // RFC 7121 sections 3.1, 3.2
  hot_standby();
  EXPECT_EQ(first.get({15, 0, 1}), kFirstId);
  EXPECT_EQ(first.get({15, 0, 3}), "03") << "is master";
  EXPECT_EQ(first.get({15, 1, 1}), kSecondId);
  EXPECT_EQ(first.get({15, 1, 3}), "02") << "associated";
  EXPECT_EQ(second.get({8}), kFirstId) << "a backup may ask";
  EXPECT_EQ(second.get({9}), std::string("00000000") + kSecondId) << "BackupCEs";
}

TEST_F(Ha, AConfigOfABackupIsDroppedAndCounted) {  // RFC 7121 section 3.2
  hot_standby();
  const auto set = second.send(pl::MsgType::Config, pl::OperType::Set, {7}, "00000064");
  const auto del = second.send(pl::MsgType::Config, pl::OperType::Del, {3});
  EXPECT_EQ(second.get({7}), "000001f4") << "FEHI as it was";
  EXPECT_FALSE(second.answered(set)) << "the Query behind them was answered, they were not";
  EXPECT_FALSE(second.answered(del));
  EXPECT_EQ(first.get({15, 1, 2, 2}), "0000000000000002") << "RecvErrPackets";
  EXPECT_EQ(first.get({15, 0, 2, 2}), "0000000000000000");
  EXPECT_EQ(counter(fe.element->snapshot().counters, "pl_drops", "not_master"), 2U);
  EXPECT_EQ(first.set({7}, "00000064"), "E_SUCCESS") << "the master may";
}

TEST_F(Ha, InHotStandbyTheNextCeIsToldThatThePrimaryIsDownAndThatItIsIt) {  // figure 5
  hot_standby();
  first.subscribe();
  EXPECT_EQ(first.set({7}, "00000064"), "E_SUCCESS");
  first.teardown(1);
  ASSERT_TRUE(test::eventually([&] { return second.events().size() >= 2; }));
  EXPECT_EQ(second.events(), (std::vector<std::string>{std::string("61.1 ") + kFirstId,
                                                       std::string("61.2 ") + kSecondId}));
  EXPECT_EQ(master(), kOther);
  EXPECT_EQ(fe_state(), "oper_enable");
  EXPECT_EQ(second.get({7}), "00000064") << "nothing was forgotten";
  EXPECT_EQ(second.get({13}), kFirstId) << "LastCEID";
  EXPECT_EQ(second.set({7}, "000000c8"), "E_SUCCESS") << "it is the master";
  // The old one comes back as a backup.
  ASSERT_TRUE(test::eventually([&] { return state_of(0) == "associated"; }));
  EXPECT_EQ(first.get({8}), kSecondId);
}

TEST_F(Ha, TheMasterMovesMastershipBySettingCeid) {  // RFC 7121 section 3.2
  hot_standby();
  first.subscribe();
  EXPECT_EQ(first.set({8}, kSecondId), "E_SUCCESS");
  ASSERT_TRUE(test::eventually([&] { return first.events().size() >= 2; }));
  ASSERT_TRUE(test::eventually([&] { return second.events().size() >= 2; }));
  EXPECT_EQ(first.events(), second.events()) << "all associated CEs are told";
  EXPECT_EQ(master(), kOther);
  EXPECT_EQ(state_of(0), "associated");
  const auto late = first.send(pl::MsgType::Config, pl::OperType::Set, {7}, "00000064");
  EXPECT_EQ(first.get({7}), "000001f4");
  EXPECT_FALSE(first.answered(late));
  EXPECT_EQ(second.set({8}, kFirstId), "E_SUCCESS");
  EXPECT_EQ(master(), kCe);
}

TEST_F(Ha, InColdStandbyOneCeIsAssociatedAndTheNextOnlyAfterIt) {  // RFC 7121 figure 2
  start(1, 1);
  EXPECT_EQ(state_of(1), "closed");
  EXPECT_EQ(second.associations(), 0U);
  EXPECT_EQ(first.get({15, 1, 3}), "00") << "disconnected";
  first.subscribe();
  EXPECT_EQ(first.set({7}, "00000064"), "E_SUCCESS");
  first.teardown(1);
  ASSERT_TRUE(test::eventually([&] { return master() == kOther; }));
  ASSERT_TRUE(test::eventually([&] { return second.events().size() >= 2; }));
  EXPECT_EQ(second.events(), (std::vector<std::string>{std::string("61.1 ") + kFirstId,
                                                       std::string("61.2 ") + kSecondId}));
  EXPECT_EQ(second.get({9}), std::string("00000000") + kFirstId) << "BackupCEs";
  EXPECT_EQ(second.get({13}), kFirstId) << "LastCEID";
  EXPECT_EQ(second.get({7}), "00000064") << "CEFailoverPolicy 1 keeps what was set";
  EXPECT_EQ(first.associations(), 1U);
}

TEST_F(Ha, InColdStandbyTheMasterSendsTheFeToAnother) {  // RFC 7121 section 2.1.1
  start(1, 1);
  EXPECT_EQ(first.set({8}, "40000009"), "E_VALUE_OUT_OF_RANGE") << "nobody knows that one";
  EXPECT_EQ(first.set({8}, kSecondId), "E_SUCCESS");
  ASSERT_TRUE(test::eventually([&] { return master() == kOther; }));
  ASSERT_TRUE(
      test::eventually([&] { return !first.heard(pl::MsgType::AssociationTeardown).empty(); }));
  EXPECT_EQ(second.get({8}), kSecondId);
  EXPECT_EQ(state_of(0), "closed");
  EXPECT_EQ(fe_state(), "oper_enable");
}

TEST_F(Ha, ASilentMasterIsLostAfterCehdi) {  // RFC 5810 sections 4.3.3, 8.1; RFC 7121 section 2.1.1
  hot_standby();
  EXPECT_EQ(second.get({8}), kFirstId);
  EXPECT_EQ(first.set({5}, "000001f4"), "E_SUCCESS") << "CEHDI: half a second";
  // Only the second speaks from here on.
  ASSERT_TRUE(test::eventually([&] { return second.get({8}) == kSecondId; }));
  ASSERT_TRUE(
      test::eventually([&] { return !first.heard(pl::MsgType::AssociationTeardown).empty(); }));
  const auto bye = first.heard(pl::MsgType::AssociationTeardown).front();
  EXPECT_EQ(std::get<pl::AsTreason>(bye.body.at(0)).reason, pl::TeardownReason::LossOfHeartbeats);
}

TEST_F(Ha, CeFailoverPolicyZeroStopsAndForgets) {  // RFC 5810 section 7.3.1.1.2.11
  start(0, 0, false);
  EXPECT_EQ(first.set({7}, "00000064"), "E_SUCCESS");
  first.teardown(1);
  ASSERT_TRUE(test::eventually([&] { return first.associations() >= 2 && master() == kCe; }));
  EXPECT_GE(fe.notes.count("association_state"), 2U);
  EXPECT_EQ(first.get({7}), "000001f4") << "all that was set is invalid";
}

TEST_F(Ha, CeFailoverPolicyOneGoesOnUntilCefti) {  // RFC 5810 sections 7.3.1.1.2.12, 8.1
  start(0, 1, false);
  EXPECT_EQ(first.set({11}, "00000bb8"), "E_SUCCESS") << "CEFTI: 3 s";
  EXPECT_EQ(first.set({5}, "000001f4"), "E_SUCCESS") << "CEHDI: half a second";
  first.end();
  ASSERT_TRUE(test::eventually([&] { return fe.element->snapshot().state == "not_associated"; }));
  EXPECT_EQ(fe_state(), "oper_enable") << "it goes on forwarding";
  ASSERT_TRUE(test::eventually([&] { return fe_state() == "oper_disable"; }));
  EXPECT_EQ(fe.element->snapshot().state, "pre_association");
}

}  // namespace
}  // namespace forces::test
