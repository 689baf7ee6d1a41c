#include "common/runtime/process.hpp"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <string>

namespace forces::runtime {
namespace {

// Privileges cannot be had back: each case runs in a child, whose exit status is the verdict.
int in_child(const std::function<bool()>& holds) {
  const pid_t child = fork();
  if (child == 0) _exit(holds() ? 0 : 1);
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

bool can_open_raw_socket() {
  const int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

class Privileges : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
  }
};

TEST_F(Privileges, AllAreGoneByDefault) {
  EXPECT_EQ(
      in_child([] {
        return drop_privileges({.user = "nobody", .group = "", .capabilities = {}, .pid_file = ""})
                   .has_value() &&
               getuid() != 0 && geteuid() != 0 && getgid() != 0 && !can_open_raw_socket() &&
               setuid(0) != 0;
      }),
      0);
}

TEST_F(Privileges, TheNamedCapabilityStays) {
  EXPECT_EQ(
      in_child([] {
        return can_open_raw_socket() &&
               drop_privileges(
                   {.user = "nobody", .group = "", .capabilities = {"net_raw"}, .pid_file = ""})
                   .has_value() &&
               geteuid() != 0 && can_open_raw_socket() && prctl(PR_CAPBSET_READ, CAP_NET_RAW) >= 0;
      }),
      0);
}

TEST_F(Privileges, TheGroupCanBeAnother) {
  const auto gid = group_id("daemon");
  ASSERT_TRUE(gid);
  EXPECT_EQ(in_child([gid] {
              return drop_privileges(
                         {.user = "nobody", .group = "daemon", .capabilities = {}, .pid_file = ""})
                         .has_value() &&
                     getgid() == *gid;
            }),
            0);
}

TEST_F(Privileges, WithoutAUserTheyStay) {
  EXPECT_EQ(in_child([] { return drop_privileges({}).has_value() && geteuid() == 0; }), 0);
}

TEST(PrivilegeSettings, WhatDoesNotExistIsNamed) {
  EXPECT_EQ(
      drop_privileges({.user = "no-such-user", .group = "", .capabilities = {}, .pid_file = ""})
          .error(),
      "there is no user \"no-such-user\"");
  EXPECT_EQ(drop_privileges(
                {.user = "root", .group = "no-such-group", .capabilities = {}, .pid_file = ""})
                .error(),
            "there is no group \"no-such-group\"");
  EXPECT_EQ(capability_number("net_raw"), static_cast<unsigned>(CAP_NET_RAW));
  EXPECT_EQ(capability_number("sys_admin"), std::nullopt);  // nothing here has business with it
}

TEST(PidFile, HoldsTheNumberAndGoesWithTheProcess) {
  const auto path = testing::TempDir() + "forces_pid_" + std::to_string(getpid());
  {
    const auto file = PidFile::create(path);
    ASSERT_TRUE(file) << file.error();
    int pid = 0;
    std::ifstream(path) >> pid;
    EXPECT_EQ(pid, getpid());
  }
  EXPECT_NE(access(path.c_str(), F_OK), 0);
  EXPECT_FALSE(PidFile::create("/nonexistent/pid"));
}

}  // namespace
}  // namespace forces::runtime
