// Whatever message can be made comes back as it was.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "proto/rsvp/grammar.hpp"
#include "tests/unit/proto/rsvp/support.hpp"

namespace forces::rsvp {
namespace {

using namespace test_support;
namespace gen = rc::gen;

// Draws values one after the other; small by intent, so that objects repeat and lists end.
class Draw {
 public:
  template <class T = std::uint32_t>
  T any() {
    return *gen::arbitrary<T>();
  }
  std::size_t upto(std::size_t n) { return *gen::inRange<std::size_t>(0, n + 1); }
  std::uint32_t bits(unsigned n) { return any() & ((1U << n) - 1); }
  bool coin() { return any<bool>(); }

  Octets octets(std::size_t most, std::size_t unit = 1) {
    Octets v(upto(most / unit) * unit);
    for (std::byte& b : v) b = static_cast<std::byte>(any<std::uint8_t>());
    return v;
  }
  Words words(std::size_t least, std::size_t most) {
    Words v(least + upto(most - least));
    for (std::uint32_t& word : v) word = any();
    return v;
  }
  Address address(bool of_v6) { return of_v6 ? v6(any<std::uint8_t>()) : v4(any()); }
  std::string text(std::size_t most) {
    const Octets v = octets(most);
    return {reinterpret_cast<const char*>(v.data()), v.size()};
  }

  Subobject subobject(RouteKind kind) {
    const bool record = kind == RouteKind::Record, exclude = kind == RouteKind::Exclude;
    const bool links = kind == RouteKind::LinkCapability;
    const auto flags = static_cast<std::uint8_t>(record ? bits(8) : 0);
    Subobject s;
    s.loose = !record && coin();
    switch (upto(6)) {
      case 0:
        s.hop = PrefixHop{address(coin()), static_cast<std::uint8_t>(bits(5)),
                          static_cast<std::uint8_t>(record || exclude ? bits(8) : 0)};
        break;
      case 1:
        s.hop =
            UnnumberedHop{any(), any(), flags, static_cast<std::uint8_t>(exclude ? bits(2) : 0)};
        break;
      case 2:
        if (exclude || links) break;
        s.hop = LabelHop{static_cast<std::uint8_t>(bits(8)), 2, words(1, 4)};
        break;
      case 3:
        if (!links) s.hop = AsHop{any<std::uint16_t>()};
        break;
      case 4:
        if (exclude) s.hop = SrlgHop{any()};
        if (links) s.hop = BandwidthHop{Ieee32{any()}};
        if (kind == RouteKind::Explicit) s.hop = PathKeyHop{any<std::uint16_t>(), address(coin())};
        break;
      case 5:
        if (record) s.hop = AttributesHop{Octets(4 + 4 * upto(2), std::byte{0x40})};
        if (links) s.hop = SwitchingHop{1, 2, {Ieee32{any()}}, octets(12, 4)};
        if (kind == RouteKind::Explicit) s.hop = ExclusionHop{octets(20, 4)};
        break;
      default: {
        Octets v = octets(20, 4);
        v.resize(v.size() + 2);
        s.hop = UnknownHop{static_cast<std::uint8_t>(100 + bits(4)), std::move(v)};
      }
    }
    return s;
  }
  Route route(RouteKind kind) {
    Route v(upto(5));
    for (Subobject& s : v) s = subobject(kind);
    return v;
  }
  InterfaceTlvs tlvs() {
    InterfaceTlvs v(upto(4));
    for (InterfaceTlv& tlv : v) {
      tlv = {static_cast<InterfaceTlvType>(bits(5)), octets(24)};
    }
    return v;
  }
  std::vector<AttributeTlv> attributes() {
    std::vector<AttributeTlv> v(upto(3));
    for (AttributeTlv& tlv : v) tlv = {any<std::uint16_t>(), octets(9)};
    return v;
  }
  CallId call_id() {
    CallId id;
    id.kind = static_cast<CallId::Kind>(upto(2));
    if (id.kind == CallId::Kind::Assign) return {.kind = id.kind, .type = 0, .source = {}};
    const std::pair<std::uint8_t, std::size_t> sources[] = {
        {CallId::kIpv4, 4}, {CallId::kIpv6, 16},  {CallId::kNsap, 20},
        {CallId::kMac, 6},  {CallId::kVendor, 8}, {CallId::kVendor, 0}};
    const auto& [type, size] = sources[upto(5)];
    id.type = type;
    id.source.assign(size, static_cast<std::byte>(any<std::uint8_t>()));
    id.local_id = any<std::uint64_t>();
    if (id.kind == CallId::Kind::Global) {
      for (char& c : id.global.carrier) c = static_cast<char>('A' + upto(25));
    }
    return id;
  }

