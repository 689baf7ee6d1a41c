// RFC 5810 appendix B, RFC 7121 section 3.1, RFC 5812 section 5.1: what can be read and written.
#include "fe/lfb/components.hpp"

#include <gtest/gtest.h>

#include "tests/support/hex.hpp"

namespace forces::fe::lfb {
namespace {

using pl::ResultCode;
using test::hex;

Values example() {
  Values v;
  v.protocol.fe_id = 2;
  v.protocol.ce_id = 0x40000001;
  v.protocol.last_ce_id = 0x40000002;
  v.protocol.all_ces = {{0x40000001, {}, CeStatus::IsMaster},
                        {0x40000002, {}, CeStatus::Associated},
                        {0x40000003, {}, CeStatus::Disconnected}};
  v.object.name = "fe2";
  v.packets_from_ce = 7;
  v.packets_to_ce = 9;
  return v;
}

std::string read(const Target& target, std::vector<std::uint32_t> path) {
  wire::ByteWriter w;
  const ResultCode code = get(example(), target, path, w);
  return code == ResultCode::Success ? test::to_hex(w.written()) : std::string(pl::to_string(code));
}

struct Read {
  std::uint32_t class_id;
  std::uint32_t component;
  const char* want;
};
const Read kReads[] = {
    {2, 1, "01"},
    {2, 2, "00000002"},
    {2, 4, "00"},
    {2, 5, "00007530"},
    {2, 6, "00"},
    {2, 7, "000001f4"},
    {2, 8, "40000001"},
    {2, 10, "00"},
    {2, 11, "000493e0"},
    {2, 12, "00"},
    {2, 13, "40000002"},
    {2, 14, "00"},
    {1, 3, "666532"},
    {1, 4, "00000002"},
    {1, 7, "01"},
    {1, 30, "00"},
    {14, 1, "0000000000000007"},
    {15, 1, "0000000000000009"},
    {2, 9,
     "00000000"
     "40000002"
     "00000001"
     "40000003"},
};

TEST(Components, ReadAsTheStandardPacksThem) {
  for (const Read& r : kReads) {
    EXPECT_EQ(read({{r.class_id}, {1}}, {r.component}), r.want) << r.class_id << "." << r.component;
  }
}

TEST(Components, AllCesHasARowForEachWithStatisticsAndStatus) {
  const std::string rows = read({{2}, {1}}, {15});
  ASSERT_EQ(rows.size(), 3 * (4 + 4 + 64 + 1) * 2U);
  EXPECT_EQ(rows.substr(0, 16), "0000000040000001");
  EXPECT_EQ(rows.substr((4 + 4 + 64) * 2, 2), "03");  // IsMaster
}

TEST(Components, SelectorsListEveryLfbOfThisFe) {
  EXPECT_EQ(read({{1}, {1}}, {2}),
            "000000000000000100000001"
            "000000010000000200000001"
            "000000020000000e00000001"
            "000000030000000f00000001");
}

struct Refused {
  const char* name;
  Target target;
  std::vector<std::uint32_t> path;
  ResultCode want;
};
TEST(Components, WhatIsNotThereIsAnsweredByItsCode) {
  const Refused cases[] = {
      {"no such class", {{10}, {1}}, {1}, ResultCode::LfbUnknown},
      {"no such instance", {{2}, {2}}, {1}, ResultCode::LfbInstanceIdNotFound},
      {"no such component", {{2}, {1}}, {99}, ResultCode::ComponentDoesNotExist},
      {"below a scalar", {{2}, {1}}, {5, 1}, ResultCode::InvalidPath},
      {"a row of a table", {{2}, {1}}, {15, 1}, ResultCode::NotSupported},
      {"the whole LFB", {{2}, {1}}, {}, ResultCode::NotSupported},
      {"MulticastFEIDs", {{2}, {1}}, {3}, ResultCode::NotSupported},
      {"an event", {{2}, {1}}, {61, 1}, ResultCode::NotSupported},
  };
  for (const Refused& c : cases) {
    wire::ByteWriter w;
    EXPECT_EQ(get(example(), c.target, c.path, w), c.want) << c.name;
    EXPECT_EQ(w.size(), 0U) << c.name;
  }
}

struct Write {
  const char* name;
  std::uint32_t class_id, component;
  std::string_view data;
  ResultCode want;
};
const Write kWrites[] = {
    {"CEHDI", 2, 5, "00001388", ResultCode::Success},
    {"CEHDI too short to keep", 2, 5, "00000009", ResultCode::ValueOutOfRange},
    {"CEHDI of zero", 2, 5, "00000000", ResultCode::ValueOutOfRange},
    {"CEHDI cut", 2, 5, "0013", ResultCode::InvalidTlv},
    {"CEHDI too long", 2, 5, "0000138800", ResultCode::ContentsTooLong},
    {"FEHI", 2, 7, "00000064", ResultCode::Success},
    {"CEHBPolicy 1", 2, 4, "01", ResultCode::Success},
    {"CEHBPolicy reserved", 2, 4, "02", ResultCode::ValueOutOfRange},
    {"FEHBPolicy 1", 2, 6, "01", ResultCode::Success},
    {"CEFailoverPolicy 1", 2, 10, "01", ResultCode::Success},
    {"CEFTI", 2, 11, "0000ea60", ResultCode::Success},
    {"FERestartPolicy 0", 2, 12, "00", ResultCode::Success},
    {"FERestartPolicy reserved", 2, 12, "01", ResultCode::ValueOutOfRange},
    {"HAMode 2", 2, 14, "02", ResultCode::Success},
    {"HAMode reserved", 2, 14, "03", ResultCode::ValueOutOfRange},
    {"version", 2, 1, "01", ResultCode::ReadOnly},
    {"FEID", 2, 2, "00000009", ResultCode::ReadOnly},
    {"LastCEID", 2, 13, "40000001", ResultCode::ReadOnly},
    {"master to an associated CE", 2, 8, "40000002", ResultCode::Success},
    {"master to one that is away", 2, 8, "40000003", ResultCode::ValueOutOfRange},
    {"master to nobody we know", 2, 8, "40000009", ResultCode::ValueOutOfRange},
    {"FEName", 1, 3, "6564676531", ResultCode::Success},
    {"FEState to AdminDisable", 1, 7, "00", ResultCode::Success},
    {"FEState to OperEnable", 1, 7, "02", ResultCode::Success},
    {"FEState to OperDisable", 1, 7, "01", ResultCode::ValueOutOfRange},
    {"a counter", 14, 1, "0000000000000000", ResultCode::ReadOnly},
};
TEST(Components, WriteWithinTheirRangeOnly) {
  for (const Write& c : kWrites) {
    Values v = example();
    const Target target{{c.class_id}, {1}};
    const std::vector<std::uint32_t> path{c.component};
    wire::ByteWriter before;
    (void)get(v, target, path, before);
    EXPECT_EQ(set(v, target, path, hex(c.data)), c.want) << c.name;
    wire::ByteWriter after;
    (void)get(v, target, path, after);
    const std::string want =
        c.want == ResultCode::Success ? test::to_hex(hex(c.data)) : test::to_hex(before.written());
    EXPECT_EQ(test::to_hex(after.written()), want) << c.name;
  }
}

TEST(Components, ANameOf41OctetsIsTooLong) {
  Values v = example();
  const std::vector<std::uint32_t> path{3};
  const std::string name(41, 'x');
  EXPECT_EQ(set(v, {{1}, {1}}, path, std::as_bytes(std::span(name))), ResultCode::ContentsTooLong);
  EXPECT_EQ(set(v, {{1}, {1}}, path, std::as_bytes(std::span(name)).first(40)),
            ResultCode::Success);
}

}  // namespace
}  // namespace forces::fe::lfb
