// SIGHUP: what takes effect, what waits, what is refused. Associations stay.
#include <unistd.h>

#include "tests/e2e/daemons/network.hpp"

namespace e2e {
namespace {

using testing::HasSubstr;

class Reload : public Network {
 protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(start_all()); }
  // Sends SIGHUP and waits for the end of the reload.
  void reload(const std::string& who) {
    const auto ended = [&] {
      const auto err = child(who).err();
      std::size_t count = 0;
      for (auto at = err.find("reload ended"); at != err.npos;
           at = err.find("reload ended", at + 1))
        ++count;
      return count;
    };
    const auto before = ended();
    child(who).signal(SIGHUP);
    ASSERT_TRUE(eventually([&] { return ended() > before; }));
  }
  std::string level(const std::string& who) {
    return ctl(who, {"log", "level", "--json"}).json()["entries"][0]["level"];
  }
  void expect_associations_untouched() {
    for (int id = 1; id <= 2; ++id) {
      EXPECT_TRUE(associated(id));
      EXPECT_EQ(counter(fe(id), "pl_associations"), 1U);
    }
  }
};

TEST_F(Reload, AChangedLogLevelTakesEffect) {
  for (const std::string who : {"ce", "fe1"}) {
    EXPECT_EQ(level(who), "info");
    const std::string log = "[log]\nlevel = \"debug\"\n";
    write(who + ".toml", who == "ce" ? ce_toml(log) : fe_toml(1, log));
    ASSERT_NO_FATAL_FAILURE(reload(who));
    EXPECT_EQ(level(who), "debug");
    EXPECT_TRUE(child(who).said("configuration changed table=log"));
  }
  expect_associations_untouched();
}

TEST_F(Reload, AChangedRateTakesEffect) {
  const auto limited = [&] {
    return metric("fe1", "fe_redirect_limited_total", {{"class", "ospf"}});
  };
  EXPECT_EQ(limited(), 0U);
  write("fe1.toml", fe_toml(1, "[redirect.ospf]\nrate = 1\nburst = 1\n"));
  ASSERT_NO_FATAL_FAILURE(reload("fe1"));
  EXPECT_TRUE(eventually([&] { return limited() > 10; }));
  write("fe1.toml", fe_toml(1));
  ASSERT_NO_FATAL_FAILURE(reload("fe1"));
  const auto passed = [&] {
    return metric("fe1", "fe_redirect_passed_total", {{"class", "ospf"}});
  };
  const auto before = passed();
  EXPECT_TRUE(eventually([&] { return passed() > before + 20; }));
  expect_associations_untouched();
}

TEST_F(Reload, ARenewedCertificateAndCrlTakeEffectForNewConnections) {
  const auto channel = number(fe(2)["control_channel"]);
  std::filesystem::remove(path("tls/ce-1.crt"));
  ASSERT_NO_FATAL_FAILURE(certificates({"--ce", "1"}));  // another key and certificate
  ASSERT_NO_FATAL_FAILURE(certificates({"--revoke", "fe", "2"}));
  ASSERT_NO_FATAL_FAILURE(reload("ce"));
  EXPECT_EQ(metric("ce", "tml_tls_reloads_total"), 1U);
  EXPECT_EQ(metric("ce", "tml_tls_reloads_failed_total"), 0U);
  expect_associations_untouched();
  EXPECT_EQ(number(fe(2)["control_channel"]), channel);  // the live channel, though revoked

  // Comes again with its revoked certificate; fe1 comes again to the renewed one.
  for (int id = 1; id <= 2; ++id) start_fe(id, fe_toml(id));
  ASSERT_TRUE(eventually([&] {
    return metric("ce", "tml_tls_handshakes_failed_total", {{"reason", "certificate"}}) > 0 &&
           counter(fe(1), "pl_associations") == 2;
  }));
  EXPECT_TRUE(associated(1));
  EXPECT_FALSE(associated(2));
  EXPECT_TRUE(child("ce").says("revoked"));
}

TEST_F(Reload, ABrokenFileIsRefusedWithFileLineAndKeyAndTheOldOneGoesOn) {
  for (const std::string who : {"ce", "fe1"}) {
    auto toml = who == "ce" ? ce_toml() : fe_toml(1);
    const auto lines = std::count(toml.begin(), toml.end(), '\n');
    write(who + ".toml", toml + "[log]\nlevel = \"loud\"\n");
    ASSERT_NO_FATAL_FAILURE(reload(who));
    EXPECT_TRUE(child(who).said("configuration not taken; the old one stays"));
    EXPECT_TRUE(
        child(who).said(fmt::format("{}:{}:9: log.level: ", path(who + ".toml"), lines + 2)))
        << child(who).err();
    EXPECT_EQ(level(who), "info");
    std::filesystem::remove(path(who + ".toml"));
    ASSERT_NO_FATAL_FAILURE(reload(who));
    EXPECT_TRUE(child(who).said("No such file or directory"));
    write(who + ".toml", toml + "[log]\nlevel = \"debug\"\n");
    ASSERT_NO_FATAL_FAILURE(reload(who));
    EXPECT_EQ(level(who), "debug");
  }
  expect_associations_untouched();
}

TEST_F(Reload, ABrokenCertificateIsRefusedAndTheOldOneStays) {
  std::filesystem::rename(path("tls/ce-1.crt"), path("tls/ce-1.old"));
  write("tls/ce-1.crt", "nothing\n");
  ASSERT_NO_FATAL_FAILURE(reload("ce"));
  EXPECT_TRUE(child("ce").said("TLS files not taken; the old ones stay"));
  EXPECT_TRUE(child("ce").said("cannot read the certificate " + path("tls/ce-1.crt")));
  EXPECT_EQ(metric("ce", "tml_tls_reloads_failed_total"), 1U);
  EXPECT_THAT(ctl("ce", {"tls", "reload"}).err, HasSubstr("cannot read the certificate"));
  expect_associations_untouched();
  start_fe(1, fe_toml(1));
  EXPECT_TRUE(eventually([&] { return counter(fe(1), "pl_associations") == 2; }));
}

// libtml reads the paths again that it was given at the start.
TEST_F(Reload, WhatNeedsARestartIsNamedUntilItHasCome) {
  auto toml = ce_toml();
  const auto crl = toml.find("crl = ");
  toml.erase(crl, toml.find('\n', crl) + 1 - crl);
  const auto name = toml.find("\"ce1\"");
  toml.replace(name, 5, "\"renamed\"");
  write("ce.toml", toml);
  ASSERT_NO_FATAL_FAILURE(reload("ce"));
  EXPECT_TRUE(child("ce").said("this change needs a restart table=tls"));
  EXPECT_TRUE(child("ce").said("this change needs a restart table=ce"));
  EXPECT_EQ(ctl("ce", {"status", "--json"}).json()["name"], "ce1");  // what is in effect
  const auto warnings = [&] {
    const auto err = child("ce").err();
    std::size_t count = 0;
    for (auto at = err.find("table=tls"); at != err.npos; at = err.find("table=tls", at + 1))
      ++count;
    return count;
  };
  ASSERT_NO_FATAL_FAILURE(reload("ce"));
  EXPECT_EQ(warnings(), 2U);
  write("ce.toml", ce_toml());
  ASSERT_NO_FATAL_FAILURE(reload("ce"));
  EXPECT_EQ(warnings(), 2U);
  expect_associations_untouched();
}

TEST_F(Reload, AnFeThatIsNoLongerListedIsTornDown) {
  write("ce.toml", ce_toml("[[fe]]\nid = 1\nname = \"one\"\n"));
  ASSERT_NO_FATAL_FAILURE(reload("ce"));
  ASSERT_TRUE(eventually([&] { return !associated(2); }));
  EXPECT_TRUE(associated(1));
  EXPECT_EQ(fe(1)["name"], "one");
  EXPECT_EQ(counter(fe(1), "pl_associations"), 1U);
}

}  // namespace
}  // namespace e2e
