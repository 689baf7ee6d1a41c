// What is inside a connection controller: an LSP as this node has it, a connection as its ingress
// has it, and the machine over both. For the sources of this room only.
//
// An LSP is driven by what it is, not by what happened: events change facts (a Path is there, rows
// are reserved, a Resv is there, it is doomed) and advance() does the next step that the facts
// allow. So an event that comes while a transaction is under way needs no case of its own.
#pragma once

#include <functional>
#include <map>
#include <set>

#include "ce/signaling/ason/connection/controller.hpp"
#include "ce/signaling/ason/connection/crankback.hpp"
#include "ce/signaling/ason/connection/message/compose.hpp"
#include "ce/signaling/ason/connection/message/error.hpp"
#include "ce/signaling/ason/connection/message/route.hpp"
#include "common/core/outputs.hpp"

namespace forces::signaling::ason {

enum class Role : std::uint8_t { Ingress, Transit, Egress };
enum class Plane : std::uint8_t { None, Reserving, Reserved, Activating, Active, Releasing };

// What went wrong with a setup or an LSP, here or further on.
struct Trouble {
  rsvp::ErrorSpec spec{};
  engine::MessagePtr received{};  // null: found here
  bool upstream = false;          // about the link it came on: nothing can be done here
  bool no_way = false;            // path computation found none
  std::string reason{};           // of what was found here, for the operator
  std::optional<rsvp::AcceptableLabelSet> acceptable{};
};

struct Lsp {
  LspKey key;
  Role role = Role::Transit;
  std::string connection{};  // of the ingress

  // Upstream half. At the ingress the base of what is sent.
  engine::MessagePtr path_in{};
  NodeId previous{};
  LinkEnd from{};              // the far end of the link it came on
  std::uint32_t in = 0;        // interfaces of this node
  ExplicitLabels in_labels{};  // of the terminal at the ingress
  // Downstream half.
  NodeId next{};
  std::uint32_t out = 0;
  ExplicitLabels out_labels{};  // that the route demands there
  rsvp::Route onward{};         // the ERO that goes on
  std::set<LinkEnd> tried{};    // links out of here that were taken (K8)
  te::Exclusions away{};        // of the ingress: what its twin uses, what was told to be avoided
  std::optional<rsvp::Route> first_route{};  // of the ingress: computed with its twin, for one try
  engine::MessagePtr path_out{}, resv_in{};
  // To whom a Path of this LSP went, by this process or an earlier one, and by which of our
  // interfaces; who gets the PathTear, whatever way was chosen since.
  std::optional<LinkEnd> below{};
  // Segments that it is stitched to (RFC 5150): `in` and `out` are their interfaces, `next` is the
  // other end. The first is known by the link of the HOP, and may be gone.
  std::optional<LspKey> segment_in{}, segment_out{};
  std::set<std::string> awaited{};  // segments that are being set up for it
  // Of a segment or an adjacency, at either end: the link that it is (RFC 3477). Of an adjacency an
  // interface of this node.
  std::uint32_t link_id = 0;
  bool resv_out = false;

  Plane plane = Plane::None;
  resource::Reservation labels{};
  bool failing = false;           // here
  bool told = false;              // of its transport, to the node that asked for it
  std::set<NodeId> failing_at{};  // of the ingress: who said so, itself too; nothing better since

  std::map<NodeId, rsvp::MessageId> heard{};  // of the ingress: the last Notify of a node

  bool admitted = false;  // what is checked once is checked
  bool asked = false;     // its call; the verdict has not come
  rsvp::ErrorValue call_error{};
  bool established = false;   // a Resv went up from here, or the connection is Up
  bool deleting = false;      // the D bit was seen or sent (RFC 3473 section 7.2.1)
  bool doomed = false;        // it shall be gone when the rows are
  bool rerouting = false;     // rows go, then it begins again
  bool labels_fixed = false;  // rows are those of an earlier process: exactly these labels
  std::optional<engine::PathReceived> after{};  // came while this was still going

