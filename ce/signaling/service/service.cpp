#include "ce/signaling/service/service.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <future>
#include <random>

#include "ce/signaling/digest.hpp"
#include "ce/signaling/service/ip.hpp"
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
  for (const auto& interface : config_.node.interfaces) channels_.insert(interface.port);
  for (const auto& fe : config_.node.fes) fes_.insert(fe.id);
}

Service::~Service() {
  stop();
  fabric_.reset();
  node_.reset();
  store_.reset();  // its thread has news for us until it is gone
}

state::ThreadedOptions Service::store_options() {
  state::ThreadedOptions options;
  options.news = [this] { post_to_node([this](Instant now) { node_->on_store(now); }); };
  options.log = log_;
  return options;
}

std::string Service::start(ce::Controller& controller) {
  controller_ = &controller;
  access_.emplace(controller);
  if (!config_.etcd) {
    auto store = state::open_store(config_.store, store_options());
    if (!store) return store.error().text;
    if (auto why = take_over(std::move(*store), runtime::now()); !why.empty()) return why;
  } else {
    standby_ = "it has not asked for the lease yet";
  }
  running_ = true;
  controller.set_observer(this);
  thread_ = std::thread([this] { run(); });
  if (config_.etcd) elect();
  return {};
}

void Service::stop() {
  if (election_) election_->stop();
  {
    const std::scoped_lock lock(mutex_);
    running_ = false;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  // The lease goes before the FEs do, so that who takes them over need not wait for it.
  fabric_.reset();
  node_.reset();
  store_.reset();
}

void Service::set_neighbors(engine::Config config) {
  post([this, config = std::move(config)](Instant now) {
    engine::Config& kept = config_.node.engine;
    kept.neighbors = config.neighbors;
    kept.learned_security = config.learned_security;
    if (!node_) return;
    for (const auto& neighbor : kept.neighbors) node_->set_neighbor(neighbor, now);
    node_->set_learned_security(kept.learned_security, now);
  });
}

// --- of several, one runs the node ---

void Service::elect() {
  Election::Hooks hooks;
  hooks.ours = [this] {
    return std::ranges::any_of(fes_,
                               [&](std::uint32_t fe) { return controller_->period(fe) != 0; });
  };
  hooks.won = [this](std::unique_ptr<state::Backend> backend) {
    // A Job can be copied; what it carries cannot.
    const auto won = std::make_shared<std::unique_ptr<state::Backend>>(std::move(backend));
    post([this, won](Instant now) {
      auto store = std::make_unique<state::ThreadedStore>(std::move(*won), store_options());
      if (const auto why = take_over(std::move(store), now); !why.empty()) {
        sink_(Level::Error, "node_not_taken_over", why);
        election_->give_up();
        stand_by(why, now);
      }
    });
  };
  hooks.lost = [this](const std::string& why) {
    post([this, why](Instant now) { stand_by(why, now); });
  };
  hooks.good_until = [this](Instant until) { good_until_ = until; };
  hooks.waits = [this](const std::string& why) {
    const std::scoped_lock lock(mutex_);
    if (!standby_.empty()) standby_ = why;
  };
  hooks.hand_over = [this](const std::string& holder) {
    std::uint32_t id = 0;
    const auto digits = std::string_view(holder).substr(std::min<std::size_t>(2, holder.size()));
    std::from_chars(digits.data(), digits.data() + digits.size(), id, 16);
    std::vector<std::uint32_t> ours;
    for (const std::uint32_t fe : fes_) {
      if (controller_->period(fe) != 0) ours.push_back(fe);
    }
    sink_(Level::Warning, "fes_handed_over", "to " + holder + ", which runs the node");
    if (id != 0) (void)controller_->switch_master(ours, id);
  };
  election_ = std::make_unique<Election>(*config_.etcd, std::move(hooks));
}

std::string Service::take_over(std::unique_ptr<state::Store> store, Instant now) {
  store_ = std::move(store);
  make_unique(config_.node);
  auto node = TransportNode::make(config_.node, *store_, now);
  if (!node) return node.error().text;
  node_ = std::move(*node);
  fabric_.emplace(*access_, *node_, fes_);
  for (const std::uint32_t fe : fes_) fabric_->on_fe(fe, now);
  if (!config_.etcd) return {};
  sink_(Level::Info, "node_taken_over", "this ce has the lease and runs the node");
  const std::scoped_lock lock(mutex_);
  standby_.clear();
  return {};
}

// Nothing of the node leaves any more; what waited for the store is lost, and was not announced.
void Service::stand_by(const std::string& why, Instant now) {
  const bool ran = node_ != nullptr;
  fabric_.reset();
  node_.reset();
  {
    const std::scoped_lock lock(mutex_);
    standby_ = why;
  }
  if (ran) sink_(Level::Warning, "node_given_up", why);
  if (ran && watcher_ != nullptr) watcher_->node_gone(now);
  store_.reset();  // it may try to write once more; others fence that off
}

bool Service::may_act() const { return !config_.etcd || runtime::now() < good_until_.load(); }

std::string Service::standby() const {
  const std::scoped_lock lock(mutex_);
  return standby_;
}

// --- from the controller, on its threads ---

bool Service::on_packet(std::uint32_t fe, std::uint32_t port, wire::Bytes packet) {
  const FePort at{fe, port};
  // They are for the node also while another ce runs it.
  if (!channels_.contains(at) || !is_rsvp(packet)) return false;
  post_to_node([this, at, octets = std::vector<std::byte>(packet.begin(), packet.end())](
                   Instant now) { node_->on_packet(at, octets, now); },
               true);
  return true;
}

void Service::on_fe(std::uint32_t fe) {
  post_to_node([this, fe](Instant now) { fabric_->on_fe(fe, now); });
}

void Service::on_event(std::uint32_t fe, wire::Bytes message) {
  if (!fes_.contains(fe)) return;
  post_to_node([this, fe, octets = std::vector<std::byte>(message.begin(), message.end())](
                   Instant now) { fabric_->on_event(fe, octets, now); });
}

void Service::on_answer(std::uint64_t ticket, const ce::OperatorAnswer& answer) {
  post_to_node([this, ticket, answer](Instant now) { fabric_->on_answer(ticket, answer, now); });
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

void Service::post_to_node(Job job, bool may_drop) {
  post(
      [this, job = std::move(job)](Instant now) {
        if (node_) job(now);
      },
      may_drop);
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
  if (!node_) return std::nullopt;
  const auto a = node_->next_deadline(), b = fabric_->next_deadline();
  auto next = a && b ? std::min(*a, *b) : (a ? a : b);
  if (config_.etcd) next = std::min(next.value_or(Instant::max()), good_until_.load());
  return next;
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
    if (!node_) continue;
    node_->on_time(now);
    fabric_->on_time(now);
    perform(now);
    for (bool again = watcher_ != nullptr; again && node_ && watcher_->waits();) {
      again = node_->operate(
          [&](TransportNode::Rooms& rooms) { return watcher_->look(rooms, now); }, now);
      perform(now);
    }
  }
}

void Service::perform(Instant now) {
  if (!node_) return;
  while (const auto output = node_->poll_output()) {
    if (!may_act()) break;
    std::visit(
        Overloaded{
            [&](const SendPacket& send) {
              (void)controller_->send_packet(send.port.fe, send.port.port, send.packet);
            },
            [&](const resource::Transaction& transaction) { fabric_->perform(transaction, now); },
            [&](const resource::ReadRows& read) { fabric_->perform(read, now); },
            [&](const SendTraces& traces) { fabric_->perform(traces, now); },
            [&](const Said& said) { sink_(said.level, said.event, said.text); },
        },
        *output);
  }
  if (may_act()) return;
  election_->give_up();
  stand_by("the lease ran out before etcd answered", now);
}

std::optional<Service::Status> Service::status() {
  std::optional<Status> status;
  run_and_wait([&](Instant) {
    if (!node_) return;
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
