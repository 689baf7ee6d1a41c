// What the process may do: user, group, capabilities, file mode mask, pid file.
#pragma once

#include <sys/types.h>

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace forces::runtime {

struct ProcessSettings {
  std::string user;                       // "": stay who we are
  std::string group;                      // "": the user's own
  std::vector<std::string> capabilities;  // kept: "net_admin", "net_raw", "net_bind_service"
  std::string pid_file;                   // "": none
};

// The capability's number, or nothing when this program has no business with it.
[[nodiscard]] std::optional<unsigned> capability_number(std::string_view name);

// Start-up only, once everything that needs root is open. With a `user`, the calling thread holds
// the named capabilities (as far as the process had them) and no others afterwards, threads that
// exist already hold none, and those started later what their starter holds. Without one, user and
// capabilities stay as the service manager gave them. Nothing can be gained again either way
// (PR_SET_NO_NEW_PRIVS). To be another user without root is an error.
[[nodiscard]] std::expected<void, std::string> drop_privileges(const ProcessSettings& settings);

// The numeric id of a group for the control socket; nothing when it does not exist.
[[nodiscard]] std::optional<gid_t> group_id(const std::string& name);

// Written at start, removed by the destructor. A file that cannot be written is an error.
class PidFile {
 public:
  [[nodiscard]] static std::expected<PidFile, std::string> create(const std::string& path);
  PidFile(PidFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  PidFile& operator=(PidFile&&) = delete;
  ~PidFile();

 private:
  explicit PidFile(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace forces::runtime