  // Restart.
  bool recovering = false;      // of a journal, or of rows; not yet given back by a neighbour
  bool journaled = false;       // by which its way is known
  bool given_back = false;      // its Path came
  bool unsynchronized = false;  // told
  engine::MessagePtr recovery_path{};
  // It is known by which links and labels it came: not while only rows tell of it.
  [[nodiscard]] bool bound() const { return !recovering || journaled || !labels.in.empty(); }

  History history{};
  Attempts attempts{};
  std::optional<Trouble> last{};  // that was repaired, or tried to be
  std::uint32_t budget_used = 0;  // tries of all nodes, as a private object tells
  bool persisted = false;
  Instant created{}, up_at{};
  Instant due = Instant::max();
  enum class Due : std::uint8_t { None, Setup, CallHold, Graceful, Asked, History, Restore, Idle };
  Due why = Due::None;

  bool both_ways = true;  // of the ingress, whose base has no UPSTREAM_LABEL yet

  [[nodiscard]] const rsvp::Message& path() const { return *path_in; }
  [[nodiscard]] bool bidirectional() const {
    return role == Role::Ingress ? both_ways : ason::bidirectional(path());
  }
};

struct Connection {
  ConnectionRequest request{};
  ConnectionState state = ConnectionState::Setup;
  std::uint16_t tunnel_id = 0, last_lsp = 0;
  std::optional<LspKey> current{};      // that carries it, or is being set up first
  std::optional<LspKey> replacement{};  // being set up in its place
  std::optional<LspKey> second{};       // of OnePlusOne
  std::set<LspKey> lsps{};              // all of it, also those that are on their way out
  rsvp::Route nominal{}, route{};
  bool frozen = false;
  bool leaving = false;  // the operator wants it gone
  Attempts attempts{};
  std::vector<Failure> failures{};
  Instant created{}, began{}, up_since{}, broken_since{};
  Duration setup_time{}, recovery_time{};
  te::Exclusions broken{};     // what failed under it
  std::set<LspKey> waiting{};  // of a segment: who is to be stitched to it when it is up
};

// A PathTear that a neighbour must hear, whoever restarts meanwhile: by R1 it would keep the LSP
// for ever. The engine repeats it until it is acknowledged; for a while after that it is
// remembered, for what was acknowledged may not have been durable there when the neighbour died.
struct Tear {
  engine::MessagePtr message;
  Instant until = Instant::max();  // acknowledged: forgotten then
};
using TearId = std::pair<LspKey, NodeId>;

class Controller::Core {
 public:
  Core(const ControllerConfig& c, te::Database& d, te::PathFinder& f, resource::Manager& m)
      : config(c), database(d), finder(f), manager(m) {}

  ControllerConfig config;
  te::Database& database;
  te::PathFinder& finder;
  resource::Manager& manager;
  OutputQueue<Output> out;
  Counters counters;

