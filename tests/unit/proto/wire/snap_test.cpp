#include "proto/wire/snap.hpp"

#include <gtest/gtest.h>

#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/print.hpp"

namespace forces::wire {
namespace {

using test::hex;
using test::to_hex;

TEST(WireSnap, CodePointsOfTheRfcs) {
  EXPECT_EQ(to_hex(snap_header(SnapPid::Scsp)), "aaaa0300005e0005");
  EXPECT_EQ(to_hex(snap_header(SnapPid::MarsControl)), "aaaa0300005e0003");
  EXPECT_EQ(to_hex(snap_header(SnapPid::MulticastType1)), "aaaa0300005e0001");
  EXPECT_EQ(to_hex(snap_header(SnapPid::MulticastType2)), "aaaa0300005e0004");
}

TEST(WireSnap, ReadsWhatItWrites) {
  for (const auto pid : {SnapPid::MulticastType1, SnapPid::MarsControl, SnapPid::Scsp}) {
    const auto header = snap_header(pid);
    std::vector<std::byte> sdu(header.begin(), header.end());
    sdu.push_back(std::byte{7});
    const auto view = decode_snap(sdu);
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->pid, pid);
    EXPECT_EQ(to_hex(view->payload), "07");
  }
}

TEST(WireSnap, RefusesOtherEncapsulations) {
  const auto error = [](const char* octets) { return decode_snap(hex(octets)).error(); };
  EXPECT_EQ(error("aaaa0300005e00"), (Error{Errc::Truncated, 6, "snap.pid"}));
  EXPECT_EQ(error("fefe0300005e0005"), (Error{Errc::BadValue, 0, "snap.llc"}));
  EXPECT_EQ(error("aaaa030000000800"), (Error{Errc::BadValue, 3, "snap.oui"}));
  EXPECT_EQ(decode_snap(hex("aaaa0300005e0007"))->pid, SnapPid{7});  // the caller's to judge
}

TEST(WireSdu, EveryCutOfAStreamGivesTheSameSdus) {
  std::vector<std::byte> stream;
  for (const std::size_t size : {0, 1, 300}) {
    const auto header = *sdu_header(SnapPid::Scsp, size);
    stream.insert(stream.end(), header.begin(), header.end());
    stream.resize(stream.size() + size, std::byte{0x5a});
  }
  for (std::size_t n = 0; n <= stream.size(); ++n) {
    const SduScan scan = scan_sdu(Bytes(stream).first(n));
    ASSERT_EQ(scan.status, n < 10 ? SduStatus::NeedMore : SduStatus::Complete) << n;
    ASSERT_EQ(scan.length, n < 2 ? 0U : 10U) << n;
  }
  Bytes rest = stream;
  std::vector<std::size_t> sizes;
  while (!rest.empty()) {
    const SduScan scan = scan_sdu(rest);
    ASSERT_EQ(scan.status, SduStatus::Complete);
    sizes.push_back(decode_snap(scan.sdu)->payload.size());
    rest = rest.subspan(scan.length);
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{0, 1, 300}));
}

TEST(WireSdu, ALengthThatCannotBeLosesTheStream) {
  EXPECT_EQ(scan_sdu(hex("0007")).status, SduStatus::BadLength);  // shorter than LLC/SNAP
  EXPECT_EQ(scan_sdu(hex("0008")).status, SduStatus::NeedMore);
  EXPECT_EQ(scan_sdu(hex("23e4"), 9188).status, SduStatus::NeedMore);
  EXPECT_EQ(scan_sdu(hex("23e5"), 9188).status, SduStatus::BadLength);
}

TEST(WireSdu, ThePrefixHoldsTheLargestSduAndNotMore) {
  EXPECT_EQ(to_hex(*sdu_header(SnapPid::MarsControl, kMaxSnapPayload)), "ffffaaaa0300005e0003");
  EXPECT_EQ(sdu_header(SnapPid::MarsControl, kMaxSnapPayload + 1),
            fail(Errc::TooLarge, "sdu.length", 0));
}

}  // namespace
}  // namespace forces::wire
