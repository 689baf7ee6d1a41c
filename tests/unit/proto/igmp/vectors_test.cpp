#include "tests/support/octets/vectors.hpp"

#include <gtest/gtest.h>

#include <map>

#include "common/core/outputs.hpp"
#include "proto/igmp/packet.hpp"
#include "proto/wire/checksum.hpp"
#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/print.hpp"

namespace forces::igmp {
namespace {

using test::to_hex;
using Octets = std::vector<std::byte>;

std::string number(std::uint64_t value) { return std::to_string(value); }

// What a vector may say of a message, as "key=value" words.
std::map<std::string, std::string> words_of(const Message& message) {
  std::map<std::string, std::string> out;
  std::visit(Overloaded{
                 [&](const Query& q) {
                   out["kind"] = "query";
                   out["version"] = number(static_cast<unsigned>(q.version));
                   out["response_ms"] = number(whole_milliseconds(q.max_response));
                   if (!q.group.is_zero()) out["group"] = to_hex(q.group.bytes());
                   if (!q.sources.empty()) out["sources"] = number(q.sources.size());
                   if (q.version != Version::V3) return;
                   out["qrv"] = number(q.robustness);
                   out["qqi"] = number(whole_milliseconds(q.interval) / 1000);
                   out["suppress"] = q.suppress ? "1" : "0";
                 },
                 [&](const Report& r) {
                   out["kind"] = "report";
                   out["version"] = number(static_cast<unsigned>(r.version));
                   out["group"] = to_hex(r.group.bytes());
                 },
                 [&](const Leave& l) {
                   out["kind"] = "leave";
                   out["group"] = to_hex(l.group.bytes());
                 },
                 [&](const Records& records) {
                   std::string types;
                   std::size_t sources = 0;
                   auto walk = records.walk();
                   while (const auto record = walk.next()) {
                     types += number(static_cast<unsigned>(record->type));
                     sources += record->sources.size();
                     EXPECT_TRUE(record->group.is_multicast());
                   }
                   out["kind"] = "records";
                   out["records"] = number(records.size());
                   out["types"] = types;
                   out["sources"] = number(sources);
                 },
             },
             message);
  return out;
}

TEST(IgmpVectors, DecodeToTheValuesTheyNameAndEncodeToThemAgain) {
  const auto vectors = test::load_vectors("igmp/igmp.hex");
  EXPECT_EQ(vectors.size(), 23U);
  for (const auto& vector : vectors) {
    SCOPED_TRACE(vector.name);
    const auto packet = decode_packet(vector.octets);
    ASSERT_TRUE(packet.has_value()) << testing::PrintToString(packet.error());
    std::istringstream words(vector.name);
    std::string name, word;
    words >> name;
    std::map<std::string, std::string> want;
    while (words >> word) want[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
    EXPECT_EQ(words_of(packet->message), want);

    wire::ByteWriter w;
    encode_packet(*packet, w);
    const auto again = std::move(w).finish().value();
    // Octet for octet but for what we ignore and what version 1 has in the type of service.
    if (name.find("more") == std::string::npos && !name.starts_with("v1_")) {
      EXPECT_EQ(to_hex(again), to_hex(vector.octets));
    }
    EXPECT_EQ(decode_packet(again).value(), *packet);
  }
}

TEST(IgmpVectors, EveryPrefixIsRefused) {
  for (const auto& vector : test::load_vectors("igmp/igmp.hex")) {
    for (std::size_t n = 0; n < vector.octets.size(); ++n) {
      EXPECT_FALSE(decode_packet(wire::Bytes(vector.octets).first(n)).has_value())
          << vector.name << n;
    }
  }
}

// With a checksum made right for each prefix, so that more than the checksum is asked: it is
// refused, or a shorter message of an older version or without what is ignored.
TEST(IgmpVectors, EveryPrefixOfAMessageIsRefusedOrAnOlderQuery) {
  std::size_t older = 0;
  for (const auto& vector : test::load_vectors("igmp/igmp.hex")) {
    if (vector.octets[0] >> 4 != std::byte{4} || vector.name.find("more") != std::string::npos)
      continue;
    const auto whole = decode_packet(vector.octets).value();
    const std::size_t header = std::to_integer<std::size_t>(vector.octets[0] & std::byte{15}) * 4;
    for (std::size_t n = 0; n + header < vector.octets.size(); ++n) {
      Octets cut(vector.octets.begin() + static_cast<std::ptrdiff_t>(header),
                 vector.octets.begin() + static_cast<std::ptrdiff_t>(header + n));
      if (n >= 4) {
        cut[2] = cut[3] = std::byte{0};
        wire::store_be<2>(&cut[2], wire::internet_checksum(cut));
      }
      const auto message = decode_message(whole.source, whole.destination, cut);
      if (!message) continue;
      ++older;
      const auto* query = std::get_if<Query>(&*message);
      ASSERT_NE(query, nullptr) << vector.name << n;
      EXPECT_LT(query->version, std::get<Query>(whole.message).version) << vector.name << n;
    }
  }
  EXPECT_EQ(older, 4U) << "each query of version 3, cut behind its group";
}

}  // namespace
}  // namespace forces::igmp