  std::map<LspKey, Lsp> lsps;
  std::map<std::string, Connection, std::less<>> connections;
  std::set<std::pair<Instant, LspKey>> timers;
  std::set<NodeId> lost;            // neighbours that cannot be told of an end now
  std::set<NodeId> recovered_with;  // our Recovery Period with them is over
  std::set<LspKey> found;           // rows of nobody
  std::set<LspKey> unclaimed;       // of them, that were told of
  std::map<LspKey, engine::RecoveryPathReceived> recovery_paths;  // before their LSP is known
  // Torn by upstream before anything was known of them here: journal lost, rows not yet read.
  std::map<LspKey, engine::MessagePtr> ended;
  std::set<LspKey> wanting;                  // up, and without the rows that they had
  std::map<LspKey, std::set<LspKey>> users;  // of segments, at either end
  // Connections that are segments: by whom they are for, which is a call or a session; and those
  // that nobody needs any more, by their end.
  using Pool = std::pair<std::uint16_t, LspKey>;
  std::map<Pool, std::set<std::string>> pools;
  std::map<NodeId, std::set<std::string>> resting;
  std::map<LinkEnd, LspKey> segments_in;  // that end here, by the link that the other end named
  std::uint32_t last_segment_end = 0;
  // LSPs in which others are nested, at either end, by the interface whose slots they carry.
  std::map<std::uint32_t, LspKey> adjacencies;
  Failure segment_error{};  // of the last one that was not to be had
  std::map<TearId, Tear> tears;
  std::set<std::pair<Instant, TearId>> tear_timers;
  std::set<NodeId> untold;  // a Notify to them was not delivered
  Instant tell_at = Instant::max();
  std::set<std::uint16_t> tunnels;
  std::uint16_t last_tunnel = 0;
  bool damaged_journal = false;
  bool whole_journal = false;  // it was kept, and nothing in it is damaged
  Instant recovery_at = Instant::max();
  bool recovery_over = false;  // what is not confirmed by then is told
  bool fabric_read = false;    // all FEs have told their rows since the start
  std::uint64_t topology = 0;  // the version of the database that was last acted on

  // --- setup/advance.cpp: the machine ---
  [[nodiscard]] Lsp* find(const LspKey& key);
  [[nodiscard]] const Lsp* find(const LspKey& key) const;
  // Another one of its session with which it may share labels (RFC 3209 section 4.6.4): the last.
  [[nodiscard]] const Lsp* fellow(const Lsp& lsp) const;
  // After any of these the LSP may be gone: look it up again.
  void advance(const LspKey& key, Instant now);
  void begin(Lsp& lsp, Instant now);
  void go_on(Lsp& lsp, Instant now);  // its way is chosen
  void reserve(Lsp& lsp, Instant now);
  void activate(Lsp& lsp, Instant now);
  void let_go(Lsp& lsp, Instant now);  // of its rows
  void doom(Lsp& lsp, Instant now);    // let go, and be gone
  void finish(Lsp& lsp, Instant now);
  void established(Lsp& lsp, Instant now);
  void on_settled(const resource::Settled& settled, Instant now);
  void on_yielded(const resource::Yielded& yielded, Instant now);
  void read_plane(Lsp& lsp);  // as the manager has it
  void want(Lsp& lsp);        // its rows, as soon as they can be had
  void try_wanting(Instant now);
  void set_timer(Lsp& lsp, Lsp::Due why, Duration wait, Instant now);
  void clear_timer(Lsp& lsp);

  // --- setup/admit.cpp: a Path that came ---
  void on_path(const engine::PathReceived& event, Instant now);
  void on_path_gone(const engine::PathGone& event, Instant now);
  void on_modified(Lsp& lsp, const engine::PathReceived& event, Instant now);
  [[nodiscard]] std::optional<Trouble> refused(const Lsp& lsp) const;
  [[nodiscard]] bool leads_within(const Lsp& lsp) const;
  [[nodiscard]] bool comes_back(const Lsp& known, const engine::PathReceived& event) const;
  [[nodiscard]] static bool left_by(const Lsp& known, const engine::PathReceived& event);
  [[nodiscard]] static bool moved(const Lsp& lsp, const engine::PathReceived& event);
  void came_by(Lsp& lsp) const;  // the link that its Path names
  // What stays the same when a Path of this LSP comes again; of one that is in service the link and
  // its label are enough.
  [[nodiscard]] static bool same_link(const rsvp::Message& a, const rsvp::Message& b);
  [[nodiscard]] static bool same_way(const rsvp::Message& a, const rsvp::Message& b);

