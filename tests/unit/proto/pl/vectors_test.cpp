// Messages of real implementations, and what happens when they are cut, damaged or made up.
#include "tests/support/octets/vectors.hpp"

#include <gtest/gtest.h>

#include <random>

#include "proto/pl/message.hpp"
#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/print.hpp"

namespace forces::pl {
namespace {

using test::hex;
using test::to_hex;
using test::Vector;

const std::vector<Vector>& golden() {
  static const auto vectors = test::load_vectors("forces-pl/pl.hex");
  return vectors;
}

Message decoded(std::string_view name) {
  for (const Vector& vector : golden()) {
    if (vector.name == name) return decode_message(vector.octets).value();
  }
  throw std::out_of_range("no such vector");
}

TEST(PlVectors, EveryMessageDecodesAndEncodesOctetForOctet) {
  EXPECT_EQ(golden().size(), 27u);
  for (const Vector& vector : golden()) {
    const auto message = decode_message(vector.octets);
    ASSERT_TRUE(message) << vector.name;
    const auto again = encode_message(*message);
    ASSERT_TRUE(again) << vector.name;
    EXPECT_EQ(to_hex(*again), to_hex(vector.octets)) << vector.name;
  }
}

TEST(PlVectors, ASubscriptionIsReadForWhatItSays) {
  const Message message = decoded("1.5 Config");
  EXPECT_EQ(message.header, (Header{MsgType::Config, 64, {0x40000001}, {2}, 4, {0xf8400000}}));
  const LfbSelect want{
      {3},
      {1},
      {Oper{.type = OperType::SetProp,
            .elements = {Element{
                PathData{.ids = {60, 1}, .items = {Element{FullData{hex("00000001")}}}}}}}}};
  EXPECT_EQ(message.body, std::vector<BodyTlv>{want});
}

TEST(PlVectors, APaddingThatWasCountedIsPartOfTheData) {  // reference: RFC 6053 section 3.4 issue 4
  const Message message = decoded("2.37 Config");
  const auto& select = std::get<LfbSelect>(message.body.at(1));
  const auto& path = std::get<PathData>(select.operations.at(0).elements.at(0).value);
  EXPECT_EQ(path.ids, std::vector<std::uint32_t>{1});
  EXPECT_EQ(std::get<FullData>(path.items.at(0).value).value.size(), 18u);
}

TEST(PlVectors, EveryPrefixIsRefused) {
  for (const Vector& vector : golden()) {
    for (std::size_t n = 0; n < vector.octets.size(); ++n) {
      // A copy of its own, so that a read past the end is one past the allocation.
      const Octets cut(vector.octets.begin(), vector.octets.begin() + static_cast<long>(n));
      EXPECT_FALSE(decode_message(cut)) << vector.name << " cut to " << n;
    }
  }
}

TEST(PlVectors, APrefixWithACorrectedLengthIsRefusedOrWhole) {
  std::size_t refused = 0;
  for (const Vector& vector : golden()) {
    for (std::size_t n = Header::kSize; n < vector.octets.size(); n += 4) {
      Octets cut(vector.octets.begin(), vector.octets.begin() + static_cast<long>(n));
      cut[2] = static_cast<std::byte>(n / 4 >> 8);
      cut[3] = static_cast<std::byte>(n / 4);
      const auto message = decode_message(cut);
      if (!message) {
        ++refused;
      } else {
        EXPECT_EQ(encode_message(*message), cut) << vector.name << " cut to " << n;
      }
    }
  }
  EXPECT_GT(refused, 100u);
}

TEST(PlProperty, ADamagedMessageIsRefusedOrStable) {
  std::mt19937 rng(2);
  int survived = 0;
  for (int i = 0; i < 20'000; ++i) {
    Octets octets = golden()[rng() % golden().size()].octets;
    for (std::uint32_t n = rng() % 4 + 1; n > 0; --n) {
      octets[rng() % octets.size()] = static_cast<std::byte>(rng());
    }
    const auto message = decode_message(octets);
    if (!message) continue;
    ++survived;
    const auto again = encode_message(*message);
    ASSERT_TRUE(again) << to_hex(octets);
    EXPECT_EQ(decode_message(*again), message) << to_hex(octets);
  }
  EXPECT_GT(survived, 1000);
}

class Generator {
 public:
  explicit Generator(std::uint32_t seed) : rng_(seed) {}

