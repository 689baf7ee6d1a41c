// Framing of the stream: tml/README.md rows 1 to 4.
#include "proto/tml/frame.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <ostream>
#include <string_view>
#include <vector>

#include "tests/support/octets/hex.hpp"

namespace forces::tml {

static bool operator==(const Frame& a, const Frame& b) {
  return a.status == b.status && a.pl == b.pl && a.type == b.type && a.length == b.length;
}
static void PrintTo(const Frame& f, std::ostream* os) {
  *os << "status " << static_cast<int>(f.status) << " pl " << f.pl << " type " << unsigned{f.type}
      << " length " << f.length;
}

namespace {

using test::hex;

constexpr Frame complete_pl(std::size_t length) { return {FrameStatus::Complete, true, 0, length}; }
constexpr Frame complete(std::uint8_t type, std::size_t length) {
  return {FrameStatus::Complete, false, type, length};
}
constexpr Frame more_pl(std::size_t length) { return {FrameStatus::NeedMore, true, 0, length}; }
constexpr Frame more(std::uint8_t type, std::size_t length) {
  return {FrameStatus::NeedMore, false, type, length};
}
constexpr Frame kBadVersion{FrameStatus::BadVersion, false, 0, 0};
constexpr Frame kBadPl{FrameStatus::BadLength, true, 0, 0};
constexpr Frame bad_tml(std::uint8_t type) { return {FrameStatus::BadLength, false, type, 0}; }

struct Case {
  const char* name;
  std::string_view octets;  // what is there
  std::size_t zeros;        // and so many octets more
  Frame want;
  std::size_t max_pl = kMaxPlSize;
};

const Case kCases[] = {
    // Row 3: TML messages.
    {"NothingYet", "", 0, {}},
    {"OneOctet", "10", 0, {}},
    {"ThreeOctets", "100200", 0, {}},
    {"EmptyHeartbeat", "10020004", 0, complete(2, 4)},
    {"HeartbeatAndWhatFollows", "10020004", 96, complete(2, 4)},
    {"BodyNotThereYet", "1002000c", 7, more(2, 12)},
    {"BodyThere", "1002000c", 8, complete(2, 12)},
    {"LengthNeedNotBeAMultipleOfFour", "10020005", 1, complete(2, 5)},
    {"LongestTmlMessage", "10021000", 4092, complete(2, 4096)},
    {"LongerThanTheLimit", "10021001", 4093, bad_tml(2)},
    {"LengthOfAllOnes", "1001ffff", 0, bad_tml(1)},
    {"LengthZero", "10020000", 0, bad_tml(2)},
    {"LengthShorterThanTheHeader", "10020003", 0, bad_tml(2)},
    {"UnknownTypeHasItsLength", "103f0008", 4, complete(63, 8)},
    // Row 4: version and reserved bits.
    {"VersionZero", "00020004", 0, kBadVersion},
    {"VersionTwo", "20020004", 0, kBadVersion},
    {"VersionFifteenFromTheFirstOctet", "f0", 0, kBadVersion},
    {"AWrongVersionOfAPlFrame", "20400000 100f0006", 20, kBadVersion},
    {"ReservedBitsAreIgnored", "1f820004", 0, complete(2, 4)},
    {"ReservedBitsAreIgnoredWithPl", "1fc00000 100f0006", 20, complete_pl(28)},
    // Rows 1 and 2: PL messages. The PL Length counts words, the TML length means nothing.
    {"PlHeaderNotThereYet", "1040001c", 0, more_pl(0)},
    {"PlLengthHalfThere", "1040001c 100f00", 0, more_pl(0)},
    {"PlLengthThere", "1040001c 100f0006", 0, more_pl(28)},
    {"PlMessage", "1040001c 100f0006", 20, complete_pl(28)},
    {"TmlLengthZeroWithPl", "10400000 100f0006", 20, complete_pl(28)},
    {"TmlLengthWrongWithPl", "1040ffff 100f0006", 20, complete_pl(28)},
    {"TmlTypeMeansNothingWithPl", "107f001c 100f0006", 20, complete_pl(28)},
    {"PlLengthZeroWords", "1040001c 100f0000", 20, kBadPl},
    {"PlLengthOneWord", "1040001c 100f0001", 20, kBadPl},
    {"PlLengthFiveWords", "1040001c 100f0005", 20, kBadPl},
    {"LongestPlMessage", "10400000 1006ffff", 262136, complete_pl(262144)},
    {"LongestPlMessageLessOneOctet", "10400000 1006ffff", 262135, more_pl(262144)},
    {"AtTheLimitOfThisChannel", "10400000 10060008", 28, complete_pl(36), 32},
    {"OneWordAboveTheLimitOfThisChannel", "10400000 10060009", 32, kBadPl, 32},
};

// In memory of exactly its size, so that AddressSanitizer sees a read past the end.
struct Exact {
  explicit Exact(std::span<const std::byte> from)
      : data(std::make_unique<std::byte[]>(from.size())), size(from.size()) {
    std::ranges::copy(from, data.get());
  }
  operator std::span<const std::byte>() const { return {data.get(), size}; }
  std::unique_ptr<std::byte[]> data;
  std::size_t size;
};

std::vector<std::byte> octets_of(const Case& c) {
  auto octets = hex(c.octets);
  octets.resize(octets.size() + c.zeros);
  return octets;
}

class TmlFrame : public testing::TestWithParam<Case> {};

TEST_P(TmlFrame, GivesTheExpectedResult) {
  EXPECT_EQ(scan_frame(Exact(octets_of(GetParam())), GetParam().max_pl), GetParam().want);
}

// However the stream is cut, nothing but "need more" comes before the same verdict, and a length
// once known stays.
TEST_P(TmlFrame, EveryPrefixNeedsMoreOrAgrees) {
  const Case& c = GetParam();
  const auto octets = octets_of(c);
  const std::size_t end = std::min<std::size_t>(octets.size(), 5000);
  for (std::size_t n = 0; n <= end; ++n) {
    const Frame at = scan_frame(Exact(std::span(octets).first(n)), c.max_pl);
    if (at == c.want) continue;
    ASSERT_EQ(at.status, FrameStatus::NeedMore) << n;
    if (at.length != 0) {
      ASSERT_EQ(at.length, c.want.length) << n;
      ASSERT_EQ(at.pl, c.want.pl) << n;
      ASSERT_GT(at.length, n);
    }
    ASSERT_LT(n, std::max<std::size_t>(c.want.length, 8)) << "late verdict";
  }
}

INSTANTIATE_TEST_SUITE_P(Octets, TmlFrame, testing::ValuesIn(kCases),
                         [](const auto& c) { return c.param.name; });

// ---- what we send ----

struct HeaderCase {
  std::size_t pl_size;
  std::string_view want;
};

TEST(TmlFrameHeader, LengthIsTheFramesUntilItDoesNotFit) {
  for (const HeaderCase& c : {HeaderCase{24, "1040001c"}, HeaderCase{65528, "1040fffc"},
                              HeaderCase{65532, "10400000"}, HeaderCase{262140, "10400000"}}) {
    std::vector<std::byte> out(kHeaderSize);
    put_pl_header(out.data(), c.pl_size);
    EXPECT_EQ(test::to_hex(out), c.want) << c.pl_size;
  }
}

TEST(TmlFrameHeader, WhatIsSentScansBack) {
  for (const std::size_t words : {6U, 7U, 16382U, 16383U, 16384U, 65535U}) {
    std::vector<std::byte> frame(kHeaderSize + words * 4);
    put_pl_header(frame.data(), words * 4);
    frame[4] = std::byte{0x10};
    frame[6] = static_cast<std::byte>(words >> 8);
    frame[7] = static_cast<std::byte>(words);
    EXPECT_EQ(scan_frame(frame, kMaxPlSize), complete_pl(frame.size())) << words;
  }
}

// ---- the fields of a PL header that the TML looks at (RFC 5810 section 6.1) ----

TEST(TmlFramePlView, ReadsLengthTypePriorityTransactionAndSource) {
  const auto pl = hex("10 06 000a  00000102 40000001  0000000000000007  28200000");
  const PlView view = view_pl(pl.data());
  EXPECT_EQ(view.length, 40U);
  EXPECT_EQ(view.type, kPlRedirect);
  EXPECT_EQ(view.priority, 5);
  EXPECT_TRUE(view.transaction);
  EXPECT_EQ(view.source, 0x102U);
}

TEST(TmlFramePlView, NeighbouringFlagsAreNotPriorityNorTransaction) {
  // ACK and the reserved bits around Pri all ones; EM and TP around AT too.
  const auto pl = hex("10 01 0006  00000001 40000001  0000000000000000  c7dfffff");
  const PlView view = view_pl(pl.data());
  EXPECT_EQ(view.priority, 0);
  EXPECT_FALSE(view.transaction);
}

}  // namespace
}  // namespace forces::tml
