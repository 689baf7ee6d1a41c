// An operator, three nodes, and what passes between them.
#include "tests/e2e/fabric/nodes.hpp"
#include "tests/support/paths.hpp"

namespace e2e {
namespace {

using testing::HasSubstr;

class Signaling : public Nodes {};

// T1 and T2 of ason.md 7: one command, a call and a connection through three domains, frames.
TEST_F(Signaling, T1AnSpcByOneCommandCarriesFramesAndItsCallDeletedLeavesNothing) {
  ASSERT_NO_FATAL_FAILURE(start_nodes());
  const auto made = blue();
  ASSERT_EQ(made.status, 0) << made.err;
  EXPECT_EQ(made.json()["state"], "up");
  for (int node = 1; node <= kNodes; ++node) {
    EXPECT_EQ(rows(node).size(), 2U) << node;
    ASSERT_EQ(calls(node).size(), 1U) << node;
    EXPECT_EQ(calls(node)[0]["state"], "active") << node;
  }
  EXPECT_EQ(calls(1)[0]["role"], "caller");
  EXPECT_EQ(calls(2)[0]["role"], "between");
  EXPECT_EQ(calls(3)[0]["role"], "callee");
  ASSERT_NO_FATAL_FAILURE(expect_passing("and back"));

  const auto shown = ctl("ce1", {"connection", "show", "blue"});
  EXPECT_EQ(shown.status, 0) << shown.err;
  for (const auto* part : {"connection blue up\n", "192.0.2.1 to 192.0.2.3 tunnel 1 lsp 1",
                           "192.0.2.2:23", "set up in "}) {
    EXPECT_THAT(shown.out, HasSubstr(part));
  }
  EXPECT_EQ(connection("blue")["call"], calls(1)[0]["name"]);
  const auto lsps = ctl("ce2", {"connection", "list", "--lsps", "--json"}).json();
  ASSERT_EQ(lsps["lsps"].size(), 1U);
  EXPECT_EQ(lsps["lsps"][0]["role"], "transit");
  EXPECT_EQ(lsps["lsps"][0]["state"], "up");
  EXPECT_EQ(metric("ce1", "ce_signaling_setups_up_total"), 1U);
  EXPECT_EQ(metric("ce1", "ce_signaling_connections", {{"state", "up"}}), 1U);
  EXPECT_EQ(metric("ce1", "ce_signaling_neighbor_up", {{"neighbor", "192.0.2.2"}}), 1U);

  // RFC 4974: a call that has connections stays.
  const std::string call = calls(1)[0]["name"];
  const auto refused = ctl("ce1", {"call", "delete", call, "--json"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_EQ(refused.json()["reason"]["cause"], "connections_exist");
  EXPECT_EQ(refused.json()["reason"]["code"], 32);
  ASSERT_NO_FATAL_FAILURE(expect_passing("all the same"));

  const auto ended = ctl("ce1", {"call", "delete", call, "--connections"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_TRUE(no_rows());
  EXPECT_TRUE(eventually([&] { return calls(1).empty() && calls(2).empty() && calls(3).empty(); }));
  EXPECT_EQ(ctl("ce1", {"connection", "show", "blue"}).status, 1);
}

// T2 of ason.md 7, nested (RFC 4206): what stands for a VC-12 is seen inside of what stands for the
// VC-4 that carries it.
TEST_F(Signaling, T2ANestedConnectionIsInsideOfAnotherOneOnTheWay) {
  nested_ = true;
  ASSERT_NO_FATAL_FAILURE(start_nodes());
  const auto made = blue({"--signal", "vc12"});
  ASSERT_EQ(made.status, 0) << made.err;
  EXPECT_EQ(rows(1).size(), 2U);
  EXPECT_EQ(rows(2).size(), 4U);
  EXPECT_EQ(rows(3).size(), 4U);
  ASSERT_NO_FATAL_FAILURE(expect_passing("in a VC-4"));

  const forces::test::OpticalLine between("v32");
  ASSERT_TRUE(between.good() && far1->send(2 * kSlot, "seen"));
  const auto outer = between.traffic();
  ASSERT_TRUE(outer);
  const auto inner =
      forces::fe::dataplane::optical::decode_frame(std::as_bytes(std::span(outer->payload)));
  ASSERT_TRUE(inner);
  EXPECT_GE(inner->label, 1U);
  EXPECT_LE(inner->label, 63U);
  EXPECT_EQ(
      std::string(reinterpret_cast<const char*>(inner->payload.data()), inner->payload.size()),
      "seen");
  EXPECT_TRUE(far7->traffic());

  const auto adjacency = ctl("ce2", {"connection", "show", "adjacency/192.0.2.3/1"});
  EXPECT_THAT(adjacency.out, HasSubstr("for LSPs that are nested in it by interface 701"));
  EXPECT_THAT(adjacency.out, HasSubstr("carries 192.0.2.1 to 192.0.2.3"));

  // A dead controller releases nothing; with it back the last one out ends what carried it.
  child("ce2").signal(SIGKILL);
  ASSERT_TRUE(child("ce2").ends());
  ASSERT_NO_FATAL_FAILURE(expect_passing("without a controller"));
  ASSERT_NO_FATAL_FAILURE(start_ce(2));
  ASSERT_TRUE(eventually([&] {
    const auto lsps = ctl("ce2", {"connection", "list", "--lsps", "--json"}).json()["lsps"];
    return lsps.size() == 2 && std::ranges::all_of(lsps, [](const auto& lsp) {
             return lsp["state"] == "up" && lsp["unsynchronized"] == false;
           });
  }));
  ASSERT_TRUE(ready(2));
  ASSERT_NO_FATAL_FAILURE(expect_passing("with another one"));
  const std::string call = calls(1)[0]["name"];
  const auto ended = ctl("ce1", {"call", "delete", call, "--connections"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_TRUE(no_rows());
}

// T13: the reason reaches the operator, and nothing is left anywhere.
TEST_F(Signaling, T13ACallerThatMayNotIsRefusedWithTheReasonAndNothingIsSetUp) {
  point_[3] = "callers = [\"10.1.0.0/16\"]\n";
  ASSERT_NO_FATAL_FAILURE(start_nodes());
  const auto refused = blue({"--source", "10.9.0.1"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("the call was not set up: refused (2/103)"));
  const auto reason = refused.json()["reason"];
  EXPECT_EQ(reason["what"], "call");
  EXPECT_EQ(reason["code"], 2);
  EXPECT_EQ(reason["value"], 103);
  EXPECT_EQ(reason["node"], "192.0.2.3");
  EXPECT_TRUE(no_rows());
  EXPECT_EQ(ctl("ce1", {"connection", "list", "--json"}).json()["connections"].size(), 0U);
  EXPECT_TRUE(eventually([&] { return calls(1).empty() && calls(2).empty() && calls(3).empty(); }));
  EXPECT_EQ(blue({"--source", "10.1.0.1"}).status, 0) << "who may";
}

// SG3: what a connection asks for is judged at each reference point, also where it only passes.
TEST_F(Signaling, T13AConnectionThatAPointDoesNotCarryIsRefusedThere) {
  point_[2] = "signals = [\"5\", \"6\"]\n";
  point_[3] = "max_bandwidth = 200000\ncall_bandwidth = 350000\n";
  ASSERT_NO_FATAL_FAILURE(start_nodes());
  const auto expect_refused = [&](const Answer& answer, int value, const std::string& node) {
    EXPECT_EQ(answer.status, 1) << answer.out;
    const auto reason = answer.json()["reason"];
    EXPECT_EQ(reason["what"], "connection") << answer.out;
    EXPECT_EQ(reason["code"], 2) << answer.out;
    EXPECT_EQ(reason["value"], value) << answer.out;
    EXPECT_EQ(reason["node"], node) << answer.out;
  };
  expect_refused(ctl("ce1", {"spc", "create", "1", "192.0.2.3:7", "--signal", "11", "--json"}), 103,
                 "192.0.2.2");
  expect_refused(ctl("ce1", {"spc", "create", "1", "192.0.2.3:7", "--count", "2", "--json"}), 103,
                 "192.0.2.3");
  EXPECT_TRUE(no_rows());
  EXPECT_THAT(ctl("ce3", {"policy"}).out,
              testing::ContainsRegex("of connections:\n.*\nnetwork +- +- +200000 +350000 "));
  ASSERT_EQ(blue().status, 0);
  ASSERT_EQ(calls(1).size(), 1U);
  const std::string call = calls(1)[0]["name"];
  const std::vector<std::string> more{"spc",    "create", "1",     "192.0.2.3:7",
                                      "--call", call,     "--json"};
  EXPECT_EQ(ctl("ce1", more).status, 0) << "two of 150 Mbit/s";
  expect_refused(ctl("ce1", more), 4, "192.0.2.3");
  EXPECT_EQ(connection("blue")["state"], "up");
}

// T12: what the egress cannot give is undone as a whole, its call too.
TEST_F(Signaling, T12AnInterfaceThatIsNotThereIsNamedAndTheCallIsUndone) {
  ASSERT_NO_FATAL_FAILURE(start_nodes());
  const auto failed = ctl("ce1", {"spc", "create", "1", "192.0.2.3:99", "--json"});
  EXPECT_EQ(failed.status, 1);
  const auto reason = failed.json()["reason"];
  EXPECT_EQ(reason["what"], "connection");
  EXPECT_EQ(reason["code"], 24);
  EXPECT_EQ(reason["value"], 1);
  EXPECT_EQ(reason["link"], "192.0.2.3:99");
  EXPECT_TRUE(no_rows());
  EXPECT_TRUE(eventually([&] { return calls(1).empty() && calls(2).empty() && calls(3).empty(); }));
  EXPECT_EQ(metric("ce3", "ce_signaling_errors_total", {{"code", "24"}}), 1U);

  const auto kept = ctl("ce1", {"spc", "create", "1", "192.0.2.3:99", "--name", "kept", "--keep"});
  EXPECT_EQ(kept.status, 1);
  EXPECT_EQ(connection("kept")["state"], "failed");
  EXPECT_EQ(ctl("ce1", {"connection", "delete", "kept"}).status, 0);
}

// R1, R2 and T8: what is established outlives any ce, and comes back to it.
TEST_F(Signaling, T8AKilledCeHasItsConnectionsBackAndNoRowChangesAndNoFrameIsLost) {
  ASSERT_NO_FATAL_FAILURE(start_nodes());
  ASSERT_EQ(blue().status, 0);
  for (const int node : {2, 1}) {
    SCOPED_TRACE(node);
    const Json before[] = {rows(1), rows(2), rows(3)};
    child(ce(node)).signal(SIGKILL);
    ASSERT_TRUE(child(ce(node)).ends());
    for (int i = 0; i < 50; ++i) {
      ASSERT_NO_FATAL_FAILURE(expect_passing(fmt::format("without ce{} {}", node, i)));
    }
    ASSERT_NO_FATAL_FAILURE(start_ce(node));
    ASSERT_TRUE(eventually([&] {
      const auto lsps = ctl(ce(node), {"connection", "list", "--lsps", "--json"}).json();
      return lsps["lsps"].size() == 1 && lsps["lsps"][0]["state"] == "up" &&
             lsps["lsps"][0]["unsynchronized"] == false;
    }));
    ASSERT_TRUE(ready(node));
    ASSERT_NO_FATAL_FAILURE(expect_passing("with it again"));
    for (int other = 1; other <= kNodes; ++other) EXPECT_EQ(rows(other), before[other - 1]);
  }
  EXPECT_EQ(connection("blue")["state"], "up");
  ASSERT_EQ(calls(1).size(), 1U);
  EXPECT_EQ(ctl("ce1", {"call", "delete", calls(1)[0]["name"], "--connections"}).status, 0);
  EXPECT_TRUE(no_rows());
}

// RFC 2747: who has another key is not believed, and a key that comes by a reload is used.
TEST_F(Signaling, MessagesAreAuthenticatedByTheKeysOfTheConfiguration) {
  ASSERT_NO_FATAL_FAILURE(start_nodes());
  const auto key = [&](const std::string& name, const std::string& secret) {
    const auto file = write(name, secret + "\n");
    ::chmod(file.c_str(), 0600);
    return fmt::format(
        "[[signaling.key]]\nid = 7\nsecret_file = \"{}\"\nneighbors = [\"192.0.2.{}\"]\n", file,
        name == "one" ? 2 : 1);
  };
  const auto neighbor = [&](int node, const std::string& id) {
    const auto list = ctl(ce(node), {"signaling", "neighbors", "--json"}).json();
    for (const auto& one : list["neighbors"]) {
      if (one["node"] == id) return one;
    }
    return Json::object();
  };
  const auto reload = [&](int node, const std::string& more) {
    write(ce(node) + ".toml", ce_toml(node, more));
    child(ce(node)).signal(SIGHUP);
  };
  reload(1, key("one", "the same"));
  reload(2, key("two", "another"));
  EXPECT_TRUE(eventually([&] {
    return neighbor(1, "192.0.2.2")["state"] == "lost" &&
           !neighbor(1, "192.0.2.2")["drops"].empty();
  })) << ctl("ce1", {"signaling", "neighbors"}).out;
  EXPECT_EQ(number(neighbor(1, "192.0.2.2")["key"]), 7U);
  reload(2, key("two", "the same"));
  EXPECT_TRUE(eventually([&] { return neighbor(1, "192.0.2.2")["state"] == "up"; }))
      << ctl("ce1", {"signaling", "neighbors"}).out;
  EXPECT_EQ(blue().status, 0);

  // What cannot change while it runs is said.
  write("ce3.toml", ce_toml(3, "", "in_memory = true\n"));
  child("ce3").signal(SIGHUP);
  EXPECT_TRUE(child("ce3").says("this change needs a restart table=signaling"));
}

// The other end of a segment is a neighbour too, though no link leads there (RFC 5150).
TEST_F(Signaling, KeysOfNeighborsWithoutALinkChangeWhileItRunsToo) {
  const std::string far =
      "[[te.node]]\nid = \"192.0.2.4\"\ndomain = 1\n[[te.node]]\nid = \"192.0.2.5\"\ndomain = 9\n"
      "[[te.link]]\na = \"192.0.2.4:45\"\nb = \"192.0.2.5:54\"\nreference = \"enni\"\n"
      "labels = [\"0x10000\"]\n"
      "[[policy.point]]\nname = \"far\"\nkind = \"inni\"\npeers = [\"192.0.2.4/32\"]\n"
      "realisation = \"stitched\"\n";
  ASSERT_NO_FATAL_FAILURE(start_ce(1, far));
  const auto key = [&] {
    const auto list = ctl("ce1", {"signaling", "neighbors", "--json"}).json();
    for (const auto& one : list["neighbors"]) {
      if (one["node"] == "192.0.2.4") return number(one["key"]);
    }
    return std::uint64_t{999};
  };
  EXPECT_EQ(key(), 0U);
  const auto file = write("secret", "far away\n");
  ::chmod(file.c_str(), 0600);
  write("ce1.toml", ce_toml(1, far + fmt::format("[[signaling.key]]\nid = 7\nsecret_file = \"{}\"\n"
                                                 "neighbors = [\"192.0.2.4\"]\n",
                                                 file)));
  child("ce1").signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return key() == 7; })) << ctl("ce1", {"signaling", "neighbors"}).out;
}

TEST_F(Signaling, AStoreThatDoesNotOpenEndsTheStartAndSaysWhatToDo) {
  auto toml = ce_toml(1);
  const std::string name = "state1.db";
  toml.replace(toml.find(name), name.size(), "no/folder/state.db");
  auto& child = start("ce1", "ce", toml);
  EXPECT_EQ(child.ends(), 69);
  EXPECT_THAT(child.err(), HasSubstr("cannot open the state"));
  EXPECT_THAT(child.err(), HasSubstr("no/folder/state.db"));
  EXPECT_THAT(child.err(), HasSubstr("[signaling] file says where"));

  auto& keyless =
      start("ce1", "ce", ce_toml(1, "[[signaling.key]]\nid = 1\nsecret_file = \"/no/key\"\n"));
  EXPECT_EQ(keyless.ends(), 69);
  EXPECT_THAT(keyless.err(), HasSubstr("[[signaling.key]] 1: /no/key No such file"));
}

TEST_F(Signaling, AMalformedConfigurationIsStatus78WithLineAndKey) {
  auto toml = ce_toml(1);
  const std::string link = "b = \"192.0.2.2:21\"";
  toml.replace(toml.find(link), link.size(), "b = \"192.0.2.9:21\"");
  const auto file = write("wrong.toml", toml);
  const auto answer = run({forces::test::built_program("ce"), "-n", "-f", file});
  EXPECT_EQ(answer.status, 78);
  EXPECT_THAT(answer.err, HasSubstr("te.link[0].b: is at none of the [[te.node]]\n"));
  EXPECT_THAT(answer.err, testing::StartsWith(file + ":"));
}

// What is shown is the same in every form, and a ce without signalling says so.
TEST_F(Signaling, TheOperatorSeesNeighborsLinksPathsAndPolicy) {
  ASSERT_NO_FATAL_FAILURE(start_nodes());
  EXPECT_THAT(ctl("ce2", {"signaling", "neighbors"}).out,
              testing::ContainsRegex("192.0.2.1 +up.*\n192.0.2.3 +up"));
  EXPECT_THAT(ctl("ce2", {"te", "links"}).out, HasSubstr("192.0.2.1:12"));
  const auto path = ctl("ce1", {"te", "path", "192.0.2.3:7"});
  EXPECT_EQ(path.status, 0) << path.err;
  EXPECT_THAT(path.out, testing::ContainsRegex("cost 2\n.*\n192.0.2.1:12 +192.0.2.2:21"));
  const auto no_way = ctl("ce1", {"te", "path", "192.0.2.3", "--exclude", "192.0.2.2", "--json"});
  EXPECT_EQ(no_way.status, 1);
  EXPECT_EQ(no_way.json()["reason"]["cause"], "no_route.excluded");
  EXPECT_THAT(ctl("ce1", {"policy"}).out, HasSubstr("others are strangers, and refused"));
  EXPECT_THAT(ctl("ce1", {"label-map", "set", "12", "1", "2"}).err,
              HasSubstr("interface 12 is at no compound link"));
  const auto call = ctl("ce1", {"call", "create", "192.0.2.3", "--level", "3", "--json"});
  ASSERT_EQ(call.status, 0) << call.err;
  EXPECT_EQ(call.json()["service_level"], 3);
  const std::string handle = std::to_string(number(call.json()["handle"]));
  const auto modified = ctl("ce1", {"call", "modify", handle, "--level", "4", "--json"});
  EXPECT_EQ(modified.status, 0) << modified.err;
  EXPECT_EQ(modified.json()["service_level"], 4);
  EXPECT_EQ(ctl("ce1", {"call", "delete", handle}).status, 0);
  EXPECT_THAT(ctl("fe1", {"call", "list"}).err, HasSubstr("is the socket of an fe"));
}

}  // namespace
}  // namespace e2e
