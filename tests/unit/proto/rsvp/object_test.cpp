// Every object but routes, as a table of hex and value.
#include "proto/rsvp/object.hpp"

#include <set>

#include "tests/unit/proto/rsvp/support.hpp"

namespace forces::rsvp {
namespace {

using namespace test_support;
using test::hex;
using test::to_hex;

struct ObjectCase {
  const char* name;
  std::string_view octets;
  Object want;
};

const SonetSdh kVc4{.signal_type = 6, .multiplier = 1};

const ObjectCase kObjects[] = {
    {"SessionIpv4", "0010 0107 c0000219 0101 0007 c0000202",
     Session{.end_point = v4(kNode25),
             .call_id = 0x101,
             .tunnel_id = 7,
             .extended_tunnel_id = v4(kNode2)}},
    {"SessionIpv6",
     "0028 0108 20010db8 00000000 00000000 00000001 0000 0009 20010db8 00000000 00000000 00000002",
     Session{.kind = Session::Kind::LspTunnelIpv6,
             .end_point = v6(1),
             .tunnel_id = 9,
             .extended_tunnel_id = v6(2)}},
    {"SessionEnniIpv4", "0010 010f c0000203 0000 0001 00000000",
     Session{.kind = Session::Kind::EnniIpv4, .end_point = v4(kNode3), .tunnel_id = 1}},
    {"SessionUniIpv4", "0010 010b c0000203 0000 0001 00000000",
     Session{.kind = Session::Kind::UniIpv4, .end_point = v4(kNode3), .tunnel_id = 1}},
    {"SessionUniIpv6",
     "0028 010c 20010db8 00000000 00000000 00000001 0000 0001 20010db8 00000000 00000000 00000002",
     Session{.kind = Session::Kind::UniIpv6,
             .end_point = v6(1),
             .tunnel_id = 1,
             .extended_tunnel_id = v6(2)}},
    {"SessionEnniIpv6",
     "0028 0110 20010db8 00000000 00000000 00000001 0000 0001 20010db8 00000000 00000000 00000002",
     Session{.kind = Session::Kind::EnniIpv6,
             .end_point = v6(1),
             .tunnel_id = 1,
             .extended_tunnel_id = v6(2)}},
    {"SenderTemplateIpv4", "000c 0b07 c0000202 0000 0001",
     SenderTemplate{.sender = v4(kNode2), .lsp_id = 1}},
    {"SenderTemplateIpv6", "0018 0b08 20010db8 00000000 00000000 00000003 0000 ffff",
     SenderTemplate{.sender = v6(3), .lsp_id = 0xffff}},
    {"FilterSpecIpv4", "000c 0a07 c0000202 0000 0002",
     FilterSpec{.sender = v4(kNode2), .lsp_id = 2}},
    {"FilterSpecIpv6", "0018 0a08 20010db8 00000000 00000000 00000003 0000 0002",
     FilterSpec{.sender = v6(3), .lsp_id = 2}},
    {"SessionAttribute", "0010 cf07 07 06 02 05 68656c6c 6f000000",
     SessionAttribute{
         .holding_priority = 6, .flags = SessionAttribute::kLabelRecording, .name = "hello"}},
    {"SessionAttributeWithoutName", "0008 cf07 00 00 00 00",
     SessionAttribute{.setup_priority = 0, .holding_priority = 0}},
    {"SessionAttributeWithAffinities", "0018 cf01 00000001 00000002 00000004 07 07 04 04 6e616d65",
     SessionAttribute{.affinities = SessionAttribute::Affinities{1, 2, 4},
                      .flags = SessionAttribute::kSeStyle,
                      .name = "name"}},
    {"HopIpv4", "000c 0301 c0000202 00000005",
     Hop{.address = v4(kNode2), .logical_interface = 5, .if_id = false}},
    {"HopIpv6", "0018 0302 20010db8 00000000 00000000 00000001 00000005",
     Hop{.address = v6(1), .logical_interface = 5, .if_id = false}},
    {"HopIfIdIpv4", "0018 0303 c0000202 00000000 0003000c c0000202 00000015",
     Hop{.address = v4(kNode2),
         .tlvs = {InterfaceTlv::of(InterfaceTlvType::IfIndex, IfIndex{v4(kNode2), 21})}}},
    {"HopIfIdIpv6",
     "002c 0304 20010db8 00000000 00000000 00000001 00000000"
     " 00020014 20010db8 00000000 00000000 00000002",
     Hop{.address = v6(1), .tlvs = {InterfaceTlv::of(InterfaceTlvType::Ipv6, v6(2))}}},
    {"ErrorSpecIpv4", "000c 0601 c0000203 04 18 0006",
     ErrorSpec{.node = v4(kNode3),
               .flags = ErrorSpec::kPathStateRemoved,
               .error = {ErrorCode::RoutingProblem, routing::kUnacceptableLabel}}},
    {"ErrorSpecIpv6", "0018 0602 20010db8 00000000 00000000 00000001 00 19 0009",
     ErrorSpec{.node = v6(1), .error = {ErrorCode::Notify, notify::kLspFailure}}},
    {"ErrorSpecIfIdIpv4", "0014 0603 c0000203 00 01 0002 00080008 c0000203",
     ErrorSpec{.node = v4(kNode3),
               .error = {ErrorCode::AdmissionControl, admission::kBandwidth},
               .if_id = true,
               .tlvs = {InterfaceTlv::of(InterfaceTlvType::NodeId, kNode3)}}},
    {"ErrorSpecIfIdIpv6", "0018 0604 20010db8 00000000 00000000 00000001 00 00 0000",
     ErrorSpec{.node = v6(1), .if_id = true}},
    {"ScopeIpv4", "000c 0701 c0000202 c0000203", Scope{.senders = {v4(kNode2), v4(kNode3)}}},
    {"ScopeIpv6", "0014 0702 20010db8 00000000 00000000 00000001", Scope{.senders = {v6(1)}}},
    {"Integrity",
     "0024 0401 80 00 0000 00000007 00000000 00000002"
     " 0b9101f5 fb57c9fd f814e117 02191023",
     Integrity{.flags = Integrity::kHandshake,
               .key_id = 7,
               .sequence = 2,
               .digest = hex("0b9101f5fb57c9fdf814e11702191023")}},
    {"IntegrityOfTheLargestKeyId", "0018 0401 00 00 ffff ffffffff ffffffff ffffffff 01020304",
     Integrity{.key_id = 0xffffffffffff, .sequence = ~0ULL, .digest = hex("01020304")}},
    {"Challenge", "0014 4001 0000 0001 00000002 01020304 05060708",
     Challenge{.key_id = 0x100000002, .cookie = 0x0102030405060708}},
    {"TimeValues", "0008 0501 00007530", TimeValues{}},
    {"StyleFixedFilter", "0008 0801 00 00000a", Style{}},
    {"StyleSharedExplicit", "0008 0801 00 000012", Style{.options = Style::kSharedExplicit}},
    {"FlowspecSdh", "0014 0904 06 00 0000 0000 0001 00000000 00000000", Flowspec{.traffic = kVc4}},
    {"SenderTspecSdh", "0014 0c04 01 02 0003 0004 0005 00000006 00000007",
     SenderTspec{.traffic = SonetSdh{1, 2, 3, 4, 5, 6, 7}}},
    {"SenderTspecG709", "0010 0c05 02 00 0001 0002 0003 00000000",
     SenderTspec{.traffic = G709{2, 1, 2, 3}}},
    {"SenderTspecIntserv", "000c 0c02 00000007 01020304",
     SenderTspec{.traffic = OpaqueTraffic{2, hex("0000000701020304")}}},
    {"SenderTspecEthernet", "000c 0c06 00000007 01020304",
     SenderTspec{.traffic = OpaqueTraffic{6, hex("0000000701020304")}}},
    {"Adspec", "0008 0d02 00000000", Adspec{.octets = hex("00000000")}},
    {"PolicyData", "0018 0e01 0008 0000 0010 0002 75736572 40657861 6d706c65",
     PolicyData{.elements = {{2, hex("75736572406578616d706c65")}}}},
    {"PolicyDataWithOptions", "0014 0e01 000c 0000 01020304 0005 0002 61000000",
     PolicyData{.options = hex("01020304"), .elements = {{2, hex("61")}}}},
    {"PolicyDataEmpty", "0008 0e01 0008 0000", PolicyData{}},
    {"ResvConfirmIpv4", "0008 0f01 c0000202", ResvConfirm{.address = v4(kNode2)}},
    {"NotifyRequestIpv4", "0008 c301 c0000202", NotifyRequest{.address = v4(kNode2)}},
    {"NotifyRequestIpv6", "0014 c302 20010db8 00000000 00000000 00000001",
     NotifyRequest{.address = v6(1)}},
    {"LabelGeneralized", "0008 1002 00010000", Label{.labels = {SdhLabel{.s = 1}.word()}}},
    {"LabelOfALayerTwo", "0008 1001 00000010", Label{.kind = 1, .labels = {16}}},
    {"LabelList", "0010 1002 00010000 00020000 00030000",
     Label{.labels = {0x10000, 0x20000, 0x30000}}},
    {"LabelWaveband", "0010 1003 00000001 00000002 00000003",
     Label{.kind = 3, .labels = {1, 2, 3}}},
    {"RecoveryLabel", "0008 2202 00060000", RecoveryLabel{.labels = {0x60000}}},
    {"UpstreamLabel", "0008 2302 00010000", UpstreamLabel{.labels = {0x10000}}},
    {"SuggestedLabel", "0008 8102 00010000", SuggestedLabel{.labels = {0x10000}}},
    {"LabelSetInclusive", "0010 2401 00 00 0002 00010000 00020000",
     LabelSet{.subchannels = {0x10000, 0x20000}}},
    {"LabelSetExclusiveRange", "0010 2401 03 00 3fff 00000000 00020000",
     LabelSet{.action = LabelSet::Action::ExclusiveRange,
              .label_type = 0x3fff,
              .subchannels = {0, 0x20000}}},
    {"LabelSetEmpty", "0008 2401 00 00 0002", LabelSet{}},
    {"AcceptableLabelSet", "000c 8201 01 00 0002 00040000",
     AcceptableLabelSet{.action = AcceptableLabelSet::Action::ExclusiveList,
                        .subchannels = {0x40000}}},
    {"LabelRequest", "0008 1304 05 64 0022",
     LabelRequest{.encoding = LabelRequest::kSdh, .switching = LabelRequest::kTdm, .g_pid = 0x22}},
    {"LabelRequestOfPackets", "0008 1301 0000 0800", LabelRequest{.kind = 1, .g_pid = 0x0800}},
    {"HelloRequest", "000c 1601 11111111 22222222",
     Hello{.source_instance = 0x11111111, .destination_instance = 0x22222222}},
    {"HelloAck", "000c 1602 22222222 11111111",
     Hello{.ack = true, .source_instance = 0x22222222, .destination_instance = 0x11111111}},
    {"MessageId", "000c 1701 01 abcdef 000003e9",
     MessageId{.flags = MessageId::kAckDesired, .epoch = 0xabcdef, .id = 1001}},
    {"MessageIdAck", "000c 1801 00 abcdef 000003e9", MessageIdAck{.epoch = 0xabcdef, .id = 1001}},
    {"MessageIdNack", "000c 1802 02 abcdef 000003e9",
     MessageIdAck{
         .nack = true, .flags = MessageIdAck::kRecoveryPath, .epoch = 0xabcdef, .id = 1001}},
    {"MessageIdList", "0010 1901 02 abcdef 000003e9 000003ec",
     MessageIdList{.flags = MessageIdList::kRecoveryPath, .epoch = 0xabcdef, .ids = {1001, 1004}}},
    {"RestartCap", "000c 8301 ffffffff 0001d4c0",
     RestartCap{.restart_ms = RestartCap::kUnlimited, .recovery_ms = 120000}},
    {"Capability", "0008 8601 00000007", Capability{.bits = 7}},
    {"AdminStatus", "0008 c401 80000009",
     AdminStatus{.bits = admin_status::kReflect | admin_status::kCall | admin_status::kDelete}},
    {"Protection", "000c 2502 40 10 00 02 c0040000",
     Protection{.bits = 0x40100002,
                .segment = Protection::kSegmentInPlace | Protection::kSegmentRequired | 0x40000}},
    {"ProtectionOfLinks", "0008 2501 80000008", Protection{.kind = 1, .bits = 0x80000008}},
    {"AssociationIpv4", "000c c701 0001 0002 c0000202", Association{.id = 2, .source = v4(kNode2)}},
    {"AssociationIpv6", "0018 c702 0002 0002 20010db8 00000000 00000000 00000001",
     Association{.type = Association::kResourceSharing, .id = 2, .source = v6(1)}},
    {"LspTunnelInterfaceId", "000c c101 c0000202 80000007",
     LspTunnelInterfaceId{.router_id = kNode2, .interface_id = 0x80000007}},
    {"LspAttributes", "0014 c501 0001 0008 20000000 1234 0005 61000000",
     LspAttributes{.tlvs = {{1, hex("20000000")}, {0x1234, hex("61")}}}},
    {"LspRequiredAttributes", "000c 4301 0001 0008 80000000",
     LspRequiredAttributes{.tlvs = {{1, hex("80000000")}}}},
    {"CallAttributes", "0010 ca01 0004 000c 00010203 04050607",
     CallAttributes{.tlvs = {{AttributeTlv::kVcat, hex("0001020304050607")}}}},
    {"CallOps", "0008 e401 000000 03",
     CallOps{.flags = CallOps::kWithoutConnection | CallOps::kSynchronizing}},
    {"CallIdToAssign", "0008 e600 00000000",
     CallId{.kind = CallId::Kind::Assign, .type = 0, .source = {}}},
    {"CallIdToAssignEmpty", "0004 e600",
     CallId{.kind = CallId::Kind::Assign, .type = 0, .source = {}, .assign_size = 0}},
    {"CallIdOperatorIpv4", "0014 e601 01000000 c0000202 00000000 00000101",
     CallId{.source = hex("c0000202"), .local_id = 0x101}},
    {"CallIdOperatorMac", "0018 e601 04000000 02000000 00010000 00000000 00000101",
     CallId{.type = CallId::kMac, .source = hex("020000000001"), .local_id = 0x101}},
    {"CallIdOperatorVendor", "0018 e601 7f000000 01020304 05060708 00000000 00000101",
     CallId{.type = CallId::kVendor, .source = hex("0102030405060708"), .local_id = 0x101}},
    {"CallIdGlobal", "0020 e602 01 42454c 43415252 30314150 30303031 c0000202 00000000 00000101",
     CallId{.kind = CallId::Kind::Global,
            .global = {{'B', 'E', 'L'},
                       {'C', 'A', 'R', 'R', '0', '1'},
                       {'A', 'P', '0', '0', '0', '1'}},
            .source = hex("c0000202"),
            .local_id = 0x101}},
    {"CallIdGlobalNsap",
     "0030 e602 03 42454c 43415252 30314150 30303031"
     " 00010203 04050607 08090a0b 0c0d0e0f 10111213 00000000 00000101",
     CallId{.kind = CallId::Kind::Global,
            .type = CallId::kNsap,
            .global = {{'B', 'E', 'L'},
                       {'C', 'A', 'R', 'R', '0', '1'},
                       {'A', 'P', '0', '0', '0', '1'}},
            .source = hex("000102030405060708090a0b0c0d0e0f10111213"),
            .local_id = 0x101}},
    {"GeneralizedUni",
     "003c e501 0008 01 01 c6336401 0014 02 02 20010db8 00000000 00000000 00000001"
     " 0010 04 02 00000002 00000007 00040000 0008 05 01 03000000 0004 09 09",
     GeneralizedUni{
         .subobjects = {UniSubobject::tna(1, v4(0xc6336401)),
                        UniSubobject::tna(2, v6(1)),
                        UniSubobject::egress_label(UniSubobject::kSpcLabel,
                                                   {.logical_port = 7, .labels = {0x40000}}),
                        UniSubobject::service_level(3),
                        {.type = 9, .subtype = 9}}}},
    {"UnknownClass", "0008 2f01 01020304", UnknownObject{0x2f, 1, hex("01020304")}},
    {"UnknownCType", "0008 0101 01020304", UnknownObject{1, 1, hex("01020304")}},
    {"UnknownAndEmpty", "0004 fd01", UnknownObject{0xfd, 1, {}}},
};

class RsvpObject : public testing::TestWithParam<ObjectCase> {};

TEST_P(RsvpObject, IsReadAndWritten) {
  const Octets octets = hex(GetParam().octets);
  const auto object = decode_object(view_of(octets));
  ASSERT_TRUE(object);
  EXPECT_TRUE(*object == GetParam().want);
  const auto again = encoded(GetParam().want);
  ASSERT_TRUE(again);
  EXPECT_EQ(to_hex(*again), to_hex(octets));
}

// Every shorter body with the length it then has: either it is refused, or it stands for itself.
TEST_P(RsvpObject, ShorterOnesAreRefusedOrStable) {
  Octets octets = hex(GetParam().octets);
  while (octets.size() > kObjectHeader) {
    octets.resize(octets.size() - 4);
    octets[1] = static_cast<std::byte>(octets.size());
    const Octets cut = octets;  // a copy of its own: a read past the end is one past the allocation
    const auto object = decode_object(view_of(cut));
    if (!object) continue;
    const auto again = encoded(*object);
    ASSERT_TRUE(again);
    EXPECT_EQ(decode_object(view_of(*again)), object);
  }
}

INSTANTIATE_TEST_SUITE_P(Table, RsvpObject, testing::ValuesIn(kObjects),
                         [](const auto& param) { return param.param.name; });

TEST(RsvpObjectTable, HasEveryClassThatIsKnown) {
  std::set<std::uint8_t> in_table;
  for (const ObjectCase& row : kObjects) in_table.insert(class_number(row.want));
  for (unsigned number = 0; number < 256; ++number) {
    const auto n = static_cast<std::uint8_t>(number);
    if (treatment(n, 0xfe) != Treatment::RejectCType) continue;
    EXPECT_NE(to_string(static_cast<Class>(n)), "Unknown") << number;
    // Routes have a table of their own.
    const auto number_class = static_cast<Class>(n);
    if (number_class == Class::ExplicitRoute || number_class == Class::RecordRoute ||
        number_class == Class::ExcludeRoute || number_class == Class::LinkCapability) {
      continue;
    }
    EXPECT_TRUE(in_table.contains(n)) << number;
  }
}

struct BadObject {
  const char* name;
  std::string_view octets;
  Error want;
};

const BadObject kBadObjects[] = {
    {"SessionTooShort",
     "000c 0107 c0000219 0101 0007",
     {Errc::Truncated, 12, "rsvp.session.extended_tunnel_id"}},
    {"SessionTooLong",
     "0014 0107 c0000219 0101 0007 c0000202 00000000",
     {Errc::BadLength, 0, "rsvp.object.length"}},
    {"SessionIpv6AsLongAsIpv4",
     "0010 0108 c0000219 0101 0007 c0000202",
     {Errc::Truncated, 4, "rsvp.session.end_point"}},
    {"NameLongerThanItsObject",
     "000c cf07 07 07 00 05 61626364",
     {Errc::Truncated, 8, "rsvp.session_attribute.name"}},
    {"NoLabel", "0004 1002", {Errc::Missing, 4, "rsvp.label"}},
    {"NoMessageIds", "0008 1901 00 abcdef", {Errc::Missing, 8, "rsvp.message_id_list.ids"}},
    {"InterfaceTlvShorterThanItself",
     "0010 0303 c0000202 00000000 00030003",
     {Errc::BadLength, 14, "rsvp.interface.length"}},
    {"InterfaceTlvLongerThanItsObject",
     "0010 0303 c0000202 00000000 0003000c",
     {Errc::Truncated, 16, "rsvp.interface.tlv"}},
    {"AttributeLongerThanItsObject",
     "0008 c501 0001 0008",
     {Errc::Truncated, 8, "rsvp.attributes.value"}},
    {"AttributeShorterThanItself",
     "0008 c501 0001 0003",
     {Errc::BadLength, 6, "rsvp.attributes.length"}},
    {"UniSubobjectOfFiveOctets",
     "000c e501 0005 01 01 c6336401",
     {Errc::BadLength, 4, "rsvp.uni.length"}},
    {"UniSubobjectOfNoOctets",
     "000c e501 0000 01 01 c6336401",
     {Errc::BadLength, 4, "rsvp.uni.length"}},
    {"PolicyDataOffsetInTheHeader",
     "0008 0e01 0004 0000",
     {Errc::BadLength, 4, "rsvp.policy.data_offset"}},
    {"PolicyDataOffsetBehindTheObject",
     "0008 0e01 000c 0000",
     {Errc::Truncated, 8, "rsvp.policy.options"}},
    {"PolicyElementOfNoOctets",
     "000c 0e01 0008 0000 0000 0002",
     {Errc::BadLength, 8, "rsvp.policy.length"}},
    {"CallIdToAssignThatIsOne", "0008 e600 00000001", {Errc::BadValue, 4, "rsvp.call_id.assign"}},
    {"CallIdOfTypeIpv6AsLongAsIpv4",
     "0014 e601 02000000 c0000202 00000000 00000101",
     {Errc::Truncated, 8, "rsvp.call_id.source"}},
    {"CallIdWithoutLocalId",
     "000c e601 7f000000 01020304",
     {Errc::Truncated, 8, "rsvp.call_id.local_id"}},
    {"ScopeOfNobody", "0004 0701", {Errc::Truncated, 4, "rsvp.scope.sender"}},
    {"AdminStatusTooLong",
     "000c c401 80000000 00000000",
     {Errc::BadLength, 0, "rsvp.object.length"}},
};

class RsvpBadObject : public testing::TestWithParam<BadObject> {};

TEST_P(RsvpBadObject, IsRefused) {
  const Octets octets = hex(GetParam().octets);
  const auto object = decode_object(view_of(octets));
  ASSERT_FALSE(object);
  EXPECT_EQ(object.error(), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(Table, RsvpBadObject, testing::ValuesIn(kBadObjects),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace forces::rsvp
