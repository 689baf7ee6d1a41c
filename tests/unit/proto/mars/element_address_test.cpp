// The addresses of cluster members are what the elements are; the octets are the specification.
#include "proto/mars/element_address.hpp"

#include <gtest/gtest.h>

#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/print.hpp"

namespace forces::mars {
namespace {

using test::hex;

AtmAddress nsap(std::string_view octets, bool e164 = false) {
  return {{e164, *decltype(AtmNumber::octets)::from(hex(octets))}, {}};
}

constexpr std::string_view kFe = "49 01 00000007 c0000207 12b5 0000000000000000";
constexpr std::string_view kCe = "49 02 40000001 00000000 0000 0000000000000000";
constexpr ElementAddress kSeven{{7}, {0xc0000207, 4789}};

TEST(ElementAddress, OctetsOfAnFeAndOfACe) {
  EXPECT_EQ(encode_element(kSeven), nsap(kFe));
  EXPECT_EQ(decode_element(nsap(kFe)), kSeven);
  EXPECT_EQ(encode_element({{0x40000001}, {}}), nsap(kCe));
  EXPECT_EQ(decode_element(nsap(kCe)), (ElementAddress{{0x40000001}, {}}));
}

TEST(ElementAddress, AnFeMayTakeNoCopiesAndACeTakesNone) {
  const ElementAddress listener{{7}, {}};
  EXPECT_EQ(decode_element(encode_element(listener)), listener);
  EXPECT_EQ(encode_element({{0x40000001}, {0xc0000207, 4789}}), nsap(kCe));
}

TEST(ElementAddress, OneElementHasOneAddress) {
  struct Case {
    std::string_view octets;
    Errc code;
    std::uint32_t offset;
  };
  const Case cases[] = {
      {"47 01 00000007 c0000207 12b5 0000000000000000", Errc::BadValue, 0},     // AFI
      {"49 00 00000007 c0000207 12b5 0000000000000000", Errc::UnknownType, 1},  // format
      {"49 03 00000007 c0000207 12b5 0000000000000000", Errc::UnknownType, 1},
      {"49 01 00000000 c0000207 12b5 0000000000000000", Errc::BadValue, 2},  // no FE
      {"49 01 40000001 c0000207 12b5 0000000000000000", Errc::BadValue, 2},
      {"49 02 00000007 00000000 0000 0000000000000000", Errc::BadValue, 2},  // no CE
      {"49 02 40000001 c0000207 12b5 0000000000000000", Errc::BadValue, 2},
      {"49 01 00000007 00000000 12b5 0000000000000000", Errc::BadValue, 6},  // half an endpoint
      {"49 01 00000007 c0000207 0000 0000000000000000", Errc::BadValue, 6},
      {"49 01 00000007 c0000207 12b5 0000000000000001", Errc::BadValue, 12},
      {"49 01 00000007 c0000207 12b5 00000000000000", Errc::BadLength, 19},
      {"", Errc::BadLength, 0},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(decode_element(nsap(c.octets)),
              (Result<ElementAddress>(fail(c.code, "element_address", c.offset))))
        << c.octets;
  }
  EXPECT_FALSE(decode_element(nsap(kFe, true)));  // E.164
  AtmAddress with_subaddress = nsap(kFe);
  with_subaddress.subaddress = with_subaddress.number;
  EXPECT_FALSE(decode_element(with_subaddress));
}

// One rule for who configures an endpoint, who makes rows of it and who takes them.
TEST(ElementAddress, PacketsGoToTheAddressOfOneHostAndAPort) {
  EXPECT_TRUE(takes_packets({0x0a000001, 5000}));
  EXPECT_TRUE(takes_packets({0xdfffffff, 1}));
  for (const std::uint32_t address : {0U, 1U, 0x00ffffffU, 0xe0000001U, 0xf0000001U, 0xffffffffU}) {
    EXPECT_FALSE(takes_packets({address, 5000})) << address;
  }
  EXPECT_FALSE(takes_packets({0x0a000001, 0}));
}

TEST(ElementAddress, EveryPrefixIsRefused) {
  const auto octets = hex(kFe);
  for (std::size_t n = 0; n < octets.size(); ++n) {
    const auto cut = *decltype(AtmNumber::octets)::from(Bytes(octets).first(n));
    EXPECT_FALSE(decode_element({{false, cut}, {}})) << n;
  }
}

}  // namespace
}  // namespace forces::mars
