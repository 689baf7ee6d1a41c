#include "ce/ctl/decode/capture.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "ce/ctl/decode/protocols.hpp"
#include "ce/ctl/decode/run.hpp"
#include "proto/wire/writer.hpp"
#include "tests/support/octets/hex.hpp"

namespace forces::decode {
namespace {

using test::hex;
using Octets = std::vector<std::byte>;

constexpr std::uint32_t kRaw = 101, kEthernet = 1, kSll = 113, kSll2 = 276, kLoop = 0;

// A capture written by hand: what the file formats need, no more.
class CaptureFile {
 public:
  explicit CaptureFile(std::uint32_t link = kRaw) : link_(link) {
    path_ = std::filesystem::temp_directory_path() /
            ("decode_test_" + std::to_string(getpid()) + ".pcap");
    w_.u32(0xa1b2c3d4);  // microseconds, big-endian
    w_.u32(0x00020004);
    w_.u64(0);
    w_.u32(65535);
    w_.u32(link);
  }
  ~CaptureFile() { std::filesystem::remove(path_); }
  CaptureFile(const CaptureFile&) = delete;
  CaptureFile& operator=(const CaptureFile&) = delete;

  void frame(const Octets& octets) {
    w_.u32(1'000'000'000 + count_++);
    w_.u32(250);
    w_.u32(static_cast<std::uint32_t>(octets.size()));
    w_.u32(static_cast<std::uint32_t>(octets.size()));
    w_.bytes(octets);
  }
  // A TCP segment from 10.0.0.1:40001 to 10.0.0.2, inside the header of the link.
  void segment(std::uint32_t sequence, std::string_view payload_hex, bool syn = false,
               std::uint16_t port = 6704) {
    const Octets payload = hex(payload_hex);
    wire::ByteWriter ip;
    ip.bytes(link_header());
    ip.u16(0x4500);
    ip.u16(static_cast<std::uint16_t>(40 + payload.size()));
    ip.u32(0);
    ip.u32(0x40060000);
    ip.u32(0x0a000001);
    ip.u32(0x0a000002);
    tcp(ip, sequence, syn, port);
    ip.bytes(payload);
    ip.zeros(3);  // short frames are padded: not part of the packet
    frame(*std::move(ip).finish());
  }
  static void tcp(wire::ByteWriter& w, std::uint32_t sequence, bool syn, std::uint16_t port) {
    w.u16(40001);
    w.u16(port);
    w.u32(sequence);
    w.u32(0);
    w.u16(static_cast<std::uint16_t>(0x5000 | (syn ? 2 : 0)));
    w.zeros(6);
  }

  int run(std::vector<Json>& lines, DecodeOptions options = {.protocol = "tml", .pcap_file = {}}) {
    const auto octets = w_.written();
    std::ofstream(path_, std::ios::binary)
        .write(reinterpret_cast<const char*>(octets.data()),
               static_cast<std::streamsize>(octets.size()));
    options.pcap_file = path_;
    std::istringstream in;
    std::ostringstream out, err;
    const int status = run_decode(options, in, out, err);
    EXPECT_EQ(err.str(), "");
    std::istringstream text(out.str());
    lines.clear();
    for (std::string line; std::getline(text, line);) lines.push_back(Json::parse(line));
    return status;
  }

 private:
  Octets link_header() const {
    switch (link_) {
      case kEthernet:  // with a VLAN tag
        return hex("020000000001 020000000002 8100 0005 0800");
      case kSll:
        return hex("0000 0001 0006 020000000001 0000 0800");
      case kSll2:
        return hex("0800 0000 00000001 0001 00 06 020000000001 0000");
      case kLoop:
        return hex("00000002");
      default:
        return {};
    }
  }

  std::uint32_t link_;
  std::uint32_t count_ = 0;
  std::filesystem::path path_;
  wire::ByteWriter w_;
};

constexpr std::string_view kPlFrame =
    "1040 001c 100f0006 00000002 40000001 0000000000000007 08000000";

TEST(DecodeCapture, EveryFrameIsALineWithItsEndsAndItsTime) {
  CaptureFile file;
  std::vector<Json> lines;
  file.segment(99, "", true);
  file.segment(100, "1002 0004 1002 0004");
  file.segment(108, kPlFrame);
  EXPECT_EQ(file.run(lines), 0);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].dump(),
            R"({"time":"2001-09-09T01:46:41.000250Z","src":"10.0.0.1:40001",)"
            R"("dst":"10.0.0.2:6704","type":"Heartbeat","typeCode":2,"version":1,"reserved":0,)"
            R"("f":0,"length":4,"tlvs":{}})");
  EXPECT_EQ(lines[2]["time"], "2001-09-09T01:46:42.000250Z");
  EXPECT_EQ(lines[2]["pl"]["type"], "Heartbeat");
}

TEST(DecodeCapture, FramesCutOverSegmentsAreJoinedWhateverTheirOrder) {
  CaptureFile file;
  std::vector<Json> lines;
  file.segment(99, "", true);
  file.segment(102, "0004 10");
  file.segment(100, "1002");
  file.segment(100, "1002");
  file.segment(105, "02 0004");
  EXPECT_EQ(file.run(lines), 0);
  EXPECT_EQ(lines.size(), 2u);
}

TEST(DecodeCapture, KnowsTheLinkTypesOfLinux) {
  for (const std::uint32_t link : {kRaw, kEthernet, kSll, kSll2, kLoop}) {
    CaptureFile file(link);
    std::vector<Json> lines;
    file.segment(1, "10020004");
    EXPECT_EQ(file.run(lines), 0);
    EXPECT_EQ(lines.size(), 1u) << "link type " << link;
  }
}

TEST(DecodeCapture, ReadsIpv6BehindExtensionHeaders) {
  CaptureFile file;
  wire::ByteWriter ip;
  ip.u32(0x60000000);
  ip.u16(8 + 20 + 4);
  ip.u16(0x0040);  // hop-by-hop options next
  ip.u64(0x20010db800000000);
  ip.u64(1);
  ip.u64(0x20010db800000000);
  ip.u64(2);
  ip.u64(0x0600010400000000);
  CaptureFile::tcp(ip, 1, false, 6705);
  ip.u32(0x10020004);
  file.frame(*std::move(ip).finish());
  std::vector<Json> lines;
  EXPECT_EQ(file.run(lines), 0);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["src"], "[2001:db8::1]:40001");
  EXPECT_EQ(lines[0]["dst"], "[2001:db8::2]:6705");
}

