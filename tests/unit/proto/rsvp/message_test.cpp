// Header, checksum, objects that are not known, Bundles, limits, and what a sender is told.
#include "proto/rsvp/message.hpp"

#include "tests/unit/proto/rsvp/support.hpp"

namespace forces::rsvp {
namespace {

using namespace test_support;
using test::hex;
using test::to_hex;

constexpr std::string_view kSession = "0010 0107 c0000219 0101 0007 c0000202";
constexpr std::string_view kHello = "000c 1601 11111111 22222222";

Octets hello() { return message_of(MessageType::Hello, kHello); }

TEST(RsvpHeader, FieldsAndTheirPlaces) {  // RFC 2205 section 3.1.1
  const Octets octets = hex("1f14 a90f 01ff 0008");
  EXPECT_EQ(decode_header(octets), (Header{.flags = 15,
                                           .type = MessageType::Hello,
                                           .checksum = 0xa90f,
                                           .send_ttl = 1,
                                           .length = 8}));
}

TEST(RsvpHeader, IsRefusedForVersionAndLength) {
  const std::pair<std::string_view, Error> rows[] = {
      {"", {Errc::Truncated, 0, "rsvp.version"}},
      {"1114 0000 0100 00", {Errc::Truncated, 6, "rsvp.length"}},
      {"2114 0000 0100 0008", {Errc::BadVersion, 0, "rsvp.version"}},
      {"1114 0000 0100 0004", {Errc::BadLength, 6, "rsvp.length"}},
      {"1114 0000 0100 000a 0000", {Errc::BadLength, 6, "rsvp.length"}},
      {"1114 0000 0100 000c", {Errc::Truncated, 8, "rsvp.length"}},
  };
  for (const auto& [text, want] : rows) {
    const Octets octets = hex(text);
    const auto header = decode_header(octets);
    ASSERT_FALSE(header) << text;
    EXPECT_EQ(header.error(), want) << text;
  }
}

TEST(RsvpHeader, FlagsOfFiveBitsAreAnError) {
  EXPECT_EQ(encode_message({.type = MessageType::Hello, .flags = 16}).error().field, "rsvp.flags");
}

TEST(RsvpChecksum, IsTheInternetChecksumWithItsFieldAsZero) {
  // RFC 1071 section 3: 0001 f203 f4f5 f6f7 sum up to ddf2.
  const Octets octets = hex("0001 0000 f203 f4f5 f6f7 0000");
  EXPECT_EQ(checksum(octets), static_cast<std::uint16_t>(~0xddf2U));
  for (const test::Vector& vector : golden()) {
    EXPECT_EQ(checksum(vector.octets), wire::load_be<2>(&vector.octets[2])) << vector.name;
  }
}

TEST(RsvpChecksum, IsNeverSentAsZeroWhichMeansNone) {
  // All that is summed gives ffff, whose complement is 0.
  Octets octets = message_of(MessageType::Ack, "0008 fd01 00000000");
  wire::store_be<2>(&octets[14], 0);
  const auto sum = static_cast<std::uint16_t>(~checksum(octets));
  wire::store_be<2>(&octets[14], static_cast<std::uint16_t>(0xffff - sum));
  put_checksum(octets);
  EXPECT_EQ(wire::load_be<2>(&octets[2]), 0xffffU);
  EXPECT_TRUE(decode_message(octets));
}

TEST(RsvpChecksum, EveryDamagedBitIsFound) {
  Octets octets = hello();
  for (std::size_t bit = 32; bit < 8 * octets.size(); ++bit) {  // behind the field itself
    octets[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_FALSE(checksum_good(octets)) << bit;
    octets[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
  }
  EXPECT_EQ(decode_message(octets)->find<Hello>()->source_instance, 0x11111111U);
  octets[15] ^= std::byte{1};
  EXPECT_EQ(decode_message(octets).error(),
            (Refusal{{Errc::BadChecksum, 2, "rsvp.checksum"}, std::nullopt}));
}

TEST(RsvpChecksum, ZeroIsNoneAndStaysNone) {
  Octets octets = hello();
  wire::store_be<2>(&octets[2], 0);
  const auto message = decode_message(octets);
  ASSERT_TRUE(message);
  EXPECT_FALSE(message->with_checksum);
  EXPECT_EQ(encode_message(*message), octets);
}

TEST(RsvpMessage, ObjectsFillIt) {
  const std::pair<std::string_view, Error> rows[] = {
      {"0003 1601 11111111", {Errc::BadLength, 8, "rsvp.object.length"}},
      {"0000 1601 11111111", {Errc::BadLength, 8, "rsvp.object.length"}},
      {"0006 1601 11111111", {Errc::BadLength, 8, "rsvp.object.length"}},
      {"0010 1601 11111111", {Errc::Truncated, 16, "rsvp.object.length"}},
      {"000c 1601 11111111 22222222 0008 0501", {Errc::Truncated, 24, "rsvp.object.length"}},
  };
  for (const auto& [text, want] : rows) {
    const auto message = decode_message(message_of(MessageType::Hello, text));
    ASSERT_FALSE(message) << text;
    EXPECT_EQ(message.error(), (Refusal{want, std::nullopt})) << text;
  }
  Octets octets = hello();
  octets.resize(octets.size() + 4);
  EXPECT_EQ(decode_message(octets).error().error, (Error{Errc::TrailingOctets, 20, "rsvp.length"}));
}

TEST(RsvpMessage, HoldsItsLimitOfObjectsAndNotMore) {
  std::string objects;
  for (std::size_t i = 0; i < kMaxObjects; ++i) objects += "0004fd01";
  EXPECT_EQ(decode_message(message_of(MessageType::Ack, objects))->objects.size(), kMaxObjects);
  objects += "0004fd01";
  EXPECT_EQ(decode_message(message_of(MessageType::Ack, objects)).error().error.code,
            Errc::TooMany);
}

TEST(RsvpMessage, WhatIsTooLongForTheHeaderIsAnError) {
  Message message{.type = MessageType::Path};
  message.objects.assign(2, UnknownObject{0xfd, 1, Octets(0x7ff0)});
  EXPECT_TRUE(encode_message(message));
  message.objects.assign(2, UnknownObject{0xfd, 1, Octets(0x8000)});
  EXPECT_EQ(encode_message(message).error().code, Errc::TooLarge);
  message.objects.assign(1, UnknownObject{0xfd, 1, Octets(0x10000)});
  EXPECT_EQ(encode_message(message).error().field, "rsvp.object.length");
}

TEST(RsvpMessage, WhatAFieldCannotSayIsAnError) {
  const Object rows[] = {
      MessageId{.epoch = 1U << 24},
      Integrity{.key_id = 1ULL << 48, .digest = Octets(16)},
      Integrity{.digest = Octets(15)},
      Style{.options = 1U << 24},
      Session{.kind = Session::Kind::LspTunnelIpv6, .end_point = v4(1)},
      Session{.end_point = v4(1), .extended_tunnel_id = v6(1)},
      SessionAttribute{.name = std::string(256, 'a')},
      Label{},
      LabelSet{.label_type = 0x4000},
      Hop{.if_id = false, .tlvs = {InterfaceTlv::of(InterfaceTlvType::NodeId, 1U)}},
      ErrorSpec{.tlvs = {InterfaceTlv::of(InterfaceTlvType::NodeId, 1U)}},
      Scope{},
      Scope{.senders = {v4(1), v6(1)}},
      CallId{.type = CallId::kIpv6, .source = Octets(4)},
      CallId{.type = CallId::kVendor, .source = Octets(3)},
      GeneralizedUni{.subobjects = {{1, 1, Octets(3)}}},
      PolicyData{.options = Octets(3)},
      MessageIdList{},
      UnknownObject{0xfd, 1, Octets(3)},
  };
  for (const Object& row : rows) {
    EXPECT_FALSE(encoded(row)) << to_string(static_cast<Class>(class_number(row)));
  }
}

TEST(RsvpUnknown, TheClassSaysWhatBecomesOfIt) {  // RFC 2205 section 3.10
  const std::pair<std::pair<int, int>, Treatment> rows[] = {
      {{0, 0}, Treatment::Ignore},        {{1, 7}, Treatment::Known},
      {{1, 1}, Treatment::RejectCType},   {{2, 1}, Treatment::RejectClass},
      {{63, 1}, Treatment::RejectClass},  {{67, 1}, Treatment::Known},
      {{127, 1}, Treatment::RejectClass}, {{128, 1}, Treatment::Ignore},
      {{191, 1}, Treatment::Ignore},      {{133, 9}, Treatment::RejectCType},
      {{192, 1}, Treatment::Forward},     {{198, 1}, Treatment::Forward},
      {{197, 2}, Treatment::RejectCType}, {{230, 0}, Treatment::Known},
      {{255, 1}, Treatment::Forward},
  };
  for (const auto& [id, want] : rows) {
    EXPECT_EQ(treatment(static_cast<std::uint8_t>(id.first), static_cast<std::uint8_t>(id.second)),
              want)
        << id.first << "." << id.second;
  }
}

TEST(RsvpUnknown, RejectedOnesAreAnsweredByClassAndCType) {
  // As golden 19, and T17: LSP_REQUIRED_ATTRIBUTES of a node that has it, and SESSION 15 of one
  // that has it too, are known here; these are not.
  const auto octets = message_of(MessageType::Path, std::string(kSession) + "0008 2f05 00000000");
  const auto message = decode_message(octets);
  ASSERT_TRUE(message);
  EXPECT_EQ(unacceptable(*message), (ErrorValue{ErrorCode::UnknownClass, 0x2f05}));
  EXPECT_EQ(unacceptable(*MessageView::parse(octets)),
            (Refusal{{Errc::UnknownType, 24, "rsvp.object"},
                     ErrorValue{ErrorCode::UnknownClass, 0x2f05}}));
  EXPECT_EQ(message->find<Session>()->call_id, 0x101);  // so that the answer can name it
  EXPECT_EQ(unacceptable(*decode_message(message_of(MessageType::Path, "0008 0109 00000000"))),
            (ErrorValue{ErrorCode::UnknownCType, 0x0109}));
  EXPECT_EQ(unacceptable(*decode_message(hello())), std::nullopt);
}

TEST(RsvpUnknown, ForwardedOnesKeepTheirOctetsAndTheirOrder) {
  const auto octets =
      message_of(MessageType::Path, std::string("0008 fd02 01020304") + std::string(kSession) +
                                        "0008 8001 ffffffff"
                                        "000c c601 05060708 090a0b0c");
  const auto message = decode_message(octets);
  ASSERT_TRUE(message);
  EXPECT_EQ(to_forward(*message), (std::vector<UnknownObject>{{0xfd, 2, hex("01020304")},
                                                              {0xc6, 1, hex("05060708090a0b0c")}}));
  EXPECT_EQ(unacceptable(*message), std::nullopt);
  EXPECT_EQ(encode_message(*message), octets);
}

TEST(RsvpUnknown, AnObjectIsForwardedByItsViewOctetForOctet) {
  // A known one too, with its reserved octets as they came.
  const auto octets = message_of(MessageType::Path, "000c 0b07 c0000202 ffff 0001");
  const auto view = MessageView::parse(octets);
  ASSERT_TRUE(view);
  MessageWriter w(view->header().type, view->header().flags, view->header().send_ttl);
  for (const ObjectView object : view->objects()) w.object(object);
  EXPECT_EQ(std::move(w).finish(), octets);
}

TEST(RsvpRefusal, SaysWhatTheSenderIsTold) {
  using enum ErrorCode;
  const std::tuple<std::string_view, Error, std::optional<ErrorValue>> rows[] = {
      {"0008 1401 0107 c000",
       {Errc::BadLength, 13, "rsvp.route.length"},
       ErrorValue{RoutingProblem, routing::kBadExplicitRoute}},
      {"0008 e801 0108 c000",
       {Errc::Truncated, 14, "rsvp.route.subobject"},
       ErrorValue{RoutingProblem, routing::kInconsistentSubobject}},
      {"0008 0e01 0000 0000",
       {Errc::BadLength, 12, "rsvp.policy.data_offset"},
       ErrorValue{Policy, policy::kBadSyntax}},
      {"0008 0904 06000000",
       {Errc::Truncated, 16, "rsvp.tspec.nvc"},
       ErrorValue{TrafficControl, traffic::kBadFlowspec}},
      {"0008 0c05 06000000",
       {Errc::Truncated, 16, "rsvp.tspec.nvc"},
       ErrorValue{TrafficControl, traffic::kBadTspec}},
      {"0004 0107", {Errc::Truncated, 12, "rsvp.session.end_point"}, std::nullopt},
  };
  for (const auto& [text, error, answer] : rows) {
    const auto message = decode_message(message_of(MessageType::Path, text));
    ASSERT_FALSE(message) << text;
    EXPECT_EQ(message.error(), (Refusal{error, answer})) << text;
  }
}

Octets bundle(std::vector<Octets> messages, bool with_checksum = true) {
  wire::ByteWriter w;
  encode_header({.flags = 1, .type = MessageType::Bundle, .send_ttl = 1}, w);
  for (const Octets& message : messages) w.bytes(message);
  w.patch_u16(6, w.size(), "");
  Octets octets = *std::move(w).finish();
  if (with_checksum) put_checksum(octets);
  return octets;
}

TEST(RsvpBundle, HoldsMessages) {  // RFC 2961 section 3
  const Octets octets = bundle({golden("01"), hello()});
  const auto message = decode_message(octets);
  ASSERT_TRUE(message);
  ASSERT_EQ(message->bundled.size(), 2u);
  EXPECT_EQ(message->bundled[0], *decode_message(golden("01")));
  EXPECT_EQ(message->bundled[1].type, MessageType::Hello);
  EXPECT_EQ(encode_message(*message), octets);
}

TEST(RsvpBundle, MayHaveNoChecksumAndAnIntegrity) {
  const Octets integrity = hex("0018 0401 00000000 00000001 00000000 00000001 01020304");
  const Octets octets = bundle({integrity, hello()}, false);
  const auto message = decode_message(octets);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->find<Integrity>()->sequence, 1u);
  EXPECT_EQ(message->bundled.size(), 1u);
  EXPECT_EQ(encode_message(*message), octets);
}

TEST(RsvpBundle, IsNeitherEmptyNorInABundle) {
  EXPECT_EQ(decode_message(bundle({})).error().error, (Error{Errc::Missing, 8, "rsvp.bundled"}));
  EXPECT_EQ(decode_message(bundle({hello(), bundle({hello()})})).error().error,
            (Error{Errc::TooDeep, 28, "rsvp.bundled"}));
  EXPECT_EQ(encode_message({.type = MessageType::Bundle}).error().code, Errc::Missing);
  const Message inner = *decode_message(bundle({hello()}));
  EXPECT_EQ(encode_message({.type = MessageType::Bundle, .bundled = {inner}}).error().code,
            Errc::TooDeep);
  EXPECT_EQ(encode_message({.type = MessageType::Path, .bundled = {inner}}).error().code,
            Errc::BadValue);
}

TEST(RsvpBundle, AnErrorInsideHasItsPlaceInTheWhole) {
  Octets bad = hello();
  bad[15] ^= std::byte{1};
  EXPECT_EQ(decode_message(bundle({hello(), bad})).error().error,
            (Error{Errc::BadChecksum, 30, "rsvp.checksum"}));
  const Octets cut = message_of(MessageType::Hello, "0008 1601 11111111");
  EXPECT_EQ(decode_message(bundle({hello(), cut})).error().error,
            (Error{Errc::Truncated, 44, "rsvp.hello.destination_instance"}));
  Octets longer = hello();
  wire::store_be<2>(&longer[2], 0);
  wire::store_be<2>(&longer[6], 24);
  EXPECT_EQ(decode_message(bundle({longer})).error().error,
            (Error{Errc::Truncated, 28, "rsvp.length"}));
}

TEST(RsvpBundle, OneBadSubMessageDoesNotTouchTheOthers) {  // RFC 2961 section 3.4
  Octets bad = hello();
  bad[15] ^= std::byte{1};
  const Octets octets = bundle({hello(), bad, golden("01")});
  const auto view = MessageView::parse(octets);
  ASSERT_TRUE(view);
  const auto parts = split_bundle(*view);
  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->size(), 3u);
  EXPECT_TRUE(MessageView::parse(parts->at(0).octets, parts->at(0).offset));
  EXPECT_EQ(MessageView::parse(parts->at(1).octets, parts->at(1).offset).error(),
            (Error{Errc::BadChecksum, 30, "rsvp.checksum"}));
  EXPECT_EQ(to_hex(parts->at(2).octets), to_hex(golden("01")));
}

TEST(RsvpBundle, HoldsItsLimitOfMessagesAndNotMore) {
  std::vector<Octets> messages(kMaxBundled, message_of(MessageType::Srefresh, ""));
  EXPECT_EQ(decode_message(bundle(messages))->bundled.size(), kMaxBundled);
  messages.push_back(messages.front());
  EXPECT_EQ(decode_message(bundle(messages)).error().error.code, Errc::TooMany);
}

TEST(RsvpCodes, ErrorsHaveTheirNames) {
  EXPECT_EQ(value_name({ErrorCode::RoutingProblem, routing::kRerouteLimit}),
            "Re-routing limit exceeded");
  EXPECT_EQ(value_name({ErrorCode::CallManagement, call::kDuplicate}), "Duplicate Call");
  EXPECT_EQ(value_name({ErrorCode::RoutingProblem, 999}), "");
  EXPECT_EQ(to_string(ErrorCode::UnknownAttributesBit), "Unknown Attributes Bit");
  EXPECT_EQ(to_string(ErrorCode{99}), "Unknown");
  EXPECT_EQ(to_string(MessageType::RecoveryPath), "RecoveryPath");
  EXPECT_EQ(to_string(MessageType{99}), "Unknown");
}

}  // namespace
}  // namespace forces::rsvp
