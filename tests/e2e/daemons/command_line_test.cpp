// What a program says before it runs.

#include "tests/e2e/daemons/network.hpp"
#include "tests/support/paths.hpp"

namespace e2e {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class CommandLine : public Network {
 protected:
  Answer program(const std::string& name, const std::vector<std::string>& words) {
    std::vector<std::string> command{forces::test::built_program(name)};
    command.insert(command.end(), words.begin(), words.end());
    return run(command);
  }
};

TEST_F(CommandLine, CheckPrintsWhatIsInEffectAndItParsesToTheSame) {
  control_port_ = 6704;
  for (const auto& [name, toml] :
       {std::pair("ce", ce_toml("[log]\nlevel = \"debug\"\n")), std::pair("fe", fe_toml(1))}) {
    const auto first = program(name, {"-n", "-f", write("in.toml", toml)});
    EXPECT_EQ(first.status, 0) << first.err;
    EXPECT_EQ(first.err, "");
    EXPECT_THAT(first.out, HasSubstr("heartbeat = \"500ms\"\n"));
    EXPECT_THAT(first.out, HasSubstr("burst = 5\n"));  // a default
    const auto again = program(name, {"-n", "-f", write("out.toml", first.out)});
    EXPECT_EQ(again.out, first.out);
  }
}

TEST_F(CommandLine, AWrongFileIsStatus78WithFileLineAndKey) {
  for (const std::string name : {"ce", "fe"}) {
    const auto file = write("wrong.toml", "[" + name + "]\nid = \"x\"\n[tls]\nplaintext = true\n" +
                                              "[log]\nlevle = \"info\"\n");
    for (const bool check : {true, false}) {
      const auto answer = check ? program(name, {"-n", "-f", file}) : program(name, {"-f", file});
      EXPECT_EQ(answer.status, 78);
      EXPECT_EQ(answer.out, "");
      EXPECT_THAT(answer.err, HasSubstr(file + ":2:6: " + name + ".id: "));
      EXPECT_THAT(answer.err,
                  HasSubstr(file + ":6:1: log.levle: unknown key; did you mean `level`?\n"));
    }
    const auto syntax = program(name, {"-f", write("syntax.toml", "[tls]\nca = \n")});
    EXPECT_EQ(syntax.status, 78);
    EXPECT_THAT(syntax.err, StartsWith(path("syntax.toml") + ":2:"));
  }
}

TEST_F(CommandLine, AMissingFileNamesAnExample) {
  for (const std::string name : {"ce", "fe"}) {
    const auto answer = program(name, {"-f", path("none.toml")});
    EXPECT_EQ(answer.status, 78);
    EXPECT_THAT(answer.err, StartsWith(path("none.toml") + ": No such file or directory\n"));
    EXPECT_THAT(answer.err, HasSubstr("deploy/config/" + name + ".toml is an example"));
  }
}

TEST_F(CommandLine, AnUnknownOptionEndsWithUsage) {
  for (const std::string name : {"ce", "fe"}) {
    const auto answer = program(name, {"--frobnicate"});
    EXPECT_EQ(answer.status, 64);
    EXPECT_EQ(answer.out, "");
    EXPECT_THAT(answer.err, HasSubstr("--frobnicate"));
    EXPECT_THAT(answer.err, HasSubstr("usage: " + name + " [-f FILE] [-n]"));
  }
}

TEST_F(CommandLine, HelpSaysWhereToBegin) {
  for (const std::string name : {"ce", "fe"}) {
    const auto answer = program(name, {"--help"});
    EXPECT_EQ(answer.status, 0);
    for (const auto& needed : {"deploy/config/" + name + ".toml", std::string("make-dev-certs"),
                               std::string("forcesctl"), std::string("Exit status")}) {
      EXPECT_THAT(answer.out, HasSubstr(needed));
    }
  }
}

TEST_F(CommandLine, AMissingCertificateFileIsNamedWithWhatToDo) {
  control_port_ = 1;  // nobody is there
  ASSERT_NO_FATAL_FAILURE(certificates());
  std::filesystem::remove(path("tls/ce-1.crt"));
  std::filesystem::remove(path("tls/fe-1.key"));
  const std::vector<std::tuple<std::string, std::string, std::string>> kCases{
      {"ce", ce_toml(), "cannot read the certificate " + path("tls/ce-1.crt")},
      {"fe", fe_toml(1), "cannot read the key " + path("tls/fe-1.key")}};
  for (const auto& [name, toml, what] : kCases) {
    auto& child = start(name, name, toml);
    EXPECT_EQ(child.ends(), 78);
    EXPECT_THAT(child.err(), HasSubstr(what + ": No such file or directory;"));
    EXPECT_THAT(child.err(), HasSubstr("[tls] in " + path(name + ".toml")));
    EXPECT_THAT(child.err(), HasSubstr("deploy/tls/make-dev-certs"));
  }
}

TEST_F(CommandLine, AnAddressInUseIsStatus69AndNamed) {
  ASSERT_NO_FATAL_FAILURE(certificates());
  ASSERT_NO_FATAL_FAILURE(start_ce(ce_toml()));
  // Its own control and HTTP sockets, and the first one's port.
  auto toml = ce_toml();
  toml.replace(toml.find("/ce.sock"), 8, "/other.sock");
  auto& second = start("other", "ce", toml);
  EXPECT_EQ(second.ends(), 69);
  EXPECT_THAT(second.err(), HasSubstr("Address already in use"));
  EXPECT_THAT(second.err(), HasSubstr(std::to_string(control_port_)));

  auto& same_socket = start("same", "ce", ce_toml());
  EXPECT_EQ(same_socket.ends(), 69);
  EXPECT_THAT(same_socket.err(), HasSubstr("/ce.sock: another process serves it"));

  auto http_toml = toml;
  http_toml.replace(http_toml.find("port = 0"), 8, "port = " + std::to_string(http_port("ce")));
  auto& same_http = start("http", "ce", http_toml);
  EXPECT_EQ(same_http.ends(), 69);
  EXPECT_THAT(same_http.err(), HasSubstr("cannot listen at 127.0.0.1:"));
  EXPECT_THAT(same_http.err(), HasSubstr("[http] in "));
}

TEST_F(CommandLine, ForcesctlSaysWhichCommandsThereAre) {
  const auto unknown = program("forcesctl", {"frobnicate"});
  EXPECT_EQ(unknown.status, 64);
  EXPECT_THAT(unknown.err, HasSubstr("frobnicate"));
  EXPECT_THAT(
      unknown.err,
      HasSubstr(
          "status, fe, ce, channel, route, transaction, lfb, ha, fabric, membership, call, spc, "
          "connection, label-map, te, signaling, policy, group, scsp, mars, drain, stats, log, "
          "tls, decode"));
  const auto half = program("forcesctl", {"fe"});
  EXPECT_EQ(half.status, 64);
  EXPECT_THAT(half.err, HasSubstr("list, show"));
  EXPECT_THAT(half.err, HasSubstr("forcesctl fe --help"));
  const auto nobody = program("forcesctl", {"--socket", path("ce.sock"), "status"});
  EXPECT_EQ(nobody.status, 69);
  EXPECT_THAT(nobody.err, HasSubstr("Is it running?"));
}

}  // namespace
}  // namespace e2e
