#include "tml/daemon/settings.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tml/daemon/tml_context.hpp"

namespace forces::daemon {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kTls = "[tls]\nca = \"a\"\ncert = \"b\"\nkey = \"c\"\n";

std::vector<std::string> problems_of(const std::string& toml, CommonSettings& s) {
  std::vector<std::string> all;
  for (const auto& p : runtime::read_config(toml, "f", [&](runtime::ConfigVisitor& v) {
         visit_common(v, s);
         v.table("tml", [&] { visit(v, s.channels); });
       })) {
    all.push_back(p.key + ": " + p.message);
  }
  return all;
}

struct Case {
  const char* name;
  std::string toml;  // after a valid [tls], unless it has one
  std::vector<std::string> want;
};
const Case kCases[] = {
    {"TlsIsRequired",
     "[tls]\n",
     {"tls.ca: is required; only plaintext = true does without",
      "tls.cert: is required; only plaintext = true does without",
      "tls.key: is required; only plaintext = true does without"}},
    {"NotWithAnExplicitWord", "[tls]\nplaintext = true\n", {}},
    {"PlaintextAnywhereNeedsPlaintext",
     "[tls]\nca = \"a\"\ncert = \"b\"\nkey = \"c\"\nplaintext_anywhere = true\n",
     {"tls.plaintext_anywhere: needs plaintext = true"}},
    {"LegacyCbcNeedsTls12",
     "[tls]\nca = \"a\"\ncert = \"b\"\nkey = \"c\"\nlegacy_cbc = true\n",
     {"tls.legacy_cbc: needs allow_tls12 = true"}},
    {"HttpBeyondLoopbackNeedsTls",
     "[http]\naddress = \"0.0.0.0\"\n",
     {"http.address: beyond loopback needs cert and key, or insecure = true"}},
    {"HttpBeyondLoopbackWithTls", "[http]\naddress = \"0.0.0.0\"\ncert = \"c\"\nkey = \"k\"\n", {}},
    {"HttpBeyondLoopbackByAnExplicitWord",
     "[http]\naddress = \"192.0.2.1\"\ninsecure = true\n",
     {}},
    {"HttpChangesOnLoopback", "[http]\nchanges = true\n", {}},
    {"HttpChangesBeyondLoopbackNeedClientCa",
     "[http]\naddress = \"192.0.2.1\"\ncert = \"c\"\nkey = \"k\"\nchanges = true\n",
     {"http.changes: beyond loopback needs client_ca: only who has a certificate of it may change "
      "anything"}},
    {"HttpChangesAreNotOpenedByInsecure",
     "[http]\naddress = \"192.0.2.1\"\ninsecure = true\nchanges = true\n",
     {"http.changes: beyond loopback needs client_ca: only who has a certificate of it may change "
      "anything"}},
    {"HttpChangesBeyondLoopbackWithClientCa",
     "[http]\naddress = \"192.0.2.1\"\ncert = \"c\"\nkey = \"k\"\nclient_ca = \"a\"\n"
     "changes = true\n",
     {}},
    {"HttpAtTheIpv6Loopback", "[http]\naddress = \"::1\"\n", {}},
    {"HttpSwitchedOffMayStandAnywhere", "[http]\nenabled = false\naddress = \"0.0.0.0\"\n", {}},
    {"HttpCertWithoutKey", "[http]\ncert = \"c\"\n", {"http.cert: cert and key come together"}},
    {"HttpClientCaWithoutTls",
     "[http]\nclient_ca = \"c\"\n",
     {"http.client_ca: needs cert and key"}},
    {"UnknownCapability",
     "[process]\nuser = \"u\"\ncapabilities = [\"net_raw\", \"sys_admin\"]\n",
     {"process.capabilities: \"sys_admin\" is not one of net_admin, net_raw, net_bind_service"}},
    {"CapabilitiesNeedAUser",
     "[process]\ncapabilities = [\"net_raw\"]\n",
     {"process.capabilities: needs user"}},
    {"GroupNeedsAUser", "[process]\ngroup = \"g\"\n", {"process.group: needs user"}},
    {"DeadIntervalMustExceedHeartbeat",
     "[tml]\nheartbeat = \"3s\"\n",
     {"tml.dead_interval: must be longer than heartbeat"}},
    {"HeartbeatsOffNeedNoDeadInterval", "[tml]\nheartbeat = \"off\"\n", {}},
    {"AQueueHoldsAtLeastOneMessage",
     "[tml]\nsend_queue = \"64KiB\"\n",
     {"tml.send_queue: 64KiB is out of range: 262140B to 1GiB"}},
    {"AMessageIsNoLargerThanThePlAllows",
     "[tml]\nmax_data_message = \"1MiB\"\n",
     {"tml.max_data_message: 1MiB is out of range: 1KiB to 262140B"}},
};
class CommonSettingsFile : public testing::TestWithParam<Case> {};
TEST_P(CommonSettingsFile, HasTheseProblems) {
  CommonSettings s;
  const auto& toml = GetParam().toml;
  const bool has_tls = toml.starts_with("[tls]");
  EXPECT_EQ(problems_of(has_tls ? toml : std::string(kTls) + toml, s), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(Table, CommonSettingsFile, testing::ValuesIn(kCases),
                         [](const auto& c) { return c.param.name; });

TEST(ChannelOptions, TakeWhatTheFileSays) {
  ChannelSettings s;
  s.heartbeat = runtime::kOff;
  s.dead_interval = 1500ms;
  s.send_queue = 2_MiB;
  s.ttl = 250us;
  s.lenient = true;
  const auto data = channel_options(s, TML_CHANNEL_DATA);
  EXPECT_EQ(data.heartbeat_ms, -1);
  EXPECT_EQ(data.dead_ms, 1500);
  EXPECT_EQ(data.send_queue, 2U << 20);
  EXPECT_EQ(data.message_ttl_ms, 1);  // rounded up: 0 would mean the default
  EXPECT_EQ(data.max_message, 65'536U);
  EXPECT_EQ(data.lenient, 1);
  const auto control = channel_options(s, TML_CHANNEL_CONTROL);
  EXPECT_EQ(control.max_message, 0U);  // the protocol's own limit
  EXPECT_EQ(control.message_ttl_ms, 0);
}

TEST(Context, AMissingTlsFileIsNamed) {
  CommonSettings s;
  s.tls.ca = "/nonexistent/ca.crt";
  s.tls.cert = "/nonexistent/c.crt";
  s.tls.key = "/nonexistent/c.key";
  const auto context = create_context(0x40000001, s, {}, nullptr, nullptr);
  ASSERT_FALSE(context);
  EXPECT_NE(context.error().find("/nonexistent/"), std::string::npos) << context.error();
}

TEST(Texts, AreWhatPeopleWrite) {
  EXPECT_EQ(element_text(2), "2");
  EXPECT_EQ(element_text(0x40000001), "0x40000001");
  EXPECT_EQ(security_text({}), "tls");
  TlsSettings tls;
  tls.data_plaintext = true;
  EXPECT_EQ(security_text(tls), "tls, data plaintext");
  tls.plaintext = true;
  EXPECT_EQ(security_text(tls), "plaintext");
  EXPECT_TRUE(is_loopback("127.0.0.2"));
  EXPECT_FALSE(is_loopback("localhost"));  // a name is not looked up here
}

}  // namespace
}  // namespace forces::daemon
