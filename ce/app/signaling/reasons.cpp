#include "ce/app/signaling/reasons.hpp"

#include <algorithm>
#include <array>

namespace forces::ce {
namespace {

constexpr std::string_view kSeePeer =
    "`signaling neighbors` at the node that says so shows whether the next one is up";
constexpr std::string_view kFreeLabels =
    "leave the labels to the nodes, or take some that `te links` shows as free";
constexpr std::string_view kTryPath = "`te path` with the same options shows what is in the way";
constexpr std::string_view kCorrect = "correct the request";

constexpr std::array kReasonWords{
    // Calls.
    ReasonWord{"invalid", "the request contradicts itself or this node", kCorrect},
    ReasonWord{"limit", "there are as many as there may be",
               "end some; [signaling.calls] max_calls and [signaling.connections] max_lsps say how "
               "many there may be"},
    ReasonWord{"no_route", "no call controller is known that leads to the callee",
               "[[policy.route]] of this node leads calls: `policy` shows it"},
    ReasonWord{"duplicate", "the call is there already", "another --name; `call list` has it"},
    ReasonWord{"refused", "a call controller refuses the call, or its change",
               "code, value and node say who and why; `policy` there shows what it lets pass"},
    ReasonWord{"not_supported", "a node on the way knows no calls",
               "`spc create --no-call` makes a connection without one"},
    ReasonWord{"collision", "the other end asked for the same call, and was refused",
               "ask again, at one end only"},
    ReasonWord{"no_answer", "the next call controller does not answer in time", kSeePeer},
    ReasonWord{"no_acknowledgement", "the next call controller acknowledges nothing", kSeePeer},
    ReasonWord{"released", "it was ended before it was there", "ask again if it is still wanted"},
    ReasonWord{"released_by_peer", "another call controller gave it up",
               "ask its operator; then ask again"},
    ReasonWord{"connections_exist", "a call that has connections stays",
               "`call delete CALL --connections` ends them first"},
    ReasonWord{"unconfirmed", "the other side does not confirm the end; here the call is gone",
               "there `call list` shows whether it is left, and `call delete --forget` ends it"},
    ReasonWord{"unknown_call", "there is no such call", "`call list` has those that there are"},
    ReasonWord{"not_established", "the call is not set up, or ends",
               "wait until `call show` says active"},
    ReasonWord{"not_an_end", "the call only passes here",
               "ask at one of its ends, which `call show` names"},
    ReasonWord{"not_the_caller", "the caller's side changes this", "ask at the caller's node"},
    ReasonWord{"busy", "another change of the call waits for its answer", "ask again later"},
    ReasonWord{"forgotten", "an operator had it forgotten", ""},
    ReasonWord{"journal_damaged", "an entry of the state cannot be read",
               "the log names the entry; what it was about ends at the other nodes"},

    // Connections: what cannot even begin.
    ReasonWord{"name", "a connection has a name of 1 to 255 octets", "another --name"},
    ReasonWord{"name_in_use", "a connection has this name", "another --name; `connection list`"},
    ReasonWord{"no_egress", "nothing says where it goes", kCorrect},
    ReasonWord{"unknown_ingress_interface", "this node has no such interface",
               "[[signaling.interface]] lists what it has"},
    ReasonWord{"too_many_lsps", "there are as many LSPs as there may be",
               "end some, or raise max_lsps in [signaling.connections]"},
    ReasonWord{"no_tunnel_id", "all tunnels between the two nodes are taken",
               "end connections to that node"},

    // Connections: on their way.
    ReasonWord{"blocked_link", "a link has no room or does not work",
               "`--crankback segment` goes around it, `--exclude` keeps away from it"},
    ReasonWord{"transport_failed", "a port or a label stopped working during the set-up",
               "`connection retry` when it works again, or `--exclude` the link"},
    ReasonWord{"fabric_refused", "an FE refuses the cross-connect",
               "the log of that ce has the FE's answer; `lfb get FE` shows its rows"},
    ReasonWord{"reservation_torn", "the next node took the reservation back",
               "`connection retry`; the log of that node says why"},
    ReasonWord{"lsp_failed", "a node on the way says that traffic does not pass",
               "`connection reroute`, if no recovery is configured"},
    ReasonWord{"call_id_removed_on_the_way", "a node took the Call_ID out of the connection",
               "`--no-call`, or a way around that node"},
    ReasonWord{"stitching_unsupported", "the end of the segment cannot stitch (RFC 5150)",
               "the point's realisation must be contiguous"},
    ReasonWord{"nesting_unsupported", "the other border cannot end an adjacency (RFC 4206)",
               "the point's realisation must be contiguous or stitched"},
    ReasonWord{"no_adaptation", "no adaptation of this node is free for an adjacency",
               "more [[signaling.adaptation]], or end what fills those that are there"},
    ReasonWord{"setup_timer", "the set-up took longer than it may; behind the dot what went wrong",
               "`--setup-ms`, or setup in [signaling.crankback]; `signaling neighbors` on the way"},
    ReasonWord{"node_limit", "a node tried as many other ways as it may",
               "`--node-limit`, or `--exclude` what is blocked"},
    ReasonWord{"rerouting_limit", "as many other ways were tried as the connection allows",
               "`--connection-limit`, or `--exclude` what is blocked"},
    ReasonWord{"failed", "it failed, and nobody said why", "`connection retry`"},
    ReasonWord{"no_neighbor", "the next node is no neighbor", kSeePeer},
    ReasonWord{"no_state", "the state it is about is gone", "`connection retry`"},
    ReasonWord{"malformed", "the message could not be built",
               "correct the request; it is a defect"},

    // Connections: what a node has not got (RFC 3473, RFC 4606).
    ReasonWord{"unknown_interface", "the node has no such interface",
               "`te links` has those that there are"},
    ReasonWord{"interface_down", "the port or its FE is down",
               "`signaling status` and `fe list` there"},
    ReasonWord{"wrong_switching", "the interface switches something else", "another --signal"},
    ReasonWord{"wrong_encoding", "the interface has another encoding", "another --signal"},
    ReasonWord{"wrong_signal", "there is no such signal", "another --signal, --vcat, --contiguous"},
    ReasonWord{"bad_label", "the label is none of this interface, or not for this signal",
               kFreeLabels},
    ReasonWord{"label_busy", "another connection has the label", kFreeLabels},
    ReasonWord{"label_set_empty", "none of the labels that may be used is left", kFreeLabels},
    ReasonWord{"contention", "the other end of the link took the label, and goes first",
               "`connection retry`"},
    ReasonWord{"no_fabric_route", "the FEs of a node have no way through it",
               "[[signaling.inter_fe_link]] there; `--exclude` the node"},
    ReasonWord{"differs", "an LSP of these numbers is there, and is another", "`connection retry`"},
    ReasonWord{"unknown_connection", "the node does not know the LSP", "`connection retry`"},
    ReasonWord{"not_verified", "the labels of the compound link are not known at both ends yet",
               "`label-map show` there; `label-map set` says them by hand"},

    // No way through the network.
    ReasonWord{"no_route.unknown_source", "[te] has no node that it begins at", "`te links`"},
    ReasonWord{"no_route.unknown_destination", "[te] has no node that it goes to", "`te links`"},
    ReasonWord{"no_route.bad_signal", "no network could carry this",
               "another --signal, --vcat, --contiguous"},
    ReasonWord{"no_route.bad_route", "a hop of --route is not there", "`te links` has the hops"},
    ReasonWord{"no_route.disconnected", "no links lead there, whatever is asked for", "`te links`"},
    ReasonWord{"no_route.down", "what leads there is down", "`te links` shows what is down"},
    ReasonWord{"no_route.other_domain", "nothing leads there within the domain", kTryPath},
    ReasonWord{"no_route.wrong_switching", "no links of this switching lead there",
               "another --signal; `te links`"},
    ReasonWord{"no_route.wrong_encoding", "no links of this encoding lead there",
               "another --signal; `te links`"},
    ReasonWord{"no_route.no_bandwidth", "what leads there is full",
               "`te links` shows what is free"},
    ReasonWord{"no_route.no_affinity", "no links of the affinities lead there", "`te links`"},
    ReasonWord{"no_route.excluded", "what is excluded or blocked leaves no way",
               "fewer --exclude; what is blocked is tried again later"},
    ReasonWord{"no_route.along_route", "there are ways, none along --route", "`te path --route`"},
    ReasonWord{"no_route.label_continuity", "no label is free all the way", kFreeLabels},
    ReasonWord{"no_route.too_many_hops", "all ways are too long", "`--route` through other nodes"},
    ReasonWord{"no_route.bad_egress", "the egress interface cannot take this",
               "another END, --to-labels or --signal"},
    ReasonWord{"no_route.no_diversity", "there is one way, and no second one apart from it",
               "`te path --disjoint`; `--recovery reroute` needs only one at a time"},
    ReasonWord{"no_route.effort", "the search was given up",
               "`--route` through some nodes makes it smaller"},

    // What other nodes say most: the words are those of ERROR_SPEC.
    ReasonWord{"generic_policy_rejection", "2/3, a policy", ""},
    ReasonWord{"quota_or_accounting_violation",
               "2/4, the point has its number of calls, connections or kbit/s of a call",
               "end some, or ask for less; `policy` there shows how many there may be"},
    ReasonWord{"policy_element_type_rejected",
               "2/17, a signal, size, protection or service level that a UNI or I-NNI does not let "
               "pass",
               "`policy` there shows what passes"},
    ReasonWord{"inter_domain_policy_failure", "2/103, the same at an E-NNI",
               "`policy` there shows what passes"},
    ReasonWord{"unauthorized_sender", "2/100, this caller may not", ""},
    ReasonWord{"unauthorized_receiver", "2/101, nobody may call this callee", ""},
    ReasonWord{"inter_domain_explicit_route_rejected", "2/104, no route is given through the point",
               "without --route"},
    ReasonWord{"bad_explicit_route_object", "24/1, the egress has no such interface",
               "`te links`; another END"},
    ReasonWord{"service_level_not_available", "24/101, no such service level here and now",
               "another --level; `policy` shows those that there are"},
    ReasonWord{"unknown_call_id", "32/3, the call of the connection is not there",
               "`call list` at both ends; `spc create` without --call makes one"},
};

struct ReasonOfCode {
  std::uint32_t code;
  std::string_view next;
};
constexpr std::array kReasonsOfCode{
    ReasonOfCode{1, "`--crankback segment` goes around it, `--exclude` keeps away from it"},
    ReasonOfCode{2, "`policy` at the node that says so shows whom and what it lets pass"},
    ReasonOfCode{21, "another --signal, --vcat, --contiguous or --count"},
    ReasonOfCode{24, kTryPath},
    ReasonOfCode{32, "`call list` at both ends"},
};

}  // namespace

std::span<const ReasonWord> reason_words() { return kReasonWords; }

std::string_view next_of(const control::SignalingReason& reason) {
  std::string_view cause = reason.cause();
  constexpr std::string_view kSegment = "segment.", kTimer = "setup_timer";
  if (cause.starts_with(kSegment)) cause.remove_prefix(kSegment.size());
  if (cause.starts_with(kTimer)) cause = kTimer;
  const auto* const word = std::ranges::find(kReasonWords, cause, &ReasonWord::cause);
  if (word != kReasonWords.end() && !word->next.empty()) return word->next;
  const auto* const of_code = std::ranges::find(kReasonsOfCode, reason.code(), &ReasonOfCode::code);
  return of_code != kReasonsOfCode.end() ? of_code->next : std::string_view();
}

}  // namespace forces::ce
