// Rules on well-formed octets that need no state: what an endpoint may send, and what RFC 2443 says
// of the SCSP around its records.
#pragma once

#include "common/core/result.hpp"
#include "proto/mars/message.hpp"
#include "proto/scsp/packet.hpp"

namespace forces::mars {

// For a message from a cluster member or an MCS to the MARS (RFC 2022 sections 5.2.1, 5.3, 6.1,
// 6.2). Whoever fails is dropped silently:
//  UnknownType  an operation that only a MARS sends
//  BadValue     copy is set
//  TooMany      more than one pair, except in a GROUPLIST_REQUEST, where only the first counts
//  Missing      no group where one is needed
// CMI, MSN and punched are for the MARS to set and are not looked at.
[[nodiscard]] Result<void> check_from_endpoint(const Message& message);

// layer3grp as a MARS must treat it: reset for a block of more than one group (section 5.2.1).
[[nodiscard]] bool layer3_group(const Message& message);

// RFC 2443 sections 4.1 and 4.2: PID 3; IDs and keys of four octets. A Hello of who has heard
// nobody has no Receiver ID (RFC 2334 section B.2.5). BadValue for another PID: not for us;
// BadLength: malformed, an abnormal event (scsp::fault_of).
[[nodiscard]] Result<void> check_scsp(const scsp::Packet& packet);

}  // namespace forces::mars
