// Random packets and damaged ones, by RapidCheck: it shrinks what fails and prints the seed.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "proto/scsp/authentication.hpp"
#include "proto/scsp/fault.hpp"
#include "proto/scsp/writer.hpp"
#include "proto/wire/checksum.hpp"
#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/vectors.hpp"

namespace forces::scsp {
namespace {

using test::to_hex;

std::uint32_t below(std::uint32_t n) { return *rc::gen::inRange<std::uint32_t>(0, n); }
template <class T>
T any() {
  return *rc::gen::arbitrary<T>();
}
Octets some(std::size_t least, std::uint32_t n) {
  Octets out(least + below(n));
  for (std::byte& octet : out) octet = static_cast<std::byte>(below(256));
  return out;
}

struct Made {
  Csas summary;
  Octets key, originator, body;
};

TEST(ScspProperty, WhatIsWrittenIsRead) {
  const bool good = rc::check("what is written is read", [] {
    const auto type = static_cast<MsgType>(1 + below(5));
    const Octets sender = some(1, 9), receiver = some(0, 9);
    Head head{.type = type,
              .protocol = any<std::uint16_t>(),
              .server_group = any<std::uint16_t>(),
              .sender = sender,
              .receiver = receiver};
    if (type == MsgType::CacheAlignment) {
      head.alignment = {any<std::uint32_t>(), any<bool>(), any<bool>(), any<bool>()};
    } else if (type == MsgType::Hello) {
      head.hello = {any<std::uint16_t>(), any<std::uint16_t>(), any<std::uint16_t>()};
    }
    std::vector<Made> records(type == MsgType::Hello ? 0 : below(6));
    std::vector<Octets> receivers(type == MsgType::Hello ? below(6) : 0);
    WriterOptions options;
    if (any<bool>()) options.spi = any<std::uint32_t>();
    options.mac_size = 1 + below(kMaxMac);
    PacketWriter w(head, options);
    for (Made& r : records) {
      r = {{}, some(0, 9), some(0, 9), type == MsgType::CsuRequest ? some(0, 40) : Octets()};
      r.summary = {.hop_count = any<std::uint16_t>(),
                   .null = any<bool>(),
                   .sequence = {static_cast<std::int32_t>(any<std::uint32_t>() | 1U)},
                   .key = r.key,
                   .originator = r.originator};
      RC_ASSERT(w.record(r.summary, r.body));
    }
    for (Octets& id : receivers) {
      id = some(0, 9);
      RC_ASSERT(w.receiver(id));
    }
    const Octets value = some(3, 9);
    const bool extended = any<bool>();
    if (extended) RC_ASSERT(w.extension(ExtensionType::VendorPrivate, value));
    const std::size_t size = w.size();
    auto octets = std::move(w).finish();
    RC_ASSERT(octets.has_value());
    RC_ASSERT(octets->size() == size);
    const Octets mac(options.mac_size, std::byte{0x77});
    if (options.spi) RC_ASSERT(seal(*octets, mac).has_value());

    const auto packet = decode_packet(*octets);
    RC_ASSERT(packet.has_value());
    RC_ASSERT(packet->type == type && packet->protocol == head.protocol);
    RC_ASSERT(packet->server_group == head.server_group);
    RC_ASSERT(packet->hello == head.hello && packet->alignment == head.alignment);
    RC_ASSERT(same_id(packet->sender, sender) && same_id(packet->receiver, receiver));
    RC_ASSERT(packet->records.size() == records.size());
    std::size_t i = 0;
    for (const RecordView view : packet->records) {
      const Made& r = records[i++];
      RC_ASSERT(same_instance(view, r.summary) && view.null == r.summary.null);
      RC_ASSERT(view.hop_count == r.summary.hop_count && same_id(view.body, r.body));
    }
    i = 0;
    for (const Bytes id : packet->receivers) RC_ASSERT(same_id(id, receivers[i++]));
    RC_ASSERT(i == receivers.size());
    RC_ASSERT(packet->extensions.size() == (options.spi ? 1U : 0U) + (extended ? 1U : 0U));
    const auto auth = authentication(*packet);
    RC_ASSERT(auth.has_value() == options.spi.has_value());
    if (auth) RC_ASSERT(auth->spi == *options.spi && same_id(auth->mac, mac));
    RC_ASSERT(to_hex(*encode_packet(*packet)) == to_hex(*octets));
  });
  EXPECT_TRUE(good);
}

// Damage that the checksum does not show: whatever decodes must be walked to its end, and written
// again it must say the same.
TEST(ScspProperty, DamagedPacketsAreRefusedOrStillPackets) {
  const auto vectors = test::load_vectors("scsp/scsp.hex");
  const bool good = rc::check("damaged packets are refused or still packets", [&] {
    Octets octets = vectors[below(static_cast<std::uint32_t>(vectors.size()))].octets;
    for (std::uint32_t n = 1 + below(4); n > 0; --n) {
      octets[below(static_cast<std::uint32_t>(octets.size()))] = static_cast<std::byte>(below(256));
    }
    if (below(3) == 0) octets.resize(8 + below(static_cast<std::uint32_t>(octets.size())));
    octets[0] = std::byte{1};
    wire::store_be<2>(&octets[2], octets.size());
    wire::store_be<2>(&octets[4], 0);
    wire::store_be<2>(&octets[4], wire::internet_checksum(octets));
    const auto packet = decode_packet(octets);
    if (!packet) {
      RC_ASSERT(fault_of(packet.error()) == Fault::AbnormalEvent);
      RC_ASSERT(packet.error().offset <= octets.size());
      return;
    }
    const auto again = encode_packet(*packet);
    RC_ASSERT(again.has_value());
    RC_ASSERT(again->size() == octets.size());
    const auto same = decode_packet(*again);
    RC_ASSERT(same.has_value());
    RC_ASSERT(to_hex(*encode_packet(*same)) == to_hex(*again));
  });
  EXPECT_TRUE(good);
}

}  // namespace
}  // namespace forces::scsp
