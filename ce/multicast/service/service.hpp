// The MARS of this controller in the daemon: mars::server::Server (RFC 2022, RFC 2443) with its
// SCSP neighbours (RFC 2334), in a thread of its own, between the FEs' VCs and the operator.
//
// Order of use: construct; start() before Controller::start(); stop() before Controller::stop(),
// and it outlives that. Everything else may be called from any thread.
#pragma once

#include <array>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <expected>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "ce/association/controller.hpp"
#include "ce/association/observer.hpp"
#include "ce/multicast/link/hub.hpp"
#include "ce/multicast/service/core.hpp"
#include "ce/multicast/service/numbers.hpp"

namespace forces::multicast {

struct ServiceConfig {
  std::uint32_t ce_id = 0;  // server ID, LSID, and in our ATM address
  // `id`, `address`, `alone`, first numbers are the service's to fill in; the same of hub.engine.
  mars::server::Config mars{};
  link::HubConfig hub{};
  std::string numbers_file;  // "": numbers are not kept over a restart
};

enum class Level : std::uint8_t { Info, Warning, Error };

class Service final : public ce::VcObserver {
 public:
  using Sink = std::function<void(Level level, std::string_view event, std::string_view text)>;
  // SDUs of FEs that wait; a flood is dropped beyond it, and counted. MARS clients repeat.
  static constexpr std::size_t kMostWaiting = 50'000;

  Service(ServiceConfig config, Sink sink);
  ~Service() override;
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Who follows the maps of the MARS (host maps become rows of FEs): called on the service's
  // thread, with no lock held, soon after whatever the MARS was told; several events may be one
  // call. Before start().
  using Follow = std::function<void(mars::server::Server& mars, Instant now)>;
  void set_follower(Follow follow) { follow_ = std::move(follow); }

  // Reads the numbers and the TLS files, listens for neighbours, and becomes the controller's
  // observer of VCs. Not empty: it failed, and says why.
  [[nodiscard]] std::string start(ce::Controller& controller);
  void stop();  // idempotent
  // Where it listens for neighbours; 0: there are none.
  [[nodiscard]] std::uint16_t scsp_port() const { return hub_ ? hub_->port() : std::uint16_t{0}; }
  // Certificates are read again; live connections stay.
  [[nodiscard]] std::expected<void, std::string> reload_tls();
  // Keys of neighbors, whose connections and alignment stay; who is no neighbor is left out.
  void set_keys(std::vector<sync::NeighborConfig> neighbors);

  void on_vc(ce::VcOfFe vc, bool up) override;
  void on_sdu(ce::VcOfFe vc, wire::Bytes sdu) override;

  struct Drain {  // every client and MCS is to go to another server
    std::uint32_t to = 0;
    bool hard = false;
    std::size_t began_with = 0;
  };
  struct Counters {
    std::array<std::uint64_t, kRefusals> refused{};
    std::uint64_t unsent = 0;   // to a VC that is gone, or whose FE's channel is lost
    std::uint64_t unsaid = 0;   // records that no packet or cache holds
    std::uint64_t dropped = 0;  // kMostWaiting
  };
  // What an operator may look at, on the service's thread.
  struct Rooms {
    mars::server::Server& mars;
    const link::Hub& hub;
    const Vcs& vcs;
    const Counters& counters;
    std::optional<Drain>& drain;
    Instant now;
  };
  // f(Rooms&) on the service's thread; waits for it. nullopt: it has stopped.
  template <class F>
  auto operate(F&& f) -> std::optional<std::invoke_result_t<F&, Rooms&>> {
    std::optional<std::invoke_result_t<F&, Rooms&>> result;
    run_and_wait([&](Rooms& rooms) { result = f(rooms); });
    return result;
  }

 private:
  void run_and_wait(const std::function<void(Rooms&)>& job);
  [[nodiscard]] std::expected<void, std::string> open();
  void on_event(const sync::Output& event);
  void check_signing(sync::ServerId neighbor);
  void perform();
  void perform(Core::Output& output);
  void follow();
  void arm();

  ServiceConfig config_;
  Sink sink_;
  Follow follow_;
  ce::Controller* controller_ = nullptr;

  asio::io_context io_{1};
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_;
  // These belong to the thread, once it runs.
  std::optional<Core> core_;
  std::optional<link::Hub> hub_;
  std::optional<Numbers> numbers_;
  Counters counters_;
  std::optional<Drain> drain_;
  asio::steady_timer timer_{io_};
  bool performing_ = false, following_ = false;

  std::atomic<std::size_t> waiting_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::mutex mutex_;  // of running_: who posts while it is set is heard
  bool running_ = false;
  std::thread thread_;
};

}  // namespace forces::multicast
