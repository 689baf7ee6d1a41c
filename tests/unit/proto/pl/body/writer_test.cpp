#include "proto/pl/body/writer.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "proto/pl/body/grammar.hpp"
#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/print.hpp"
#include "tests/support/octets/vectors.hpp"

namespace forces::pl {
namespace {

using test::hex;
using test::to_hex;
using Ids = std::vector<std::uint32_t>;

const Header kConfig{.type = MsgType::Config,
                     .source = {0x40000001},
                     .destination = {2},
                     .correlator = 9,
                     .flags = {0xe0c00000}};
const Header kQuery{.type = MsgType::Query,
                    .source = {0x40000001},
                    .destination = {2},
                    .correlator = 9,
                    .flags = {0x20000000}};

const Octets& vector_of(std::string_view name) {
  static const auto vectors = test::load_vectors("forces-pl/rfc.hex");
  return std::ranges::find(vectors, name, &test::Vector::name)->octets;
}

Octets bytes_of(std::uint32_t a, std::uint32_t b) {
  wire::ByteWriter w;
  w.u32(a);
  w.u32(b);
  return *std::move(w).finish();
}

TEST(PlWriter, NestedPathsWithTheirData) {  // RFC 5810 appendix D.17A
  MessageWriter w(kConfig);
  {
    const auto select = w.lfb_select({20}, {1});
    const auto set = w.operation(OperType::Set);
    const auto row = w.path(Ids{6, 10});
    w.path_with_data(Ids{1}, hex("0000006f"));
    const auto inner = w.path(Ids{2, 20});
    w.path_with_data(Ids{1}, hex("000000de"));
    w.path_with_data(Ids{2, 30, 1}, hex("0000014d"));
  }
  EXPECT_EQ(std::move(w).finish(), vector_of("RFC5810-D.17A-request"));
}

TEST(PlWriter, SelectorsSetTheirFlag) {
  MessageWriter get(kQuery);
  {
    const auto select = get.lfb_select({20}, {1});
    const auto oper = get.operation(OperType::Get);
    const auto key = hex("0000000a");
    const auto path = get.path(Ids{7, 10, 2}, KeyView{1, key});
    const auto column = get.path(Ids{2});
  }
  EXPECT_EQ(std::move(get).finish(), vector_of("RFC5810-D.16-request"));

  MessageWriter page(kQuery);
  {
    const auto select = page.lfb_select({20}, {1});
    const auto oper = page.operation(OperType::Get);
    const auto path = page.path(Ids{1, 6}, TableRange{11, 23});
  }
  EXPECT_EQ(std::move(page).finish(), vector_of("RFC7391-3.1-request"));
}

TEST(PlWriter, SparseDataNestsIlvs) {  // RFC 5810 appendix C example 4
  MessageWriter w(kConfig);
  {
    const auto select = w.lfb_select({20}, {1});
    const auto set = w.operation(OperType::Set);
    const auto path = w.path(Ids{4});
    const auto data = w.sparse_data();
    w.ilv(1, hex("00000001"));
    w.ilv(2, hex("00000002"));
    const auto table = w.ilv(3);
    {
      const auto row = w.ilv(10);
      w.ilv(1, hex("0001"));
      w.ilv(2, std::as_bytes(std::span("ten", 3)));
    }
    const auto row = w.ilv(15);
    w.ilv(1, hex("0005"));
    w.ilv(3, hex("0006"));
  }
  EXPECT_EQ(std::move(w).finish(), vector_of("RFC5810-C.4a"));
}

TEST(PlWriter, FullDataNestsForVariableSizes) {  // RFC 5810 appendix C example 3(c)
  MessageWriter w(kConfig);
  {
    const auto select = w.lfb_select({20}, {1});
    const auto set = w.operation(OperType::Set);
    const auto path = w.path(Ids{3});
    const auto data = w.full_data();
    w.out().u16(1);
    w.full_data(std::as_bytes(std::span("name", 4)));
    w.out().u16(3);
  }
  EXPECT_EQ(std::move(w).finish(), vector_of("RFC5810-C.3c"));
}

// The answer that an engine gives: the same paths with results in place of data, in one walk.
void mirror(const ItemRange& items, MessageWriter& w) {
  for (const ItemView item : items) {
    if (!item.is(TlvType::PathData)) {
      w.result(ResultCode::Success);
      continue;
    }
    const PathView path = item.path();
    const auto scope = w.path(path.ids);
    mirror(path.items, w);
  }
}

TEST(PlWriter, AnAnswerMirrorsItsRequest) {
  for (const char* use_case : {"2", "4", "5", "8", "14", "17A", "17B"}) {
    const std::string name = std::string("RFC5810-D.") + use_case;
    const Octets octets = vector_of(name + "-request");
    const auto request = MessageView::parse(octets);
    ASSERT_TRUE(request);
    MessageWriter w(response_header(request->header(), MsgType::ConfigResponse, {2}));
    for (const auto select : request->selects()) {
      const auto select_scope = w.lfb_select(select.class_id, select.instance_id);
      for (const auto oper : select.operations) {
        const auto oper_scope = w.operation(*response_to(oper.type));
        mirror(oper.items(), w);
      }
    }
    EXPECT_EQ(std::move(w).finish(), vector_of(name + "-response")) << name;
  }
}

TEST(PlWriter, WhatIsDiscardedLeavesNoTrace) {
  const auto build = [](bool with_more) {
    MessageWriter w(kConfig);
    {
      const auto select = w.lfb_select({1}, {1});
      const auto set = w.operation(OperType::SetResponse);
      {
        const auto failed = w.path(Ids{1});
        w.result(ResultCode::ReadOnly);
      }
      if (with_more) {
        auto done = w.path(Ids{2});
        w.path_with_data(Ids{3}, hex("abcd"));
        done.discard();
        done.close();  // changes nothing
        auto other = w.lfb_select({3}, {1});
        other.discard();
      }
    }
    return std::move(w).finish();
  };
  EXPECT_EQ(build(true), build(false));
}

TEST(PlWriter, ResultsTakeTheFormThatTheCeAsksFor) {  // RFC 7391 sections 3.2.1 and 3.2.3
  const std::string cause = "12345678901234567890123456789012";
  const auto result = [](ResultForm form, ResultCode code, std::string_view text) {
    MessageWriter w(kConfig, {}, form);
    w.result(code, text);
    return to_hex(*std::move(w).finish()).substr(48);
  };
  EXPECT_EQ(result(ResultForm::Result, ResultCode::Busy, "why"), "011400081e000000");
  EXPECT_EQ(result(ResultForm::Result, ResultCode{0x100}, "why"), "01140008ff000000");
  EXPECT_EQ(result(ResultForm::ExtendedResult, ResultCode::Busy, "why"),
            "0118000b0000001e77687900");
  EXPECT_EQ(result(ResultForm::ExtendedResult, ResultCode{0x100}, ""), "0118000800000100");
  EXPECT_EQ(result(ResultForm::ExtendedResult, ResultCode{0}, cause).size(), 2 * (8 + kMaxCause));
  EXPECT_EQ(result(ResultForm::ExtendedResult, ResultCode{0}, cause + "3"),
            result(ResultForm::ExtendedResult, ResultCode{0}, cause));
  // A character of two octets across the limit goes as a whole.
  EXPECT_EQ(result(ResultForm::ExtendedResult, ResultCode{0}, cause.substr(0, 31) + "\xc3\xa4"),
            result(ResultForm::ExtendedResult, ResultCode{0}, cause.substr(0, 31)));
}

// A FULLDATA in so many paths that its own TLV or the one of all is just so long.
Result<Octets> with_data(std::size_t octets, bool at_once) {
  MessageWriter w(kConfig);
  const Octets data(octets);
  if (at_once) {
    w.path_with_data(Ids{1, 2}, data);
  } else {
    const auto path = w.path(Ids{1, 2});
    w.full_data(data);
  }
  return std::move(w).finish();
}

TEST(PlWriter, ATlvHoldsItsLimitAndNotMore) {
  {
    MessageWriter w(kConfig);
    w.full_data(Octets(kMaxTlv - 4));
    const auto octets = std::move(w).finish();
    ASSERT_TRUE(octets);
    EXPECT_EQ(to_hex(wire::Bytes(*octets).subspan(24, 4)), "0112ffff");
  }
  MessageWriter w(kConfig);
  w.full_data(Octets(kMaxTlv - 3));
  EXPECT_EQ(std::move(w).finish(), fail(Errc::TooLarge, "tlv.length", 26));

  constexpr std::size_t kMost = 65'532 - 8 - 8 - 4;  // of 65535 the last 3 have no use
  EXPECT_EQ(with_data(kMost, true), with_data(kMost, false));
  EXPECT_TRUE(with_data(kMost, true));
  EXPECT_EQ(with_data(kMost + 1, true), fail(Errc::TooLarge, "tlv.length", 26));
  EXPECT_EQ(with_data(kMost + 1, false), fail(Errc::TooLarge, "tlv.length", 26));
}

TEST(PlWriter, AnIlvIsNotLimitedBySixteenBits) {
  MessageWriter w(kConfig);
  w.ilv(1, Octets(70'000));
  const auto octets = std::move(w).finish();
  ASSERT_TRUE(octets);
  EXPECT_EQ(to_hex(wire::Bytes(*octets).subspan(24, 8)), "0000000100011178");
}

TEST(PlWriter, IdsHaveALimitToo) {
  const auto ids = [](std::size_t n) {
    MessageWriter w(kConfig);
    {
      const auto path = w.path(Ids(n, 1));
    }
    return std::move(w).finish();
  };
  EXPECT_TRUE(ids((kMaxTlv - 8) / 4));
  EXPECT_EQ(ids((kMaxTlv - 8) / 4 + 1).error().code, Errc::TooLarge);
  EXPECT_EQ(ids(65'536).error().code, Errc::TooLarge);
}

TEST(PlWriter, PathsNestToTheLimitAndNotDeeper) {
  const auto nested = [](std::size_t depth, bool leaf_at_once) {
    MessageWriter w(kConfig);
    {
      std::vector<MessageWriter::Scope> scopes;
      for (std::size_t i = 1; i < depth; ++i) scopes.push_back(w.path(Ids{}));
      if (leaf_at_once) {
        w.path_with_data(Ids{}, {});
      } else {
        const auto leaf = w.path(Ids{});
      }
      while (!scopes.empty()) scopes.pop_back();
    }
    return std::move(w).finish();
  };
  EXPECT_TRUE(nested(kMaxDepth, false));
  EXPECT_TRUE(nested(kMaxDepth, true));
  EXPECT_EQ(nested(kMaxDepth + 1, false).error().code, Errc::TooDeep);
  EXPECT_EQ(nested(kMaxDepth + 1, true).error().code, Errc::TooDeep);
}

// 20,000 rows: the caller begins another message when room() says so.
TEST(PlWriter, RoomTellsTheCallerWhenToSplit) {
  constexpr std::uint32_t kRows = 20'000;
  constexpr std::size_t kRow = 8 + 8 + 4 + 8;
  std::uint32_t row = 0, seen = 0;
  std::size_t messages = 0;
  while (row < kRows) {
    MessageWriter w(kConfig);
    while (row < kRows && w.room() >= 16 + kRow) {
      const auto select = w.lfb_select({20}, {1});
      const auto set = w.operation(OperType::Set);
      for (; row < kRows && w.room() >= kRow; ++row) {
        w.path_with_data(Ids{4, row}, bytes_of(row, row));
      }
    }
    const auto octets = std::move(w).finish();
    ASSERT_TRUE(octets);
    EXPECT_LE(octets->size(), Header::kMaxLength);
    ++messages;
    const auto message = MessageView::parse(*octets);
    ASSERT_TRUE(message) << testing::PrintToString(message);
    for (const auto select : message->selects()) {
      for (const auto oper : select.operations) {
        for (const auto item : oper.items()) EXPECT_EQ(item.path().ids[1], seen++);
      }
    }
  }
  EXPECT_EQ(seen, kRows);
  EXPECT_EQ(messages, 3u);  // 560,000 octets of rows, 262,140 a message
}

TEST(PlWriter, RoomIsThatOfTheOpenSelectThenOfTheMessage) {
  MessageWriter w(kConfig);
  EXPECT_EQ(w.room(), 65'532u);
  {
    const auto select = w.lfb_select({1}, {1});
    EXPECT_EQ(w.room(), 65'532u - 12);
  }
  EXPECT_EQ(w.room(), 65'532u);
  while (w.room() > 4) {
    const auto raw = w.tlv(std::uint16_t{0x9000});
    w.out().zeros(w.room());
  }
  EXPECT_EQ(w.size(), Header::kMaxLength);
  EXPECT_EQ(w.room(), 0u);
  EXPECT_TRUE(std::move(w).finish());
}

TEST(PlWriter, OldMemoryIsUsedAgainAndItsContentIsNot) {
  Octets old(5000, std::byte{0xff});
  const std::byte* const memory = old.data();
  MessageWriter w(kConfig, std::move(old));
  w.path_with_data(Ids{1}, hex("ab"));
  const auto octets = std::move(w).finish();
  ASSERT_TRUE(octets);
  EXPECT_EQ(octets->data(), memory);
  EXPECT_EQ(to_hex(wire::Bytes(*octets).subspan(24)), "01100014000000010000000101120005ab000000");
}

TEST(PlWriter, EmptyOperations) {  // RFC 5810 section 7.6.1: COMMIT and TRCOMP have a length of 4
  MessageWriter w({.type = MsgType::Config,
                   .source = {0x40000001},
                   .destination = {2},
                   .correlator = 9,
                   .flags = {0xe0700000}});
  {
    const auto select = w.lfb_select({20}, {1});
    w.empty_operation(OperType::Commit);
  }
  EXPECT_EQ(std::move(w).finish(), vector_of("RFC5810-4.3.1.2-commit"));
}

}  // namespace
}  // namespace forces::pl
