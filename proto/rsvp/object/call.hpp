// Calls: CALL_ID and CALL_OPS (RFC 3474), GENERALIZED_UNI (RFC 3476), POLICY_DATA (RFC 2750).
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "proto/rsvp/object/layout.hpp"

namespace forces::rsvp {

// RFC 3474 section 4.1. Never altered by a node between the two ends.
struct CallId {
  static constexpr Class kClass = Class::CallId;
  static constexpr bool has(std::uint8_t c) { return c <= 2; }
  static constexpr std::uint8_t kIpv4 = 1, kIpv6 = 2, kNsap = 3, kMac = 4, kVendor = 0x7f;

  // Codes of RFC 3474 section 4.1.1, filled up with NUL.
  struct Global {
    std::array<char, 3> country{};
    std::array<char, 6> carrier{};
    std::array<char, 6> access_point{};
    friend bool operator==(const Global&, const Global&) = default;
  };
  enum class Kind : std::uint8_t { Assign = 0, Operator = 1, Global = 2 };  // the C-Type

  Kind kind = Kind::Operator;   // Assign: the network shall choose; all octets 0 (D9)
  std::uint8_t type = kIpv4;    // of the source address
  Global global{};              // of Kind::Global
  Octets source{4};             // 4, 16, 20 or 6 octets, or what a vendor says
  std::uint64_t local_id = 0;   // in the last eight octets
  std::size_t assign_size = 4;  // octets of 0 of Kind::Assign

  [[nodiscard]] std::uint8_t c_type() const { return static_cast<std::uint8_t>(kind); }
  void read(Reading& c);
  void write(Writing& c) const;
  friend bool operator==(const CallId&, const CallId&) = default;
};

// RFC 3474 section 8.
struct CallOps {
  static constexpr Class kClass = Class::CallOps;
  static constexpr bool has(std::uint8_t c) { return c == 1; }
  static constexpr std::uint8_t kWithoutConnection = 0x01, kSynchronizing = 0x02;

  std::uint8_t flags = 0;

  [[nodiscard]] std::uint8_t c_type() const { return 1; }
  template <class Self, class Coder>
  static void layout(Self& s, Coder& c) {
    c.reserved(3, "rsvp.call_ops.reserved");
    c.u8(s.flags, "rsvp.call_ops.flags");
  }
  friend bool operator==(const CallOps&, const CallOps&) = default;
};

// RFC 3476 names the subobjects; what is inside 3, 4 and 5 is known from two decoders only (D18).
struct UniSubobject {
  static constexpr std::uint8_t kSourceTna = 1, kDestinationTna = 2, kDiversity = 3,
                                kEgressLabel = 4, kServiceLevel = 5;       // type
  static constexpr std::uint8_t kTnaIpv4 = 1, kTnaIpv6 = 2, kTnaNsap = 3;  // subtype
  static constexpr std::uint8_t kSpcLabel = 2;                             //

  std::uint8_t type = 0, subtype = 0;
  Octets value{};  // a multiple of 4 octets

  struct EgressLabel {
    bool upstream = false;
    std::uint8_t label_type = 2;
    std::uint32_t logical_port = 0;
    Words labels{};
    friend bool operator==(const EgressLabel&, const EgressLabel&) = default;
  };
  [[nodiscard]] static UniSubobject tna(std::uint8_t type, const Address& address);
  [[nodiscard]] static UniSubobject egress_label(std::uint8_t subtype, const EgressLabel& label);
  [[nodiscard]] static UniSubobject service_level(std::uint8_t level);

  // Nothing when the subobject is another one, or not of that form.
  [[nodiscard]] std::optional<Address> tna() const;
  [[nodiscard]] std::optional<EgressLabel> egress_label() const;
  [[nodiscard]] std::optional<std::uint8_t> service_level() const;

  friend bool operator==(const UniSubobject&, const UniSubobject&) = default;
};

struct GeneralizedUni {
  static constexpr Class kClass = Class::GeneralizedUni;
  static constexpr bool has(std::uint8_t c) { return c == 1; }

  std::vector<UniSubobject> subobjects{};

  [[nodiscard]] const UniSubobject* find(std::uint8_t type) const;
  [[nodiscard]] std::uint8_t c_type() const { return 1; }
  void read(Reading& c);
  void write(Writing& c) const;
  friend bool operator==(const GeneralizedUni&, const GeneralizedUni&) = default;
};

struct PolicyElement {
  std::uint16_t type = 0;
  Octets value{};
  friend bool operator==(const PolicyElement&, const PolicyElement&) = default;
};

struct PolicyData {
  static constexpr Class kClass = Class::PolicyData;
  static constexpr bool has(std::uint8_t c) { return c == 1; }

  Octets options{};  // objects of RSVP, for the policy module
  std::vector<PolicyElement> elements{};

  [[nodiscard]] std::uint8_t c_type() const { return 1; }
  void read(Reading& c);
  void write(Writing& c) const;
  friend bool operator==(const PolicyData&, const PolicyData&) = default;
};

}  // namespace forces::rsvp
