// Who is not let in, and what is seen of it.
#include <arpa/inet.h>
#include <sys/socket.h>

#include "tests/e2e/daemons/network.hpp"

namespace e2e {
namespace {

class Strangers : public Network {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(certificates());
    ASSERT_NO_FATAL_FAILURE(start_ce(ce_toml()));
    start_fe(1, fe_toml(1));
    ASSERT_TRUE(eventually([&] { return both_channels_up(1) && associated(1); }));
  }
  void TearDown() override {  // the FE in good order saw nothing of it
    EXPECT_TRUE(associated(1));
    EXPECT_EQ(counter(fe(1), "pl_associations"), 1U);
  }
};

TEST_F(Strangers, AnFeWithTheCertificateOfAnotherIdIsRefused) {
  start_fe(2, fe_toml(2, "", "fe-1"));
  EXPECT_TRUE(eventually(
      [&] { return metric("ce", "tml_peers_refused_total", {{"reason", "identity"}}) > 0; }));
  EXPECT_TRUE(child("ce").says("urn:forces:fe:1) does not allow FE ID 2"));
  EXPECT_FALSE(associated(2));
  // And the FE is told that it was not a fault of the network.
  EXPECT_TRUE(child("fe2").says("warning association: "));
}

TEST_F(Strangers, APlaintextClientAtTheTlsPortIsRefused) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(static_cast<std::uint16_t>(control_port_));
  ASSERT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  const timeval bound{20, 0};
  ASSERT_EQ(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound), 0);
  const std::string text = "GET / HTTP/1.1\r\n\r\n";
  ASSERT_EQ(send(fd, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  char answer[512];
  while (recv(fd, answer, sizeof answer, 0) > 0) {  // an alert, perhaps, and then the end
  }
  close(fd);
  EXPECT_TRUE(eventually([&] {
    return metric("ce", "tml_tls_handshakes_failed_total", {{"reason", "not_tls"}}) == 1;
  }));
  EXPECT_TRUE(child("ce").says("auth_failed"));
}

TEST_F(Strangers, AnFeWithoutTlsIsRefused) {
  auto toml = fe_toml(2);
  toml.replace(toml.find("[tls]\n"), 6, "[tls]\nplaintext = true\n");
  start_fe(2, toml);
  EXPECT_TRUE(eventually([&] {
    return metric("ce", "tml_tls_handshakes_failed_total", {{"reason", "not_tls"}}) > 0;
  }));
  EXPECT_FALSE(associated(2));
}

TEST_F(Strangers, AnFeThatIsNotConfiguredIsRefusedAndNamed) {
  ASSERT_NO_FATAL_FAILURE(certificates({"--fe", "7"}));
  start_fe(7, fe_toml(7));
  EXPECT_TRUE(child("ce").says("association_refused element=7"));
  EXPECT_FALSE(associated(7));
}

}  // namespace
}  // namespace e2e
