// Tells Forwarding what is new in the maps of a MARS. Sans I/O.
#pragma once

#include <map>
#include <set>

#include "ce/multicast/forwarding/forwarding.hpp"
#include "ce/multicast/mars/server.hpp"

namespace forces::multicast::forwarding {

class Follower {
 public:
  // After whatever the server was told. True: something is new.
  bool follow(mars::server::Server& server, Forwarding& forwarding, Instant now);

 private:
  std::map<Family, std::set<mars::AtmAddress>> members_;
};

}  // namespace forces::multicast::forwarding
