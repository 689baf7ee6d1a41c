// Which SCSP sequence numbers this server has used, over restarts.
//
// A file holds a number that none used so far exceeds. It is raised by a block, durably, before the
// numbers of that block are used; so a process begins above all that earlier ones can have said,
// however they ended. With 2^32 numbers and blocks of 2^16 there are 65,000 starts.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "proto/scsp/sequence.hpp"

namespace forces::multicast {

class Numbers {
 public:
  static constexpr std::int32_t kBlock = 1 << 16;

  // Reads the file and raises what it says by a block. Without a file of that name: a first start.
  // An error: it cannot be read or written, or is something else.
  [[nodiscard]] static std::expected<Numbers, std::string> open(const std::string& file);
  // In no file: for who says so; and for tests, with what an earlier process kept.
  [[nodiscard]] static Numbers in_memory(scsp::SequenceNumber kept = scsp::kReservedSequence) {
    return Numbers({}, kept);
  }

  // No earlier process has used a greater one.
  [[nodiscard]] scsp::SequenceNumber used() const { return used_; }
  [[nodiscard]] scsp::SequenceNumber kept() const { return kept_; }
  // The greatest number in use now: raises the file's when half a block is left.
  [[nodiscard]] std::expected<void, std::string> reach(scsp::SequenceNumber greatest);

 private:
  Numbers(std::string file, scsp::SequenceNumber used)
      : file_(std::move(file)), used_(used), kept_(used) {}
  [[nodiscard]] std::expected<void, std::string> raise(scsp::SequenceNumber above);

  std::string file_;
  scsp::SequenceNumber used_;
  scsp::SequenceNumber kept_;  // what the file says
};

}  // namespace forces::multicast
