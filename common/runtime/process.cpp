#include "common/runtime/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

namespace forces::runtime {
namespace {

struct Name {
  std::string_view name;
  unsigned number;
};
constexpr std::array kCapabilities{Name{"net_admin", CAP_NET_ADMIN}, Name{"net_raw", CAP_NET_RAW},
                                   Name{"net_bind_service", CAP_NET_BIND_SERVICE}};

auto failed(std::string_view what) {
  return std::unexpected(fmt::format("{}: {}", what, std::system_category().message(errno)));
}

struct Identity {
  uid_t uid = 0;
  gid_t gid = 0;
};

std::expected<Identity, std::string> look_up(const ProcessSettings& settings) {
  const passwd* user = getpwnam(settings.user.c_str());
  if (user == nullptr) {
    return std::unexpected(fmt::format("there is no user \"{}\"", settings.user));
  }
  Identity identity{user->pw_uid, user->pw_gid};
  if (!settings.group.empty()) {
    const auto gid = group_id(settings.group);
    if (!gid) return std::unexpected(fmt::format("there is no group \"{}\"", settings.group));
    identity.gid = *gid;
  }
  return identity;
}

// Keeps of the permitted capabilities only those named. capset(2) has no wrapper in the C library.
std::expected<void, std::string> keep(const std::vector<std::string>& names) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (syscall(SYS_capget, &header, data.data()) != 0) return failed("capget");
  std::array<std::uint32_t, 2> wanted{};
  for (const auto& name : names) {
    const auto number = capability_number(name);
    if (!number) return std::unexpected(fmt::format("\"{}\" is no known capability", name));
    wanted[*number / 32] |= 1U << (*number % 32);
  }
  for (std::size_t i = 0; i < data.size(); ++i) {
    data[i].permitted &= wanted[i];
    data[i].effective = data[i].permitted;
    data[i].inheritable = 0;
  }
  if (syscall(SYS_capset, &header, data.data()) != 0) return failed("capset");
  return {};
}

}  // namespace

std::optional<unsigned> capability_number(std::string_view name) {
  for (const auto& one : kCapabilities) {
    if (one.name == name) return one.number;
  }
  return std::nullopt;
}

std::optional<gid_t> group_id(const std::string& name) {
  const group* found = getgrnam(name.c_str());
  if (found == nullptr) return std::nullopt;
  return found->gr_gid;
}

std::expected<void, std::string> drop_privileges(const ProcessSettings& settings) {
  umask(S_IWGRP | S_IRWXO);  // what we create is ours to write and our group's to read
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("prctl(PR_SET_NO_NEW_PRIVS)");
  if (settings.user.empty()) return {};
  const auto identity = look_up(settings);
  if (!identity) return std::unexpected(identity.error());
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return failed("prctl(PR_SET_KEEPCAPS)");
  if (geteuid() != identity->uid) {
    if (initgroups(settings.user.c_str(), identity->gid) != 0) return failed("initgroups");
    if (setresgid(identity->gid, identity->gid, identity->gid) != 0) return failed("setresgid");
    if (setresuid(identity->uid, identity->uid, identity->uid) != 0) return failed("setresuid");
  }
  return keep(settings.capabilities);
}

std::expected<PidFile, std::string> PidFile::create(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return failed(path);
  const auto text = fmt::format("{}\n", getpid());
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(fd);
  if (!written) return failed(path);
  return PidFile(path);
}

PidFile::~PidFile() {
  if (!path_.empty()) unlink(path_.c_str());
}

}  // namespace forces::runtime
