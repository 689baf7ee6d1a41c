// Policy at reference points (RFC 4139 sections 4.3 and 6, G.8080): who may call whom, with what,
// and what the next call controller is. All of it is values; nothing here changes by a call.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ce/signaling/ason/call/call.hpp"

namespace forces::signaling::ason::calls {

struct Prefix {
  Address address{};
  unsigned length = 32;

  [[nodiscard]] bool covers(const Address& a) const;
  [[nodiscard]] static Prefix all_v4() { return {.length = 0}; }
  friend bool operator==(const Prefix&, const Prefix&) = default;
};

enum class PointKind : std::uint8_t { Uni, Inni, Enni };
[[nodiscard]] std::string_view to_string(PointKind kind);
enum class Profile : std::uint8_t { Ietf, Oif };

// A reference point: where this controller meets others. Empty lists and numbers of 0 do not limit.
struct ReferencePoint {
  std::string name{};
  PointKind kind = PointKind::Inni;
  Profile profile = Profile::Ietf;
  std::vector<Prefix> peers{};  // call controllers behind it

  std::vector<Prefix> callers{}, callees{};  // the user's address (TNA) if there is one
  std::vector<std::uint8_t> levels{};        // service levels
  std::vector<std::uint8_t> signals{};       // of connections: signal types of RFC 4606
  std::uint32_t max_signals = 0;             // of a connection: how many of them
  std::uint32_t max_bandwidth = 0;           // of a connection, kbit/s
  std::uint32_t call_bandwidth = 0;          // of all connections of a call, kbit/s
  std::uint8_t protection = 0x3f;            // LSP flags of PROTECTION that may be asked for
  unsigned calls = 0, calls_of_caller = 0;   // quota
  unsigned connections_of_call = 0;          //
  bool hide_route = false;                   // RROs and EROs end here
  bool refuse_explicit_route = false;        // that names nodes of our domain (RFC 5151): 2/104
  bool pass_capability = true;               // LINK_CAPABILITY of the far end; else our own
  bool authenticated = false;                // without INTEGRITY nobody calls
  std::vector<std::uint16_t> elements{};     // POLICY_DATA must have these
  std::vector<std::string> credentials{};    // of element kCredential, one of these
  SegmentPlan plan{};                        // of segments behind it
};

// What this node makes of a number that has no meaning of its own (D10).
struct ServiceLevel {
  std::uint8_t level = 0;
  bool available = true;
  std::uint8_t lsp_flags = 0;  // protection of its connections
};

struct ManagerRoute {
  Prefix destination{};           // of the callee's TNA, or of the end point
  std::optional<Address> next{};  // none: its calls end here (nobody signals behind us)
  std::string point{};            // the reference point to the next, or to the user
};

struct PolicyConfig {
  std::vector<ReferencePoint> points{};
  std::string default_point{};         // for controllers of no point; empty: nobody else
  std::vector<ServiceLevel> levels{};  // empty: any level, and none means anything
  std::vector<ManagerRoute> routes{};
  // RFC 2750: INTEGRITY inside POLICY_DATA. Not given: options are not looked at.
  std::function<bool(const rsvp::PolicyData&)> integrity{};
};

struct Refusal {
  rsvp::ErrorValue error{};
  std::string text{};
  friend bool operator==(const Refusal&, const Refusal&) = default;
};

struct CallRequest {
  Ends ends{};
  const Carried* carried = nullptr;
  bool authenticated = false;
};
struct ConnectionUsage {  // of the call, without the one that is asked for
  std::size_t connections = 0;
  double bandwidth = 0;
};
struct CallUsage {  // calls that there are at the point
  unsigned calls = 0, calls_of_caller = 0;
};
struct ConnectionRequest {
  std::uint8_t signal = 0;  // type of RFC 4606, 0: not said
  std::uint32_t signals = 1;
  std::uint8_t lsp_flags = 0;  // of PROTECTION
  double bandwidth = 0;        // octets a second, 0: not said
};

class Policy {
 public:
  static constexpr std::uint16_t kCredential = 2;  // AUTH_USER of RFC 3182: who asks

  explicit Policy(PolicyConfig config) : config_(std::move(config)) {}

  // By the longest prefix; null: a stranger.
  [[nodiscard]] const ReferencePoint* point_of(const Address& peer) const;
  [[nodiscard]] const ReferencePoint* point(std::string_view name) const;
  // The user's address says more than that of the controller before it, where we know about it.
  [[nodiscard]] const ManagerRoute* route_to_user(const Carried& carried) const;
  [[nodiscard]] const ManagerRoute* route_to(const Address& destination) const;

  // In at this point, or out of it: nothing, or why not. Who asks and what goes with the request is
  // looked at where it comes in.
  [[nodiscard]] std::optional<Refusal> admit(const ReferencePoint& point, Side towards,
                                             const CallRequest& request,
                                             const CallUsage& usage) const;
  [[nodiscard]] std::optional<Refusal> admit_level(const ReferencePoint& point,
                                                   const Carried& carried) const;
  [[nodiscard]] static std::optional<Refusal> admit_connection(const ReferencePoint& point,
                                                               const ConnectionRequest& request,
                                                               const ConnectionUsage& usage);
  // Of an LSP that comes from this node. UNI and E-NNI are never within a domain: a point that has
  // its nodes among its peers, as the default one may, is not meant for those.
  [[nodiscard]] bool refuses_route(const Address& from, bool same_domain) const;
  // Any point limits what connections are of: then those that only pass are asked about, too.
  [[nodiscard]] static bool limits_connections(const PolicyConfig& config);
  [[nodiscard]] const std::vector<ServiceLevel>& levels() const { return config_.levels; }

 private:
  [[nodiscard]] std::optional<Refusal> admit_policy_data(const ReferencePoint& point,
                                                         const Carried& carried) const;
  PolicyConfig config_;
};

}  // namespace forces::signaling::ason::calls
