// Random trees and damaged messages, by RapidCheck: it shrinks what fails and prints the seed.
#include "proto/pl/body/path_data.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "proto/pl/message.hpp"
#include "tests/support/octets/print.hpp"
#include "tests/support/octets/vectors.hpp"

namespace forces::pl {
namespace {

template <class T>
T any() {
  return *rc::gen::arbitrary<T>();
}
std::uint32_t below(std::uint32_t n) { return *rc::gen::inRange<std::uint32_t>(0, n); }

Octets octets() {
  Octets out(below(24));
  for (std::byte& octet : out) octet = static_cast<std::byte>(below(256));
  return out;
}

std::vector<Ilv> ilvs() {
  std::vector<Ilv> items(below(4));
  for (Ilv& item : items) item = {any<std::uint32_t>(), octets()};
  return items;
}

RawTlv raw() { return {static_cast<std::uint16_t>(0x8000 + below(0x7fff)), octets()}; }

PathData path(std::size_t depth);

Element element(std::size_t depth) {
  switch (below(depth < kMaxDepth ? 9 : 6)) {
    case 0:
      return {raw()};
    case 1:
      return {FullData{octets()}};
    case 2:
      return {SparseData{ilvs()}};
    case 3:
      return {ResultTlv{any<std::uint8_t>()}};
    case 4:
      return {ResultTlv{any<std::uint8_t>(), octets()}};
    case 5:
      return {ExtendedResult{any<std::uint32_t>(), std::string(below(40), 'c')}};
    default:
      return {path(depth + 1)};
  }
}

PathData path(std::size_t depth) {
  PathData p{.flags = any<std::uint16_t>(), .items = {}};
  p.ids.resize(below(6));
  for (std::uint32_t& id : p.ids) id = any<std::uint32_t>();
  if (below(4) == 0) p.key = KeyInfo{any<std::uint32_t>(), octets()};
  if (below(4) == 0) p.range = TableRange{any<std::uint32_t>(), any<std::uint32_t>()};
  for (auto n = below(3); n > 0; --n) p.items.push_back(element(depth));
  return p;
}

Message message() {
  Message m;
  m.header.type = static_cast<MsgType>(below(256));
  m.header.source = {any<std::uint32_t>()};
  m.header.destination = {any<std::uint32_t>()};
  m.header.correlator = any<std::uint64_t>();
  m.header.flags = {any<std::uint32_t>()};
  for (auto n = below(3); n > 0; --n) {
    LfbSelect select{{any<std::uint32_t>()}, {any<std::uint32_t>()}, {}};
    for (auto opers = below(3); opers > 0; --opers) {
      Oper oper{.type = static_cast<OperType>(below(16))};
      if (is_known(oper.type)) {
        for (auto items = below(3); items > 0; --items) oper.elements.push_back(element(0));
      } else {
        oper.unknown = octets();
      }
      select.operations.push_back(std::move(oper));
    }
    m.body.emplace_back(std::move(select));
  }
  if (below(4) == 0) m.body.emplace_back(raw());
  if (below(4) == 0) m.body.emplace_back(Redirect{{Metadata{ilvs()}, RedirectData{octets()}}});
  return m;
}

TEST(PlPathData, WhatIsEncodedDecodesToTheSame) {
  EXPECT_TRUE(rc::check("decode(encode(v)) == v", [] {
    Message tree = message();
    const auto encoded = encode_message(tree);
    RC_PRE(encoded.has_value());  // TooLarge is for the writer's tests
    tree.header.length = encoded->size();
    RC_ASSERT(decode_message(*encoded).value() == tree);
  }));
}

TEST(PlPathData, ADamagedMessageIsRefusedOrStable) {
  std::vector<test::Vector> vectors = test::load_vectors("forces-pl/pl.hex");
  for (auto& vector : test::load_vectors("forces-pl/rfc.hex")) vectors.push_back(vector);
  EXPECT_TRUE(rc::check("damaged", [&] {
    Octets damaged = vectors[below(static_cast<std::uint32_t>(vectors.size()))].octets;
    for (auto n = 1 + below(4); n > 0; --n) {
      damaged[below(static_cast<std::uint32_t>(damaged.size()))] =
          static_cast<std::byte>(below(256));
    }
    const auto decoded = decode_message(damaged);
    if (!decoded) return;
    const auto again = encode_message(*decoded);
    RC_ASSERT(again.has_value());
    Message want = *decoded;
    want.header.length = again->size();  // a padding that was missing is there now
    RC_ASSERT(decode_message(*again).value() == want);
  }));
}

}  // namespace
}  // namespace forces::pl
