// Signalling in the daemon: a TransportNode with its store in a thread of its own, between the FEs
// (as observer of the controller) and the operator.
//
// Order of use: construct; start() before Controller::start(); stop() before Controller::stop().
// Everything else may be called from any thread.
//
// With the state in etcd several services may be made for one node. One of them runs it, who has
// the lease and FEs of the node (tenure.hpp); the others stand by with their FEs associated. What
// it announced is in etcd before, so the next one goes on as after a restart (RFC 3473 section 9).
// Who loses the lease, or cannot ask for it any more, sends nothing from that moment on.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "ce/association/controller.hpp"
#include "ce/association/observer.hpp"
#include "ce/signaling/service/election.hpp"
#include "ce/signaling/service/fabric.hpp"
#include "ce/signaling/service/node.hpp"
#include "ce/signaling/service/watcher.hpp"
#include "ce/state/open_store.hpp"

namespace forces::signaling {

struct ServiceConfig {
  NodeConfig node{};  // seeds, sequence numbers and digests are the service's to fill in
  state::StoreConfig store{};
  // Instead of `store`. `name` begins with the CE's ID, "0x40000001": FEs are handed over to it.
  std::optional<state::etcd::Options> etcd{};
};

class Service final : public ce::FeObserver {
 public:
  using Sink = std::function<void(Level level, std::string_view event, std::string_view text)>;
  // Work that waits; a flood of packets is dropped beyond it, and counted.
  static constexpr std::size_t kMostJobs = 50'000;

  // `log` is the store's.
  Service(ServiceConfig config, Sink sink, observe::Logger log);
  ~Service() override;
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  void set_watcher(Watcher* watcher) {
    watcher_ = watcher;
  }  // before start(), and it outlives this

  // Opens the store, reads the journal, and becomes the controller's observer. Not empty: it
  // failed, and says why. With etcd it stands by, and the rest comes with the lease.
  [[nodiscard]] std::string start(ce::Controller& controller);
  void stop();  // idempotent

  bool on_packet(std::uint32_t fe, std::uint32_t port, wire::Bytes packet) override;
  void on_fe(std::uint32_t fe) override;
  void on_event(std::uint32_t fe, wire::Bytes message) override;
  void on_answer(std::uint64_t ticket, const ce::OperatorAnswer& answer) override;

  // Keys, and how Hellos and refreshes pass, as they are from now on: `neighbors` and
  // `learned_security` of it.
  void set_neighbors(engine::Config config);

  // f(TransportNode::Rooms&, Instant now) on the service's thread; waits for it. nullopt: it has
  // stopped, or stands by.
  template <class F>
  auto operate(F&& f) -> std::optional<std::invoke_result_t<F&, TransportNode::Rooms&, Instant>> {
    std::optional<std::invoke_result_t<F&, TransportNode::Rooms&, Instant>> result;
    run_and_wait([&](Instant now) {
      if (!node_) return;
      result = node_->operate([&](TransportNode::Rooms& rooms) { return f(rooms, now); }, now);
    });
    return result;
  }

  struct Status {
    NodeId node{};
    bool fabric_read = false;  // all FEs of the node were read since the start
    std::size_t waiting_for_store = 0;
    state::Snapshot store{};
    std::map<ason::ConnectionState, std::size_t> connections{};
    TransportNode::Counters packets{};
    Fabric::Counters fabric{};
    std::uint64_t packets_dropped = 0;  // kMostJobs
  };
  [[nodiscard]] std::optional<Status> status();
  // Why it stands by; "": it runs the node.
  [[nodiscard]] std::string standby() const;

 private:
  using Job = std::function<void(Instant now)>;
  class Access final : public FeAccess {
   public:
    explicit Access(ce::Controller& controller) : controller_(controller) {}
    [[nodiscard]] std::uint64_t period(std::uint32_t fe) override { return controller_.period(fe); }
    [[nodiscard]] std::uint64_t ask(std::uint32_t fe,
                                    const std::vector<pl::BodyTlv>& query) override {
      return controller_.ask({fe}, query, ce::Answers::Told);
    }
    [[nodiscard]] std::uint64_t configure(std::uint32_t fe,
                                          const std::vector<pl::BodyTlv>& config) override {
      return controller_.configure(fe, config, ce::Answers::Told);
    }
    [[nodiscard]] std::uint64_t transact(
        const std::vector<ce::provision::TransactionPart>& parts) override {
      return controller_.transact(parts, ce::Answers::Told);
    }

   private:
    ce::Controller& controller_;
  };

  bool post(Job job, bool may_drop = false);
  void post_to_node(Job job, bool may_drop = false);  // nothing while it stands by
  void elect();
  // On the thread; "" or why not.
  [[nodiscard]] std::string take_over(std::unique_ptr<state::Store> store, Instant now);
  void stand_by(const std::string& why, Instant now);
  [[nodiscard]] bool may_act() const;  // the lease is ours at this moment, or none is needed
  [[nodiscard]] state::ThreadedOptions store_options();
  void run_and_wait(const Job& job);
  void run();
  void perform(Instant now);  // what the node wants done
  [[nodiscard]] std::optional<Instant> next_deadline() const;

  ServiceConfig config_;
  Sink sink_;
  observe::Logger log_;
  std::set<FePort> channels_;
  std::set<std::uint32_t> fes_;
  Watcher* watcher_ = nullptr;

  ce::Controller* controller_ = nullptr;
  std::unique_ptr<Election> election_;  // outlives all that it has won
  std::atomic<Instant> good_until_{};
  std::unique_ptr<state::Store> store_;
  std::unique_ptr<TransportNode> node_;  // these three belong to the thread
  std::optional<Access> access_;
  std::optional<Fabric> fabric_;

  mutable std::mutex mutex_;
  std::string standby_;
  std::condition_variable wake_;
  std::vector<Job> jobs_;
  bool running_ = false;
  std::uint64_t dropped_ = 0;
  std::thread thread_;
};

}  // namespace forces::signaling
