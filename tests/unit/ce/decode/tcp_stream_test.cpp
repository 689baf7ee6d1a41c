#include "ce/ctl/decode/tcp_stream.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/support/octets/hex.hpp"

namespace forces::decode {
namespace {

using test::hex;
using test::to_hex;

TEST(DecodeTcpStream, SegmentsInOrderAreJoined) {
  TcpStream stream;
  stream.begin(100);
  stream.on_segment(100, hex("0102"));
  stream.on_segment(102, hex("03"));
  EXPECT_EQ(to_hex(stream.ready()), "010203");
  stream.consume(2);
  EXPECT_EQ(to_hex(stream.ready()), "03");
  EXPECT_EQ(stream.position(), 2u);
}

TEST(DecodeTcpStream, RetransmissionsAreDroppedAndOverlapsCut) {
  TcpStream stream;
  stream.begin(100);
  stream.on_segment(100, hex("0102"));
  stream.on_segment(100, hex("0102"));
  stream.on_segment(101, hex("0203"));
  EXPECT_EQ(to_hex(stream.ready()), "010203");
}

TEST(DecodeTcpStream, WhatComesEarlyWaitsForTheHoleToBeFilled) {
  TcpStream stream;
  stream.begin(0xffffffff);  // the number wraps inside
  stream.on_segment(3, hex("05"));
  stream.on_segment(1, hex("0304"));
  EXPECT_TRUE(stream.has_hole());
  EXPECT_EQ(to_hex(stream.ready()), "");
  stream.on_segment(0xffffffff, hex("0102"));
  EXPECT_FALSE(stream.has_hole());
  EXPECT_EQ(to_hex(stream.ready()), "0102030405");
}

TEST(DecodeTcpStream, WithoutASynTheFirstSegmentIsTheBeginning) {
  TcpStream stream;
  stream.on_segment(7777, hex("01"));
  stream.on_segment(7778, hex("02"));
  EXPECT_EQ(to_hex(stream.ready()), "0102");
}

TEST(DecodeTcpStream, AHoleIsNotWaitedForForEver) {
  TcpStream stream;
  stream.begin(0);
  const std::vector<std::byte> segment(64 << 10);
  std::uint32_t at = 1;
  for (; !stream.lost() && at < (8u << 20); at += 64 << 10) stream.on_segment(at, segment);
  EXPECT_TRUE(stream.lost());
  EXPECT_LE(at, TcpStream::kMaxWaiting + (128 << 10));
}

TEST(DecodeTcpStream, HolesThatWereFilledAreForgotten) {
  TcpStream stream;
  stream.begin(0);
  const std::vector<std::byte> segment(64 << 10);
  for (std::uint32_t at = 0; at < 4 * TcpStream::kMaxWaiting; at += 2 * (64 << 10)) {
    stream.on_segment(at + (64 << 10), segment);
    stream.on_segment(at, segment);
    stream.consume(stream.ready().size());
  }
  EXPECT_FALSE(stream.lost());
  EXPECT_EQ(stream.position(), 4 * TcpStream::kMaxWaiting);
}

TEST(DecodeTcpStream, AnyOrderAndAnyOverlapGiveTheSameOctets) {
  std::mt19937 rng(4);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::byte> data(1 + rng() % 500);
    for (auto& o : data) o = static_cast<std::byte>(rng());
    std::vector<std::pair<std::size_t, std::size_t>> pieces;  // offset, size
    for (std::size_t at = 0; at < data.size();) {
      const std::size_t size = std::min<std::size_t>(1 + rng() % 40, data.size() - at);
      const std::size_t back = std::min<std::size_t>(rng() % 10, at);
      pieces.emplace_back(at - back, size + back);
      at += size;
    }
    std::ranges::shuffle(pieces, rng);
    TcpStream stream;
    const auto start = static_cast<std::uint32_t>(rng());
    stream.begin(start);
    for (const auto& [offset, size] : pieces) {
      stream.on_segment(start + static_cast<std::uint32_t>(offset),
                        std::span(data).subspan(offset, size));
    }
    ASSERT_EQ(to_hex(stream.ready()), to_hex(data)) << "round " << round << " of seed 4";
    EXPECT_FALSE(stream.has_hole());
  }
}

}  // namespace
}  // namespace forces::decode