  // --- setup/way.cpp: which way it goes on ---
  [[nodiscard]] std::optional<Trouble> choose_way(Lsp& lsp);
  [[nodiscard]] std::optional<Trouble> compute_way(Lsp& lsp, const rsvp::Route& rest);
  [[nodiscard]] std::optional<Trouble> egress_way(Lsp& lsp, std::uint32_t interface);
  [[nodiscard]] rsvp::Route onward(const te::Path& path, const rsvp::Route& rest,
                                   NodeId destination) const;
  [[nodiscard]] te::Request te_request(const Lsp& lsp, const rsvp::Route& rest) const;
  [[nodiscard]] std::optional<LinkEnd> far_end(std::uint32_t interface) const;
  [[nodiscard]] bool is_access(std::uint32_t interface) const;
  [[nodiscard]] bool is_border(NodeId node) const;
  [[nodiscard]] std::uint32_t domain_of(NodeId node) const;

  // --- setup/labels.cpp ---
  [[nodiscard]] std::expected<resource::Wants, Trouble> wants(const Lsp& lsp) const;
  [[nodiscard]] Trouble refusal(const Lsp& lsp, const resource::Refusal& why) const;
  [[nodiscard]] std::vector<rsvp::LabelSet> offered(const Lsp& lsp) const;

  // --- setup/segment.cpp: LSPs of a domain that others are stitched to ---
  [[nodiscard]] std::optional<Trouble> stitch(Lsp& lsp, Instant now);
  [[nodiscard]] std::size_t split(const Lsp& lsp, NodeId& exit) const;
  void pass_domain(Lsp& lsp, NodeId exit, std::uint32_t out) const;  // over what leads to `exit`
  // A name that is free.
  [[nodiscard]] std::string segment_name(std::string_view kind, NodeId exit) const;
  // For an LSP, to `exit`: what they have in common.
  [[nodiscard]] static ConnectionRequest request_for(const Lsp& lsp, NodeId exit);
  [[nodiscard]] std::expected<std::string, Failure> make_segment(const Lsp& lsp, NodeId exit,
                                                                 const rsvp::Route& inside,
                                                                 const CallReference& call,
                                                                 Instant now);
  void use_segment(Lsp& lsp, Lsp& segment);
  void leave_segment(Lsp& lsp, Instant now);
  void segment_up(Connection& connection, Instant now);
  void segment_failed(Connection& connection, const Failure& failure, Instant now);
  void tell_waiting(Connection& connection, const Failure& failure, Instant now);
  void segment_transport(const Lsp& segment, Instant now);
  void segment_gone(const Lsp& segment, Instant now);
  void end_segment_here(Lsp& lsp);  // it is one, and its other end may name it from now on
  [[nodiscard]] bool segment_fails(const Lsp& lsp) const;  // that it goes on by
  [[nodiscard]] LinkEnd out_link(const Lsp& lsp) const;    // as others know it

  // --- setup/pool.cpp: which segments there are, and which of them are there for an LSP ---
  [[nodiscard]] static Pool pool_of(const CallReference& call, const LspKey& lsp);
  [[nodiscard]] const std::set<std::string>& in_pool(const Pool& pool) const;
  [[nodiscard]] bool needed(const Connection& segment) const;  // by who is of its pool
  [[nodiscard]] std::set<std::string> candidates(const Lsp& lsp, const Pool& pool,
                                                 NodeId exit) const;
  [[nodiscard]] Connection* usable_segment(const Lsp& lsp, NodeId exit, const CallReference& call);
  [[nodiscard]] const Lsp* free_segment(const Connection& connection, const Lsp& lsp) const;
  [[nodiscard]] std::vector<LspKey> carried_by(const LspKey& segment) const;
  void share_segments(const Lsp& lsp, te::Request& request) const;
  void know_segment(const ConnectionRequest& segment);
  void forget_segment(const ConnectionRequest& segment);
  [[nodiscard]] Duration rest_of(const Connection& segment) const;
  void rest_if_idle(Connection& connection, Instant now);
  void on_idle(Lsp& segment, Instant now);

