// zebra and staticd of FRR as children, in this process's network namespace.
#pragma once

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace forces::test {

class Zebra {
 public:
  static bool installed() {
    return ::access("/usr/lib/frr/zebra", X_OK) == 0 && ::getpwnam("frr") != nullptr;
  }

  Zebra() {
    char name[] = "/tmp/forces-zebra-XXXXXX";
    folder_ = ::mkdtemp(name);
    const passwd* frr = ::getpwnam("frr");
    if (::chown(folder_.c_str(), frr->pw_uid, frr->pw_gid) != 0) std::abort();
  }
  ~Zebra() {
    stop();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Zebra(const Zebra&) = delete;
  Zebra& operator=(const Zebra&) = delete;

  void start_zebra(const std::string& configuration) {
    std::ofstream(folder_ + "/zebra.conf") << configuration;
    zebra_ = spawn("zebra", "zebra.conf", {"-M", "dplane_fpm_nl"});
  }
  // staticd looks for zebra's socket when it starts, and then not again for ten seconds.
  [[nodiscard]] bool ready_for_staticd() const {
    return ::access((folder_ + "/zserv.api").c_str(), F_OK) == 0;
  }
  void start_staticd(const std::string& configuration) {
    std::ofstream(folder_ + "/staticd.conf") << configuration;
    staticd_ = spawn("staticd", "staticd.conf", {});
  }
  [[nodiscard]] bool ready_for_vtysh() const {
    return ::access((folder_ + "/staticd.vty").c_str(), F_OK) == 0;
  }
  // One line of configuration, now.
  [[nodiscard]] bool configure(const std::string& line) const {
    const std::string command = "vtysh --vty_socket " + folder_ + " -c 'configure' -c '" + line +
                                "' >" + folder_ + "/vtysh.out 2>&1";
    return std::system(command.c_str()) == 0;
  }
  // As a crash would end them.
  void stop() {
    for (pid_t* pid : {&staticd_, &zebra_}) {
      if (*pid <= 0) continue;
      ::kill(*pid, SIGKILL);
      ::waitpid(*pid, nullptr, 0);
      *pid = -1;
    }
    for (const char* socket : {"/zserv.api", "/staticd.vty", "/zebra.vty"}) {
      ::unlink((folder_ + socket).c_str());
    }
  }

 private:
  pid_t spawn(const std::string& program, const std::string& file,
              const std::vector<std::string>& more) {
    std::vector<std::string> words = {"/usr/lib/frr/" + program,
                                      "--vty_socket",
                                      folder_,
                                      "-z",
                                      folder_ + "/zserv.api",
                                      "-u",
                                      "frr",
                                      "-g",
                                      "frr",
                                      "-A",
                                      "127.0.0.1",
                                      "-P",
                                      "0",
                                      "-i",
                                      folder_ + "/" + program + ".pid",
                                      "-f",
                                      folder_ + "/" + file,
                                      "--log",
                                      "file:" + folder_ + "/" + program + ".log"};
    words.insert(words.end(), more.begin(), more.end());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (int fd : {1, 2}) {
      posix_spawn_file_actions_addopen(&actions, fd, (folder_ + "/" + program + ".out").c_str(),
                                       O_WRONLY | O_CREAT | O_APPEND, 0644);
    }
    pid_t pid = -1;
    if (::posix_spawn(&pid, arguments[0], &actions, nullptr, arguments.data(), environ) != 0) {
      pid = -1;
    }
    posix_spawn_file_actions_destroy(&actions);
    return pid;
  }

  std::string folder_;
  pid_t zebra_ = -1, staticd_ = -1;
};

}  // namespace forces::test
