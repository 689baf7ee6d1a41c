// One rtnetlink request and what the kernel answers to it. Waits for the answer, which comes with
// the call. For the few requests that are not rows: kernel/ has batches and dumps.
#pragma once

#include <cstddef>
#include <span>
#include <system_error>

namespace forces::fe::dataplane {

// `message`: a whole message with NLM_F_ACK. In the network namespace of the calling thread, with
// its privilege.
[[nodiscard]] std::error_code ask_kernel(std::span<const std::byte> message);

}  // namespace forces::fe::dataplane
