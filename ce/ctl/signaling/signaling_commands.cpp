#include "ce/ctl/signaling/signaling_commands.hpp"

#include <fmt/format.h>

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "ce/ctl/commands.hpp"

namespace forces::ctl {
namespace {

constexpr const char* kForms =
    "A NODE is 192.0.2.3, the END of a link 192.0.2.3:7 (NODE:INTERFACE), a CALL its number here "
    "or\nits name, LABELS are 0x20000 or 0x20000,0x30000.\n";

CLI::App* group(CLI::App& app, const char* name, const char* about) {
  return app.add_subcommand(name, about)->require_subcommand(1)->fallthrough();
}

CLI::App* command(CLI::App* group, const char* name, const char* about, const char* example) {
  auto* made = group->add_subcommand(name, about)->fallthrough();
  made->footer(fmt::format("{}Example: forcesctl {}\n", kForms, example));
  return made;
}

// Options that go to a field of the request as they are.
using Set = std::function<void(const std::string&)>;
CLI::Option* text(CLI::App* command, const char* name, Set set, const char* about) {
  return command->add_option_function<std::string>(name, std::move(set), about);
}
using SetNumber = std::function<void(const std::uint32_t&)>;
CLI::Option* number(CLI::App* command, const char* name, SetNumber set, const char* about) {
  return command->add_option_function<std::uint32_t>(name, std::move(set), about);
}
using SetTexts = std::function<void(const std::vector<std::string>&)>;
void texts(CLI::App* command, const char* name, SetTexts set, const char* about) {
  command->add_option_function<std::vector<std::string>>(name, std::move(set), about)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

// `invocation` asks for what `fill` puts into a Request; `waits`: for what takes its time.
template <class Fill>
void asks(CLI::App* command, Invocation& invocation, Fill fill, bool waits = false) {
  command->callback([&invocation, fill, waits] {
    fill(invocation.request.emplace());
    invocation.role = "ce";
    invocation.waits = waits;
  });
}

template <class Request>
void endpoints_of(CLI::App* command, const std::shared_ptr<Request>& r) {
  text(
      command, "--source", [r](const auto& v) { r->set_source(v); },
      "TNA of the caller, an IPv4 address");
  text(
      command, "--destination", [r](const auto& v) { r->set_destination(v); }, "TNA of the callee");
  number(command, "--level", [r](const auto& v) { r->set_service_level(v); }, "service level");
}

// A part of a list. Without these all of it is shown, however many pages that takes.
template <class Request>
void page_of(CLI::App* command, const std::shared_ptr<Request>& r, const char* after) {
  if constexpr (std::same_as<std::remove_cvref_t<decltype(r->after())>, std::string>) {
    text(command, "--after", [r](const auto& v) { r->set_after(v); }, after);
  } else {
    command->add_option_function<std::uint64_t>(
        "--after", [r](const std::uint64_t& v) { r->set_after(v); }, after);
  }
  number(
      command, "--limit", [r](const auto& v) { r->set_limit(v); },
      "no more than so many; how to go on stands below them, with --json in `next`");
}

void add_calls(CLI::App& app, Invocation& invocation) {
  auto* calls = group(app, "call", "calls from user to user (RFC 4974)");

  auto create = std::make_shared<control::CallCreateRequest>();
  auto* made = command(calls, "create", "a call, without connections; waits until it is there",
                       "call create 192.0.2.3 --level 1");
  text(made, "NODE", [create](const auto& v) { create->set_to(v); }, "the callee's")->required();
  text(
      made, "--name", [create](const auto& v) { create->set_name(v); },
      "long Call ID, up to 255 octets; nothing: one is made");
  endpoints_of(made, create);
  asks(made, invocation, [create](auto& r) { *r.mutable_call_create() = *create; }, true);

  auto list = std::make_shared<control::CallListRequest>();
  made = command(calls, "list", "all of this node, a line each", "call list --limit 100");
  page_of(made, list, "from the CALL behind this number on");
  asks(made, invocation, [list](auto& r) { *r.mutable_call_list() = *list; });

  auto show = std::make_shared<control::CallShowRequest>();
  made = command(calls, "show", "one, with its segments and connections", "call show 1");
  text(
      made, "CALL", [show](const auto& v) { show->set_call(v); }, "as `call list` has it")
      ->required();
  asks(made, invocation, [show](auto& r) { *r.mutable_call_show() = *show; });

  auto modify = std::make_shared<control::CallModifyRequest>();
  made = command(calls, "modify", "another service level, if all on the way agree",
                 "call modify 1 --level 2");
  text(
      made, "CALL", [modify](const auto& v) { modify->set_call(v); }, "as `call list` has it")
      ->required();
  number(
      made, "--level", [modify](const auto& v) { modify->set_service_level(v); }, "service level")
      ->required();
  asks(made, invocation, [modify](auto& r) { *r.mutable_call_modify() = *modify; }, true);

  auto remove = std::make_shared<control::CallDeleteRequest>();
  made = command(calls, "delete", "the end of a call; waits for it", "call delete 1 --connections");
  text(
      made, "CALL", [remove](const auto& v) { remove->set_call(v); }, "as `call list` has it")
      ->required();
  made->add_flag_callback(
      "--connections", [remove] { remove->set_connections(true); },
      "its connections first; without this, a call that has some stays");
  made->add_flag_callback(
      "--forget", [remove] { remove->set_forget(true); },
      "only here, of a call whose other side will never answer");
  asks(made, invocation, [remove](auto& r) { *r.mutable_call_delete() = *remove; }, true);
}

void add_spc(CLI::App& app, Invocation& invocation) {
  auto* spc = group(app, "spc", "soft permanent connections: a call and its connection in one");
  auto r = std::make_shared<control::SpcCreateRequest>();
  auto* made = command(spc, "create",
                       "from a port of this node to one of another; both are there afterwards, or "
                       "neither",
                       "spc create 1 192.0.2.3:7 --name blue --from-labels 0x20000 --crankback "
                       "segment");
  number(
      made, "FROM", [r](const auto& v) { r->set_from(v); }, "interface of this node")
      ->required();
  text(
      made, "TO", [r](const auto& v) { r->set_to(v); },
      "END at the egress; or its NODE, which then chooses")
      ->required();
  text(
      made, "--name", [r](const auto& v) { r->set_name(v); },
      "of the connection, here; nothing: one is made");
  text(
      made, "--from-labels", [r](const auto& v) { r->set_from_labels(v); },
      "LABELS at this end; nothing: the node chooses");
  text(made, "--to-labels", [r](const auto& v) { r->set_to_labels(v); }, "LABELS at the other end");
  text(
      made, "--signal", [r](const auto& v) { r->set_signal(v); },
      "vc4 (without this), vc3, vc2, vc12, vc11, lambda, or a number of RFC 4606");
  number(
      made, "--contiguous", [r](const auto& v) { r->set_contiguous(v); }, "so many slots as one");
  number(
      made, "--vcat", [r](const auto& v) { r->set_vcat(v); },
      "so many slots, virtually concatenated");
  number(made, "--count", [r](const auto& v) { r->set_count(v); }, "so many signals");
  made->add_flag_callback("--unidirectional", [r] { r->set_unidirectional(true); }, "there only");
  text(
      made, "--call", [r](const auto& v) { r->set_call(v); },
      "in this CALL; nothing: in a new one");
  made->add_flag_callback(
      "--no-call", [r] { r->set_no_call(true); }, "in none: a conventional connection");
  text(made, "--call-name", [r](const auto& v) { r->set_call_name(v); }, "name of the new call");
  endpoints_of(made, r);
  texts(
      made, "--route", [r](const auto& v) { r->mutable_route()->Assign(v.begin(), v.end()); },
      "NODE or END that it passes, + behind it where others may come first; again for more");
  texts(
      made, "--exclude", [r](const auto& v) { r->mutable_exclude()->Assign(v.begin(), v.end()); },
      "NODE or END that it keeps away from; again for more");
  text(
      made, "--crankback", [r](const auto& v) { r->set_crankback(v); },
      "who may try other ways: none, end_to_end, boundary, segment (RFC 4920)");
  number(
      made, "--node-limit", [r](const auto& v) { r->set_node_limit(v); }, "other ways at one node");
  number(
      made, "--connection-limit", [r](const auto& v) { r->set_connection_limit(v); },
      "other ways in all");
  number(
      made, "--setup-ms", [r](const auto& v) { r->set_setup_ms(v); },
      "the whole set-up no longer than this");
  text(
      made, "--recovery", [r](const auto& v) { r->set_recovery(v); },
      "none, reroute, one_plus_one");
  number(
      made, "--recovery-from", [r](const auto& v) { r->set_recovery_from(v); },
      "of one_plus_one: its second interface here,");
  text(
      made, "--recovery-to", [r](const auto& v) { r->set_recovery_to(v); },
      "and its second END there");
  made->add_flag_callback(
      "--keep", [r] { r->set_keep(true); },
      "a connection that failed stays, for `connection retry`");
  asks(made, invocation, [r](auto& q) { *q.mutable_spc_create() = *r; }, true);
}

void add_change(CLI::App* connections, Invocation& invocation, const char* name, const char* about,
                control::ConnectionChangeRequest::Change change, bool waits,
                bool excludes = false) {
  auto r = std::make_shared<control::ConnectionChangeRequest>();
  r->set_change(change);
  auto* made = command(
      connections, name, about,
      fmt::format("connection {} blue{}", name, excludes ? " --exclude 192.0.2.2:23" : "").c_str());
  text(made, "NAME", [r](const auto& v) { r->set_name(v); }, "of the connection")->required();
  if (excludes) {
    texts(
        made, "--exclude", [r](const auto& v) { r->mutable_exclude()->Assign(v.begin(), v.end()); },
        "NODE or END to keep away from; nothing: all links that it uses now");
  }
  asks(made, invocation, [r](auto& q) { *q.mutable_connection_change() = *r; }, waits);
}

void add_connections(CLI::App& app, Invocation& invocation) {
  using Change = control::ConnectionChangeRequest;
  auto* connections = group(app, "connection", "connections whose ingress is this node");

  auto list = std::make_shared<control::ConnectionListRequest>();
  auto lsps = std::make_shared<bool>(false);
  auto* made = command(connections, "list", "all of them, a line each",
                       "connection list --state failed --limit 100");
  auto* state = text(
      made, "--state", [list](const auto& v) { list->set_state(v); },
      "only those: setup, up, broken, restoring, failed, releasing");
  page_of(made, list, "from the connection behind this name on; with --lsps a number");
  made->add_flag("--lsps", *lsps, "LSPs instead: also those in transit and at their egress")
      ->excludes(state);
  asks(made, invocation, [list, lsps](auto& q) {
    if (!*lsps) {
      *q.mutable_connection_list() = *list;
      return;
    }
    std::uint64_t after = 0;
    if (!list->after().empty() && !CLI::detail::lexical_cast(list->after(), after)) {
      throw CLI::ValidationError("--after", "with --lsps a number, as `next` has it");
    }
    q.mutable_lsp_list()->set_after(after);
    q.mutable_lsp_list()->set_limit(list->limit());
  });

  auto show = std::make_shared<control::ConnectionShowRequest>();
  made = command(connections, "show", "one, with its routes and what went wrong",
                 "connection show blue");
  text(
      made, "NAME", [show](const auto& v) { show->set_name(v); }, "as `connection list` has it")
      ->required();
  asks(made, invocation, [show](auto& q) { *q.mutable_connection_show() = *show; });

  add_change(connections, invocation, "reroute", "onto another way; waits for it", Change::REROUTE,
             true, true);
  add_change(connections, invocation, "revert", "back to its nominal route; waits for it",
             Change::REVERT, true);
  add_change(connections, invocation, "retry", "try again what has failed; waits for it",
             Change::RETRY, true);
  add_change(connections, invocation, "freeze", "no restoration of its own accord", Change::FREEZE,
             false);
  add_change(connections, invocation, "thaw", "restoration again", Change::THAW, false);
  add_change(connections, invocation, "permanent", "its current route is the nominal one from now",
             Change::MAKE_PERMANENT, false);
  add_change(connections, invocation, "delete", "its end; its call stays", Change::DELETE, true);

  auto end = std::make_shared<control::LspEndRequest>();
  made = command(connections, "end-lsp",
                 "ask for the end of an LSP whose ingress is another node (RFC 3473 section 7.2.1)",
                 "connection end-lsp 192.0.2.1 192.0.2.3 1 1");
  text(
      made, "SENDER", [end](const auto& v) { end->mutable_lsp()->set_sender(v); }, "NODE")
      ->required();
  text(
      made, "END_POINT", [end](const auto& v) { end->mutable_lsp()->set_end_point(v); }, "NODE")
      ->required();
  number(
      made, "TUNNEL", [end](const auto& v) { end->mutable_lsp()->set_tunnel(v); },
      "as `connection list --lsps` has it, and so")
      ->required();
  number(
      made, "LSP", [end](const auto& v) { end->mutable_lsp()->set_lsp(v); }, "that of the LSP")
      ->required();
  made->add_flag_callback(
      "--give-up", [end] { end->set_give_up(true); },
      "one that nobody has confirmed after a restart: gone here, whoever has it");
  asks(made, invocation, [end](auto& q) { *q.mutable_lsp_end() = *end; });
}

void add_label_map(CLI::App& app, Invocation& invocation) {
  auto* map = group(app, "label-map",
                    "slots of a compound link, by their numbers at both ends (RFC 4139 section "
                    "4.5)");
  auto show = std::make_shared<control::LabelMapRequest>();
  auto* made = command(map, "show", "what is known, and what does not fit", "label-map show 12");
  number(made, "INTERFACE", [show](const auto& v) { show->set_interface(v); }, "nothing: all");
  asks(made, invocation, [show](auto& q) { *q.mutable_label_map() = *show; });
  for (const bool withdraw : {false, true}) {
    auto r = std::make_shared<control::LabelMapChangeRequest>();
    r->set_withdraw(withdraw);
    made = withdraw ? command(map, "withdraw", "the other end of a label is not known any more",
                              "label-map withdraw 12 0x10000")
                    : command(map, "set", "our label LOCAL is REMOTE at the other end",
                              "label-map set 12 0x10000 0x60000");
    number(
        made, "INTERFACE", [r](const auto& v) { r->set_interface(v); },
        "of this node, at a compound link")
        ->required();
    text(made, "LOCAL", [r](const auto& v) { r->set_local(v); }, "label")->required();
    if (!withdraw) {
      text(made, "REMOTE", [r](const auto& v) { r->set_remote(v); }, "label")->required();
    }
    asks(made, invocation, [r](auto& q) { *q.mutable_label_map_change() = *r; });
  }
}

void add_te(CLI::App& app, Invocation& invocation) {
  auto* te = group(app, "te", "the network as this node knows it");
  auto links = std::make_shared<control::TeLinkListRequest>();
  auto* made = command(te, "links", "all links, with what is free", "te links --limit 100");
  page_of(made, links, "behind so many");
  asks(made, invocation, [links](auto& q) { *q.mutable_te_link_list() = *links; });
  auto r = std::make_shared<control::TePathRequest>();
  made = command(te, "path", "the way that a connection would take; nothing is set up",
                 "te path 192.0.2.3:7 --exclude 192.0.2.2 --disjoint");
  text(made, "TO", [r](const auto& v) { r->set_to(v); }, "NODE or END")->required();
  text(made, "--from", [r](const auto& v) { r->set_from(v); }, "NODE; nothing: this one");
  text(made, "--signal", [r](const auto& v) { r->set_signal(v); }, "as of `spc create`");
  texts(
      made, "--route", [r](const auto& v) { r->mutable_route()->Assign(v.begin(), v.end()); },
      "NODE or END that it passes; again for more");
  texts(
      made, "--exclude", [r](const auto& v) { r->mutable_exclude()->Assign(v.begin(), v.end()); },
      "NODE or END that it keeps away from; again for more");
  made->add_flag_callback(
      "--disjoint", [r] { r->set_disjoint(true); }, "two ways that have nothing in common");
  asks(made, invocation, [r](auto& q) { *q.mutable_te_path() = *r; });
}

}  // namespace

void add_signaling(CLI::App& app, Invocation& invocation) {
  add_calls(app, invocation);
  add_spc(app, invocation);
  add_connections(app, invocation);
  add_label_map(app, invocation);
  add_te(app, invocation);
  auto* signaling = group(app, "signaling", "how signalling is");
  asks(command(signaling, "status", "this node in short", "signaling status"), invocation,
       [](auto& q) { q.mutable_signaling_status(); });
  asks(command(signaling, "neighbors", "who is there, and what passes", "signaling neighbors"),
       invocation, [](auto& q) { q.mutable_neighbor_list(); });
  auto* policy = app.add_subcommand("policy", "whom this node lets call, and by what way");
  policy->fallthrough()->footer("Example: forcesctl policy --json\n");
  asks(policy, invocation, [](auto& q) { q.mutable_policy(); });
}

}  // namespace forces::ctl
