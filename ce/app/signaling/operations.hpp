// What operators set going and wait for: a call, an SPC (a call, and in it a connection), another
// way, an end. Each goes on without its operator, step by step as events come, and keeps its answer
// for a while.
//
// Sans I/O, all on the service's thread. An SPC is there as a whole or not at all: what came before
// the step that failed is undone, and then the failure is the answer. An answer is given when what
// it says is durable: what is released does not come back with a crash.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ce/signaling/service/watcher.hpp"
#include "proto/schema/control.pb.h"

namespace forces::ce {

class Operations final : public signaling::Watcher {
 public:
  using Rooms = signaling::TransportNode::Rooms;
  // Tickets of others are below.
  static constexpr std::uint64_t kFirstTicket = std::uint64_t{1} << 62;
  static constexpr std::size_t kMostKept = 1'000;  // answers
  static constexpr Duration kAnswerLife = std::chrono::minutes(1);
  // The other end may still have the LSP whose end it hears of later than of its call's.
  static constexpr Duration kReleaseAgain = std::chrono::milliseconds(100);
  static constexpr unsigned kReleases = 50;

  // Each begins: Pending, or an Error at once.
  [[nodiscard]] control::Response create_call(Rooms& rooms,
                                              const signaling::ason::calls::CreateCall& request,
                                              Instant now);
  struct Spc {
    signaling::ason::ConnectionRequest connection{};               // without a name: one is made
    signaling::ason::calls::CallHandle call = 0;                   // in this one;
    std::optional<signaling::ason::calls::CreateCall> new_call{};  // or in a new one; or in none
    bool keep = false;  // a connection that failed stays, to be tried again
  };
  [[nodiscard]] control::Response create_spc(Rooms& rooms, Spc spc, Instant now);
  [[nodiscard]] control::Response modify_call(Rooms& rooms, signaling::ason::calls::CallHandle call,
                                              std::uint8_t service_level, Instant now);
  [[nodiscard]] control::Response end_call(Rooms& rooms, signaling::ason::calls::CallHandle call,
                                           bool connections, Instant now);
  [[nodiscard]] control::Response end_connection(Rooms& rooms, const std::string& name,
                                                 Instant now);
  // It is being moved, or tried again: by whom asks, who has just asked for that.
  [[nodiscard]] control::Response wait_for_move(Rooms& rooms, const std::string& name,
                                                const signaling::LspKey& before, Instant now);

  // A final answer stays for kAnswerLife, for whoever did not get it the first time.
  [[nodiscard]] control::Response taken(const Rooms& rooms, std::uint64_t ticket);

  [[nodiscard]] bool waits() const override { return going_ != 0; }
  bool look(Rooms& rooms, Instant now) override;
  void node_gone(Instant now) override;

 private:
  enum class Phase : std::uint8_t {
    CallSetup,
    CallChange,
    Connecting,
    Moving,
    EndOfConnections,
    EndOfCall,
    Writing,
    Over,
  };
  struct Operation {
    Phase phase = Phase::Over;
    signaling::ason::calls::CallHandle call = 0;
    bool ends_call = false;  // with its connections
    bool keep = false;
    std::string connection{};
    std::optional<signaling::ason::ConnectionRequest> request{};
    signaling::LspKey before{};
    std::uint8_t level = 0;
    unsigned releases = 0;
    Instant release_at{};
    control::Response answer{};                // when it is over, or undone
    std::optional<std::uint64_t> persisted{};  // what must be durable before; known at a look()
    Instant ended{};
  };

  [[nodiscard]] control::Response begin(Rooms& rooms, Operation operation, Instant now);
  void step(Rooms& rooms, Operation& operation, Instant now);
  void finish(Operation& operation, control::Response answer, Instant now);
  void write(const Rooms& rooms, Operation& operation);
  void on_call_setup(Rooms& rooms, Operation& operation, Instant now);
  void on_call_change(const Rooms& rooms, Operation& operation, Instant now);
  void connect(Rooms& rooms, Operation& operation, Instant now);
  void on_connecting(Rooms& rooms, Operation& operation, Instant now);
  void on_moving(const Rooms& rooms, Operation& operation, Instant now);
  void undo(Rooms& rooms, Operation& operation, control::Response answer, Instant now);
  void on_end_of_connections(Rooms& rooms, Operation& operation, Instant now);
  void release_call(Rooms& rooms, Operation& operation, Instant now);
  void on_end_of_call(Rooms& rooms, Operation& operation, Instant now);
  void forget_old(Instant now);

  std::map<std::uint64_t, Operation> operations_;
  std::size_t going_ = 0;  // that are not over
  std::uint64_t next_ = kFirstTicket;
};

}  // namespace forces::ce
