// The optical fabric of a real Element: frames of far ends pass by the rows of a CE, whatever
// becomes of the CE, and the next life of the FE has the rows of the one before.
#include <filesystem>

#include "fe/forwarding/optical/fabric_lfbs.hpp"
#include "tests/e2e/forwarding/driver.hpp"
#include "tests/support/octets/packets.hpp"
#include "tests/support/optical/line.hpp"

namespace forces::fe::forwarding::test {
namespace {

using forces::test::LineFrame;
using forces::test::OpticalLine;
using optical::CrossConnect;
using optical::RowState;

constexpr std::uint32_t kSlot = 0x10000;

std::string row(std::uint32_t in_port, std::uint32_t in_slot, std::uint32_t out_port,
                std::uint32_t out_slot, RowState state = RowState::Active) {
  CrossConnect one{{in_port, in_slot * kSlot}, {out_port, out_slot * kSlot}, state, 0, {}};
  one.owner[0] = std::byte{0x42};
  wire::ByteWriter w;
  write_cross_connect(one, w);
  return to_hex(w.written());
}

class OpticalElement : public Driver {
 protected:
  void SetUp() override {
    Driver::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    ASSERT_TRUE(
        forces::test::run("ip link add port2 type veth peer name far2 && ip link set port2 up && "
                          "ip link set far2 up"));
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
    for (std::uint32_t id = 1; id <= 2; ++id) {
      config.fabric.ports.push_back(
          {id, id == 1 ? "port" : "port2", optical::Signal::Vc4, {{kSlot, 8 * kSlot, kSlot}}});
    }
    config.fabric.file = folder_ + "/fabric";
    config.fabric.trace_interval = 50ms;
    far.emplace("far");
    far2.emplace("far2");
    ASSERT_TRUE(far->good() && far2->good());
  }
  void TearDown() override {
    Driver::TearDown();
    std::filesystem::remove_all(folder_);
  }
  std::string set_row(std::uint32_t index, const std::string& octets) {
    return set(kCrossConnect, {1, index}, octets);
  }
  // One there and one back.
  void both_ways() {
    ASSERT_EQ(set_row(0, row(1, 1, 2, 6)), "E_SUCCESS");
    ASSERT_EQ(set_row(1, row(2, 6, 1, 1)), "E_SUCCESS");
  }
  void expect_passing(const std::string& what) {
    ASSERT_TRUE(far->send(1 * kSlot, "there " + what));
    EXPECT_EQ(far2->traffic(), (LineFrame{6 * kSlot, 0, 1, "there " + what}));
    ASSERT_TRUE(far2->send(6 * kSlot, "back " + what));
    EXPECT_EQ(far->traffic(), (LineFrame{1 * kSlot, 0, 1, "back " + what}));
  }
  std::uint64_t frames(std::string_view reason) {
    for (const auto& sample : element->snapshot().counters) {
      if (sample.name == "fabric_frames" && sample.reason == reason) return sample.value;
    }
    return 0;
  }

  std::optional<OpticalLine> far, far2;

 private:
  std::string folder_ = testing::TempDir() + "fabric_XXXXXX";
};

TEST_F(OpticalElement, FramesPassByActiveRowsWithTheOtherLabel) {
  start();
  ASSERT_TRUE(far->send(1 * kSlot, "nobody"));
  ASSERT_TRUE(e2e::eventually([&] { return frames("no_row") == 1; }));
  both_ways();
  expect_passing("and back");
  ASSERT_EQ(set_row(2, row(1, 2, 2, 2, RowState::Reserved)), "E_SUCCESS");
  ASSERT_TRUE(far->send(2 * kSlot, "too early"));
  ASSERT_TRUE(e2e::eventually([&] { return frames("not_active") == 1; }));
  const auto rows = element->cross_connects(0, 10);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].second.frames, 1U);
  EXPECT_EQ(rows[1].second.frames, 1U);
  EXPECT_EQ(rows[2].second.dropped, 1U);
}

