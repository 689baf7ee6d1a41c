// How processes start, end and come back, and what a service manager relies on: notifications, and
// a process that is no longer root.
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "tests/e2e/daemons/network.hpp"

namespace e2e {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

class Lifecycle : public Network {
 protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(start_all()); }
  std::uint64_t associations(int id) { return counter(fe(id), "pl_associations"); }
};

TEST_F(Lifecycle, SigtermOfAnFeIsATeardownAndStatus0) {
  child("fe1").signal(SIGTERM);
  EXPECT_EQ(child("fe1").ends(5s), 0);
  EXPECT_TRUE(child("fe1").said("stopped"));
  ASSERT_TRUE(eventually([&] { return !associated(1); }));
  EXPECT_EQ(counter(fe(1), "pl_teardowns_received"), 1U);
  EXPECT_TRUE(child("ce").said("element=1 detail=\"waiting: teardown by the FE\""));
  EXPECT_TRUE(associated(2));
  EXPECT_EQ(associations(2), 1U);
  EXPECT_FALSE(std::filesystem::exists(path("fe1.sock")));
}

TEST_F(Lifecycle, SigtermOfTheCeIsATeardownAtItsFes) {
  child("ce").signal(SIGTERM);
  EXPECT_EQ(child("ce").ends(5s), 0);
  for (const auto* who : {"fe1", "fe2"}) {
    EXPECT_TRUE(eventually([&] { return metric(who, "fe_association_up") == 0; }));
    EXPECT_EQ(metric(who, "fe_pl_teardowns_received_total"), 1U);
    EXPECT_EQ(metric(who, "fe_pl_associations_lost_total"), 1U);
  }
}

TEST_F(Lifecycle, ASecondSigtermEndsAtOnce) {
  child("fe1").signal(SIGSTOP);  // peers that do not take part in a controlled close
  child("fe2").signal(SIGSTOP);
  child("ce").signal(SIGTERM);
  ASSERT_TRUE(child("ce").says("stopping"));
  child("ce").signal(SIGTERM);
  EXPECT_EQ(child("ce").ends(1s), 1);  // the controlled close would take 2 s
}

TEST_F(Lifecycle, AKilledFeIsNoticedWithinTheDeadIntervalAndComesBack) {
  child("fe1").signal(SIGKILL);
  EXPECT_EQ(child("fe1").ends(), 128 + SIGKILL);
  EXPECT_TRUE(eventually([&] { return !associated(1); }, 5s));  // the dead interval of network.hpp
  EXPECT_EQ(counter(fe(1), "pl_teardowns_received"), 0U);
  start_fe(1, fe_toml(1));
  ASSERT_TRUE(eventually([&] { return associated(1) && both_channels_up(1); }));
  EXPECT_EQ(associations(1), 2U);
  EXPECT_EQ(associations(2), 1U);
}

TEST_F(Lifecycle, BothFesComeBackToARestartedCe) {
  child("ce").signal(SIGKILL);
  EXPECT_EQ(child("ce").ends(), 128 + SIGKILL);
  for (const auto* who : {"fe1", "fe2"}) {
    EXPECT_TRUE(eventually([&] { return metric(who, "fe_association_up") == 0; }));
  }
  // The same ports, and the socket file that the first one could not remove.
  ASSERT_NO_FATAL_FAILURE(start_ce(ce_toml()));
  ASSERT_TRUE(eventually([&] { return associated(1) && associated(2); }));
  for (const auto* who : {"fe1", "fe2"}) {
    EXPECT_EQ(metric(who, "fe_pl_setups_granted_total"), 2U);
  }
}

class ShortDeadInterval : public Network {};

TEST_F(ShortDeadInterval, ASilentFeIsGivenUpAndTakenBackWhenItSpeaks) {
  tml_ = "heartbeat = \"200ms\"\ndead_interval = \"2s\"\n";
  ASSERT_NO_FATAL_FAILURE(start_all());
  child("fe1").signal(SIGSTOP);                                      // its sockets stay open
  EXPECT_TRUE(eventually([&] { return !associated(1); }, 2s + 3s));  // and scheduling
  EXPECT_TRUE(associated(2));
  EXPECT_GE(metric("ce", "tml_heartbeats_lost_total") + metric("ce", "tml_channel_downs_total"),
            1U);
  child("fe1").signal(SIGCONT);
  EXPECT_TRUE(eventually([&] { return associated(1); }));
}

// The manager's end of $NOTIFY_SOCKET.
class Manager {
 public:
  explicit Manager(const std::string& path) : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ~Manager() { close(fd_); }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  // The next notification that is none of the watchdog's; "" when none comes.
  std::string next() {
    return next([](const std::string& text) { return text != "WATCHDOG=1"; });
  }
  std::string next_watchdog() {
    return next([](const std::string& text) { return text == "WATCHDOG=1"; });
  }