  Object object() {
    const bool is_v6 = coin();
    switch (upto(34)) {
      case 0:
        return Session{is_v6 ? Session::Kind::EnniIpv6 : Session::Kind::LspTunnelIpv4,
                       address(is_v6), any<std::uint16_t>(), any<std::uint16_t>(), address(is_v6)};
      case 1:
        return Hop{address(is_v6), any(), true, tlvs()};
      case 2:
        return Hop{address(is_v6), any(), false, {}};
      case 3:
        return ErrorSpec{address(is_v6),
                         any<std::uint8_t>(),
                         {static_cast<ErrorCode>(bits(6)), any<std::uint16_t>()},
                         true,
                         tlvs()};
      case 4:
        return TimeValues{any()};
      case 5:
        return Style{any<std::uint8_t>(), bits(24)};
      case 6:
        return Flowspec{SonetSdh{1, 2, any<std::uint16_t>(), 4, 5, any(), 7}};
      case 7:
        return SenderTspec{G709{any<std::uint8_t>(), 1, 2, any<std::uint16_t>()}};
      case 8:
        return SenderTspec{OpaqueTraffic{2, octets(40, 4)}};
      case 9:
        return FilterSpec{address(is_v6), any<std::uint16_t>()};
      case 10:
        return SenderTemplate{address(is_v6), any<std::uint16_t>()};
      case 11: {
        PolicyData data{octets(12, 4), {}};
        for (std::size_t i = upto(3); i > 0; --i) {
          data.elements.push_back({any<std::uint16_t>(), octets(9)});
        }
        return data;
      }
      case 12:
        return Label{2, words(1, 5)};
      case 13:
        return LabelRequest{4, any<std::uint8_t>(), any<std::uint8_t>(), any<std::uint16_t>()};
      case 14:
        return ExplicitRoute{route(RouteKind::Explicit)};
      case 15:
        return RecordRoute{route(RouteKind::Record)};
      case 16:
        return ExcludeRoute{route(RouteKind::Exclude)};
      case 17:
        return LinkCapability{route(RouteKind::LinkCapability)};
      case 18:
        return Hello{coin(), any(), any()};
      case 19:
        return MessageId{any<std::uint8_t>(), bits(24), any()};
      case 20:
        return MessageIdAck{coin(), any<std::uint8_t>(), bits(24), any()};
      case 21:
        return MessageIdList{any<std::uint8_t>(), bits(24), words(1, 9)};
      case 22:
        return UpstreamLabel{3, words(3, 3)};
      case 23:
        return LabelSet{static_cast<LabelSet::Action>(bits(2)),
                        static_cast<std::uint16_t>(bits(14)), words(0, 5)};
      case 24:
        return AcceptableLabelSet{{}, static_cast<std::uint16_t>(bits(14)), words(0, 5)};
      case 25:
        return Protection{2, any(), any()};
      case 26:
        return LspRequiredAttributes{attributes()};
      case 27:
        return LspAttributes{attributes()};
      case 28:
        return NotifyRequest{address(is_v6)};
      case 29:
        return AdminStatus{any()};
      case 30:
        return Association{any<std::uint16_t>(), any<std::uint16_t>(), address(is_v6)};
      case 31: {
        SessionAttribute a{
            {}, any<std::uint8_t>(), any<std::uint8_t>(), any<std::uint8_t>(), text(40)};
        if (coin()) a.affinities = {any(), any(), any()};
        return a;
      }
      case 32:
        return LspTunnelInterfaceId{any(), any()};
      case 33: {
        GeneralizedUni uni;
        for (std::size_t i = upto(3); i > 0; --i) {
          uni.subobjects.push_back({any<std::uint8_t>(), any<std::uint8_t>(), octets(16, 4)});
        }
        return uni;
      }
      default:
        if (coin()) return call_id();
        return UnknownObject{static_cast<std::uint8_t>(0xf0 + bits(4)), any<std::uint8_t>(),
                             octets(40, 4)};
    }
  }

  Message message() {
    Message m{.type = static_cast<MessageType>(1 + upto(6)),
              .flags = static_cast<std::uint8_t>(bits(4)),
              .send_ttl = any<std::uint8_t>(),
              .with_checksum = coin()};
    m.objects.resize(upto(20));
    for (Object& o : m.objects) o = object();
    return m;
  }
};

RC_GTEST_PROP(RsvpProperty, AMessageComesBackAsItWas, ()) {
  const Message message = Draw().message();
  const auto octets = encode_message(message);
  RC_ASSERT(octets.has_value());
  const auto again = decode_message(*octets);
  RC_ASSERT(again.has_value());
  RC_ASSERT(*again == message);
  RC_ASSERT(encode_message(*again).value() == *octets);
}

RC_GTEST_PROP(RsvpProperty, ABundleComesBackAsItWas, ()) {
  Draw draw;
  Message bundle{.type = MessageType::Bundle, .with_checksum = draw.coin()};
  bundle.bundled.resize(1 + draw.upto(3));
  for (Message& message : bundle.bundled) message = draw.message();
  const auto octets = encode_message(bundle);
  RC_ASSERT(octets.has_value());
  RC_ASSERT(decode_message(*octets).value() == bundle);
}

RC_GTEST_PROP(RsvpProperty, TheViewSeesTheOctetsOfEveryObject, ()) {
  const Message message = Draw().message();
  const auto octets = encode_message(message).value();
  const auto view = MessageView::parse(octets);
  RC_ASSERT(view.has_value());
  RC_ASSERT(view->objects().size() == message.objects.size());
  std::size_t i = 0;
  for (const ObjectView object : view->objects()) {
    const Octets own = encoded(message.objects[i++]).value();
    RC_ASSERT(std::ranges::equal(object.octets, own));
    RC_ASSERT(std::ranges::equal(wire::Bytes(octets).subspan(object.offset, own.size()), own));
  }
}

}  // namespace
}  // namespace forces::rsvp
