// Who may be which peer (rows 7, 8, 17, 18, 29).
#include "tml/src/core/peer_table.hpp"

#include <gtest/gtest.h>

namespace forces::tml {
namespace {

using Verdict = PeerTable::Verdict;

class TmlPeerTable : public testing::Test {
 protected:
  static PairToken token(int number) {
    PairToken t{};
    t[0] = static_cast<std::byte>(number);
    return t;
  }
  // A peer that says who it is, with a certificate.
  static Claim tls(std::uint32_t id, std::string identity) {
    return {.pl_id = id,
            .identity = std::move(identity),
            .address = "10.0.0.1",
            .token = std::nullopt,
            .known = true,
            .token_binds = false};
  }
  // A peer that says who it is, without.
  static Claim plain(std::uint32_t id, std::optional<PairToken> t = std::nullopt) {
    return {.pl_id = id,
            .identity = {},
            .address = "10.0.0.1",
            .token = t,
            .known = true,
            .token_binds = false};
  }
  // A peer that knows the draft only.
  static Claim silent(std::uint32_t source, std::string address) {
    return {.pl_id = source,
            .identity = {},
            .address = std::move(address),
            .token = std::nullopt,
            .known = false,
            .token_binds = false};
  }

  int tokens = 0;
  PeerTable table{3, [this] { return token(++tokens); }};
};

// ---- control ----

TEST_F(TmlPeerTable, AFirstControlConnectionIsAcceptedWithATokenOfItsOwn) {
  const auto a = table.control(1, tls(2, "fe2")), b = table.control(2, tls(3, "fe3"));
  EXPECT_EQ(a.verdict, Verdict::Accepted);
  EXPECT_EQ(a.pl_id, 2U);
  EXPECT_EQ(a.replaced, 0U);
  EXPECT_EQ(a.token, token(1));
  EXPECT_EQ(b.token, token(2));
  EXPECT_EQ(table.size(), 2U);
}

TEST_F(TmlPeerTable, TheSameIdentityReplacesItsStaleConnection) {
  (void)table.control(1, tls(2, "fe2"));
  const auto again = table.control(5, tls(2, "fe2"));
  EXPECT_EQ(again.verdict, Verdict::Accepted);
  EXPECT_EQ(again.replaced, 1U);
  EXPECT_EQ(again.token, token(2));
  EXPECT_EQ(table.ended(1, 2), 0U);  // the old one's end is nothing to the peer
  EXPECT_EQ(table.size(), 1U);
  EXPECT_EQ(table.data(6, tls(2, "fe2")).verdict, Verdict::Accepted);
}

TEST_F(TmlPeerTable, AnotherIdentityWithTheSameIdIsRefused) {
  (void)table.control(1, tls(2, "fe2"));
  EXPECT_EQ(table.control(5, tls(2, "mallory")).verdict, Verdict::IdInUse);
  EXPECT_EQ(table.control(6, plain(2)).verdict, Verdict::IdInUse);
  const auto data = table.data(7, tls(2, "fe2"));  // and the peer is what it was
  EXPECT_EQ(data.verdict, Verdict::Accepted);
  EXPECT_EQ(data.token, token(1));
}

TEST_F(TmlPeerTable, WithoutIdentityTheNewcomerWaitsForTheOldOnesEnd) {
  (void)table.control(1, plain(2));
  EXPECT_EQ(table.control(5, plain(2)).verdict, Verdict::IdInUse);
  (void)table.ended(1, 2);
  EXPECT_EQ(table.control(5, plain(2)).verdict, Verdict::Accepted);
}

TEST_F(TmlPeerTable, TakesAsManyPeersAsItMay) {
  for (std::uint32_t id = 1; id <= 3; ++id)
    ASSERT_EQ(table.control(id, tls(id, "fe")).verdict, Verdict::Accepted);
  EXPECT_EQ(table.control(4, tls(4, "fe")).verdict, Verdict::Full);
  EXPECT_EQ(table.control(5, tls(3, "fe")).verdict, Verdict::Accepted);  // replaces, adds none
  (void)table.ended(1, 1);
  EXPECT_EQ(table.control(6, tls(4, "fe")).verdict, Verdict::Accepted);
}

// ---- data ----

TEST_F(TmlPeerTable, ADataConnectionJoinsTheControlConnectionOfItsFe) {
  (void)table.control(1, tls(2, "fe2"));
  const auto data = table.data(2, tls(2, "fe2"));
  EXPECT_EQ(data.verdict, Verdict::Accepted);
  EXPECT_EQ(data.pl_id, 2U);
  EXPECT_EQ(data.replaced, 0U);
}

TEST_F(TmlPeerTable, DataBeforeControlWaits) {
  EXPECT_EQ(table.data(2, tls(2, "fe2")).verdict, Verdict::Wait);
  EXPECT_EQ(table.data(3, silent(0, "10.0.0.1")).verdict, Verdict::Wait);
  (void)table.control(1, tls(2, "fe2"));
  EXPECT_EQ(table.data(2, tls(2, "fe2")).verdict, Verdict::Accepted);
}

TEST_F(TmlPeerTable, ANewDataConnectionReplacesTheOld) {
  (void)table.control(1, tls(2, "fe2"));
  (void)table.data(2, tls(2, "fe2"));
  EXPECT_EQ(table.data(3, tls(2, "fe2")).replaced, 2U);
  EXPECT_EQ(table.ended(2, 2), 0U);
  EXPECT_EQ(table.ended(1, 2), 3U);
}

TEST_F(TmlPeerTable, BothChannelsShowOneIdentity) {
  (void)table.control(1, tls(2, "fe2"));
  EXPECT_EQ(table.data(2, tls(2, "fe3")).verdict, Verdict::WrongIdentity);
  Claim right_token = plain(2, token(1));  // without TLS although control has it
  EXPECT_EQ(table.data(3, right_token).verdict, Verdict::WrongIdentity);
}

TEST_F(TmlPeerTable, AWrongTokenIsRefusedEvenWithTheRightIdentity) {
  (void)table.control(1, tls(2, "fe2"));
  Claim claim = tls(2, "fe2");
  claim.token = token(9);
  EXPECT_EQ(table.data(2, claim).verdict, Verdict::WrongToken);
  claim.token = token(1);
  EXPECT_EQ(table.data(2, claim).verdict, Verdict::Accepted);
}

TEST_F(TmlPeerTable, WithoutTlsTheTokenIsTheIdentity) {
  (void)table.control(1, plain(2));
  EXPECT_EQ(table.data(2, plain(2)).verdict, Verdict::WrongToken);
  EXPECT_EQ(table.data(2, plain(2, token(2))).verdict, Verdict::WrongToken);
  EXPECT_EQ(table.data(2, plain(2, token(1))).verdict, Verdict::Accepted);
}

TEST_F(TmlPeerTable, AnFeWithoutAnIdShowsOnlyItsToken) {
  (void)table.control(1, plain(0x80000001));
  EXPECT_EQ(table.data(2, plain(0)).verdict, Verdict::WrongToken);
  EXPECT_EQ(table.data(2, plain(0, token(2))).verdict, Verdict::WrongToken);
  const auto answer = table.data(2, plain(0, token(1)));
  EXPECT_EQ(answer.verdict, Verdict::Accepted);
  EXPECT_EQ(answer.pl_id, 0x80000001U);
}

TEST_F(TmlPeerTable, ATokenOfTheConnectionBeforeIsNoneAnyMore) {
  (void)table.control(1, tls(2, "fe2"));
  (void)table.control(2, tls(2, "fe2"));
  Claim claim = tls(2, "fe2");
  claim.token = token(1);
  EXPECT_EQ(table.data(3, claim).verdict, Verdict::WrongToken);
}

// Data without TLS beside control with it (row 29): bound by the token, and by nothing else.
TEST_F(TmlPeerTable, PlainDataBesideTlsControlNeedsTheToken) {
  (void)table.control(1, tls(2, "fe2"));
  for (const bool known : {true, false}) {
    Claim claim = plain(2);
    claim.known = known;
    claim.token_binds = true;
    EXPECT_EQ(table.data(2, claim).verdict, Verdict::WrongToken) << known;
    claim.token = token(1);
    EXPECT_EQ(table.data(2, claim).verdict, Verdict::Accepted) << known;
    (void)table.ended(2, 2);
  }
}

// ---- a peer that knows the draft only (row 7) ----

TEST_F(TmlPeerTable, ASilentPeerIsTheOneOfItsAddress) {
  Claim control = silent(2, "10.0.0.1");
  (void)table.control(1, control);
  Claim other = silent(3, "10.0.0.2");
  (void)table.control(2, other);
  const auto data = table.data(3, silent(0, "10.0.0.2"));
  EXPECT_EQ(data.verdict, Verdict::Accepted);
  EXPECT_EQ(data.pl_id, 3U);
  EXPECT_EQ(table.data(4, silent(0, "10.0.0.3")).verdict, Verdict::Wait);
}

TEST_F(TmlPeerTable, ASilentPeerThatCouldBeTwoIsRefused) {
  (void)table.control(1, silent(2, "10.0.0.1"));
  (void)table.control(2, silent(3, "10.0.0.1"));
  EXPECT_EQ(table.data(3, silent(0, "10.0.0.1")).verdict, Verdict::Ambiguous);
}

TEST_F(TmlPeerTable, ASilentPeerIsNoPeerThatHasItsDataAlready) {
  (void)table.control(1, silent(2, "10.0.0.1"));
  (void)table.control(2, silent(3, "10.0.0.1"));
  ASSERT_EQ(table.data(3, plain(3, token(2))).verdict, Verdict::Accepted);
  const auto data = table.data(4, silent(0, "10.0.0.1"));
  EXPECT_EQ(data.verdict, Verdict::Accepted);
  EXPECT_EQ(data.pl_id, 2U);
}

TEST_F(TmlPeerTable, ASilentPeerWithACertificateIsWhoTheCertificateSays) {
  (void)table.control(1, tls(2, "fe2"));
  (void)table.control(2, tls(3, "fe3"));
  Claim claim = silent(3, "10.0.0.1");  // the owner took the ID from the certificate
  claim.identity = "fe3";
  EXPECT_EQ(table.data(3, claim).verdict, Verdict::Accepted);
}

// ---- ends ----

TEST_F(TmlPeerTable, TheEndOfControlNamesTheDataThatIsNobodysNow) {
  (void)table.control(1, tls(2, "fe2"));
  (void)table.data(2, tls(2, "fe2"));
  EXPECT_EQ(table.ended(1, 2), 2U);
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(table.ended(2, 2), 0U);
  EXPECT_EQ(table.ended(1, 2), 0U);
}

TEST_F(TmlPeerTable, TheEndOfDataLeavesThePeer) {
  (void)table.control(1, tls(2, "fe2"));
  (void)table.data(2, tls(2, "fe2"));
  EXPECT_EQ(table.ended(2, 2), 0U);
  EXPECT_EQ(table.size(), 1U);
  EXPECT_EQ(table.ended(1, 2), 0U);  // no data to end
}

// ---- an FE that came with ID 0 (row 7) ----

TEST_F(TmlPeerTable, APeerGetsItsIdLaterAndKeepsItsChannels) {
  (void)table.control(1, tls(0x80000001, "fe"));
  EXPECT_TRUE(table.rename(0x80000001, 7));
  EXPECT_EQ(table.data(2, tls(7, "fe")).verdict, Verdict::Accepted);
  EXPECT_EQ(table.data(3, tls(0x80000001, "fe")).verdict, Verdict::Wait);
  EXPECT_EQ(table.ended(1, 7), 2U);
}

TEST_F(TmlPeerTable, AnIdThatHasALivePeerIsNotGivenAgain) {
  (void)table.control(1, tls(0x80000001, "fe"));
  (void)table.control(2, tls(7, "fe7"));
  EXPECT_FALSE(table.rename(0x80000001, 7));
  EXPECT_FALSE(table.rename(0x80000002, 8));
  EXPECT_EQ(table.ended(1, 0x80000001), 0U);
  EXPECT_EQ(table.size(), 1U);
}

}  // namespace
}  // namespace forces::tml