TEST(DecodeCapture, OtherPortsAreLeftAloneUnlessTheyAreAskedFor) {
  CaptureFile file;
  std::vector<Json> lines;
  file.segment(1, "10020004", false, 7000);
  EXPECT_EQ(file.run(lines), 0);
  EXPECT_TRUE(lines.empty());
  EXPECT_EQ(file.run(lines, {.protocol = "tml", .pcap_file = {}, .ports = {7000}}), 0);
  EXPECT_EQ(lines.size(), 1u);
}

TEST(DecodeCapture, PlShowsOnlyWhatFramesCarry) {
  CaptureFile file;
  std::vector<Json> lines;
  file.segment(1, "10020004 " + std::string(kPlFrame));
  EXPECT_EQ(file.run(lines, {.protocol = "pl", .pcap_file = {}}), 0);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["type"], "Heartbeat");
  EXPECT_EQ(lines[0]["correlator"], "0x0000000000000007");
}

TEST(DecodeCapture, ALostStreamIsReportedOnceAndOthersGoOn) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"10020004 20020004 10020004", R"({"code":"bad_version","offset":4,"field":"tml.version"})"},
      {"10020004 10020003 10020004", R"({"code":"bad_length","offset":6,"field":"tml.length"})"},
      {"10400000 100f0005 10020004", R"({"code":"bad_length","offset":6,"field":"pl.length"})"},
      {"160301 0200010001fc0303", R"({"code":"bad_value","offset":0,"field":"tls.record"})"},
      {"10020004 100200", R"({"code":"truncated","offset":7,"field":"tml.frame"})"},
  };
  for (const auto& [octets, want] : cases) {
    CaptureFile file;
    std::vector<Json> lines;
    file.segment(1, octets);
    file.segment(1000, "10020004", false, 6705);
    EXPECT_EQ(file.run(lines), 1) << octets;
    std::size_t errors = 0;
    bool other = false;
    for (const Json& line : lines) {
      if (line["dst"] == "10.0.0.2:6705") other = true;
      if (!line.contains("error")) continue;
      ++errors;
      EXPECT_EQ(line["error"].dump(), want);
      EXPECT_EQ(line["src"], "10.0.0.1:40001");
    }
    EXPECT_EQ(errors, 1u) << octets;
    EXPECT_TRUE(other) << octets;
  }
}

TEST(DecodeCapture, AMissingSegmentIsReportedWhereItIsMissed) {
  CaptureFile file;
  std::vector<Json> lines;
  file.segment(0, "", true);
  file.segment(1, "10020004 1002");
  file.segment(100, "10020004");
  EXPECT_EQ(file.run(lines), 1);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[1]["error"].dump(), R"({"code":"missing","offset":6,"field":"tcp.segment"})");
}

TEST(DecodeCapture, ANewConnectionOnTheSamePortsStartsAnew) {
  CaptureFile file;
  std::vector<Json> lines;
  file.segment(0, "", true);
  file.segment(1, "20020004");
  file.segment(5000, "", true);
  file.segment(5001, "10020004");
  EXPECT_EQ(file.run(lines), 1);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[1]["type"], "Heartbeat");
}

TEST(DecodeCapture, DamagedPacketsAreSteppedOver) {
  for (const std::string_view octets :
       {"", "45", "45000014 00000000 40060000 0a000001 0a000002",
        "4f000028 00000000 40060000 0a000001 0a000002", "60000000 ffff 00 40",
        "45000028 00002000 40060000 0a000001 0a000002 9c411a30 00000001 00000000 50000000 00000000",
        "45000028 00000000 40060000 0a000001 0a000002 9c411a30 00000001 00000000 f0000000 "
        "00000000"}) {
    CaptureFile file;
    std::vector<Json> lines;
    file.frame(hex(octets));
    EXPECT_EQ(file.run(lines), 0) << octets;
    EXPECT_TRUE(lines.empty()) << octets;
  }
}

TEST(DecodeCapture, AFileThatIsNoCaptureIsNamed) {
  std::istringstream in;
  std::ostringstream out, err;
  EXPECT_EQ(run_decode({.protocol = "tml", .pcap_file = "/dev/null"}, in, out, err), 66);
  EXPECT_NE(err.str().find("decode: "), std::string::npos);
}

}  // namespace
}  // namespace forces::decode
