// What the configuration file of ce says of signalling: [signaling], [te] and [policy];
// deploy/config/ce-ason.toml is the commented example. Texts are kept as they were written, so that
// what is printed reads again; visit() has seen that they are values (text.hpp).
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "ce/app/keys.hpp"
#include "ce/association/controller.hpp"
#include "ce/signaling/service/service.hpp"
#include "common/runtime/config.hpp"

namespace forces::ce {

// --- [te]: the network as it is known, the same file in every node of it ---
struct TeNodeSettings {
  std::string id;
  signaling::te::Node values{};
};
struct TeLinkSettings {
  std::string a, b;  // "192.0.2.1:12"
  std::string address_a, address_b;
  std::vector<std::string> labels, srlgs;
  std::uint32_t metric = 1;
  bool compound = false, discover = false;
  signaling::te::Link values{};
};
struct TeSettings {
  std::vector<TeNodeSettings> nodes;
  std::vector<TeLinkSettings> links;
};

// --- [signaling]: this node ---
struct InterfaceSettings {  // of a TE link, or of a user
  std::string port;         // "FE:port"
  std::vector<std::string> labels;
  signaling::resource::InterfaceConfig values{};
};
struct InterFeLinkSettings {
  std::string a, b;
  std::vector<std::string> labels;
};
struct AdaptationSettings {  // two interfaces; the slots of the first are inside that of the second
  std::uint32_t client = 0, server = 0;
  std::size_t signal = 0;  // of server: an index of kServerSignals
};
struct NeighborSettings {
  std::string node;
  signaling::engine::NeighborConfig values{};
};
struct KeySettings : KeyTimes {  // RFC 2747
  std::uint64_t id = 0;
  signaling::engine::Digest digest{};
  std::string secret_file;
  std::vector<std::string> neighbors;  // none: of all, also of those that are not configured
};
struct LabelMapSettings {
  std::uint32_t interface = 0;
  std::uint32_t local = 0, remote = 0;
};
enum class StoreKind : std::uint8_t { File, Etcd };
struct SignalingSettings {
  std::string node;  // "": there is no signalling
  StoreKind kind = StoreKind::File;
  state::etcd::Options etcd{};  // `name` is made; an empty group is the node's ID
  state::StoreConfig store{.file = "/var/lib/forces-ce/signaling.db"};
  Duration claim_time = std::chrono::seconds(120);
  signaling::engine::Times times{};
  signaling::engine::Restart restart{};
  signaling::engine::Security security{};  // without keys
  signaling::ason::ControllerConfig connections{};
  signaling::ason::Limits limits{};  // of what an operator asks for; of it also repair
  signaling::ason::CrankbackScope crankback{};
  std::vector<std::string> oif, no_ero;  // numbers of interfaces
  signaling::ason::calls::CallConfig calls{};
  std::vector<InterfaceSettings> interfaces;
  std::vector<InterFeLinkSettings> inter_fe_links;
  std::vector<signaling::resource::FeConfig> fes;  // those that are not as usual
  std::vector<AdaptationSettings> adaptations;
  std::vector<NeighborSettings> neighbors;
  std::vector<KeySettings> keys;
  std::vector<LabelMapSettings> label_map;

  [[nodiscard]] bool enabled() const { return !node.empty(); }
};

// --- [policy] ---
struct PointSettings {
  std::vector<std::string> peers, callers, callees, levels, signals, elements;
  signaling::ason::calls::ReferencePoint values{};
};
struct ManagerRouteSettings {
  std::string destination, next, point;
};
struct PolicySettings {
  std::string default_point;
  std::vector<PointSettings> points;
  std::vector<signaling::ason::calls::ServiceLevel> levels;
  std::vector<ManagerRouteSettings> routes;
};

struct AsonSettings {
  TeSettings te;
  SignalingSettings signaling;
  PolicySettings policy;
};

// [te], [signaling] and [policy]; `fes` are the [[fe]].
void visit(runtime::ConfigVisitor& v, AsonSettings& s, const std::vector<FeConfig>& fes);
// Its parts, which check what they name of each other.
void visit_te(runtime::ConfigVisitor& v, TeSettings& te);
// `adapts`: this node has an adaptation.
void visit_policy(runtime::ConfigVisitor& v, PolicySettings& policy, bool adapts);
void check_labels(runtime::ConfigVisitor& v, const std::vector<std::string>& labels);  // "labels"
void visit_multiplexing(runtime::ConfigVisitor& v, signaling::te::Switching& switching,
                        signaling::te::Encoding& encoding);

// For a Service. Keys are read from their files; the text says why not: one is not as it must be.
[[nodiscard]] std::expected<signaling::ServiceConfig, std::string> signaling_config(
    const AsonSettings& s);

}  // namespace forces::ce
