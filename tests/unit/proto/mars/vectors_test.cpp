#include "tests/support/octets/vectors.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "proto/mars/message.hpp"
#include "proto/mars/rules.hpp"
#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/print.hpp"

namespace forces::mars {
namespace {

using test::to_hex;

// The values that a vector names, as "key=value" words.
std::string value_of(const Message& m, const std::string& key) {
  if (key == "op") return std::to_string(static_cast<int>(m.operation));
  if (key == "flags") return std::to_string(m.flags.value);
  if (key == "msn") return std::to_string(m.msn);
  if (key == "tnum") return std::to_string(m.targets.size() + m.groups.size());
  if (key == "seqxy") return std::to_string((m.last ? 0x8000 : 0) | m.part);
  if (key == "redirf") return std::to_string(m.hard ? 0x80 : 0);
  return "?";
}

TEST(MarsVectors, DecodeToTheValuesTheyNameAndEncodeOctetForOctet) {
  const auto vectors = test::load_vectors("mars/mars.hex");
  EXPECT_EQ(vectors.size(), 16U);
  for (const auto& vector : vectors) {
    SCOPED_TRACE(vector.name);
    const auto message = decode_message(vector.octets);
    ASSERT_TRUE(message.has_value()) << testing::PrintToString(message.error());
    std::istringstream words(vector.name);
    std::string word;
    words >> word;
    while (words >> word) {
      const auto equals = word.find('=');
      EXPECT_EQ(value_of(*message, word.substr(0, equals)), word.substr(equals + 1)) << word;
    }
    EXPECT_EQ(to_hex(*encode_message(*message)), to_hex(vector.octets));
    EXPECT_EQ(encoded_size(*message), vector.octets.size());
  }
}

TEST(MarsVectors, OnlyTheNegativeOneMayNotComeFromAMember) {
  for (const auto& vector : test::load_vectors("mars/mars.hex")) {
    if (vector.name.find("_c2m") == std::string::npos) continue;
    const auto verdict = check_from_endpoint(*decode_message(vector.octets));
    if (vector.name.starts_with("neg_")) {
      EXPECT_EQ(verdict, fail(Errc::TooMany, "mars.pnum", 22)) << vector.name;
    } else {
      EXPECT_TRUE(verdict.has_value()) << vector.name;
    }
  }
}

TEST(MarsVectors, TheOneWithATlvIsDroppedSilently) {
  std::size_t dropped = 0;
  for (const auto& vector : test::load_vectors("mars/mars.hex")) {
    const TlvAction action = tlv_action(decode_message(vector.octets)->tlvs);
    EXPECT_EQ(action,
              vector.name.starts_with("join_tlv_drop") ? TlvAction::Drop : TlvAction::Process);
    dropped += action == TlvAction::Drop ? 1 : 0;
  }
  EXPECT_EQ(dropped, 1U);
}

TEST(MarsVectors, EveryPrefixIsRefused) {
  for (const auto& vector : test::load_vectors("mars/mars.hex")) {
    for (std::size_t n = 0; n < vector.octets.size(); ++n) {
      EXPECT_FALSE(decode_message(Bytes(vector.octets).first(n)).has_value()) << vector.name << n;
    }
  }
}

}  // namespace
}  // namespace forces::mars
