// Test frames: a table of octets.
#include "fe/dataplane/optical/frame.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/print.hpp"

namespace forces::fe::dataplane::optical {
namespace {

using forces::test::hex;
using forces::test::to_hex;

struct FrameCase {
  const char* name;
  std::string_view octets;
  std::string_view want;  // label, kind, hops, payload; or the error
};
const FrameCase kFrames[] = {
    {"Traffic", "00010000 00 00 0003 aabbcc", "65536 0 0 aabbcc"},
    {"PaddingIsNoPayload", "00010000 00 3f 0001 aa 0000000000", "65536 0 63 aa"},
    {"NoPayload", "ffffffff 00 ff 0000", "4294967295 0 255 "},
    {"Trace", "00000007 01 02 0004 412f3137", "7 1 2 412f3137"},
    {"CutInTheHeader", "00010000 00 00 00", "truncated frame.length"},
    {"CutInThePayload", "00010000 00 00 0004 aabbcc", "truncated frame.payload"},
    {"AnotherKind", "00010000 02 00 0000", "unknown_type frame.kind"},
    {"ATraceOfNothing", "00010000 01 00 0000", "bad_value frame.trace"},
    {"ATraceThatIsNoText", "00010000 01 00 0001 0a", "bad_value frame.trace"},
    {"Nothing", "", "truncated frame.label"},
};

class OpticalFrame : public testing::TestWithParam<FrameCase> {};
TEST_P(OpticalFrame, IsReadOrRefused) {
  const auto octets = hex(GetParam().octets);
  const auto frame = decode_frame(octets);
  if (!frame) {
    EXPECT_EQ(std::string(to_string(frame.error().code)) + " " + std::string(frame.error().field),
              GetParam().want);
    return;
  }
  EXPECT_EQ(std::to_string(frame->label) + " " + std::to_string(static_cast<int>(frame->kind)) +
                " " + std::to_string(frame->hops) + " " + to_hex(frame->payload),
            GetParam().want);
  std::array<std::byte, kFrameHeader> header{};
  write_header(header, *frame);
  EXPECT_TRUE(std::ranges::equal(header, std::span(octets).first(kFrameHeader)));
}
INSTANTIATE_TEST_SUITE_P(Ours, OpticalFrame, testing::ValuesIn(kFrames),
                         [](const auto& c) { return c.param.name; });

TEST(OpticalTrace, IsOfSixtyFourOctetsAtMost) {
  EXPECT_TRUE(is_trace(std::vector(64, std::byte{'x'})));
  EXPECT_FALSE(is_trace(std::vector(65, std::byte{'x'})));
}

}  // namespace
}  // namespace forces::fe::dataplane::optical
