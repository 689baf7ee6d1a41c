#include "fe/dataplane/optical/keeper.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>

namespace forces::fe::dataplane::optical {
namespace {

using wire::Bytes;

// A file of so many entries may be twice that of what it holds, and some.
constexpr std::size_t kSlack = 4'096;
constexpr std::size_t kMostOctets = std::size_t{256} << 20;

std::string write_all(int fd, Bytes octets, std::string_view name) {
  while (!octets.empty()) {
    const ssize_t written = ::write(fd, octets.data(), octets.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error(name);
    octets = octets.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

std::string read_all(int fd, std::vector<std::byte>& into, const std::string& name) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return system_error(name);
  if (!S_ISREG(status.st_mode)) return name + ": is no regular file";
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > kMostOctets) return name + ": larger than 256 MiB";
  into.resize(size);
  std::size_t got = 0;
  while (got < size) {
    const ssize_t n = ::pread(fd, into.data() + got, size - got, static_cast<off_t>(got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(name);
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  into.resize(got);
  return {};
}

std::string sync_folder(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const Fd fd(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) return system_error(folder);
  return {};
}

std::string text_of(const Error& error) {
  return std::string(to_string(error.code)) + " at octet " + std::to_string(error.offset) + " (" +
         std::string(error.field) + ")";
}

constexpr int kMode = 0640;

}  // namespace

Keeper::Opened Keeper::open() {
  Opened opened;
  const auto failed = [&](std::string why) {
    opened.failure = std::move(why);
    lock_ = {};
    return opened;
  };
  const std::string lock_name = path_ + ".lock";
  lock_ = Fd(::open(lock_name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode));
  if (!lock_.valid()) return failed(system_error(lock_name));
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    return failed(errno == EWOULDBLOCK ? path_ + ": another process has it"
                                       : system_error(lock_name));
  }
  Fd file(::open(path_.c_str(), O_RDWR | O_APPEND | O_CLOEXEC));
  if (!file.valid() && errno != ENOENT) return failed(system_error(path_));
  bool fresh = !file.valid();
  if (!fresh) {
    std::vector<std::byte> octets;
    if (std::string why = read_all(file.get(), octets, path_); !why.empty()) return failed(why);
    auto found = read_fabric_file(octets);
    if (!found) return failed(path_ + ": is no file of cross-connects: " + text_of(found.error()));
    opened.rows = std::move(found->rows);
    entries_ = found->entries;
    counters_.octets = octets.size();
    if (found->tail) {
      // What cannot be read is left for the operator to look at.
      const std::string copy = path_ + ".damaged";
      std::error_code error;
      std::filesystem::copy_file(path_, copy, std::filesystem::copy_options::overwrite_existing,
                                 error);
      if (error) return failed(copy + ": " + error.message());
      opened.note = path_ + " ends after " + std::to_string(found->good) + " of " +
                    std::to_string(octets.size()) + " octets: " + text_of(*found->tail) +
                    "; as it was found it is in " + copy;
      fresh = true;
    }
  }
  if (fresh) {
    const auto each = [&](const auto& f) {
      for (const auto& [index, row] : opened.rows) f(index, row);
    };
    if (std::string why = rewrite(each); !why.empty()) return failed(std::move(why));
    counters_.rewrites = 0;
  } else {
    file_ = std::move(file);
  }
  return opened;
}

void Keeper::set(std::uint32_t index, const CrossConnect& row) {
  write_entry(index, row, pending_);
  ++pending_entries_;
}

void Keeper::erase(std::uint32_t index) {
  write_removal(index, pending_);
  ++pending_entries_;
}

std::string Keeper::commit(std::size_t rows, const EachRow& each) {
  if (!is_open() || !dirty()) return {};
  const bool was_broken = broken_;
  std::string why = broken_ ? rewrite(each) : append();
  broken_ = !why.empty();
  if (broken_) {
    ++counters_.failures;
    return why;
  }
  pending_.truncate(0);
  pending_entries_ = 0;
  if (was_broken || entries_ <= 2 * rows + kSlack) return {};
  // The file is as it should be, only long: without room for another it goes on growing.
  if (std::string long_file = rewrite(each); !long_file.empty()) {
    ++counters_.failures;
    entries_ = 0;  // not with every commit
  }
  return {};
}

std::string Keeper::append() {
  wire::ByteWriter batch;
  write_batch(pending_.written(), batch);
  if (std::string why = write_all(file_.get(), batch.written(), path_); !why.empty()) return why;
  if (sync_ && ::fdatasync(file_.get()) != 0) return system_error(path_);
  entries_ += pending_entries_;
  counters_.octets += batch.size();
  ++counters_.batches;
  return {};
}

std::string Keeper::rewrite(const EachRow& each) {
  const std::string name = path_ + ".new";
  Fd file(::open(name.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, kMode));
  if (!file.valid()) return system_error(name);
  wire::ByteWriter entries, all;
  std::size_t count = 0;
  each([&](std::uint32_t index, const CrossConnect& row) {
    write_entry(index, row, entries);
    ++count;
  });
  write_file_header(all);
  write_batch(entries.written(), all);
  if (std::string why = write_all(file.get(), all.written(), name); !why.empty()) return why;
  if (sync_ && ::fsync(file.get()) != 0) return system_error(name);
  if (::rename(name.c_str(), path_.c_str()) != 0) return system_error(name);
  if (sync_) {
    if (std::string why = sync_folder(path_); !why.empty()) return why;
  }
  file_ = std::move(file);
  entries_ = count;
  counters_.octets = all.size();
  ++counters_.rewrites;
  return {};
}

}  // namespace forces::fe::dataplane::optical