  Message message() {
    Message m;
    m.header.type = static_cast<MsgType>(below(256));
    m.header.source = {number()};
    m.header.destination = {number()};
    m.header.correlator = static_cast<std::uint64_t>(number()) << 32 | number();
    m.header.flags = {number()};
    for (auto n = below(4); n > 0; --n) m.body.push_back(body_tlv());
    return m;
  }

 private:
  std::uint32_t number() { return static_cast<std::uint32_t>(rng_()); }
  std::uint32_t below(std::uint32_t n) { return number() % n; }
  Octets octets() {
    Octets out(below(20));
    for (auto& o : out) o = static_cast<std::byte>(number());
    return out;
  }
  RawTlv raw() { return {static_cast<std::uint16_t>(0x8000 + below(0x7fff)), octets()}; }
  std::vector<Ilv> ilvs() {
    std::vector<Ilv> out;
    for (auto n = below(4); n > 0; --n) out.push_back({number(), octets()});
    return out;
  }

  Element element(int depth) {
    switch (below(depth < 5 ? 8 : 5)) {
      case 0:
        return {raw()};
      case 1:
        return {FullData{octets()}};
      case 2:
        return {SparseData{ilvs()}};
      case 3:
        return {ResultTlv{static_cast<std::uint8_t>(number())}};
      case 4:
        return {ExtendedResult{number(), std::string(below(9), 'c')}};
      default:
        return {path(depth + 1)};
    }
  }

  PathData path(int depth) {
    PathData p;
    p.flags = static_cast<std::uint16_t>(number());
    for (auto n = below(5); n > 0; --n) p.ids.push_back(number());
    if (below(4) == 0) p.key = KeyInfo{number(), octets()};
    if (below(4) == 0) p.range = TableRange{number(), number()};
    for (auto n = below(4); n > 0; --n) p.items.push_back(element(depth));
    return p;
  }

  Oper oper() {
    Oper o{.type = static_cast<OperType>(below(20))};
    if (!is_known(o.type)) {
      o.unknown = octets();
    } else {
      for (auto n = below(4); n > 0; --n) o.elements.push_back(element(0));
    }
    return o;
  }

  BodyTlv body_tlv() {
    switch (below(6)) {
      case 0:
        return raw();
      case 1:
        return AsResult{static_cast<AssociationResult>(number())};
      case 2:
        return AsTreason{static_cast<TeardownReason>(number())};
      case 3: {
        Redirect redirect;
        if (below(2) == 0) redirect.items.emplace_back(Metadata{ilvs()});
        if (below(2) == 0) redirect.items.emplace_back(RedirectData{octets()});
        if (below(2) == 0) redirect.items.emplace_back(raw());
        return redirect;
      }
      default: {
        LfbSelect select{{number()}, {number()}};
        for (auto n = below(4); n > 0; --n) select.operations.push_back(oper());
        return select;
      }
    }
  }

  std::mt19937 rng_;
};

TEST(PlProperty, WhatIsEncodedDecodesToTheSame) {
  Generator generator(3);
  for (int i = 0; i < 5000; ++i) {
    Message message = generator.message();
    const auto octets = encode_message(message);
    ASSERT_TRUE(octets) << "message " << i << " of seed 3";
    message.header.length = octets->size();
    ASSERT_EQ(decode_message(*octets), message) << "message " << i << " of seed 3";
  }
}

}  // namespace
}  // namespace forces::pl
