// What domains that stitch or nest owe to calls, to their limits, and to who names a link: RFC
// 4974, RFC 3477, RFC 5420, RFC 5151.
#include "ce/signaling/ason/connection/message/route.hpp"
#include "tests/sim/signaling/domain/domains.hpp"

namespace forces::signaling::test {
namespace {

constexpr SegmentPlan kSingle{Realisation::Stitched, 1, 0};

class Rules : public Domains {
 protected:
  static ason::ConnectionRequest request_of(std::string name) {
    ason::ConnectionRequest request;
    request.name = std::move(name);
    request.label_request = {
        .encoding = rsvp::LabelRequest::kSdh, .switching = rsvp::LabelRequest::kTdm, .g_pid = 34};
    request.tspec.traffic = rsvp::SonetSdh{.signal_type = 6, .multiplier = 1};
    return request;
  }
};

// Segments of a call are connections of it at the borders (RFC 4974 section 6.6: 32/2).
TEST_F(Rules, T5TheCallMayEndSoonAfterItsConnection) {
  start({Realisation::Stitched, 1, 1}, true);
  auto request = spc("spc");
  request.call = call_to_6();
  create(request);
  ASSERT_TRUE(up("spc"));
  network->run(2s);
  release("spc");
  ASSERT_TRUE(until([&] { return state("spc") == ConnectionState::Released; }));
  EXPECT_TRUE(
      until([&] { return call(3)->connections.empty() && call(4)->connections.empty(); }, 3s));
  at(1, [&](Rooms& rooms) { (void)rooms.calls.remove(call(1)->handle, now()); });
  EXPECT_TRUE(until([&] { return call(1) == nullptr && call(6) == nullptr; }, 1s));
}

TEST_F(Rules, SG4ARestorationUsesASegmentOfTheCallThatRests) {
  start(kSingle);
  auto request = spc("spc");
  request.call = call_to_6();
  create(request);
  ASSERT_TRUE(up("spc"));
  const LspKey segment = segments(3).front().key;
  release("spc");
  ASSERT_TRUE(until([&] { return state("spc") == ConnectionState::Released; }));
  network->run(500ms);
  auto again = spc("again");
  again.call = request.call;
  create(again);
  ASSERT_TRUE(up("again"));
  network->run(5s);
  ASSERT_EQ(segments(3).size(), 1U);
  EXPECT_EQ(segments(3).front().key, segment);
}

// A limit is of what crosses its reference point: segments do not leave the domain, and what only
// passes is counted where it begins and ends.
TEST_F(Rules, SG3SegmentsDoNotCountAtTheBorderThatTheyDoNotCross) {
  NetworkPlan plan = three_domains({Realisation::Stitched, 1, 1}, true);
  plan.connections_of_call = 1;
  start(plan);
  auto first = spc("first", 2, 1, 7), second = spc("second", 3, 2, 8);
  first.call = second.call = call_to_6();
  create(first);
  ASSERT_TRUE(up("first"));
  EXPECT_TRUE(passes(2, 1, 7));
  EXPECT_EQ(segments(3).size(), 2U);
  create(second);
  const auto why = failed("second");
  ASSERT_TRUE(why);
  EXPECT_EQ(why->error, (rsvp::ErrorValue{rsvp::ErrorCode::Policy, rsvp::policy::kQuotaExceeded}));
}

// RFC 3477 section 3.1: who asks for a segment or an adjacency names a link of its own, and not one
// of another node, whose LSPs would be taken for its own.
TEST_F(Rules, SG4ALinkOfAnotherNodeIsNobodysSegment) {
  start(kSingle);
  create(spc("spc"));
  ASSERT_TRUE(up("spc"));
  // As N3 would ask N4 for one, but the name is that of the fibre from N6.
  const LspKey key{.end_point = node_id(4),
                   .extended_tunnel_id = node_id(3).value,
                   .sender = node_id(3),
                   .tunnel_id = 999,
                   .lsp_id = 1};
  auto request = request_of("false");
  request.segment = LspKey{};
  auto base = ason::base_path(request, key, {});
  *base.find<rsvp::LspTunnelInterfaceId>() = {node_id(6).value, 64};
  auto path = ason::path_for_hop(base, {.out = {node_id(7), 74}, .upstream = {slot(3)}});
  at(7, [&](Rooms& rooms) {
    EXPECT_EQ(rooms.engine.set_path(key, node_id(4), path, now()), engine::Status::Done);
  });
  ASSERT_TRUE(until([&] {
    return std::ranges::any_of(segments(4), [&](const auto& one) { return one.key == key; });
  }));
  // One from N6 goes by that fibre.
  auto back = spc("back");
  back.ingress = {.end = {node_id(6), 8}};
  back.egress = node_id(4);
  back.egress_end = {.end = {node_id(4), 9}};
  ASSERT_TRUE(at(6, [&](Rooms& rooms) { return rooms.connections.create(back, now()); }));
  ASSERT_TRUE(until([&] { return state("back", 6) == ConnectionState::Up; }));
  const auto all = lsps(4);
  const auto came =
      std::ranges::find_if(all, [](const auto& one) { return one.key.sender == node_id(6); });
  ASSERT_NE(came, all.end());
  EXPECT_EQ(came->in, 46U);
  EXPECT_FALSE(came->segment_in);
}

// RFC 5151 section 4.1: borders tell that it is as it was asked for.
TEST_F(Rules, SG4AContiguousOneIsReportedByBorders) {
  start(SegmentPlan{});
  auto request = spc("spc");
  request.contiguous = true;
  create(request);
  ASSERT_TRUE(up("spc"));
  const auto view = at(1, [](Rooms& rooms) { return rooms.connections.show("spc"); });
  std::set<std::uint32_t> said;
  std::size_t labels = 0;
  std::optional<NodeId> node;
  for (const rsvp::Subobject& hop : view->current) {
    if (const auto one = ason::node_of(hop)) node = one;
    labels += hop.as<rsvp::LabelHop>() != nullptr ? 1 : 0;
    const auto* const attributes = hop.as<rsvp::AttributesHop>();
    if (attributes != nullptr && attributes->flag(rsvp::lsp_flag::kContiguous)) {
      said.insert(number_of(*node));
    }
  }
  EXPECT_EQ(said, (std::set<std::uint32_t>{2, 3, 4})) << "N7 is no border, N1 and N6 are ends";
  std::map<LinkEnd, te::LabelRanges> recorded;
  ason::collect_labels(view->current, recorded);
  EXPECT_EQ(recorded.size(), 6U) << "labels are still found behind it";
}

// RFC 5420 section 5: flags mean the same in LSP_REQUIRED_ATTRIBUTES; one that is not known there
// is a reason to refuse the LSP.
TEST_F(Rules, B4FlagsThatAreRequiredAreLookedAtLikeOthers) {
  const auto path = [](std::vector<unsigned> bits) {
    rsvp::LspRequiredAttributes required;
    for (const unsigned bit : bits) required.set_flag(bit);
    return rsvp::Message{.type = rsvp::MessageType::Path, .objects = {std::move(required)}};
  };
  namespace flag = rsvp::lsp_flag;
  EXPECT_EQ(ason::crankback_scope(path({flag::kBoundaryRerouting})),
            ason::CrankbackScope::Boundary);
  EXPECT_EQ(ason::crankback_scope(path({})), ason::CrankbackScope::None);
  EXPECT_TRUE(ason::must_be_contiguous(path({flag::kContiguous})));
  EXPECT_TRUE(ason::is_segment(path({flag::kStitching})));
  start(SegmentPlan{});
  const auto passes_with = [&](std::uint16_t tunnel, std::vector<unsigned> bits) {
    const LspKey key{.end_point = node_id(4),
                     .extended_tunnel_id = node_id(2).value,
                     .sender = node_id(2),
                     .tunnel_id = tunnel,
                     .lsp_id = 1};
    auto base = ason::base_path(request_of("injected"), key, {});
    base.objects.push_back(path(std::move(bits)).objects.front());
    const auto sent =
        ason::path_for_hop(base, {.out = {node_id(2), 23}, .upstream = {slot(tunnel)}});
    at(2, [&](Rooms& rooms) {
      EXPECT_EQ(rooms.engine.set_path(key, node_id(3), sent, now()), engine::Status::Done);
    });
    network->run(2s);
    const auto all = lsps(4);
    return std::ranges::any_of(all, [&](const auto& one) { return one.key == key; });
  };
  EXPECT_TRUE(passes_with(1, {flag::kEndToEndRerouting, flag::kContiguous}));
  EXPECT_FALSE(passes_with(2, {3})) << "LSP integrity (RFC 4875) is not known here";
  EXPECT_FALSE(passes_with(3, {6}));
}

TEST_F(Rules, SG4ALinkOfAnotherNodeIsNobodysAdjacency) {
  start(three_domains({Realisation::Nested, 1, 0}));
  const LspKey key{.end_point = node_id(4),
                   .extended_tunnel_id = node_id(3).value,
                   .sender = node_id(3),
                   .tunnel_id = 999,
                   .lsp_id = 1};
  auto request = request_of("false");
  request.adjacency = 701;
  auto base = ason::base_path(request, key, {});
  *base.find<rsvp::LspTunnelInterfaceId>() = {node_id(6).value, 64};
  const auto path = ason::path_for_hop(base, {.out = {node_id(7), 74}, .upstream = {slot(4)}});
  at(7, [&](Rooms& rooms) {
    EXPECT_EQ(rooms.engine.set_path(key, node_id(4), path, now()), engine::Status::Done);
  });
  ASSERT_TRUE(until([&] { return !segments(4).empty(); }));
  at(4, [&](Rooms& rooms) {
    for (const std::uint32_t id : rooms.manager.interfaces()) {
      if (id == 46) continue;
      EXPECT_NE(rooms.manager.interface(id)->remote, (LinkEnd{node_id(6), 64})) << id;
    }
  });
}

}  // namespace
}  // namespace forces::signaling::test
