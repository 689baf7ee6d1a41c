// One direction of a TCP connection of a capture, put together by sequence numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "proto/wire/reader.hpp"

namespace forces::decode {

// Octets already seen are dropped, octets ahead of a hole wait for it to be filled.
class TcpStream {
 public:
  static constexpr std::size_t kMaxWaiting = 4 << 20;  // octets held behind a hole

  // Where the stream begins: the sequence number of the SYN, plus one. Without it (a capture that
  // began in the middle) the first segment is the beginning.
  void begin(std::uint32_t sequence);
  void on_segment(std::uint32_t sequence, wire::Bytes payload);

  // What is there in order and not consumed yet.
  [[nodiscard]] wire::Bytes ready() const { return wire::Bytes(buffer_).subspan(consumed_); }
  void consume(std::size_t octets);
  // Octets consumed since the beginning.
  [[nodiscard]] std::uint64_t position() const { return position_; }

  // Octets are missing: something waits behind a hole.
  [[nodiscard]] bool has_hole() const { return !waiting_.empty(); }
  // The hole will not be waited for any longer.
  [[nodiscard]] bool lost() const { return waiting_octets_ > kMaxWaiting; }

 private:
  void append(std::uint32_t sequence, wire::Bytes payload);

  bool begun_ = false;
  std::uint32_t next_ = 0;  // sequence number expected
  std::vector<std::byte> buffer_;
  std::size_t consumed_ = 0;
  std::uint64_t position_ = 0;
  // By distance from the first octet ever expected, which orders across the wrap of the number.
  std::map<std::uint64_t, std::vector<std::byte>> waiting_;
  std::size_t waiting_octets_ = 0;
  std::uint64_t received_ = 0;  // octets in order since the beginning
};

}  // namespace forces::decode