  // --- setup/nest.cpp: LSPs of a domain that others are nested in ---
  [[nodiscard]] std::optional<Trouble> nest(Lsp& lsp, NodeId exit, Instant now);
  [[nodiscard]] const Lsp* usable_adjacency(const Lsp& lsp, NodeId exit) const;
  [[nodiscard]] std::expected<std::string, Failure> make_adjacency(const Lsp& lsp, NodeId exit,
                                                                   Instant now);
  [[nodiscard]] const Adaptation* adaptation_of(std::uint32_t client) const;
  [[nodiscard]] bool may_carry(const Adaptation& adaptation, const te::Signal& signal) const;
  [[nodiscard]] std::optional<Trouble> end_adjacency(Lsp& lsp);  // here, if that can be
  [[nodiscard]] static std::optional<LinkEnd> link_at_far_end(const Lsp& lsp);
  void join_adjacency(Lsp& lsp);  // it ends here; the link that it is leads to its other end
  void claim_link(const Lsp& adjacency);  // by the last word of its other end
  void adjacency_up(Lsp& adjacency, Instant now);
  void adjacency_back(Lsp& adjacency, Instant now);  // perhaps
  void adjacency_gone(const Lsp& adjacency, Instant now);
  [[nodiscard]] const Lsp* adjacency_at(std::uint32_t client) const;
  [[nodiscard]] std::vector<LspKey> nested_in(std::uint32_t client) const;
  void rest_adjacencies(Instant now);
  void share_adjacencies(te::Request& request) const;
  void show_nesting(const Lsp& lsp, LspView& view) const;

  // --- setup/send.cpp ---
  void send_path(Lsp& lsp, Instant now);
  void send_resv(Lsp& lsp, Instant now);
  void tear_downstream(Lsp& lsp, const rsvp::Message* received = nullptr);
  void resend(Lsp& lsp, Instant now);  // both halves, after something in them changed
  void on_resv(const engine::ResvReceived& event, Instant now);
  void on_resv_gone(const engine::ResvGone& event, Instant now);
  void on_resv_err(const engine::ResvErrReceived& event, Instant now);
  [[nodiscard]] bool reports_contiguous(const Lsp& lsp) const;
  [[nodiscard]] rsvp::Route recorded(const Lsp& lsp) const;  // the RRO of a Resv that leaves here
  // At the ends of an LSP of a call (RFC 4974): may it be; it is up; it is gone.
  void ask_call(Lsp& lsp, Instant now);
  void on_call_verdict(const LspKey& key, const CallVerdict& verdict, Instant now);
  void tell_call(const Lsp& lsp, bool up);

  // --- faults/errors.cpp ---
  [[nodiscard]] Trouble trouble(const Lsp& lsp, rsvp::ErrorValue error, Blocked blocked = {}) const;
  void setup_failed(Lsp& lsp, Trouble trouble, Instant now);
  void on_path_err(const engine::PathErrReceived& event, Instant now);
  void give_up_setup(Lsp& lsp, Trouble trouble, Instant now);
  void begin_again(Lsp& lsp, Instant now);
  [[nodiscard]] RepairRules rules(const Lsp& lsp) const;

  // --- faults/transport.cpp ---
  void on_hit(const resource::Hit& hit, Instant now);
  bool on_notify(const engine::NotifyReceived& event, Instant now);
  void tell_transport(Lsp& lsp);
  void on_notify_failed(NodeId to, Instant now);
  void tell_again(Instant now);
  void judge_transport(Lsp& lsp, const te::Exclusions& named, const Failure* failure, Instant now);
  void tell_degraded(NodeId neighbor, bool degraded);
  void on_lsp_failed(Lsp& lsp, const rsvp::ErrorSpec& spec, Instant now);

