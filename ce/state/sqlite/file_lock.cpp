#include "ce/state/sqlite/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>

namespace forces::state::sqlite {
namespace {

constexpr std::string_view kMark = "state of ce\n";

}  // namespace

std::expected<std::optional<FileLock>, Failure> FileLock::take(const std::string& database,
                                                               bool create) {
  const std::string path = database + "-lock";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
  if (descriptor < 0) {
    const int error = errno;
    if (error == ENOENT && !create) return std::nullopt;
    const Reason reason = error == EROFS || error == EACCES    ? Reason::ReadOnly
                          : error == ENOSPC || error == EDQUOT ? Reason::Full
                                                               : Reason::Io;
    return std::unexpected(Failure{reason, path + ": " + std::generic_category().message(error)});
  }
  FileLock lock(descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      return std::unexpected(
          Failure{Reason::InUse, database + ": another process uses it as its state"});
    }
    return std::unexpected(
        Failure{Reason::Io, path + ": flock: " + std::generic_category().message(errno)});
  }
  return std::optional<FileLock>(std::move(lock));
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

bool FileLock::marked() const {
  char found[kMark.size()];
  return pread(descriptor_, found, sizeof found, 0) == static_cast<ssize_t>(kMark.size()) &&
         std::string_view(found, sizeof found) == kMark;
}

void FileLock::mark() const {
  if (!marked()) (void)!pwrite(descriptor_, kMark.data(), kMark.size(), 0);
}

}  // namespace forces::state::sqlite