 private:
  template <class Wanted>
  std::string next(Wanted wanted) {
    std::string text;
    const auto got = [&] {
      char octets[512];
      const auto size = recv(fd_, octets, sizeof octets, MSG_DONTWAIT);
      if (size <= 0) return false;
      text.assign(octets, static_cast<std::size_t>(size));
      return wanted(text);
    };
    return eventually(got) ? text : "";
  }
  int fd_;
};

class ServiceManager : public Network {};

TEST_F(ServiceManager, HearsReadyReloadingStoppingAndTheWatchdog) {
  ASSERT_NO_FATAL_FAILURE(certificates());
  Manager manager(path("notify"));
  start("ce", "ce", ce_toml(), {"NOTIFY_SOCKET=" + path("notify"), "WATCHDOG_USEC=200000"});
  EXPECT_EQ(manager.next(), "READY=1");
  EXPECT_TRUE(answers("ce"));  // ready is ready
  EXPECT_EQ(manager.next_watchdog(), "WATCHDOG=1");
  child("ce").signal(SIGHUP);
  EXPECT_THAT(manager.next(), ContainsRegex("^RELOADING=1\nMONOTONIC_USEC=[0-9]+$"));
  EXPECT_EQ(manager.next(), "READY=1");
  child("ce").signal(SIGTERM);
  EXPECT_EQ(manager.next(), "STOPPING=1");
  EXPECT_EQ(child("ce").ends(), 0);
}

TEST_F(ServiceManager, IsNotToldReadyByAProgramThatCannotStart) {
  Manager manager(path("notify"));
  start("ce", "ce", ce_toml(), {"NOTIFY_SOCKET=" + path("notify")});  // no certificates
  EXPECT_EQ(child("ce").ends(), 78);
  EXPECT_FALSE(child("ce").said("running program=ce"));
}

class Privileges : public Network {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root to give it up";
    ASSERT_NO_FATAL_FAILURE(certificates());
  }
  static constexpr auto kNobody = "[process]\nuser = \"nobody\"\n";
};

TEST_F(Privileges, AreDroppedAfterSetUpByEveryThread) {
  ASSERT_NO_FATAL_FAILURE(start_ce(ce_toml(kNobody)));
  start_fe(1, fe_toml(1, kNobody));
  ASSERT_TRUE(eventually([&] { return associated(1); }));
  for (const auto* who : {"ce", "fe1"}) {
    std::size_t threads = 0;
    for (const auto& task :
         std::filesystem::directory_iterator(fmt::format("/proc/{}/task", child(who).pid()))) {
      const auto status = text_of(task.path() / "status");
      EXPECT_THAT(status, ContainsRegex("\nUid:\t65534\t65534\t65534\t65534\n"));
      EXPECT_THAT(status, ContainsRegex("\nCapEff:\t0+\n"));
      ++threads;
    }
    EXPECT_GT(threads, 1U);
    EXPECT_THAT(text_of(fmt::format("/proc/{}/status", child(who).pid())),
                HasSubstr("NoNewPrivs:\t1\n"));
  }
}

TEST_F(Privileges, ATunPortOfAReloadThatCannotBeMadeSaysWhatToDo) {
  ASSERT_NO_FATAL_FAILURE(start_ce(ce_toml(kNobody)));
  start_fe(1, fe_toml(1));
  ASSERT_TRUE(eventually([&] { return associated(1); }));
  const std::string fes =
      "[[fe]]\nid = 1\n[[fe.port]]\nid = 1\ntun = \"forcese2e0\"\naddress = \"192.0.2.1/30\"\n";
  write("ce.toml", ce_toml(kNobody + fes));
  child("ce").signal(SIGHUP);
  ASSERT_TRUE(child("ce").says("reload ended"));
  EXPECT_TRUE(child("ce").said("port_failed element=1")) << child("ce").err();
  EXPECT_THAT(child("ce").err(), ContainsRegex("on forcese2e0: (Permission denied|Operation not "
                                               "permitted); .*restart the ce"));
  EXPECT_TRUE(associated(1));
  EXPECT_EQ(fe(1)["ports"][0]["state"], "failed");
  // The keys are root's as well; the log says so, and the old ones stay.
  EXPECT_THAT(child("ce").err(), ContainsRegex("TLS files not taken.*ce-1.key: Permission denied"));
}

TEST_F(Privileges, AUserThatDoesNotExistIsStatus69) {
  auto& ce = start("ce", "ce", ce_toml("[process]\nuser = \"nobody-such\"\n"));
  EXPECT_EQ(ce.ends(), 69);
  EXPECT_TRUE(ce.said("there is no user"));
}

}  // namespace
}  // namespace e2e
