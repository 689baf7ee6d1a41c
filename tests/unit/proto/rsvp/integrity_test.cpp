// INTEGRITY, with the HMAC of OpenSSL as a caller has it.
#include "proto/rsvp/integrity.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string>

#include "tests/unit/proto/rsvp/support.hpp"

namespace forces::rsvp {
namespace {

using namespace test_support;
using test::hex;
using test::to_hex;

constexpr std::string_view kKey = "ason-test-key-01";

Octets hmac(const char* algorithm, std::string_view key, std::span<const wire::Bytes> parts) {
  Octets whole;
  for (const wire::Bytes part : parts) whole.insert(whole.end(), part.begin(), part.end());
  Octets digest(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  HMAC(EVP_get_digestbyname(algorithm), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(whole.data()), whole.size(),
       reinterpret_cast<unsigned char*>(digest.data()), &size);
  digest.resize(size);
  return digest;
}

IntegrityView integrity_of(const Octets& message) {
  return *find_integrity(*MessageView::parse(message)).value();
}

Octets sealed(const Message& message, const char* algorithm) {
  Octets octets = *encode_message(message);
  const auto digest = hmac(algorithm, kKey, integrity_of(octets).digested(octets));
  EXPECT_TRUE(seal(octets, digest));
  return octets;
}

TEST(RsvpIntegrity, DigestsOfTheGoldenMessagesAreThoseOfOpenSsl) {  // RFC 2747 section 2
  for (const std::string_view number : {"26", "35"}) {
    const Octets& octets = golden(number);
    const IntegrityView integrity = integrity_of(octets);
    EXPECT_EQ(integrity.key_id, 1u);
    EXPECT_EQ(integrity.sequence, number == "26" ? 1u : 2u);
    EXPECT_EQ(integrity.flags, 0);
    EXPECT_TRUE(same_digest(hmac("MD5", kKey, integrity.digested(octets)), integrity.digest));
    EXPECT_FALSE(same_digest(hmac("MD5", "another", integrity.digested(octets)), integrity.digest));
  }
}

TEST(RsvpIntegrity, AMessageOfOursIsSealedToTheSameOctets) {
  for (const std::string_view number : {"26", "35"}) {
    Message message = *decode_message(golden(number));
    message.find<Integrity>()->digest.assign(16, std::byte{0});
    EXPECT_EQ(to_hex(sealed(message, "MD5")), to_hex(golden(number)));
  }
}

TEST(RsvpIntegrity, DigestsMayBeLonger) {  // section 2.1: a multiple of 4 octets
  for (const auto& [algorithm, size] :
       {std::pair("SHA1", 20U), std::pair("SHA256", 32U), std::pair("SHA512", 64U)}) {
    Message message = *decode_message(golden("35"));
    message.find<Integrity>()->digest.assign(size, std::byte{0});
    const Octets octets = sealed(message, algorithm);
    const auto again = decode_message(octets);
    ASSERT_TRUE(again) << algorithm;
    const IntegrityView integrity = integrity_of(octets);
    EXPECT_EQ(integrity.digest.size(), size);
    EXPECT_TRUE(same_digest(hmac(algorithm, kKey, integrity.digested(octets)), integrity.digest));
  }
}

TEST(RsvpIntegrity, EveryOctetIsCovered) {
  const Octets& octets = golden("35");
  const Octets good = hmac("MD5", kKey, integrity_of(octets).digested(octets));
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const bool checksum_field = i == 2 || i == 3;
    const bool digest = i >= 28 && i < 44;
    if (i == 0 || checksum_field || digest || i == 6 || i == 7) continue;  // could not be parsed
    if (i >= 8 && i < 12) continue;                                        //
    Octets changed = octets;
    changed[i] ^= std::byte{1};
    wire::store_be<2>(&changed[2], 0);
    const auto view = MessageView::parse(changed);
    if (!view) continue;  // the length of an object
    const auto integrity = find_integrity(*view);
    ASSERT_TRUE(integrity && *integrity);
    EXPECT_NE(hmac("MD5", kKey, (*integrity)->digested(changed)), good) << i;
  }
}

TEST(RsvpIntegrity, StandsFirstOrTheMessageIsRefused) {  // RFC 2205 section 3.1
  constexpr std::string_view kObject = "0018 0401 00000000 00000001 00000000 00000001 01020304";
  const auto late =
      message_of(MessageType::Hello, "000c 1601 11111111 22222222" + std::string(kObject));
  EXPECT_EQ(find_integrity(*MessageView::parse(late)).error(),
            (Error{Errc::BadValue, 20, "rsvp.integrity"}));
  EXPECT_EQ(find_integrity(*MessageView::parse(golden("01"))).value(), std::nullopt);
}

TEST(RsvpIntegrity, RefusesWhatHasNoDigestOrTooLongAOne) {
  const auto without =
      message_of(MessageType::Hello, "0014 0401 00000000 00000001 00000000 00000001");
  EXPECT_EQ(find_integrity(*MessageView::parse(without)).error().code, Errc::BadLength);
  const auto longer =
      message_of(MessageType::Hello,
                 "0058 0401 00000000 00000001 00000000 00000001" + std::string(2 * 68, '0'));
  EXPECT_EQ(find_integrity(*MessageView::parse(longer)).error().code, Errc::BadLength);
  const auto other =
      message_of(MessageType::Hello, "0018 0402 00000000 00000001 00000000 00000001 01020304");
  EXPECT_EQ(find_integrity(*MessageView::parse(other)).error().code, Errc::UnknownType);
}

TEST(RsvpIntegrity, SealsOnlyWithADigestOfTheRightLength) {
  Octets octets = golden("35");
  EXPECT_EQ(seal(octets, Octets(20)).error().code, Errc::BadLength);
  Octets plain = golden("01");
  EXPECT_EQ(seal(plain, Octets(16)).error().code, Errc::Missing);
}

}  // namespace
}  // namespace forces::rsvp
