// However a stream is cut into pieces, the same frames come out of it, and what is a frame to the
// framing is one to the codec.
#include <algorithm>
#include <memory>
#include <span>
#include <vector>

#include "proto/tml/frame.hpp"
#include "proto/tml/message.hpp"
#include "tests/fuzz/events.hpp"

namespace {

using namespace forces::tml;
using Octets = std::span<const std::byte>;
using forces::fuzz::require;

// scan_frame() on memory of exactly that size, so that a read past the end is seen.
Frame scan(Octets octets, std::size_t max_pl) {
  require(octets.size() < (1U << 24));  // no input is; g++ 12 wants to know
  const auto copy = std::make_unique<std::byte[]>(octets.size());
  std::copy(octets.begin(), octets.end(), copy.get());
  return scan_frame({copy.get(), octets.size()}, max_pl);
}

void check(const Frame& frame, Octets octets, std::size_t max_pl) {
  if (frame.pl) {
    require(frame.length >= kHeaderSize + kMinPlSize && frame.length <= kHeaderSize + max_pl);
    require(view_pl(octets.data() + kHeaderSize).length == frame.length - kHeaderSize);
    std::vector<std::byte> again(octets.begin(),
                                 octets.begin() + static_cast<std::ptrdiff_t>(frame.length));
    put_pl_header(again.data(), frame.length - kHeaderSize);
    const Frame same = scan(again, max_pl);
    require(same.status == FrameStatus::Complete && same.pl && same.length == frame.length);
    return;
  }
  require(frame.length >= kHeaderSize && frame.length <= kMaxTmlMessage);
  const auto message = decode_message(octets.first(frame.length));
  if (!message) {  // the body's fault, never the header's
    require(is_known(static_cast<MsgType>(frame.type)) && message.error().offset >= kHeaderSize);
    return;
  }
  require(static_cast<std::uint8_t>(message->type) == frame.type);
}

// The frames of the stream until it breaks or ends; `arrived` says how much is there at each look.
template <class Arrive>
std::vector<Frame> frames(Octets stream, std::size_t max_pl, Arrive arrive) {
  std::vector<Frame> all;
  std::size_t used = 0, there = 0;
  for (;;) {
    const Frame frame = scan(stream.subspan(used, there - used), max_pl);
    if (frame.status == FrameStatus::NeedMore) {
      require(frame.length == 0 || frame.length > there - used);
      if (there == stream.size()) return all;
      there += std::min<std::size_t>(arrive(), stream.size() - there);
      continue;
    }
    all.push_back(frame);
    if (frame.status != FrameStatus::Complete) return all;
    check(frame, stream.subspan(used, there - used), max_pl);
    used += frame.length;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t max_pl = data[0] % 2 == 0 ? kMaxPlSize : 24 + data[0] * std::size_t{16};
  std::uint32_t pieces = data[1];
  const auto stream = std::as_bytes(std::span(data + 2, size - 2));
  const auto whole = frames(stream, max_pl, [&] { return stream.size(); });
  const auto torn = frames(stream, max_pl, [&] {
    pieces = pieces * 1664525 + 1013904223;
    return 1 + (pieces >> 24) % 69;
  });
  require(whole.size() == torn.size());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    require(whole[i].status == torn[i].status && whole[i].pl == torn[i].pl);
    require(whole[i].length == torn[i].length && whole[i].type == torn[i].type);
  }
  return 0;
}
