#include "tests/e2e/routing/network_element.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "ce/routing/fpm/encoder.hpp"
#include "tests/e2e/daemons/http.hpp"
#include "tests/support/paths.hpp"

namespace forces::test {
namespace {

using namespace std::chrono_literals;
namespace fpm = ce::routing::fpm;
using ce::routing::IpAddress;
using Json = nlohmann::json;

constexpr int kHttpPort = 9704;
constexpr const char* kDevice = "fe1p1";
constexpr std::uint32_t kFirstPrefix = 0x10000000;   // 16.0.0.0
constexpr std::uint32_t kFirstGateway = 0x0a620102;  // 10.98.1.2
constexpr std::uint8_t kZebraStatic = 196;           // RTPROT_ZSTATIC
constexpr std::uint32_t kFirstHop = 100;             // zebra's number of the first next hop

void require(bool good, const std::string& what) {
  if (!good) throw std::runtime_error(what);
}

std::string dotted(std::uint32_t address) {
  return fmt::format("{}.{}.{}.{}", address >> 24, address >> 16 & 255, address >> 8 & 255,
                     address & 255);
}

// What a command writes.
std::string output_of(const std::string& command) {
  FILE* const pipe = ::popen(command.c_str(), "r");
  require(pipe != nullptr, command);
  std::string all;
  std::array<char, 65536> part{};
  while (const std::size_t n = ::fread(part.data(), 1, part.size(), pipe))
    all.append(part.data(), n);
  require(::pclose(pipe) == 0, command);
  return all;
}

// Protobuf's JSON writes 64-bit numbers as strings, and leaves out what is 0.
std::uint64_t number(const Json& object, const char* name) {
  const auto at = object.find(name);
  if (at == object.end()) return 0;
  return at->is_string() ? std::stoull(at->get<std::string>()) : at->get<std::uint64_t>();
}

fpm::Route route(std::uint32_t n) {
  fpm::Route r;
  r.prefix = {IpAddress::v4(kFirstPrefix + (n << 4)), 28};
  r.table = fpm::kTableMain;
  r.protocol = kZebraStatic;
  r.type = fpm::RouteType::Unicast;
  r.priority = 20;
  r.next_hop_id = kFirstHop + n % kGateways;
  return r;
}

std::vector<std::byte> finished(fpm::Encoder&& out) {
  auto octets = std::move(out).finish();
  require(octets.has_value(), "FPM encoder");
  return std::move(*octets);
}

}  // namespace

std::string prefix_of(std::uint32_t n) { return dotted(kFirstPrefix + (n << 4)) + "/28"; }
std::string gateway_of(std::uint32_t n) { return dotted(kFirstGateway + n % kGateways); }

TemporaryFolder::TemporaryFolder() { require(::mkdtemp(path_.data()) != nullptr, path_); }
TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void make_port() {
  require(
      run("ip link add port1 type veth peer name far && ip address add 10.98.1.1/24 dev port1 && "
          "ip link set port1 up && ip link set far up"),
      "no veth pair");
}

std::size_t count_routes() {
  return std::stoul(output_of(fmt::format("ip route show proto {} | wc -l", kForcesProtocol)));
}

std::string NetworkElement::missing() {
  if (const Namespace probe; !probe.made()) return "no privilege to make a namespace";
  if (::access("/dev/net/tun", R_OK | W_OK) != 0) return "no /dev/net/tun";
  return {};
}

NetworkElement::NetworkElement() {
  require(run(forces::test::in_checkout("deploy/tls/make-dev-certs ") + folder_ +
              "/tls --ce 1 --fe 1 >" + folder_ + "/certificates.log 2>&1"),
          "make-dev-certs");
  require(fe_side_.made() && enter_fresh_namespace(), "no namespace");
  require(run("ip link add ctl type veth peer name ctl netns " + fe_side_.path() +
              " && ip address add 10.97.1.1/24 dev ctl && ip link set ctl up"),
          "no veth pair");
  const Inside inside(fe_side_);
  make_port();
  require(run("ip address add 10.97.1.2/24 dev ctl && ip link set ctl up"), "no ctl");
}

NetworkElement::~NetworkElement() {
  hang_up();
  fe_.reset();
  ce_.reset();
  // With the device its routes go now, and not when the next measurement runs.
  const Inside inside(fe_side_);
  (void)run("ip link delete port1");
}

void NetworkElement::write_configuration() const {
  const auto common = [&](const std::string& who, const std::string& certificate) {
    return fmt::format(
        "[tls]\nca = \"{0}/tls/ca.crt\"\ncrl = \"{0}/tls/ca.crl\"\ncert = \"{0}/tls/{2}.crt\"\n"
        "key = \"{0}/tls/{2}.key\"\n[control]\nsocket = \"{0}/{1}.sock\"\n"
        "[http]\naddress = \"127.0.0.1\"\nport = {3}\n",
        folder_, who, certificate, kHttpPort);
  };
  std::ofstream(folder_ + "/ce.toml") << "[ce]\nid = 0x40000001\nname = \"ce\"\n"
                                      << common("ce", "ce-1") <<
      R"([tml]
address = "10.97.1.1"
heartbeat = "500ms"
dead_interval = "2s"
[association]
ce_dead_interval = "3s"
fe_dead_interval = "3s"
[[fe]]
id = 1
[[fe.port]]
id = 1
tun = "fe1p1"
address = "10.98.1.1/24"
[routing]
enabled = true
)";
  std::ofstream(folder_ + "/fe.toml") << "[fe]\nid = 1\nname = \"fe\"\n"
                                      << common("fe", "fe-1") <<
      R"([tml]
heartbeat = "500ms"
dead_interval = "2s"
backoff_max = "500ms"
[association]
ha_mode = "hot_standby"
failover_policy = "keep_forwarding"
ce_dead_interval = "3s"
retry_max = "500ms"
[[ce]]
id = 0x40000001
address = "10.97.1.1"
[[port]]
id = 1
kind = "raw"
device = "port1"
classes = ["ospf"]
)";
}