// What arrives for the control plane on the same port goes to the CE as before.
TEST_F(OpticalElement, ControlPacketsOfAnOpticalPortAreRedirected) {
  config.ports = {{.port_id = 1,
                   .kind = dataplane::PortKind::Packet,
                   .interface = "port",
                   .address = "10.1.0.1/24",
                   .classes = {dataplane::PacketClass::Rsvp}},
                  {.port_id = 2, .interface = "port2", .classes = {}}};
  start();
  both_ways();
  const auto packet = forces::test::packet(
      {.source = 0x0a010002, .destination = 0x0a010001, .protocol = 46, .ttl = 255});
  const int raw = ::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_ll where{};
  where.sll_family = AF_PACKET;
  where.sll_protocol = htons(0x0800);
  where.sll_ifindex = static_cast<int>(::if_nametoindex("far"));
  where.sll_halen = 6;
  std::fill_n(where.sll_addr, 6, std::uint8_t{0xff});
  ASSERT_GT(::sendto(raw, packet.data(), packet.size(), 0,
                     reinterpret_cast<const sockaddr*>(&where), sizeof where),
            0);
  ::close(raw);
  EXPECT_TRUE(e2e::eventually([&] { return counter("redirect_to_ce") == 1; }));
  expect_passing("beside it");
}

// RFC 4139 section 4.4: no failure of the control plane releases what is established.
TEST_F(OpticalElement, RowsStayAndFramesPassWithoutACe) {
  config.fepo.failover_policy = 0;  // "stop": of routes, not of cross-connects
  start();
  both_ways();
  teardown();
  ASSERT_TRUE(e2e::eventually([&] { return element->snapshot().state != "associated"; }));
  expect_passing("without a CE");
  ASSERT_TRUE(associated());
  EXPECT_EQ(get(kCrossConnect, {1, 0}), row(1, 1, 2, 6)) << "with its owner";
  EXPECT_EQ(get(kCrossConnect, {2, 1}), "01");
  expect_passing("with one again");
}

TEST_F(OpticalElement, TheNextLifeHasTheRowsBeforeAnyCe) {
  start();
  both_ways();
  ASSERT_EQ(set_row(2, row(1, 2, 2, 2, RowState::Reserved)), "E_SUCCESS");
  ASSERT_EQ(del(kCrossConnect, {1, 1}), "E_SUCCESS");
  end();
  ASSERT_TRUE(make());
  EXPECT_TRUE(noted("fabric_restored 2 cross-connects"));
  EXPECT_EQ(element->cross_connects(0, 10).size(), 2U);
  start();
  EXPECT_EQ(get(kCrossConnect, {1, 0}), row(1, 1, 2, 6));
  EXPECT_EQ(get(kCrossConnect, {1, 2}), row(1, 2, 2, 2, RowState::Reserved));
  EXPECT_EQ(get(kCrossConnect, {1, 1}), "E_COMPONENT_DOES_NOT_EXIST");
  ASSERT_TRUE(far->send(1 * kSlot, "as before"));
  EXPECT_EQ(far2->traffic(), (LineFrame{6 * kSlot, 0, 1, "as before"}));
}

TEST_F(OpticalElement, AFaultIsToldAndStopsItsFrames) {
  start();
  both_ways();
  subscribe(kCrossConnect, {60, 1});
  subscribe(kOpticalPort, {60});
  ASSERT_TRUE(element->set_fault(2, optical::Fabric::Labels{6 * kSlot, 6 * kSlot}, true));
  EXPECT_TRUE(told(kCrossConnect, {60, 1, 0}, "0242"));
  EXPECT_TRUE(told(kCrossConnect, {60, 1, 1}, "0242"));
  EXPECT_TRUE(told(kOpticalPort, {60, 2}, "000000020006000000060000"));
  ASSERT_TRUE(far->send(1 * kSlot, "lost"));
  ASSERT_TRUE(e2e::eventually([&] { return frames("failed") == 1; }));
  EXPECT_FALSE(element->set_fault(3, std::nullopt, true));
  events.clear();
  ASSERT_TRUE(element->set_fault(2, std::nullopt, false));
  EXPECT_TRUE(told(kCrossConnect, {60, 1, 0}, "0142"));
  expect_passing("again");
}