  // --- ingress/ ---
  [[nodiscard]] std::expected<LspKey, Failure> create(const ConnectionRequest& request,
                                                      Instant now);
  LspKey start_lsp(Connection& connection, const LspRoleInCall& role, const Terminal& ingress,
                   const Terminal& egress, const rsvp::Route& route, const te::Exclusions& away,
                   std::optional<rsvp::Route> first_route, Instant now);
  void lsp_up(Lsp& lsp, Instant now);
  // `lsp` is about to go; what it was for is told.
  void lsp_failed(Lsp& lsp, const Failure& failure, Instant now);
  void lsp_gone(const LspKey& key, const std::string& connection, Instant now);
  void delete_lsp(Lsp& lsp, Instant now);  // gracefully where it is established
  void release(Connection& connection, Instant now);
  bool ask_release(Lsp& lsp, Instant now);
  void retry(Connection& connection, Instant now);
  bool replace(Connection& connection, const rsvp::Route& route, const te::Exclusions& away,
               Instant now);
  void restore(Connection& connection, Instant now);
  static void remember(Connection& connection, Failure failure);
  void set_state(Connection& connection, ConnectionState state, const Failure* failure = nullptr);
  [[nodiscard]] Connection* connection_of(const Lsp& lsp);
  [[nodiscard]] std::uint16_t free_tunnel();

  // --- restart/ ---
  void persist(const Lsp& lsp);
  void persist(const Connection& connection);
  void persist(const TearId& id, const Tear& tear);
  void forget(const LspKey& key);
  void forget(const TearId& id);
  void forget_connection(const std::string& name);
  void recover(std::string_view key, std::span<const std::byte> octets, Instant now);
  void start(Instant now);
  void finish_halves(Connection& connection, Instant now);
  void on_found(const resource::Found& found, Instant now);
  void on_recovery_path(const engine::RecoveryPathReceived& event, Instant now);
  void on_recovery_ended(const engine::RecoveryEnded& event, Instant now);
  void on_fabric_read(Instant now);
  bool adopt(Lsp& lsp, Instant now);  // the rows of an earlier process
  bool bind_rows(Lsp& lsp) const;     // interfaces and labels as rows say
  void path_of_recovered(Lsp& lsp, const engine::PathReceived& event, Instant now);
  void resume(Lsp& lsp, Instant now);  // when all that it needs is there
  [[nodiscard]] Lsp* ingress_of_recovery_path(const engine::RecoveryPathReceived& event,
                                              Instant now);
  void recover_segments(Instant now);
  void name_segment(ConnectionRequest& request);
  void bind_segment(Lsp& lsp);
  [[nodiscard]] bool bind_way_over(Lsp& lsp) const;
  [[nodiscard]] bool waits_for_segment(Lsp& lsp) const;
  void bind_stitched(Instant now);
  [[nodiscard]] bool early(NodeId neighbor) const;
  void keep(const Lsp& lsp);  // its upstream half, whose Path says nothing of being established
  void end_unknown(const engine::PathGone& event, Instant now);
  void still_waits(Lsp& lsp);
  void on_recovery_time(Instant now);
  void tell_unclaimed();
  void unsynchronized(Lsp& lsp, bool is);
  void neighbor_changed(const engine::NeighborChanged& event, Instant now);
  void owe_tear(const LspKey& key, NodeId next, rsvp::Message message);
  void forget_tear(const TearId& id);
  void on_tear_delivered(const engine::TearDelivered& event, Instant now);
  void on_tear_time(Instant now);
};

[[nodiscard]] std::string_view to_string(Role role);
[[nodiscard]] te::Signal signal_of(const rsvp::Message& path);
[[nodiscard]] constexpr LspKey session_of(LspKey key) {  // the key of its session: LSP 0
  key.lsp_id = 0;
  return key;
}
// A segment at one of its ends; who does not know what that is ends an LSP as any other.
[[nodiscard]] inline bool is_end(const Lsp& lsp) { return (lsp.link_id & kSegmentLinks) != 0; }
[[nodiscard]] inline bool is_adjacency(const Lsp& lsp) {  // at one of its ends as well
  return lsp.link_id != 0 && !is_end(lsp);
}

}  // namespace forces::signaling::ason
