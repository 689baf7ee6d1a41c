// The operator's requests about calls, connections and the network they are in: from the frame's
// thread to the service's, and back.
#pragma once

#include "ce/app/signaling/config.hpp"
#include "ce/app/signaling/operations.hpp"

namespace forces::ce {

class SignalingRequests {
 public:
  // Before the service starts.
  void configure(const AsonSettings& settings) { settings_ = settings; }
  [[nodiscard]] signaling::Watcher* watcher() { return &operations_; }
  // No result: the request is for somebody else. nullptr: there is no signalling.
  [[nodiscard]] control::Response answer(signaling::Service* service,
                                         const control::Request& request);

 private:
  using Rooms = Operations::Rooms;
  // All on the service's thread.
  [[nodiscard]] control::Response answer(Rooms& rooms, const control::Request& request,
                                         Instant now);
  [[nodiscard]] control::Response on_call(Rooms& rooms, const control::Request& request,
                                          Instant now);
  [[nodiscard]] control::Response on_connection(Rooms& rooms, const control::Request& request,
                                                Instant now);
  [[nodiscard]] control::Response create_spc(Rooms& rooms, const control::SpcCreateRequest& request,
                                             Instant now);
  [[nodiscard]] control::Response change(Rooms& rooms,
                                         const control::ConnectionChangeRequest& request,
                                         Instant now);

  AsonSettings settings_;
  Operations operations_;
};

}  // namespace forces::ce
