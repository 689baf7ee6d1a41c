#include "ce/signaling/service/service.hpp"

#include <algorithm>
#include <chrono>
#include <future>
#include <random>

#include "ce/signaling/digest.hpp"
#include "common/core/outputs.hpp"
#include "common/runtime/timer.hpp"

namespace forces::signaling {
namespace {

// What another process must not have had, and nobody else can guess.
void make_unique(NodeConfig& config) {
  std::random_device random;
  const auto seed = [&] { return std::uint64_t{random()} << 32 | random(); };
  config.engine.seed = seed();
  config.calls.seed = seed();
  config.engine.hmac = &hmac;
  // RFC 2747 section 3.2: a wall clock in its upper half, so that it rises over restarts.
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  config.engine.sequence_base =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(wall).count())
      << 32;
}

}  // namespace

Service::Service(ServiceConfig config, Sink sink, observe::Logger log)
    : config_(std::move(config)), sink_(std::move(sink)), log_(std::move(log)) {
  make_unique(config_.node);
  for (const auto& interface : config_.node.interfaces) channels_.insert(interface.port);
  for (const auto& fe : config_.node.fes) fes_.insert(fe.id);
}

Service::~Service() {
  stop();
  fabric_.reset();
  node_.reset();
  store_.reset();  // its thread has news for us until it is gone
}

std::string Service::start(ce::Controller& controller) {
  state::ThreadedOptions options;
  options.news = [this] { post([this](Instant now) { node_->on_store(now); }); };
  options.log = log_;
  auto store = state::open_store(config_.store, std::move(options));
  if (!store) return store.error().text;
  store_ = std::move(*store);
  const Instant now = runtime::now();
  auto node = TransportNode::make(config_.node, *store_, now);
  if (!node) return node.error().text;
  node_ = std::move(*node);
  controller_ = &controller;
  access_.emplace(controller);
  fabric_.emplace(*access_, *node_, fes_);
  running_ = true;
  for (const std::uint32_t fe : fes_) on_fe(fe);
  controller.set_observer(this);
  thread_ = std::thread([this] { run(); });
  return {};
}

void Service::stop() {
  {
    const std::scoped_lock lock(mutex_);
    running_ = false;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Service::set_neighbors(std::vector<engine::NeighborConfig> neighbors) {
  post([this, neighbors = std::move(neighbors)](Instant now) {
    for (const engine::NeighborConfig& neighbor : neighbors) node_->set_neighbor(neighbor, now);
  });
}

// --- from the controller, on its threads ---

bool Service::on_packet(std::uint32_t fe, std::uint32_t port, wire::Bytes packet) {
  const FePort at{fe, port};
  if (!channels_.contains(at) || !node_->takes(at, packet)) return false;
  return post([this, at, octets = std::vector<std::byte>(packet.begin(), packet.end())](
                  Instant now) { node_->on_packet(at, octets, now); },
              true);
}

void Service::on_fe(std::uint32_t fe) {
  post([this, fe](Instant now) { fabric_->on_fe(fe, now); });
}

void Service::on_event(std::uint32_t fe, wire::Bytes message) {
  if (!fes_.contains(fe)) return;
  post([this, fe, octets = std::vector<std::byte>(message.begin(), message.end())](Instant now) {
    fabric_->on_event(fe, octets, now);
  });
}

void Service::on_answer(std::uint64_t ticket, const ce::OperatorAnswer& answer) {
  post([this, ticket, answer](Instant now) { fabric_->on_answer(ticket, answer, now); });
}

// --- the thread ---

bool Service::post(Job job, bool may_drop) {
  {
    const std::scoped_lock lock(mutex_);
    if (may_drop && jobs_.size() >= kMostJobs) {
      ++dropped_;
      return true;  // it was ours all the same
    }
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
  return true;
}

void Service::run_and_wait(const Job& job) {
  std::promise<void> done;
  {
    const std::scoped_lock lock(mutex_);
    if (!running_) return;
    jobs_.emplace_back([&](Instant now) {
      job(now);
      done.set_value();
    });
  }
  wake_.notify_one();
  done.get_future().wait();
}

std::optional<Instant> Service::next_deadline() const {
  const auto a = node_->next_deadline(), b = fabric_->next_deadline();
  return a && b ? std::min(*a, *b) : (a ? a : b);
}

void Service::run() {
  perform(runtime::now());
  for (;;) {
    std::vector<Job> jobs;
    const auto deadline = next_deadline();
    {
      std::unique_lock lock(mutex_);
      const auto due = [this] { return !running_ || !jobs_.empty(); };
      if (deadline) {
        wake_.wait_until(lock, std::chrono::steady_clock::time_point(deadline->time_since_epoch()),
                         due);
      } else {
        wake_.wait(lock, due);
      }
      jobs.swap(jobs_);
      if (!running_ && jobs.empty()) return;  // who waits for an answer has had it
    }
    const Instant now = runtime::now();
    for (const Job& job : jobs) {
      job(now);
      perform(now);
    }
    node_->on_time(now);
    fabric_->on_time(now);
    perform(now);
    for (bool again = watcher_ != nullptr; again && watcher_->waits();) {
      again = node_->operate(
          [&](TransportNode::Rooms& rooms) { return watcher_->look(rooms, now); }, now);
      perform(now);
    }
  }
}

void Service::perform(Instant now) {
  while (const auto output = node_->poll_output()) {
    std::visit(
        Overloaded{
            [&](const SendPacket& send) {
              (void)controller_->send_packet(send.port.fe, send.port.port, send.packet);
            },
            [&](const resource::Transaction& transaction) { fabric_->perform(transaction, now); },
            [&](const resource::ReadRows& read) { fabric_->perform(read, now); },
            [&](const Said& said) { sink_(said.level, said.event, said.text); },
        },
        *output);
  }
}

std::optional<Service::Status> Service::status() {
  std::optional<Status> status;
  run_and_wait([&](Instant) {
    status = Status{.node = node_->id(),
                    .fabric_read = node_->fabric_read(),
                    .waiting_for_store = node_->waiting_for_store(),
                    .store = store_->snapshot(),
                    .connections = node_->states(),
                    .packets = node_->counters(),
                    .fabric = fabric_->counters()};
    const std::scoped_lock lock(mutex_);
    status->packets_dropped = dropped_;
  });
  return status;
}

}  // namespace forces::signaling
