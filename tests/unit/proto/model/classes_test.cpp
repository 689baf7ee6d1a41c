// The tables of the classes against their RFCs: a row for each component, as it is at first.
#include "proto/model/classes/classes.hpp"

#include <gtest/gtest.h>

#include <set>

#include "proto/model/packing.hpp"
#include "tests/support/octets/hex.hpp"

namespace forces::model {
namespace {

using test::to_hex;

struct Row {
  const LfbClass* lfb;
  std::uint32_t id;
  std::string_view name;
  Kind kind;
  std::uint32_t octets;  // of every value or row; 0: they differ
  Access access;
  std::string_view first;
};
constexpr Access kRo = Access::ReadOnly, kRw = Access::ReadWrite, kReset = Access::ReadReset;
const Row kRows[] = {
    // RFC 5812 section 5.1, erratum 3487
    {&kFeObjectClass, 1, "LFBTopology", Kind::Array, 0, kRo, ""},
    {&kFeObjectClass, 2, "LFBSelectors", Kind::Array, 8, kRo, ""},
    {&kFeObjectClass, 3, "FEName", Kind::Text, 0, kRw, ""},
    {&kFeObjectClass, 4, "FEID", Kind::Unsigned, 4, kRo, "00000000"},
    {&kFeObjectClass, 5, "FEVendor", Kind::Text, 0, kRo, "466f72434553"},
    {&kFeObjectClass, 7, "FEState", Kind::Unsigned, 1, kRw, "01"},
    {&kFeObjectClass, 8, "FENeighbors", Kind::Array, 0, kRw, ""},
    {&kFeObjectClass, 30, "ModifiableLFBTopology", Kind::Boolean, 1, kRo, "00"},
    {&kFeObjectClass, 31, "SupportedLFBs", Kind::Array, 0, kRo, ""},
    // RFC 5810 appendix B, RFC 7121 section 3.1, RFC 7391 appendix A
    {&kFeProtocolClass, 1, "CurrentRunningVersion", Kind::Unsigned, 1, kRo, "01"},
    {&kFeProtocolClass, 2, "FEID", Kind::Unsigned, 4, kRo, "00000000"},
    {&kFeProtocolClass, 3, "MulticastFEIDs", Kind::Array, 4, kRw, ""},
    {&kFeProtocolClass, 4, "CEHBPolicy", Kind::Unsigned, 1, kRw, "00"},
    {&kFeProtocolClass, 5, "CEHDI", Kind::Unsigned, 4, kRw, "00007530"},
    {&kFeProtocolClass, 6, "FEHBPolicy", Kind::Unsigned, 1, kRw, "00"},
    {&kFeProtocolClass, 7, "FEHI", Kind::Unsigned, 4, kRw, "000001f4"},
    {&kFeProtocolClass, 8, "CEID", Kind::Unsigned, 4, kRw, "00000000"},
    {&kFeProtocolClass, 9, "BackupCEs", Kind::Array, 4, kRo, ""},
    {&kFeProtocolClass, 10, "CEFailoverPolicy", Kind::Unsigned, 1, kRw, "00"},
    {&kFeProtocolClass, 11, "CEFTI", Kind::Unsigned, 4, kRw, "000493e0"},
    {&kFeProtocolClass, 12, "FERestartPolicy", Kind::Unsigned, 1, kRw, "00"},
    {&kFeProtocolClass, 13, "LastCEID", Kind::Unsigned, 4, kRo, "00000000"},
    {&kFeProtocolClass, 14, "HAMode", Kind::Unsigned, 1, kRw, "00"},
    {&kFeProtocolClass, 15, "AllCEs", Kind::Array, 69, kRo, ""},
    {&kFeProtocolClass, 16, "EResultAdmin", Kind::Unsigned, 1, kRw, "01"},
    {&kFeProtocolClass, 30, "SupportableVersions", Kind::Array, 1, kRo, "0000000001"},
    {&kFeProtocolClass, 31, "HACapabilities", Kind::Array, 1, kRo, "0000000001"},
    {&kFeProtocolClass, 32, "EResultCapab", Kind::Array, 1, kRo, "00000000010000000102"},
    // RFC 6956 section 4.4 and section 6
    {&kEtherPhyCopClass, 1, "PHYPortID", Kind::Unsigned, 4, kRo, "00000000"},
    {&kEtherPhyCopClass, 2, "AdminStatus", Kind::Unsigned, 1, kRw, "02"},
    {&kEtherPhyCopClass, 3, "OperStatus", Kind::Unsigned, 1, kRo, "02"},
    {&kEtherPhyCopClass, 4, "AdminLinkSpeed", Kind::Unsigned, 4, kRw, "0000000a"},
    {&kEtherPhyCopClass, 5, "OperLinkSpeed", Kind::Unsigned, 4, kRo, "00000000"},
    {&kEtherPhyCopClass, 6, "AdminDuplexMode", Kind::Unsigned, 4, kRw, "00000001"},
    {&kEtherPhyCopClass, 7, "OperDuplexMode", Kind::Unsigned, 4, kRo, "00000001"},
    {&kEtherPhyCopClass, 8, "CarrierStatus", Kind::Boolean, 1, kRo, "00"},
    {&kIpv4UcastLpmClass, 1, "IPv4PrefixTable", Kind::Array, 12, kRw, ""},
    {&kIpv4UcastLpmClass, 2, "IPv4UcastLPMStats", Kind::Struct, 24, kReset, ""},
    {&kIpv6UcastLpmClass, 1, "IPv6PrefixTable", Kind::Array, 24, kRw, ""},
    {&kIpv6UcastLpmClass, 2, "IPv6UcastLPMStats", Kind::Struct, 24, kReset, ""},
    {&kIpv4NextHopClass, 1, "IPv4NextHopTable", Kind::Array, 20, kRw, ""},
    {&kIpv6NextHopClass, 1, "IPv6NextHopTable", Kind::Array, 32, kRw, ""},
    {&kRedirectInClass, 1, "NumPacketsReceived", Kind::Unsigned, 8, kRo, ""},
    {&kRedirectOutClass, 1, "NumPacketsSent", Kind::Unsigned, 8, kRo, ""},
    // private
    {&kCrossConnectClass, 1, "CrossConnectTable", Kind::Array, 45, kRw, ""},
    {&kCrossConnectClass, 2, "CrossConnectStatus", Kind::Array, 1, kRo, ""},
    {&kMulticastClass, 1, "GroupTable", Kind::Array, 12, kRw, ""},
    {&kMulticastClass, 2, "LeafTable", Kind::Array, 8, kRw, ""},
    {&kMulticastClass, 3, "MulticastStats", Kind::Struct, 24, kReset, ""},
    {&kMulticastClass, 4, "IPv6GroupTable", Kind::Array, 36, kRw, ""},
    {&kMulticastClass, 5, "IPv6LeafTable", Kind::Array, 8, kRw, ""},
    {&kEcmpHopsClass, 1, "IPv4EcmpTable", Kind::Array, 0, kRw, ""},
    {&kEcmpHopsClass, 2, "IPv6EcmpTable", Kind::Array, 0, kRw, ""},
    {&kPortAddressClass, 1, "PortAddressTable", Kind::Array, 22, kRo, ""},
    {&kKernelPlaneClass, 1, "PlaneState", Kind::Unsigned, 1, kRo, "00"},
    {&kKernelPlaneClass, 2, "RoutesWaiting", Kind::Unsigned, 4, kRo, ""},
    {&kKernelPlaneClass, 3, "RoutesPending", Kind::Unsigned, 4, kRo, ""},
    {&kKernelPlaneClass, 4, "RoutesInstalled", Kind::Unsigned, 4, kRo, ""},
    {&kKernelPlaneClass, 5, "RoutesFailed", Kind::Unsigned, 4, kRo, ""},
    {&kKernelPlaneClass, 6, "RoutesStale", Kind::Unsigned, 4, kRo, ""},
    {&kKernelPlaneClass, 7, "FailedRoutes", Kind::Array, 22, kRo, ""},
    {&kKernelPlaneClass, 8, "FailedHops", Kind::Array, 10, kRo, ""},
    {&kKernelPlaneClass, 9, "SettledCount", Kind::Unsigned, 4, kRo, "00000000"},
    {&kOpticalPortClass, 1, "PortTable", Kind::Array, 8, kRo, ""},
    {&kOpticalPortClass, 2, "LabelTable", Kind::Array, 16, kRo, ""},
    {&kOpticalPortClass, 3, "FailedLabelTable", Kind::Array, 12, kRo, ""},
    {&kOpticalPortClass, 4, "TraceSentTable", Kind::Array, 0, kRw, ""},
    {&kOpticalPortClass, 5, "TraceReceivedTable", Kind::Array, 0, kRo, ""},
    {&kOpticalPortClass, 6, "AdaptationTable", Kind::Array, 8, kRo, ""},
};

TEST(Classes, AreAsTheirRfcsHaveThem) {
  for (const Row& row : kRows) {
    const Component* const c = row.lfb->component(row.id);
    ASSERT_NE(c, nullptr) << row.name;
    EXPECT_EQ(c->name, row.name);
    EXPECT_EQ(c->type->kind, row.kind) << row.name;
    const Type& sized = c->type->kind == Kind::Array ? *c->type->element : *c->type;
    EXPECT_EQ(fixed_size(sized), row.octets) << row.name;
    EXPECT_EQ(c->access, row.access) << row.name;
    if (c->live) continue;
    wire::ByteWriter w;
    write_default(*c, w);
    const std::string first = c->type->kind == Kind::Array
                                  ? to_hex(std::as_bytes(std::span(c->text)))
                                  : to_hex(w.written());
    EXPECT_EQ(first, row.first) << row.name;
  }
}

// What no table may get wrong, whatever class it is of.
void sound(const Type& type) {
  std::set<std::uint32_t> ids;
  for (const Component& field : type.members()) {
    EXPECT_TRUE(ids.insert(field.id).second) << field.name;
    sound(*field.type);
  }
  if (type.kind != Kind::Array) return;
  ASSERT_NE(type.element, nullptr);
  for (const Key& key : type.keys) {
    for (const std::uint32_t field : key.fields) {
      EXPECT_EQ(type_of(*type.element, std::span(&field, 1)).code, pl::ResultCode::Success);
    }
  }
  sound(*type.element);
}
bool leads_somewhere(const LfbClass& lfb, std::span<const std::uint32_t> path) {
  const Component* const c = path.empty() ? nullptr : lfb.component(path.front());
  return c != nullptr && type_of(*c->type, path.subspan(1)).code == pl::ResultCode::Success;
}
TEST(Classes, HangTogether) {
  std::set<std::uint32_t> numbers;
  for (const LfbClass* lfb : all_classes()) {
    EXPECT_TRUE(numbers.insert(lfb->id).second);
    std::set<std::uint32_t> ids{lfb->event_base};
    for (const Component& c : lfb->components) {
      EXPECT_TRUE(ids.insert(c.id).second) << c.name;
      sound(*c.type);
      if (c.live || c.type->kind == Kind::Array) continue;
      wire::ByteWriter w;
      write_default(c, w);
      EXPECT_EQ(check(*c.type, w.written()), pl::ResultCode::Success) << c.name;
    }
    for (const Event& event : lfb->events) {
      EXPECT_TRUE(leads_somewhere(*lfb, event.target.path())) << event.name;
      for (const EventPath& report : event.reports) {
        EXPECT_TRUE(leads_somewhere(*lfb, report.path())) << event.name;
      }
    }
  }
}

}  // namespace
}  // namespace forces::model
