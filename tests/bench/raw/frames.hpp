// Frames of the raw loop: four octets of payload length, big-endian, then the payload, whose first
// eight octets are the sequence number.
#pragma once

#include <arpa/inet.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "tests/bench/harness/pair.hpp"
#include "tests/bench/raw/link.hpp"

namespace forces::bench {

inline constexpr std::size_t kFrameHeader = 4;

inline void put_sequence(std::uint8_t* payload, std::uint64_t sequence) {
  std::memcpy(payload, &sequence, sizeof sequence);
}

inline std::uint64_t get_sequence(const std::uint8_t* payload) {
  std::uint64_t sequence = 0;
  std::memcpy(&sequence, payload, sizeof sequence);
  return sequence;
}

inline std::vector<std::uint8_t> make_frame(std::size_t payload, std::uint64_t sequence) {
  std::vector<std::uint8_t> frame(kFrameHeader + payload, 0x77);
  const std::uint32_t length = htonl(static_cast<std::uint32_t>(payload));
  std::memcpy(frame.data(), &length, sizeof length);
  put_sequence(frame.data() + kFrameHeader, sequence);
  return frame;
}

// Frames copied one by one, as a library copies what its user hands over, into what one send takes.
class FrameBatch {
 public:
  // Just below 64 KiB: plain loopback sends of 60 KiB are faster than those of 64 KiB and more.
  static constexpr std::size_t kCapacity = 60 * 1024;
  explicit FrameBatch(std::size_t payload)
      : frame_(make_frame(payload, 0)), buffer_(std::max(kCapacity, payload + kFrameHeader)) {}

  // Fills from frame number `next` on, to the last octet unless `whole`; returns the number after.
  std::uint64_t fill(std::uint64_t next, std::uint64_t end, bool whole) {
    used_ = 0;
    while (used_ != buffer_.capacity() && (next != end || cut_ != 0)) {
      const std::size_t room = buffer_.capacity() - used_;
      if (whole && room < frame_.size()) break;
      if (cut_ == 0) put_sequence(frame_.data() + kFrameHeader, next++);
      const std::size_t part = std::min(frame_.size() - cut_, room);
      std::memcpy(buffer_.data() + used_, frame_.data() + cut_, part);
      used_ += part;
      cut_ = cut_ + part == frame_.size() ? 0 : cut_ + part;
    }
    return next;
  }
  bool cut() const { return cut_ != 0; }
  Octets octets() const { return {buffer_.data(), used_}; }

 private:
  std::vector<std::uint8_t> frame_;
  PageBuffer buffer_;
  std::size_t used_ = 0;
  std::size_t cut_ = 0;  // octets of the current frame that the last batch took
};

// Finds whole frames in a stream without moving them.
class FrameReader {
 public:
  explicit FrameReader(std::size_t capacity) : buffer_(capacity) {}
  std::uint8_t* space() { return buffer_.data() + end_; }
  std::size_t room() const { return buffer_.size() - end_; }

  template <class Take>  // take(const std::uint8_t* payload, std::size_t size)
  void advance(std::size_t octets, Take&& take) {
    end_ += octets;
    while (end_ - begin_ >= kFrameHeader) {
      std::uint32_t length = 0;
      std::memcpy(&length, buffer_.data() + begin_, sizeof length);
      const std::size_t size = ntohl(length);
      if (size > buffer_.size() / 2 - kFrameHeader) fail("a frame is too long");
      if (end_ - begin_ < kFrameHeader + size) break;
      take(buffer_.data() + begin_ + kFrameHeader, size);
      begin_ += kFrameHeader + size;
    }
    if (begin_ == end_) {
      begin_ = end_ = 0;
    } else if (room() < buffer_.size() / 2) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
  }

 private:
  std::vector<std::uint8_t> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace forces::bench
