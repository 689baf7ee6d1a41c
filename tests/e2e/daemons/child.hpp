// A program run by a test: its output in files, its end waited for with a bound. It ends with the
// test, whatever becomes of that.
#pragma once

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace e2e {

using namespace std::chrono_literals;

inline constexpr std::chrono::seconds kBound{20};  // no test waits longer for anything

template <class Done>
[[nodiscard]] bool eventually(Done done, std::chrono::milliseconds bound = kBound) {
  const auto end = std::chrono::steady_clock::now() + bound;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(10ms);
  }
  return true;
}

inline std::string text_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Child {
 public:
  // What it writes goes to `output`.out and `output`.err; `environment` is added to the test's own.
  Child(std::vector<std::string> command, std::string output,
        const std::vector<std::string>& environment = {})
      : output_(std::move(output)) {
    std::vector<char*> argv;
    for (auto& word : command) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::vector<std::string> variables = environment;
    for (char** one = environ; *one != nullptr; ++one) variables.emplace_back(*one);
    std::vector<char*> env;
    for (auto& one : variables) env.push_back(one.data());
    env.push_back(nullptr);
    const int out =
        open((output_ + ".out").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    const int err =
        open((output_ + ".err").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      dup2(out, STDOUT_FILENO);
      dup2(err, STDERR_FILENO);
      execve(argv[0], argv.data(), env.data());
      _exit(127);
    }
    close(out);
    close(err);
  }
  ~Child() {
    if (status_) return;
    signal(SIGKILL);
    (void)waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const { (void)kill(pid_, number); }
  [[nodiscard]] std::string out() const { return text_of(output_ + ".out"); }
  [[nodiscard]] std::string err() const { return text_of(output_ + ".err"); }
  [[nodiscard]] bool said(std::string_view text) const {
    return err().find(text) != std::string::npos;
  }
  [[nodiscard]] bool says(std::string_view text) const {
    return eventually([&] { return said(text); });
  }

  // The exit status, or 128 and the signal as in a shell; nothing when it still runs at the bound.
  std::optional<int> ends(std::chrono::milliseconds bound = kBound) {
    (void)eventually([&] { return ended(); }, bound);
    return status_;
  }

 private:
  bool ended() {
    int status = 0;
    if (!status_ && waitpid(pid_, &status, WNOHANG) == pid_) {
      status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return status_.has_value();
  }

  std::string output_;
  pid_t pid_ = -1;
  std::optional<int> status_;
};

}  // namespace e2e
