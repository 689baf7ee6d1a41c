// Every vector decodes to the values it names and encodes to the same octets; every negative one is
// refused with the effect that RFC 2334 gives it.
#include "tests/support/octets/vectors.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <map>
#include <sstream>

#include "proto/mars/csa.hpp"
#include "proto/mars/rules.hpp"
#include "proto/scsp/authentication.hpp"
#include "proto/scsp/fault.hpp"
#include "proto/scsp/writer.hpp"
#include "proto/wire/checksum.hpp"
#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/print.hpp"

namespace forces::scsp {
namespace {

using test::to_hex;

std::string dotted(Bytes id) {
  std::string out;
  for (const std::byte b : id) {
    if (!out.empty()) out += '.';
    out += std::to_string(std::to_integer<int>(b));
  }
  return out;
}

Bytes octets_of(const std::string& text) { return std::as_bytes(std::span(text)); }

Octets hmac_md5(std::string_view key, const DigestInput& input) {
  Octets all;  // what HMAC_Update() would be given piece by piece
  for (const Bytes piece : input) all.insert(all.end(), piece.begin(), piece.end());
  Octets mac(kHmacMd5);
  unsigned size = 0;
  HMAC(EVP_md5(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(all.data()), all.size(),
       reinterpret_cast<unsigned char*>(mac.data()), &size);
  mac.resize(size);
  return mac;
}

// The name of a vector and the values that stand behind it.
struct Expectations {
  std::string name;
  std::map<std::string, std::string> values;
};
Expectations parse(const std::string& words) {
  Expectations out;
  std::istringstream in(words);
  in >> out.name;
  for (std::string word; in >> word;) {
    const auto equals = word.find('=');
    out.values[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return out;
}

using Values = std::map<std::string, std::string>;

// Everything a vector may name, as it would write it.
Values values_of(const Packet& p) {
  Values v;
  const auto put = [&](const char* key, auto value) { v[key] = std::to_string(value); };
  put("version", 1);
  put("type", static_cast<int>(p.type));
  put("pid", p.protocol);
  put("sgid", p.server_group);
  v["sender"] = dotted(p.sender);
  v["receiver"] = dotted(p.receiver);
  put("number_of_records", p.type == MsgType::Hello ? p.receivers.size() : p.records.size());
  if (p.type == MsgType::Hello) {
    put("hello_interval", p.hello.interval);
    put("dead_factor", p.hello.dead_factor);
    put("family_id", p.hello.family);
    v["receivers"] = p.receiver.empty() ? "none" : dotted(p.receiver);
  }
  if (p.type == MsgType::CacheAlignment) {
    put("ca_seq", p.alignment.sequence);
    put("M", int{p.alignment.master});
    put("I", int{p.alignment.initialize});
    put("O", int{p.alignment.more});
  }
  v["checksum"] = to_hex(p.octets.subspan(4, 2));
  put("start_of_extensions", wire::load_be<2>(&p.octets[6]));
  if (const auto auth = authentication(p)) {
    put("spi", auth->spi);
    v["mac"] = to_hex(auth->mac);
  }
  return v;
}

void add_record(const RecordView& r, Values& v) {
  const auto put = [&](const char* key, auto value) { v[key] = std::to_string(value); };
  put("N", int{r.null});
  put("hop", r.hop_count);
  put("seq", r.sequence.to_wire());
  v["key"] = to_hex(r.key);
  v["oid"] = dotted(r.originator);
  put("record_length", r.octets.size());
  v["mars_body_hex"] = to_hex(r.body);
}

void add_entry(const mars::CacheEntry& e, Values& v) {
  const auto put = [&](const char* key, auto value) { v[key] = std::to_string(value); };
  put("mars.state", static_cast<int>(e.state));
  put("mars.flags", e.flags.value);
  put("mars.cmi", e.cmi);
  put("mars.src_len", e.source_protocol.size());
  put("mars.grp_len", e.range ? e.range->min.size() : 0);
  put("mars.atm_tl", int{e.source.number.type_length()});
  put("mars.sub_tl", int{e.source.subaddress.type_length()});
  v["mars.spa"] = dotted(e.source_protocol.octets());
  if (!e.range) return;
  v["mars.min"] = dotted(e.range->min.octets());
  v["mars.max"] = dotted(e.range->max.octets());
}

std::vector<test::Vector> vectors(bool negative) {
  auto all = test::load_vectors("scsp/scsp.hex");
  std::erase_if(all, [&](const test::Vector& v) { return v.name.starts_with("neg_") != negative; });
  return all;
}

TEST(ScspVectors, DecodeToTheValuesTheyName) {
  std::size_t compared = 0;
  for (const auto& vector : vectors(false)) {
    const auto [name, values] = parse(vector.name);
    SCOPED_TRACE(name);
    const auto packet = decode_packet(vector.octets);
    ASSERT_TRUE(packet.has_value()) << testing::PrintToString(packet.error());
    Values got = values_of(*packet);
    for (const RecordView record : packet->records) {
      add_record(record, got);
      if (packet->protocol != 3 || record.body.empty()) continue;
      const auto entry = mars::decode_entry(record.body, record.body_offset());
      ASSERT_TRUE(entry.has_value()) << testing::PrintToString(entry.error());
      add_entry(*entry, got);
    }
    for (const auto& [key, value] : values) {
      if (key == "hmac_md5_key_ascii") continue;
      ASSERT_TRUE(got.contains(key)) << key;
      EXPECT_EQ(got[key], value) << key;
      ++compared;
    }
    EXPECT_EQ(mars::check_scsp(*packet).has_value(), packet->protocol == 3);
  }
  EXPECT_GT(compared, 200U);
}

TEST(ScspVectors, EncodeOctetForOctet) {
  for (const auto& vector : vectors(false)) {
    const Packet packet = *decode_packet(vector.octets);
    EXPECT_EQ(to_hex(*encode_packet(packet)), to_hex(vector.octets)) << vector.name;
    for (const RecordView record : packet.records) {
      if (packet.protocol != 3 || record.body.empty()) continue;
      const auto entry = *mars::decode_entry(record.body);
      wire::ByteWriter w;
      mars::encode_entry(entry, w);
      EXPECT_EQ(mars::encoded_size(entry), record.body.size());
      EXPECT_EQ(to_hex(*std::move(w).finish()), to_hex(record.body)) << vector.name;
    }
  }
}

TEST(ScspVectors, AuthenticationIsHmacMd5OverThePacketWithoutChecksumAndDigest) {
  std::size_t seen = 0;
  for (const auto& vector : vectors(false)) {
    const auto [name, values] = parse(vector.name);
    if (!values.contains("hmac_md5_key_ascii")) continue;
    SCOPED_TRACE(name);
    ++seen;
    const std::string& key = values.at("hmac_md5_key_ascii");
    const Packet packet = *decode_packet(vector.octets);
    const Octets mac = hmac_md5(key, *digest_input(packet));
    EXPECT_EQ(to_hex(mac), to_hex(authentication(packet)->mac));

    // And made from nothing: written, digested, sealed.
    PacketWriter w(packet, {.spi = 257});
    for (const RecordView record : packet.records) ASSERT_TRUE(w.record(record, record.body));
    Octets again = *std::move(w).finish();
    const Octets digest = hmac_md5(key, {again, {}, {}, {}, {}});
    ASSERT_TRUE(seal(again, digest).has_value());
    EXPECT_EQ(to_hex(again), to_hex(vector.octets));
  }
  EXPECT_EQ(seen, 4U);
}

TEST(ScspVectors, NegativeOnesTakeTheStateMachineWhereRfc2334Says) {
  const std::map<std::string, std::pair<Error, Fault>> want{
      {"neg_bad_checksum", {{Errc::BadChecksum, 4, "scsp.checksum"}, Fault::AbnormalEvent}},
      {"neg_truncated", {{Errc::Truncated, 2, "scsp.packet_size"}, Fault::AbnormalEvent}},
      {"neg_record_length_19", {{Errc::BadLength, 30, "scsp.record.length"}, Fault::AbnormalEvent}},
      {"neg_not_for_me", {{Errc::BadValue, 24, "scsp.receiver_id"}, Fault::DiscardPacket}},
  };
  const std::string us{"\x0a\x01\x01\x02"};
  std::size_t seen = 0;
  for (const auto& vector : vectors(true)) {
    const auto [name, values] = parse(vector.name);
    SCOPED_TRACE(name);
    EXPECT_EQ(values.at("expect"), "discard");
    const auto packet = decode_packet(vector.octets);
    const auto verdict =
        packet ? check_addressee(*packet, {.server_group = 23, .server_id = octets_of(us)})
               : Result<void>(fail(packet.error()));
    ASSERT_FALSE(verdict.has_value());
    EXPECT_EQ(verdict.error(), want.at(name).first);
    EXPECT_EQ(fault_of(verdict.error()), want.at(name).second);
    ++seen;
  }
  EXPECT_EQ(seen, want.size());
}

TEST(ScspVectors, EveryPrefixIsRefused) {
  for (const auto& vector : vectors(false)) {
    for (std::size_t n = 0; n < vector.octets.size(); ++n) {
      EXPECT_FALSE(decode_packet(Bytes(vector.octets).first(n)).has_value()) << vector.name << n;
    }
  }
}

TEST(ScspVectors, EveryChangedOctetIsFoundByTheChecksum) {
  for (const auto& vector : vectors(false)) {
    for (std::size_t i = 0; i < vector.octets.size(); ++i) {
      auto octets = vector.octets;
      octets[i] ^= std::byte{0x10};
      EXPECT_FALSE(decode_packet(octets).has_value()) << vector.name << i;
    }
  }
}

}  // namespace
}  // namespace forces::scsp
