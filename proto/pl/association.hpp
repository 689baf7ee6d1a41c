// The messages that make, keep and end an association (RFC 5810 sections 7.5 and 7.10).
#pragma once

#include <cstdint>
#include <vector>

#include "proto/pl/message.hpp"

namespace forces::pl {

// What an FE says of itself; at most its FE Object and FE Protocol Object, each with a REPORT.
struct AssociationSetup {
  Header header;
  std::vector<LfbSelect> reports;
};

struct AssociationSetupResponse {
  Header header;  // destination is the FE ID, perhaps just assigned
  AssociationResult result{};
};

struct AssociationTeardown {
  Header header;
  TeardownReason reason{};
};

// Section 7.5.1. Every setup has a correlator that its response repeats.
[[nodiscard]] Result<Octets> encode_association_setup(ForcesId fe, ForcesId ce,
                                                      std::uint64_t correlator,
                                                      std::vector<LfbSelect> reports = {});
// Section 7.5.2.
[[nodiscard]] Result<Octets> encode_association_setup_response(ForcesId ce, ForcesId fe,
                                                               std::uint64_t correlator,
                                                               AssociationResult result);
// Section 7.5.3; the correlator is 0 because no response exists.
[[nodiscard]] Result<Octets> encode_association_teardown(ForcesId source, ForcesId destination,
                                                         TeardownReason reason);
// Section 7.10. Ack::Always asks the FE for a heartbeat back, only a CE may; else Ack::None.
[[nodiscard]] Result<Octets> encode_heartbeat(ForcesId source, ForcesId destination,
                                              std::uint64_t correlator, Ack ack = Ack::None);
// The answer of an FE to a heartbeat with Ack::Always: correlator and priority of the request.
[[nodiscard]] Result<Octets> encode_heartbeat_reply(const Header& request, ForcesId fe);

// UnknownType when the message is another one, Missing when its TLV is absent. A teardown without a
// usable reason is still a teardown: the header tells, and the caller may go by it alone.
[[nodiscard]] Result<AssociationSetup> decode_association_setup(wire::Bytes message);
[[nodiscard]] Result<AssociationSetupResponse> decode_association_setup_response(
    wire::Bytes message);
[[nodiscard]] Result<AssociationTeardown> decode_association_teardown(wire::Bytes message);

}  // namespace forces::pl
