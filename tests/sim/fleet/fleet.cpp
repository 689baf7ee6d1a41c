#include "tests/sim/fleet/fleet.hpp"

#include <algorithm>
#include <limits>

#include "fe/lfb/model.hpp"

namespace forces::test {

using namespace std::chrono_literals;

namespace {

std::uint32_t id_of(std::size_t fe) { return static_cast<std::uint32_t>(fe + 1); }

// Not all FEs are configured alike.
enum class Kind : std::uint8_t { HotStandby, ColdStandby, StopsAtOnce };
Kind kind_of(std::size_t fe) {
  if (fe % 8 == 3) return Kind::ColdStandby;
  return fe % 8 == 5 ? Kind::StopsAtOnce : Kind::HotStandby;
}

void add_forwarding_lfbs(fe::ElementCore& fe) {
  for (const auto* lfb_class :
       {&fe::lfb::kIpv4UcastLpmClass, &fe::lfb::kIpv6UcastLpmClass, &fe::lfb::kIpv4NextHopClass,
        &fe::lfb::kIpv6NextHopClass, &fe::lfb::kEcmpHopsClass}) {
    fe.engine().store().add(*lfb_class, 1);
  }
}

}  // namespace

Fleet::Fleet(std::uint64_t seed, FleetSize size)
    : size_(size),
      patience_(size.life / 72),  // 20 minutes of a day
      world_(seed),
      net_(world_, size.ces, size.fes),
      rows_(size.ces),
      lives_(size.ces) {
  for (std::size_t i = 0; i < size.fes; ++i) wanted_.emplace_back(world_);
  configure();
  net_.new_fe = [](std::size_t, fe::ElementCore& fe) { add_forwarding_lfbs(fe); };
  net_.new_ce = [this](std::size_t j, ce::ControllerCore& ce) {
    ce.set_row_source(rows_[j].get(), world_.now());
  };
  net_.ce_says = [this](std::size_t, const ce::ControllerOutput& output) {
    if (const auto* ended = std::get_if<ce::TransactionEnded>(&output)) {
      told_.completed += ended->record.state == ce::provision::TransactionState::Completed ? 1 : 0;
    } else if (const auto* master = std::get_if<ce::MasterChanged>(&output)) {
      told_.takeovers += master->mine ? 1 : 0;
    }
  };
}

// Intervals are long, as a fleet of this size wants them; what depends on them is the same.
void Fleet::configure() {
  for (std::size_t j = 0; j < size_.ces; ++j) {
    ce::ControllerConfig& ce = net_.ce_config(j);
    ce.heartbeat = {.ce_sends = true,
                    .fe_sends = false,
                    .ce_dead = patience_,
                    .poll_interval = patience_ / 2,
                    .fe_dead = patience_ + patience_ / 2,
                    .configure_fe = true};
    ce.provision.ask_master_every = patience_ / 3;
  }
  for (std::size_t i = 0; i < size_.fes; ++i) {
    fe::ElementConfig& fe = net_.fe_config(i);
    const Kind kind = kind_of(i);
    fe.setup_timeout = 20s;
    fe.retry_max = patience_ / 4;
    fe.fepo.ce_dead = patience_;
    fe.fepo.ha_mode = kind == Kind::HotStandby ? 2 : kind == Kind::ColdStandby ? 1 : 0;
    fe.fepo.failover_policy = kind == Kind::StopsAtOnce ? 0 : 1;
    fe.fepo.failover_timeout = i % 2 == 0 ? patience_ : 6 * patience_;
  }
}

bool Fleet::run(Duration time) { return world_.run_for(time, std::numeric_limits<int>::max()); }

template <class F>
void Fleet::every(Duration mean, F what) {
  const Instant at = world_.now() + pick(2 * mean);
  if (at >= end_) return;
  world_.at(at, [this, mean, what] {
    (this->*what)();
    every(mean, what);
  });
}

bool Fleet::storm() {
  const auto fes = static_cast<Duration::rep>(size_.fes);
  const auto ces = static_cast<Duration::rep>(size_.ces);
  end_ = world_.now() + size_.life;
  for (std::size_t j = 0; j < size_.ces; ++j) start_ce(j);
  for (std::size_t i = 0; i < size_.fes; ++i) {
    world_.after(pick(10s), [this, i] { net_.start_fe(i); });
  }
  // How often in the life of each FE, of each CE, of the fleet.
  every(size_.life / (4 * fes), &Fleet::cut);
  every(size_.life / fes, &Fleet::restart_fe);
  every(size_.life / (4 * ces), &Fleet::crash_ce);
  every(size_.life / ces, &Fleet::hang_ce);
  every(size_.life / 60, &Fleet::switch_master);
  every(size_.life / 60, &Fleet::transact);
  every(size_.life / 288, &Fleet::change_routes);
  return run(size_.life);
}

bool Fleet::peace() {
  for (std::size_t j = 0; j < size_.ces; ++j) {
    if (!net_.ce_runs(j)) start_ce(j);
    net_.freeze_ce(j, false);
    for (std::size_t i = 0; i < size_.fes; ++i) net_.mend(i, j);
  }
  for (std::size_t i = 0; i < size_.fes; ++i) {
    if (!net_.fe_runs(i)) net_.start_fe(i);
  }
  return run(6 * patience_ + 15min);
}

void Fleet::cut() {
  const std::size_t ce = world_.pick(size_.ces);  // before the other one, whatever the compiler
  cut_wire(world_.pick(size_.fes), ce);
}

void Fleet::cut_wire(std::size_t i, std::size_t j) {
  ++told_.cuts;
  net_.cut(i, j);
  // Most are short, some outlast every patience.
  world_.after(world_.pick(4) == 0 ? pick(3 * patience_) : pick(30s),
               [this, i, j] { net_.mend(i, j); });
}

// What was sent just now is lost on the way, or its answer is.
void Fleet::cut_soon(std::size_t i, Duration within) {
  world_.after(pick(within), [this, i] {
    if (world_.now() < end_) cut_wire(i, world_.pick(size_.ces));
  });
}

void Fleet::restart_fe() {
  const std::size_t i = world_.pick(size_.fes);
  if (!net_.fe_runs(i)) return;
  ++told_.fe_restarts;
  net_.crash_fe(i);
  world_.after(world_.pick(2) == 0 ? pick(2s) : pick(patience_), [this, i] {
    if (!net_.fe_runs(i)) net_.start_fe(i);
  });
}

void Fleet::start_ce(std::size_t j) {
  rows_[j] = std::make_unique<FleetRows>(size_.fes, world_.pick(1000));
  for (std::size_t i = 0; i < size_.fes; ++i) rows_[j]->follow(i, wanted_[i]);
  net_.start_ce(j);
  for (std::size_t k = 0; k <= size_.fes / 50; ++k) cut_soon(world_.pick(size_.fes), 5s);
  world_.after(pick(2min), [this, j, life = ++lives_[j]] {  // its zebra has told all
    if (lives_[j] != life || !net_.ce_runs(j)) return;
    rows_[j]->complete_now();
    for (std::size_t i = 0; i < size_.fes; ++i) rows_[j]->follow(i, wanted_[i]);
    tell(j);
  });
}

void Fleet::crash_ce() {
  const std::size_t j = world_.pick(size_.ces);
  if (!net_.ce_runs(j)) return;
  ++told_.ce_crashes;
  ++lives_[j];
  net_.crash_ce(j);
  world_.after(world_.pick(2) == 0 ? pick(30s) : pick(4 * patience_), [this, j] {
    if (!net_.ce_runs(j)) start_ce(j);
  });
}

void Fleet::hang_ce() {
  const std::size_t j = world_.pick(size_.ces);
  if (!net_.ce_runs(j)) return;
  ++told_.hangs;
  net_.freeze_ce(j, true);
  world_.after(pick(3 * patience_), [this, j, life = lives_[j]] {
    if (net_.ce_runs(j) && lives_[j] == life) net_.freeze_ce(j, false);
  });
}

std::size_t Fleet::master_of(std::size_t fe) {
  for (std::size_t j = 0; j < size_.ces; ++j) {
    if (net_.ce_runs(j) && net_.ce(j).is_master(id_of(fe))) return j;
  }
  return size_.ces;
}

void Fleet::switch_master() {
  const std::size_t i = world_.pick(size_.fes), from = master_of(i);
  if (from == size_.ces) return;
  const std::size_t to = (from + 1 + world_.pick(size_.ces - 1)) % size_.ces;
  told_.switches +=
      net_.ce(from).switch_master(id_of(i), net_.ce_config(to).ce_id, world_.now()) != 0 ? 1 : 0;
  net_.poke_ce(from);
}

// FEName of three FEs, in two Configs each.
void Fleet::transact() {
  const std::size_t i = world_.pick(size_.fes), j = master_of(i);
  if (j == size_.ces) return;
  std::vector<ce::provision::TransactionPart> parts;
  for (std::size_t k = i; k < size_.fes && parts.size() < 3; ++k) {
    if (!net_.ce(j).is_master(id_of(k))) continue;
    pl::PathData path;
    path.ids = {3};
    path.items.push_back({pl::FullData{{std::byte{'t'}}}});
    pl::LfbSelect select{pl::kFeObject, {1}, {}};
    select.operations.push_back({.type = pl::OperType::Set});
    select.operations.back().elements.push_back({std::move(path)});
    std::vector<pl::BodyTlv> body;
    body.emplace_back(std::move(select));
    parts.push_back({id_of(k), {body, body}});
  }
  told_.transactions += net_.ce(j).transact(parts, world_.now()) ? 1 : 0;
  net_.poke_ce(j);
  if (world_.pick(3) == 0) cut_soon(i, 100ms);
}

// A link somewhere, and with it the routes of some FEs; now and then of all.
void Fleet::change_routes() {
  const std::size_t most = world_.pick(24) == 0 ? size_.fes : std::min<std::size_t>(size_.fes, 20);
  const std::size_t first = world_.pick(size_.fes), count = 1 + world_.pick(most);
  for (std::size_t k = 0; k < count; ++k) {
    const std::size_t i = (first + k) % size_.fes;
    for (std::uint64_t n = 1 + world_.pick(4); n > 0; --n) wanted_[i].change(world_);
    ++told_.changes;
    if (world_.pick(8) == 0) cut_soon(i, 60ms);
    for (auto& rows : rows_) rows->follow(i, wanted_[i]);
  }
  for (std::size_t j = 0; j < size_.ces; ++j) tell(j);
}

void Fleet::tell(std::size_t j) {
  if (!net_.ce_runs(j)) return;
  net_.ce(j).on_rows(world_.now());
  net_.poke_ce(j);
}

}  // namespace forces::test
