// Config and Query (RFC 5810 sections 7.6, 7.7) on this FE's components: a message in, its effect
// on the values, and the response that its flags ask for.
//
// Here: GET; SET of scalars with FULLDATA, SPARSEDATA and nested paths; the execution modes; the
// ACK flag. Answered with E_NOT_SUPPORTED: properties and events, DEL, transactions of two phases,
// rows of tables, selection by key or range.
#pragma once

#include <optional>

#include "fe/lfb/components.hpp"
#include "proto/pl/message.hpp"

namespace forces::fe::lfb {

struct Processed {
  std::optional<pl::Message> response;  // body, type, correlator and priority; IDs are the sender's
  bool failed = false;                  // at least one result is not E_SUCCESS
};

// `destination_ok`: the header names this FE; if not, every result is E_INVALID_DESTINATION_PID.
[[nodiscard]] Processed process_query(const pl::Message& query, const Values& values,
                                      bool destination_ok);
[[nodiscard]] Processed process_config(const pl::Message& config, Values& values,
                                       bool destination_ok);

}  // namespace forces::fe::lfb
