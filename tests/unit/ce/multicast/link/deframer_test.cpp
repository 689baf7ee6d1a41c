// The stream of SDUs, in whatever pieces it comes.
#include "ce/multicast/link/deframer.hpp"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/octets/hex.hpp"

namespace forces::multicast::link {
namespace {

using Octets = std::vector<std::byte>;

Octets sdu(wire::SnapPid pid, std::size_t size, std::byte fill) {
  const auto header = *wire::sdu_header(pid, size);
  Octets out(header.size() + size, fill);
  std::ranges::copy(header, out.begin());
  return out;
}
Octets stream() {
  Octets all;
  const auto add = [&all](const Octets& o) { all.insert(all.end(), o.begin(), o.end()); };
  add(sdu(wire::SnapPid::Scsp, 40, std::byte{1}));
  add(sdu(wire::SnapPid::MarsControl, 0, std::byte{2}));
  add(test::hex("000a ffff03 000000 0000 0102"));  // not LLC/SNAP
  add(sdu(wire::SnapPid::Scsp, 500, std::byte{3}));
  add(sdu(wire::SnapPid::Scsp, 1, std::byte{4}));
  return all;
}
// "5:40:1 3:0:- ", and what became of the stream.
std::string read(wire::Bytes octets, std::size_t piece, std::size_t most = 1'000) {
  std::string seen;
  Deframer d(600);
  while (!octets.empty()) {
    const std::size_t n = std::min(piece, octets.size());
    const bool good = d.feed(octets.first(n), [&](wire::SnapPid pid, wire::Bytes m) {
      seen += std::to_string(static_cast<int>(pid)) + ':' + std::to_string(m.size()) + ':' +
              (m.empty() ? "-" : std::to_string(std::to_integer<int>(m.back()))) + ' ';
      return --most > 0;
    });
    if (!good) return seen + "lost";
    if (most == 0) return seen + "stopped";
    octets = octets.subspan(n);
  }
  return seen + std::to_string(d.skipped());
}

TEST(ScspDeframer, PiecesOfAnySizeGiveTheSame) {
  const Octets all = stream();
  const std::string want = "5:40:1 3:0:- 5:500:3 5:1:4 1";
  for (std::size_t piece = 1; piece <= 69; ++piece) {
    ASSERT_EQ(read(all, piece), want) << piece;
  }
  EXPECT_EQ(read(all, all.size()), want);
}

TEST(ScspDeframer, ALengthThatCannotBeLosesTheStream) {
  for (const char* const bad : {"0007", "0000", "0259"}) {  // below LLC/SNAP; 601
    Octets all = sdu(wire::SnapPid::Scsp, 4, std::byte{1});
    const Octets tail = test::hex(bad);
    all.insert(all.end(), tail.begin(), tail.end());
    for (const std::size_t piece : {1u, 5u, 100u}) {
      EXPECT_EQ(read(all, piece), "5:4:1 lost") << bad << ' ' << piece;
    }
  }
  EXPECT_EQ(read(sdu(wire::SnapPid::Scsp, 592, std::byte{1}), 7), "5:592:1 0");
}

TEST(ScspDeframer, NothingIsHandedOutBeforeItIsComplete) {
  const Octets one = sdu(wire::SnapPid::Scsp, 40, std::byte{1});
  for (std::size_t n = 0; n < one.size(); ++n) {
    EXPECT_EQ(read(wire::Bytes(one).first(n), 3), "0");
  }
}

TEST(ScspDeframer, WhoHasEnoughIsGivenNoMore) {
  EXPECT_EQ(read(stream(), 1'000, 2), "5:40:1 3:0:- stopped");
  EXPECT_EQ(read(stream(), 3, 2), "5:40:1 3:0:- stopped");
  // Also when what it stops at came in two pieces.
  const Octets all = stream();
  std::size_t seen = 0;
  const auto stop = [&seen](wire::SnapPid, wire::Bytes) { return ++seen == 0; };
  Deframer d(600);
  EXPECT_TRUE(d.feed(wire::Bytes(all).first(5), stop));
  EXPECT_TRUE(d.feed(wire::Bytes(all).subspan(5), stop));
  EXPECT_EQ(seen, 1u);
}

}  // namespace
}  // namespace forces::multicast::link
