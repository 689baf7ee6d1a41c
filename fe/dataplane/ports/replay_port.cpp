#include "fe/dataplane/ports/replay_port.hpp"

#include <sys/timerfd.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace forces::fe::dataplane {
namespace {

constexpr std::size_t kGlobalHeader = 24;
constexpr std::uint32_t kEthernetLink = 1, kRawLink = 101, kIpv4Link = 228;
constexpr std::size_t kMaxFile = std::size_t{64} << 20;

// The IP packet of a record, or nothing.
wire::Bytes ip_of(wire::Bytes record, std::uint32_t link) {
  if (link != kEthernetLink) return record;
  wire::ByteReader r(record);
  r.take(12, "ethernet.addresses");
  const std::uint16_t type = r.u16("ethernet.type");
  return type == 0x0800 || type == 0x86dd ? r.rest() : wire::Bytes{};
}

}  // namespace

Result<std::vector<std::vector<std::byte>>> decode_capture(wire::Bytes file) {
  wire::ByteReader r(file);
  const std::uint32_t magic = r.u32("pcap.magic");
  const bool big = magic == 0xa1b2c3d4 || magic == 0xa1b23c4d;
  const bool little = magic == 0xd4c3b2a1 || magic == 0x4d3cb2a1;
  const auto order = [&](std::uint32_t v) { return big ? v : __builtin_bswap32(v); };
  r.take(kGlobalHeader - 8, "pcap.header");
  const std::uint32_t link = order(r.u32("pcap.link"));
  if (!r.ok()) return fail(r.error());
  if (!big && !little) return fail(Errc::UnknownType, "pcap.magic", 0);
  if (link != kEthernetLink && link != kRawLink && link != kIpv4Link) {
    return fail(Errc::UnknownType, "pcap.link", 20);
  }
  std::vector<std::vector<std::byte>> packets;
  while (!r.empty()) {
    r.take(8, "pcap.record.time");
    const std::size_t captured = order(r.u32("pcap.record.captured"));
    r.u32("pcap.record.length");
    const wire::Bytes packet = ip_of(r.take(captured, "pcap.record.data"), link);
    if (!r.ok()) return fail(r.error());
    if (!packet.empty()) packets.emplace_back(packet.begin(), packet.end());
  }
  return packets;
}

std::string ReplayPort::open() {
  std::ifstream in(config_.capture, std::ios::binary);
  if (!in) return system_error(config_.capture);
  const std::string file{std::istreambuf_iterator<char>(in), {}};
  if (file.size() > kMaxFile) return config_.capture + ": larger than 64 MiB";
  auto packets = decode_capture(std::as_bytes(std::span(file)));
  if (!packets) {
    return config_.capture + ": " + std::string(to_string(packets.error().code)) + " at " +
           std::string(packets.error().field);
  }
  if (packets->empty()) return config_.capture + ": no IP packet in it";
  packets_ = std::move(*packets);

  timer_ = Fd(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  const std::uint32_t rate = std::clamp<std::uint32_t>(config_.replay_rate, 1, 1'000'000);
  const long period = 1'000'000'000L / rate;
  const timespec interval{period / 1'000'000'000L, period % 1'000'000'000L};
  const itimerspec when{interval, interval};
  if (!timer_.valid() || ::timerfd_settime(timer_.get(), 0, &when, nullptr) != 0) {
    return system_error("timerfd");
  }
  fds_.push_back(timer_.get());
  return {};
}

Received ReplayPort::receive(int fd, std::span<std::byte> into, Instant) {
  if (due_ == 0) {
    std::uint64_t expirations = 0;
    if (::read(fd, &expirations, sizeof expirations) != sizeof expirations) return {};
    due_ = std::min<std::uint64_t>(expirations, 64);  // late is late: no burst after a stall
  }
  --due_;
  const auto& packet = packets_[next_];
  next_ = (next_ + 1) % packets_.size();
  const std::size_t size = std::min(packet.size(), into.size());
  std::copy_n(packet.begin(), size, into.begin());
  return accept(into.first(size));
}

bool ReplayPort::send(wire::Bytes, Instant) {
  counters_.sent.add();
  return true;
}

}  // namespace forces::fe::dataplane
