#include "proto/pl/body/view.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proto/pl/body/path_data.hpp"
#include "proto/pl/message.hpp"
#include "tests/support/allocations.hpp"
#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/print.hpp"
#include "tests/support/octets/vectors.hpp"

namespace forces::pl {
namespace {

using test::hex;
using test::to_hex;

// A message with these first octets and flags around this body.
Octets message_of(std::string_view first_octets, std::string_view flags, std::string_view body) {
  Octets octets = hex(std::string(first_octets) + " 0000 40000001 00000002 0000000000000001 " +
                      std::string(flags) + std::string(body));
  octets[2] = static_cast<std::byte>(octets.size() / 4 >> 8);
  octets[3] = static_cast<std::byte>(octets.size() / 4);
  return octets;
}
Octets config(std::string_view body) { return message_of("1003", "00c00000", body); }

std::vector<test::Vector> all_vectors() {
  std::vector<test::Vector> all;
  for (const char* file : {"forces-pl/pl.hex", "forces-pl/made.hex", "forces-pl/rfc.hex"}) {
    for (auto& vector : test::load_vectors(file)) all.push_back(std::move(vector));
  }
  return all;
}

std::string text(const Path& path) {
  std::string text;
  for (const std::uint32_t id : path.ids()) {
    if (!text.empty()) text += '.';
    text += std::to_string(id);
  }
  return text;
}

// "path=value" for every leaf of all operations; results as "path!code".
std::vector<std::string> leaves(wire::Bytes octets) {
  std::vector<std::string> lines;
  const auto message = MessageView::parse(octets);
  if (!message) return {"error"};
  for (const auto select : message->selects()) {
    for (const auto oper : select.operations) {
      EXPECT_TRUE(for_each_leaf(oper.items(), [&](const Leaf& leaf) {
        if (leaf.item.is(TlvType::SparseData)) {
          for (const auto ilv : leaf.item.ilvs()) {
            lines.push_back(text(leaf.path) + ":" + std::to_string(ilv.id) + "=" +
                            to_hex(ilv.value));
          }
        } else if (leaf.item.is_result()) {
          lines.push_back(text(leaf.path) + "!" + std::string(to_string(leaf.item.result().code)));
        } else {
          lines.push_back(text(leaf.path) + "=" + to_hex(leaf.item.value));
        }
        return true;
      }));
    }
  }
  return lines;
}

struct LeafCase {
  std::string_view vector;
  std::vector<std::string> want;
};

// The forms of RFC 6984 section 5.1, and the use cases of RFC 5810 appendix D.
const LeafCase kLeafCases[] = {
    {"RFC6984-5.1.struct-format1", {"1=0000000b00000016"}},
    {"RFC6984-5.1.struct-format1-sparse", {"1:1=0000000b", "1:2=00000016"}},
    {"RFC6984-5.1.struct-format2", {"1.1=0000000b", "1.2=00000016"}},
    {"RFC6984-5.1.row-format1", {"2.1=0000000b00000016"}},
    {"RFC6984-5.1.row-format2", {"2.1.1=0000000b", "2.1.2=00000016"}},
    {"RFC6984-5.1.row-format3", {"2=000000010000000b00000016"}},
    {"RFC5810-D.1-request", {"1="}},
    {"RFC5810-D.4-response",
     {"4.0!E_SUCCESS", "4.1!E_SUCCESS", "4.2!E_SUCCESS", "4.3!E_SUCCESS", "4.4!E_SUCCESS",
      "4.5!E_SUCCESS"}},
    {"RFC5810-D.7-request", {"4.0=", "4.1=", "4.2=", "4.3=", "4.4=", "4.5="}},
    {"RFC5810-D.11-response", {"4.15!E_SUCCESS"}},
    {"RFC5810-D.13-response", {"4.20!E_SUCCESS", "3.16.2!E_SUCCESS"}},
    {"RFC5810-D.17A-request",
     {"6.10.1=0000006f", "6.10.2.20.1=000000de", "6.10.2.20.2.30.1=0000014d"}},
    {"RFC5810-D.17B-request",
     {"6.10.1=0000006f", "6.10.2.20.1=000000de", "6.10.2.20.2.30.1=0000014d"}},
    {"RFC5810-D.18-request", {"="}},
    {"RFC5810-C.1b", {"1:1=0001", "1:3=0003"}},
    {"RFC7391-3.1-response", {"1.6:11=0000000100000002", "1.6:23=0000000300000004"}},
    {"RFC7391-3.1-empty", {"1.6!E_EMPTY"}},
    {"RFC5810-4.3.1.2-commit", {}},
    {"RFC5810-4.3.1.2-commit-response", {"!E_SUCCESS"}},
    {"RFC5810-4.3.1.2-commit-response-in-path", {"!E_SUCCESS"}},
};

TEST(PlView, EveryLegalFormGivesItsLeavesWithTheirWholePath) {
  const auto vectors = test::load_vectors("forces-pl/rfc.hex");
  for (const LeafCase& c : kLeafCases) {
    const auto vector = std::ranges::find(vectors, c.vector, &test::Vector::name);
    ASSERT_NE(vector, vectors.end()) << c.vector;
    EXPECT_EQ(leaves(vector->octets), c.want) << c.vector;
  }
}

TEST(PlView, AVisitorCanStopAtALeaf) {
  const auto octets = test::load_vectors("forces-pl/rfc.hex");
  const auto vector = std::ranges::find(octets, "RFC5810-D.4-response", &test::Vector::name);
  const auto message = MessageView::parse(vector->octets);
  const auto oper = *(*message->selects().begin()).operations.begin();
  int seen = 0;
  EXPECT_FALSE(for_each_leaf(oper.items(), [&](const Leaf&) { return ++seen < 2; }));
  EXPECT_EQ(seen, 2);
}

TEST(PlView, SelectorsStandBetweenIdsAndItems) {
  const auto good = config(
      "1000 003c 00000001 00000001  0007 0030  0110 002c 8000 0001 00000008"
      "  0111 0014 00000001  0112 0009 0a00000118 000000"
      "  0110 000c 0000 0001 00000002");
  const auto view = MessageView::parse(good);
  ASSERT_TRUE(view);
  const auto path = (*(*(*view->selects().begin()).operations.begin()).items().begin()).path();
  EXPECT_EQ(path.flags, kSelKey);
  EXPECT_EQ(path.ids, (std::vector<std::uint32_t>{8}));
  ASSERT_TRUE(path.key);
  EXPECT_EQ(path.key->key_id, 1u);
  EXPECT_EQ(to_hex(path.key->key), "0a00000118");
  EXPECT_FALSE(path.range);
  const auto inner = *path.items.begin();
  ASSERT_TRUE(inner.is(TlvType::PathData));
  EXPECT_EQ(inner.path().ids[0], 2u);
}

TEST(PlView, ResultsOfBothFormsAreRead) {
  const auto octets = config(
      "1000 003c 00000001 00000001  000d 0030"
      "  0114 0008 0a000000  0114 000e 00000000 0112 0006 abcd 0000"
      "  0118 000b 00000018 6c61 74 00  0118 0008 00000200");
  const auto message = MessageView::parse(octets);
  ASSERT_TRUE(message);
  std::vector<ResultView> results;
  for (const auto item : (*(*message->selects().begin()).operations.begin()).items()) {
    results.push_back(item.result());
  }
  ASSERT_EQ(results.size(), 4u);
  EXPECT_EQ(results[0].code, ResultCode::Exists);
  EXPECT_FALSE(results[0].data);
  EXPECT_EQ(results[1].code, ResultCode::Success);
  EXPECT_EQ(to_hex(results[1].data.value()), "abcd");
  EXPECT_EQ(results[2].code, ResultCode::TimedOut);
  EXPECT_EQ(results[2].cause, "lat");
  EXPECT_EQ(results[3].code, ResultCode{0x200});  // private: RFC 7391 section 3.2.2
  EXPECT_TRUE(message->quirks().has(Quirk::ResultWithData));
}

TEST(PlView, OnlySelectsAreSeenAmongOtherTlvs) {
  const auto octets = config("9000 0004  1000 000c 00000003 00000007  0010 0008 00000000");
  const auto message = MessageView::parse(octets);
  ASSERT_TRUE(message);
  std::size_t selects = 0, all = 0;
  for (const auto select : message->selects()) {
    ++selects;
    EXPECT_EQ(select.class_id.value, 3u);
    EXPECT_EQ(select.instance_id.value, 7u);
    EXPECT_TRUE(select.operations.empty());
  }
  for (const auto tlv : message->body()) all += tlv.type != TlvType{} ? 1 : 0;
  EXPECT_EQ(selects, 1u);
  EXPECT_EQ(all, 3u);
}

TEST(PlView, NestedIlvsAreCheckedByWhoKnowsThatTheyAreOnes) {  // RFC 5810 appendix C example 4
  EXPECT_TRUE(IlvRange(hex("00000001 00000009 aa000000")).well_formed());
  EXPECT_TRUE(IlvRange().well_formed());
  const auto bad = hex("00000001 0000000d aa000000");
  EXPECT_FALSE(IlvRange(bad).well_formed());
  for (const auto ilv : IlvRange(bad)) FAIL() << ilv.id;
}

struct QuirkCase {
  const char* name;
  Octets octets;
  std::vector<Quirk> want;
};

TEST(PlView, WhatIsToleratedIsNoted) {  // RFC 6053 section 3.4, reference section 12
  const std::string get = "1000 0014 00000001 00000001 0007 0008 ";
  const QuirkCase cases[] = {
      {"Nothing", config("1000 0018 00000001 00000001 0005 000c 0110 0008 0000 0000"), {}},
      {"ReservedNibble", message_of("1f04", "00000000", ""), {Quirk::ReservedBits}},
      {"ReservedFlags", message_of("1004", "00000001", ""), {Quirk::ReservedBits}},
      {"AckInSetup", message_of("1001", "f8000000", ""), {Quirk::IrrelevantFlags}},
      {"ModeInQuery", message_of("1004", "f8400000", ""), {Quirk::IrrelevantFlags}},
      {"PhaseWithoutTransaction", message_of("1003", "00d00000", ""), {Quirk::IrrelevantFlags}},
      {"AnswerInParts", message_of("1014", "20300000", ""), {}},
      {"HeartbeatAlwaysAck", message_of("100f", "c0000000", ""), {}},
      {"HeartbeatSuccessAck", message_of("100f", "40000000", ""), {Quirk::IrrelevantFlags}},
      {"ConfigWithoutMode", message_of("1003", "00000000", ""), {Quirk::NoExecutionMode}},
      {"Unpadded", config("0001 000a 0116 0006 4500 0000"), {Quirk::MissingPad}},
      {"UnpaddedKey",  // the KEYINFO's length leaves out the padding of its FULLDATA
       config("1000 0030 00000001 00000001  0007 0024  0110 0020 8000 0001 00000008"
              "  0111 0011 00000001  0112 0009 0a00000118 000000"),
       {Quirk::MissingPad}},
      {"Padding", config("9000 0005 ff 000001"), {Quirk::NonZeroPad, Quirk::UnknownTlv}},
      {"LsbFlag",
       config("1000 0028 00000001 00000001  0007 001c  0110 0018 0002 0001 00000001"
              "  0117 000c 0000000b 00000017"),
       {Quirk::SelectorBitOrder}},
      {"FlagWithoutKey",
       config("1000 0018 00000001 00000001 0007 000c 0110 0008 8000 0000"),
       {Quirk::SelectorMismatch}},
      {"ReservedPathFlag",
       config("1000 0018 00000001 00000001 0007 000c 0110 0008 0100 0000"),
       {Quirk::ReservedBits}},
      {"ReservedInResult",
       config("1000 0018 00000001 00000001 000d 000c 0114 0008 0a000001"),
       {Quirk::ReservedBits}},
      {"UnknownOperation", config("1000 0010 00000001 00000001 000f 0004"), {Quirk::UnknownTlv}},
      {"UnknownInPath",
       config("1000 001c 00000001 00000001 0007 0010 0110 000c 0000 0000 9002 0004"),
       {Quirk::UnknownTlv}},
  };
  for (const QuirkCase& c : cases) {
    const auto message = MessageView::parse(c.octets);
    ASSERT_TRUE(message) << c.name;
    Quirks want;
    for (const Quirk quirk : c.want) want.add(quirk);
    EXPECT_EQ(message->quirks(), want) << c.name;
  }
}

TEST(PlView, QuirksAreCountedByKind) {
  QuirkCounts counts;
  Quirks quirks;
  quirks.add(Quirk::MissingPad);
  counts.count(quirks);
  quirks.add(Quirk::UnknownTlv);
  counts.count(quirks);
  EXPECT_EQ(counts.messages[static_cast<std::size_t>(Quirk::MissingPad)], 2u);
  EXPECT_EQ(counts.messages[static_cast<std::size_t>(Quirk::UnknownTlv)], 1u);
  for (std::size_t i = 0; i < kQuirks; ++i) {
    EXPECT_FALSE(to_string(static_cast<Quirk>(i)).empty());
  }
}

TEST(PlView,
     APaddingThatWasCountedCanBeTakenOff) {  // golden message 2.37: 18 octets for a row of 15
  const auto data = hex("0a140002180000000101000000000000");
  const wire::Bytes octets(data);
  EXPECT_EQ(without_counted_pad(octets, 16).size(), 16u);
  EXPECT_EQ(without_counted_pad(octets, 13).size(), 13u);
  EXPECT_EQ(without_counted_pad(octets, 12).size(), 16u);           // 4 are no padding
  EXPECT_EQ(without_counted_pad(octets.first(10), 9).size(), 10u);  // not zero
  EXPECT_EQ(without_counted_pad(octets, 20).size(), 16u);
}

TEST(PlView, APathHoldsItsLimitAndNotMore) {
  const std::vector<std::byte> ids(4 * kMaxPathIds);
  Path path;
  EXPECT_TRUE(path.append(IdsView(ids)));
  EXPECT_FALSE(path.append(1));
  EXPECT_FALSE(path.append(IdsView(wire::Bytes(ids).first(4))));
  EXPECT_EQ(path.size(), kMaxPathIds);
  path.truncate(kMaxPathIds - 1);
  EXPECT_TRUE(path.append(1));
  EXPECT_EQ(path.ids().back(), 1u);

  const auto leaf_of = [](std::size_t ids_outside) {
    MessageWriter w({.type = MsgType::Query});
    {
      const auto select = w.lfb_select({1}, {1});
      const auto get = w.operation(OperType::Get);
      const auto outer = w.path(std::vector<std::uint32_t>(ids_outside, 7));
      const auto inner = w.path(std::vector<std::uint32_t>{8});
    }
    const auto octets = *std::move(w).finish();
    const auto message = MessageView::parse(octets);
    const auto oper = *(*message->selects().begin()).operations.begin();
    return for_each_leaf(oper.items(), [](const Leaf&) { return true; });
  };
  EXPECT_TRUE(leaf_of(kMaxPathIds - 1));
  EXPECT_FALSE(leaf_of(kMaxPathIds));
}

TEST(PlView, EveryPrefixOfEveryVectorIsRefused) {
  for (const auto& vector : all_vectors()) {
    for (std::size_t n = 0; n < vector.octets.size(); ++n) {
      // A copy of its own, so that a read past the end is one past the allocation.
      Octets cut(vector.octets.begin(), vector.octets.begin() + static_cast<long>(n));
      EXPECT_FALSE(MessageView::parse(cut)) << vector.name << " cut to " << n;
    }
  }
}

TEST(PlView, APrefixWithACorrectedLengthIsRefusedOrCanBeWalked) {
  std::size_t refused = 0, walked = 0;
  for (const auto& vector : all_vectors()) {
    for (std::size_t n = Header::kSize; n < vector.octets.size(); n += 4) {
      Octets cut(vector.octets.begin(), vector.octets.begin() + static_cast<long>(n));
      cut[2] = static_cast<std::byte>(n / 4 >> 8);
      cut[3] = static_cast<std::byte>(n / 4);
      const auto lines = leaves(cut);
      ++(lines == std::vector<std::string>{"error"} ? refused : walked);
    }
  }
  EXPECT_GT(refused, 300u);
  EXPECT_GT(walked, 50u);
}

TEST(PlView, AllocatesNothing) {
  const auto vectors = all_vectors();
  const std::size_t before = allocations;
  std::size_t octets = 0;
  for (const auto& vector : vectors) {
    const auto message = MessageView::parse(vector.octets);
    if (!message) continue;
    for (const auto select : message->selects()) {
      for (const auto oper : select.operations) {
        if (!is_known(oper.type)) continue;
        for_each_leaf(oper.items(), [&](const Leaf& leaf) {
          octets += leaf.item.value.size();
          return true;
        });
      }
    }
  }
  EXPECT_EQ(allocations, before);
  EXPECT_GT(octets, 500u);
}

TEST(PlVectorsOfTheRfc, DecodeAndEncodeOctetForOctetWithoutAQuirk) {
  const auto vectors = test::load_vectors("forces-pl/rfc.hex");
  EXPECT_EQ(vectors.size(), 68u);
  for (const auto& vector : vectors) {
    const auto view = MessageView::parse(vector.octets);
    ASSERT_TRUE(view) << vector.name << " " << testing::PrintToString(view);
    Quirks want;
    if (vector.name == "RFC5810-D.13-response") want.add(Quirk::ResultWithData);
    EXPECT_EQ(view->quirks(), want) << vector.name;
    EXPECT_EQ(encode_message(to_tree(*view)), vector.octets) << vector.name;
  }
}

}  // namespace
}  // namespace forces::pl