void NetworkElement::start() {
  write_configuration();
  start_ce();
  {
    const Inside inside(fe_side_);
    fe_ = std::make_unique<e2e::Child>(
        std::vector<std::string>{forces::test::built_program("fe"), "-f", folder_ + "/fe.toml"},
        folder_ + "/fe");
  }
  (void)wait_for("association",
                 [](const FeState& fe) { return fe.associated() && fe.tables == "synced"; });
}

void NetworkElement::start_ce() {
  ce_ = std::make_unique<e2e::Child>(
      std::vector<std::string>{forces::test::built_program("ce"), "-f", folder_ + "/ce.toml"},
      folder_ + "/ce");
}

void NetworkElement::kill_ce() {
  hang_up();
  ce_->signal(SIGKILL);
  require(ce_->ends().has_value(), "ce does not end");
}

bool NetworkElement::has_device() { return ::if_nametoindex(kDevice) != 0; }

std::vector<std::byte> NetworkElement::table(std::uint32_t routes, std::uint32_t first) const {
  fpm::Encoder out;
  const std::uint32_t device = ::if_nametoindex(kDevice);
  require(device != 0, "the ce has no TUN device");
  for (std::uint32_t i = 0; i < kGateways; ++i) {
    out.next_hop_add(
        {kFirstHop + i, {.ifindex = device, .gateway = IpAddress::v4(kFirstGateway + i)}, {}});
  }
  for (std::uint32_t n = first; n < routes; ++n) out.route_add(route(n));
  return finished(std::move(out));
}

std::vector<std::byte> NetworkElement::withdrawal(std::uint32_t n) const {
  fpm::Encoder out;
  out.route_delete(route(n));
  return finished(std::move(out));
}

Clock::time_point NetworkElement::feed(std::span<const std::byte> octets) {
  const sockaddr_in to{.sin_family = AF_INET,
                       .sin_port = htons(fpm::kDefaultPort),
                       .sin_addr = {htonl(INADDR_LOOPBACK)},
                       .sin_zero = {}};
  for (const auto end = Clock::now() + 20s; fpm_ < 0;) {
    require(Clock::now() < end, "nobody listens for FPM");
    fpm_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(fpm_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) break;
    hang_up();
    std::this_thread::sleep_for(10ms);
  }
  const auto began = Clock::now();
  while (!octets.empty()) {
    const ssize_t n = ::send(fpm_, octets.data(), octets.size(), MSG_NOSIGNAL);
    require(n > 0, "the FPM connection broke");
    octets = octets.subspan(static_cast<std::size_t>(n));
  }
  return began;
}

void NetworkElement::hang_up() {
  if (fpm_ >= 0) ::close(fpm_);
  fpm_ = -1;
}

void NetworkElement::cut() { require(run("ip link set ctl down"), "cut"); }
void NetworkElement::mend() { require(run("ip link set ctl up"), "mend"); }

FeState NetworkElement::state() const {
  FeState fe;
  const auto answer = e2e::http(kHttpPort, "/api/v1/fe/1");
  const auto now = Clock::now();
  const Json shown = Json::parse(answer.body, nullptr, false);
  if (answer.status != 200 || !shown.is_object()) return fe;
  fe.association = shown.value("state", "");
  fe.associated_at = now - std::chrono::milliseconds(number(shown, "up_ms"));
  const Json tables = shown.value("tables", Json::object());
  fe.tables = tables.value("state", "");
  fe.wanted = number(tables, "wanted");
  fe.acknowledged = number(tables, "acknowledged");
  fe.read_backs = number(tables, "read_backs");
  for (const Json& counter : shown.value("counters", Json::array())) {
    if (counter.value("name", "") == "rows_sent") fe.sent = number(counter, "value");
  }
  return fe;
}

FeState NetworkElement::wait_for(const std::string& what,
                                 const std::function<bool(const FeState&)>& holds,
                                 std::chrono::seconds bound) const {
  const auto end = Clock::now() + bound;
  for (;;) {
    const FeState fe = state();
    if (holds(fe)) return fe;
    if (Clock::now() > end) {
      throw std::runtime_error(
          fmt::format("not in time: {}; association {}, tables {}, {} of {} rows acknowledged",
                      what, fe.association, fe.tables, fe.acknowledged, fe.wanted));
    }
    std::this_thread::sleep_for(10ms);
  }
}

std::chrono::nanoseconds NetworkElement::cpu_of(const e2e::Child& program) {
  std::chrono::nanoseconds sum{};
  const std::string threads = "/proc/" + std::to_string(program.pid()) + "/task";
  for (const auto& thread : std::filesystem::directory_iterator(threads)) {
    std::int64_t ran = 0;
    std::ifstream(thread.path() / "schedstat") >> ran;
    sum += std::chrono::nanoseconds(ran);
  }
  return sum;
}

std::set<std::string> NetworkElement::routes_in_kernel() const {
  const Inside inside(fe_side_);
  const Json all =
      Json::parse(output_of(fmt::format("ip -j route show proto {}", kForcesProtocol)));
  std::set<std::string> found;
  for (const Json& one : all) {
    found.insert(fmt::format("{} via {}", one.value("dst", "?"), one.value("gateway", "?")));
  }
  require(found.size() == all.size(), "a route is there twice");
  return found;
}

std::string NetworkElement::log() const {
  return "---- ce said:\n" + (ce_ ? ce_->err() : "") + "---- fe said:\n" + (fe_ ? fe_->err() : "");
}

}  // namespace forces::test
