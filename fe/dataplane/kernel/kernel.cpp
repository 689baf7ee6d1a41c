#include "fe/dataplane/kernel/kernel.hpp"

#include <libmnl/libmnl.h>
#include <sys/socket.h>

#include <cerrno>

#include "common/core/assert.hpp"

namespace forces::fe::dataplane::kernel {
namespace {
constexpr std::size_t kInput = 64 * 1024;  // the kernel's datagrams are 32 KiB at most

std::error_code last_error() { return {errno, std::system_category()}; }

nlmsghdr* header_at(std::vector<std::byte>& octets, std::size_t offset) {
  return reinterpret_cast<nlmsghdr*>(octets.data() + offset);
}
}  // namespace

Kernel::Kernel(const Identity& identity, int receive_buffer)
    : identity_(identity),
      send_([](int fd, std::span<const std::byte> octets) {
        return ::send(fd, octets.data(), octets.size(), 0);
      }),
      receive_buffer_(receive_buffer),
      batch_(kBatchOctets),
      input_(kInput) {
  entries_.reserve(kMaxBatch);
}

std::error_code Kernel::open() {
  socket_ = Fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  if (!socket_.valid()) return last_error();
  const int on = 1, send_buffer = 2 * static_cast<int>(kBatchOctets);
  const auto set = [&](int level, int option, int value) {
    return ::setsockopt(socket_.get(), level, option, &value, sizeof value) == 0;
  };
  // Beyond the limits of the system where we may, otherwise as far as they go.
  if (!set(SOL_SOCKET, SO_RCVBUFFORCE, receive_buffer_)) {
    (void)set(SOL_SOCKET, SO_RCVBUF, receive_buffer_);
  }
  if (!set(SOL_SOCKET, SO_SNDBUFFORCE, send_buffer)) {
    (void)set(SOL_SOCKET, SO_SNDBUF, send_buffer);
  }
  // Answers without a copy of the request, with the kernel's words; dumps filtered by the kernel.
  (void)set(SOL_NETLINK, NETLINK_CAP_ACK, on);
  (void)set(SOL_NETLINK, NETLINK_EXT_ACK, on);
  (void)set(SOL_NETLINK, NETLINK_GET_STRICT_CHK, on);
  sockaddr_nl own{};
  own.nl_family = AF_NETLINK;
  socklen_t size = sizeof own;
  auto* address = reinterpret_cast<sockaddr*>(&own);
  if (::bind(socket_.get(), address, size) != 0 ||
      ::getsockname(socket_.get(), address, &size) != 0) {
    return last_error();
  }
  port_id_ = own.nl_pid;
  return {};
}

bool Kernel::push(std::uint64_t ticket, const Operation& operation) {
  if (!has_room()) return false;
  const std::size_t length = encode(operation, identity_, std::span(batch_).subspan(filled_));
  entries_.push_back({ticket, filled_, length, 0, {}});
  filled_ += MNL_ALIGN(length);
  return true;
}

std::error_code Kernel::flush() {
  while (sent_ == 0 && first_ < entries_.size()) {
    if (const auto error = send_chunk()) return error;
    if (const auto error = collect()) return error;
  }
  return {};
}

std::error_code Kernel::send_chunk() {
  const std::size_t count = std::min(chunk_, entries_.size() - first_);
  const std::size_t begin = entries_[first_].offset;
  chunk_sequence_ = sequence_ + 1;
  for (std::size_t i = first_; i < first_ + count; ++i) {
    nlmsghdr* header = header_at(batch_, entries_[i].offset);
    header->nlmsg_seq = ++sequence_;
    header->nlmsg_flags = static_cast<std::uint16_t>(header->nlmsg_flags & ~NLM_F_ACK);
    if (i + 1 == first_ + count) header->nlmsg_flags |= NLM_F_ACK;
    entries_[i].error = 0;
  }
  const Entry& last = entries_[first_ + count - 1];
  const std::size_t length = last.offset + last.length - begin;
  ssize_t sent = 0;
  do {
    sent = send_(socket_.get(), std::span(batch_).subspan(begin, length));
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return last_error();
  sent_ = count;
  acknowledged_ = lost_ = false;
  ++counters_.batches;
  return {};
}

Kernel::Received Kernel::receive(std::span<const std::byte>& octets) {
  sockaddr_nl from{};
  for (;;) {
    socklen_t size = sizeof from;
    const ssize_t got = ::recvfrom(socket_.get(), input_.data(), input_.size(), MSG_TRUNC,
                                   reinterpret_cast<sockaddr*>(&from), &size);
    if (got >= 0) {
      if (from.nl_pid != 0) continue;  // any process may write to us
      if (static_cast<std::size_t>(got) > input_.size()) return Received::Lost;
      octets = std::span(input_).first(static_cast<std::size_t>(got));
      return Received::Octets;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return Received::Nothing;
    if (errno == ENOBUFS) return Received::Lost;
    return Received::Failed;
  }
}

std::error_code Kernel::collect() {
  while (sent_ > 0) {
    std::span<const std::byte> octets;
    switch (receive(octets)) {
      case Received::Nothing:
        // The last answer may be among the lost ones: then none is on its way any more.
        if (!acknowledged_ && !lost_) return {};
        finish_chunk();
        break;
      case Received::Lost:
        lost_ = true;
        break;
      case Received::Failed:
        return last_error();
      case Received::Octets:
        while (!octets.empty()) {
          const auto message = take_message(octets);
          if (message) {
            take_answer(*message);
          } else {
            ++counters_.bad_messages;
          }
        }
        if (acknowledged_ && !lost_) finish_chunk();
        break;
    }
  }
  return {};
}

void Kernel::take_answer(const Message& message) {
  const auto* answer = std::get_if<Acknowledged>(&message.body);
  const std::uint32_t index = message.sequence - chunk_sequence_;
  if (answer == nullptr || index >= sent_) return;
  Entry& entry = entries_[first_ + index];
  entry.error = answer->error;
  entry.text = answer->text;
  if (index + 1 == sent_) acknowledged_ = true;
}

void Kernel::finish_chunk() {
  if (lost_ && sent_ > 1) {
    ++counters_.lost_batches;
    chunk_ = std::max<std::size_t>(1, sent_ / 2);
    sent_ = 0;
    return;
  }
  if (!acknowledged_) entries_[first_].error = ENOBUFS;  // one alone, and still no answer
  for (std::size_t i = first_; i < first_ + sent_; ++i) {
    Entry& entry = entries_[i];
    ++counters_.operations;
    if (entry.error != 0) ++counters_.failures;
    outcomes_.push_back({entry.ticket, entry.error, std::move(entry.text)});
  }
  first_ += sent_;
  sent_ = 0;
  if (first_ < entries_.size()) return;
  entries_.clear();
  first_ = filled_ = 0;
  chunk_ = kMaxBatch;
}

std::error_code Kernel::on_readable() {
  FORCES_ASSERT(!dumping_);
  if (sent_ == 0) {  // nothing is asked for: what comes is not for us
    std::span<const std::byte> octets;
    while (receive(octets) == Received::Octets) {
    }
    return {};
  }
  if (const auto error = collect()) return error;
  return flush();
}

std::optional<Outcome> Kernel::poll_outcome() {
  if (outcomes_.empty()) return {};
  Outcome outcome = std::move(outcomes_.front());
  outcomes_.pop_front();
  return outcome;
}

std::error_code Kernel::start_dump(Dump dump) {
  FORCES_ASSERT(idle());
  const std::size_t length = encode(dump, identity_, ++sequence_, batch_);
  if (::send(socket_.get(), batch_.data(), length, 0) < 0) return last_error();
  dumping_ = true;
  dump_spoiled_ = false;
  return {};
}

DumpStep Kernel::read_dump() {
  DumpStep step;
  std::span<const std::byte> octets;
  switch (receive(octets)) {
    case Received::Nothing:
      return step;
    case Received::Lost:
      dump_spoiled_ = true;
      return step;
    case Received::Failed:
      step.done = step.inconsistent = true;
      dumping_ = false;
      return step;
    case Received::Octets:
      break;
  }
  while (!octets.empty()) {
    auto message = take_message(octets);
    if (!message) {
      ++counters_.bad_messages;
      continue;
    }
    if (message->sequence != sequence_) continue;
    if ((message->flags & NLM_F_DUMP_INTR) != 0) dump_spoiled_ = true;
    const auto* failed = std::get_if<Acknowledged>(&message->body);
    const auto* done = std::get_if<DumpDone>(&message->body);
    if (failed == nullptr && done == nullptr) {
      step.rows.push_back(std::move(*message));
      continue;
    }
    dumping_ = false;
    step.done = true;
    // A family that the kernel lacks has no rows.
    const int error = failed != nullptr ? failed->error : done->error;
    step.inconsistent = dump_spoiled_ || (error != 0 && error != EOPNOTSUPP && error != ENOENT);
  }
  return step;
}

}  // namespace forces::fe::dataplane::kernel
