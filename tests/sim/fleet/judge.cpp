// What must be true of a fleet that was left in peace.
#include <array>

#include "tests/sim/fleet/fleet.hpp"

namespace forces::test {

using namespace std::chrono_literals;
using ce::provision::RowKind;
using ce::provision::SyncState;

void Fleet::check_fe(std::size_t i, std::vector<std::string>& bad) {
  const auto fe_id = static_cast<std::uint32_t>(i + 1);
  const auto say = [&](const std::string& what) {
    bad.push_back("fe " + std::to_string(fe_id) + ": " + what);
  };
  fe::ElementCore& fe = net_.fe(i);
  std::size_t masters = 0, master = 0;
  for (std::size_t j = 0; j < size_.ces; ++j) {
    const auto* const on = net_.ce(j).provisioner(fe_id);
    if (on == nullptr) return say("unknown to ce " + std::to_string(j));
    if (on->is_master()) {
      ++masters;
      master = j;
    } else if (on->sync().state() != SyncState::Idle) {
      say("a backup is " + std::string(to_string(on->sync().state())));
    }
    const bool hot = net_.fe_config(i).fepo.ha_mode == 2;
    if (hot && !net_.ce(j).associated(fe_id)) say("not associated to ce " + std::to_string(j));
  }
  if (masters != 1) return say(std::to_string(masters) + " masters");
  if (fe.values().protocol.ce_id != net_.ce_config(master).ce_id) say("obeys another CE");
  if (fe.values().object.state != fe::lfb::FeState::OperEnable) say("does not forward");
  if (!fe.redirect_target()) say("redirects nothing");
  if (fe.engine().next_deadline()) say("a transaction is open");

  const auto& sync = net_.ce(master).provisioner(fe_id)->sync();
  if (sync.state() != SyncState::Synced) say(std::string(to_string(sync.state())));
  if (sync.orphans() != 0) say(std::to_string(sync.orphans()) + " orphans");
  if (!sync.rows().failures().empty()) say("rows have failed");
  const Rows& rows = rows_[master]->of(i);
  if (routes_of(fe) != rows.routes()) say("other routes than wanted");
  if (count_rows(fe, RowKind::Prefix) != rows.prefixes.size() ||
      count_rows(fe, RowKind::Set) != rows.sets.size() ||
      count_rows(fe, RowKind::Hop) != rows.hops.size()) {
    say("rows that nobody wants, or too few");
  }
  for (const auto reason : {fe::Drop::Malformed, fe::Drop::WrongSource, fe::Drop::WrongType}) {
    if (fe.counters().drops[std::to_underlying(reason)] != 0) {
      say("dropped as " + std::string(fe::to_string(reason)));
    }
  }
}

// Requests may be under way at any moment; the same FE is not asked at two of them.
std::vector<std::pair<std::size_t, std::size_t>> Fleet::outstanding() {
  std::vector<std::pair<std::size_t, std::size_t>> found;
  for (std::size_t j = 0; j < size_.ces; ++j) {
    for (std::size_t i = 0; i < size_.fes; ++i) {
      const auto* const on = net_.ce(j).provisioner(static_cast<std::uint32_t>(i + 1));
      if (on != nullptr && on->exchange().outstanding() != 0) found.emplace_back(j, i);
    }
  }
  return found;
}

std::uint64_t Fleet::configs_sent() {
  std::uint64_t sum = 0;
  for (std::size_t j = 0; j < size_.ces; ++j) {
    for (std::size_t i = 0; i < size_.fes; ++i) {
      sum +=
          net_.ce(j).provisioner(static_cast<std::uint32_t>(i + 1))->exchange().counters().configs;
    }
  }
  return sum;
}

void Fleet::check_quiet(std::vector<std::string>& bad) {
  const std::uint64_t configs = configs_sent();
  auto before = outstanding();
  if (!run(1s)) bad.emplace_back("spins");
  auto after = outstanding();
  std::vector<std::pair<std::size_t, std::size_t>> both;
  std::ranges::set_intersection(before, after, std::back_inserter(both));
  if (!both.empty()) bad.push_back(std::to_string(both.size()) + " requests are outstanding");
  if (!run(2 * patience_)) bad.emplace_back("spins");
  if (configs_sent() != configs) bad.emplace_back("something is set though nothing changes");
  for (std::size_t j = 0; j < size_.ces; ++j) {
    for (const auto& record : net_.ce(j).transactions().list()) {
      using enum ce::provision::TransactionState;
      if (record.state != Completed && record.state != Aborted) {
        bad.push_back("a transaction is " + std::string(to_string(record.state)));
      }
    }
    const auto due = net_.ce(j).next_deadline();
    if (due && *due < world_.now()) bad.emplace_back("a deadline of a CE is past");
  }
  // A timer of every core, and messages under way.
  const std::size_t timers = size_.ces + size_.fes;
  if (world_.pending() > 4 * timers) {
    bad.push_back(std::to_string(world_.pending()) + " events are waiting");
  }
}

std::vector<std::string> Fleet::problems() {
  std::vector<std::string> bad;
  for (std::size_t i = 0; i < size_.fes; ++i) check_fe(i, bad);
  if (bad.empty()) check_quiet(bad);
  return bad;
}

}  // namespace forces::test
