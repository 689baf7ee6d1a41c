// PL messages for the tests of the queues: a number and a length are told from the octets.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "proto/tml/frame.hpp"

namespace forces::tml {

// A PL message of `octets` (a multiple of 4, at least 24) that carries `number` in its correlator.
inline std::vector<std::byte> pl_message(std::uint64_t number, std::size_t octets = kMinPlSize) {
  std::vector<std::byte> pl(octets, static_cast<std::byte>(number));
  pl[0] = std::byte{0x10};
  pl[2] = static_cast<std::byte>(octets / 4 >> 8);
  pl[3] = static_cast<std::byte>(octets / 4);
  std::memcpy(pl.data() + 12, &number, sizeof number);
  return pl;
}

// The numbers of the messages in a run of whole frames; throws when the octets are not what
// pl_message() made, behind the header they are to have.
inline std::vector<std::uint64_t> numbers(std::span<const std::byte> run) {
  std::vector<std::uint64_t> all;
  while (!run.empty()) {
    const Frame frame = scan_frame(run, kMaxPlSize);
    if (frame.status != FrameStatus::Complete || !frame.pl)
      throw std::runtime_error("not a whole PL frame");
    const auto pl = run.subspan(kHeaderSize, frame.length - kHeaderSize);
    std::uint64_t number = 0;
    std::memcpy(&number, pl.data() + 12, sizeof number);
    std::byte header[kHeaderSize];
    put_pl_header(header, pl.size());
    const auto want = pl_message(number, pl.size());
    if (std::memcmp(header, run.data(), kHeaderSize) != 0 ||
        std::memcmp(want.data(), pl.data(), pl.size()) != 0)
      throw std::runtime_error("damaged message " + std::to_string(number));
    all.push_back(number);
    run = run.subspan(frame.length);
  }
  return all;
}

}  // namespace forces::tml