TEST_F(OpticalElement, ALinkThatIsLostIsToldAndOneThatIsMadeAnewIsUsed) {
  start();
  both_ways();
  subscribe(kCrossConnect, {60, 1});
  subscribe(kOpticalPort, {60, 1});
  far2.reset();
  ASSERT_TRUE(forces::test::run("ip link del port2"));
  EXPECT_TRUE(told(kOpticalPort, {60, 1, 2}, "0000000264050602"));
  EXPECT_TRUE(told(kCrossConnect, {60, 1, 0}, "02"));
  events.clear();
  ASSERT_TRUE(forces::test::run(
      "ip link add port2 type veth peer name far2 && ip link set port2 up && ip link set far2 up"));
  EXPECT_TRUE(told(kCrossConnect, {60, 1, 0}, "01"));
  far2.emplace("far2");
  ASSERT_TRUE(far2->good());
  expect_passing("over the new one");
}

TEST_F(OpticalElement, ADisabledFeLetsNoFramePassUntilItIsEnabled) {
  start();
  both_ways();
  ASSERT_EQ(set(lfb::kFeObject, {7}, "00"), "E_SUCCESS");
  ASSERT_TRUE(far->send(1 * kSlot, "stopped"));
  ASSERT_TRUE(e2e::eventually([&] { return frames("disabled") == 1; }));
  EXPECT_EQ(get(kCrossConnect, {1, 0}), row(1, 1, 2, 6));
  ASSERT_EQ(set(lfb::kFeObject, {7}, "02"), "E_SUCCESS");
  expect_passing("again");
}

// Label association (RFC 4139 section 4.5): who sends the string on slot 1 finds it on slot 6.
TEST_F(OpticalElement, ATraceFindsTheLabelAtTheOtherEnd) {
  start();
  ASSERT_EQ(set_row(0, row(1, 1, 2, 6)), "E_SUCCESS");
  subscribe(kOpticalPort, {60, 4});
  wire::ByteWriter w;
  w.u32(2);
  w.u32(3 * kSlot);
  const lfb::Type& table = *lfb::kOpticalPortClass.component(lfb::optical_port::kTraceSent)->type;
  lfb::write_member(*table.element->members()[2].type,
                    std::as_bytes(std::span(std::string_view("N1/3"))), w);
  ASSERT_EQ(set(kOpticalPort, {4, 0}, to_hex(w.written())), "E_SUCCESS");
  EXPECT_EQ(far2->receive(), (LineFrame{3 * kSlot, 1, 0, "N1/3"})) << "sent";
  ASSERT_TRUE(far->send(1 * kSlot, "N9/1", 1));
  EXPECT_TRUE(told(kOpticalPort, {60, 4}, "0000000100010000")) << "received";
  EXPECT_TRUE(e2e::eventually([&] {
    return far2->receive() == LineFrame{6 * kSlot, 1, 1, "N9/1"};
  })) << "and passed on by the row";
  EXPECT_TRUE(e2e::eventually([&] {
    return get(kOpticalPort, {5, 0}) == "E_COMPONENT_DOES_NOT_EXIST";
  })) << "it was sent once: lost";
}

TEST_F(OpticalElement, ThousandsOfFramesAndRowsPassBesideEachOther) {
  start();
  both_ways();
  constexpr int kFrames = 20'000;
  int received = 0;
  for (int sent = 0; sent < kFrames;) {
    for (int burst = 0; burst < 100; ++burst, ++sent) {
      ASSERT_TRUE(far->send(1 * kSlot, std::to_string(sent)));
    }
    if (sent % 1'000 == 0) {
      ASSERT_EQ(set_row(5, row(1, 2 + static_cast<std::uint32_t>(sent / 1'000 % 7), 2, 2)),
                "E_SUCCESS");
    }
    for (; received < sent; ++received) {
      const auto frame = far2->traffic();
      ASSERT_TRUE(frame);
      ASSERT_EQ(frame->payload, std::to_string(received));
    }
  }
  EXPECT_EQ(received, kFrames);
}

TEST_F(OpticalElement, AFileOfSomebodyElseIsNotTouchedAndNoRowTaken) {
  const std::string text = "not ours";
  FILE* file = std::fopen(config.fabric.file.c_str(), "w");
  ASSERT_NE(file, nullptr);
  std::fputs(text.c_str(), file);
  std::fclose(file);
  EXPECT_FALSE(make());
  EXPECT_TRUE(noted("fabric_file_failed"));
  start();
  EXPECT_EQ(set_row(0, row(1, 1, 2, 6)), "E_INTERNAL_ERROR");
  EXPECT_EQ(output_of("cat " + config.fabric.file), text);
}

}  // namespace
}  // namespace forces::fe::forwarding::test
