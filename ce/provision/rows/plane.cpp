#include "ce/provision/rows/plane.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "proto/pl/body/properties.hpp"

namespace forces::ce::provision {

using pl::OperType;
using wire::ByteReader;

namespace {

constexpr std::uint32_t kState = 1, kWaiting = 2, kPending = 3, kInstalled = 4, kFailed = 5,
                        kStale = 6, kFailedRoutes = 7, kFailedHops = 8;
constexpr std::array kEvents{std::array{60u, 1u}, std::array{60u, 6u}};  // StateChanged, Settled
constexpr std::size_t kMostFailed = 1'000;  // rows that a table of the FE shows

std::optional<Family> family_of(std::uint8_t octet) {
  if (octet == 4) return Family::V4;
  if (octet == 6) return Family::V6;
  return std::nullopt;
}

// Rows of FailedRoutes: Family, Address, Prefixlen, Error. False: not that.
bool read(wire::Bytes value, std::map<routing::IpPrefix, std::uint32_t>& rows) {
  ByteReader r(value);
  while (!r.empty()) {
    r.u32("index");
    const auto family = family_of(r.u8("family"));
    const wire::Bytes address = r.take(16, "address");
    const std::uint8_t length = r.u8("prefixlen");
    const std::uint32_t error = r.u32("error");
    if (!r.ok() || !family || length > routing::max_length(*family)) return false;
    rows.emplace(routing::IpPrefix{routing::IpAddress::of(*family, address), length}, error);
  }
  return r.ok();
}

// Rows of FailedHops: Family, ECMPFlag, HopSelector, Error.
bool read(wire::Bytes value, std::map<HopAtFe, std::uint32_t>& rows) {
  ByteReader r(value);
  while (!r.empty()) {
    r.u32("index");
    const auto family = family_of(r.u8("family"));
    const bool set = r.u8("ecmp") != 0;
    const std::uint32_t number = r.u32("hop"), error = r.u32("error");
    if (!r.ok() || !family) return false;
    rows.emplace(HopAtFe{*family, set, number}, error);
  }
  return r.ok();
}

}  // namespace

std::string_view to_string(PlaneState state) {
  static constexpr std::array<std::string_view, 4> kNames{"off", "running", "failed", "unknown"};
  return kNames[static_cast<std::size_t>(state)];
}

void PlaneReader::start(std::uint32_t instance) {
  stop();
  instance_ = instance;
  if (instance == 0) return;
  subscribe_ = true;
  due_ = Instant{};
}

void PlaneReader::stop() { *this = PlaneReader(); }

void PlaneReader::look(Instant now) {
  if (instance_ == 0) return;
  const Instant at = std::max(now, asked_at_ + kAskEvery);
  if (!due_ || at < *due_) due_ = at;
  again_ = true;
}

void PlaneReader::on_event(const pl::LfbSelectView& select, Instant now) {
  if (select.class_id.value == kKernelPlane) look(now);
}

void PlaneReader::on_answer(const Answer& answer, FibSync& sync, Instant now) {
  if (!asked_) return;
  for (const pl::LfbSelectView select : answer.message.selects()) {
    if (select.class_id.value != kKernelPlane) continue;
    for (const pl::OperView oper : select.operations) {
      (void)pl::for_each_leaf(oper.items(), [&](const pl::Leaf& leaf) {
        if (leaf.path.ids().size() == 1) take(leaf.path.ids()[0], leaf.item);
        return true;
      });
    }
  }
  if (!answer.last) return;
  asked_ = false;
  judge(sync);
  if (plane_.pending != 0) look(now + kAskAgain);  // in case that its event is lost
}

void PlaneReader::on_unanswered() {
  if (std::exchange(asked_, false)) due_ = asked_at_ + kAskAgain;
}

void PlaneReader::take(std::uint32_t component, const pl::ItemView& item) {
  if (!item.is(pl::TlvType::FullData)) {
    const bool empty = item.is_result() && item.result().code == pl::ResultCode::Empty;
    whole_ = whole_ && empty && component >= kFailedRoutes;
    return;
  }
  if (component == kFailedRoutes) {
    whole_ = read(item.value, reading_.failed_routes) && whole_;
    return;
  }
  if (component == kFailedHops) {
    whole_ = read(item.value, reading_.failed_hops) && whole_;
    return;
  }
  if (component == kState) {
    const wire::Bytes value = pl::without_counted_pad(item.value, 1);
    const unsigned state = value.size() == 1 ? static_cast<unsigned>(value[0]) : 3;
    reading_.state = state < 3 ? static_cast<PlaneState>(state) : PlaneState::Unknown;
    return;
  }
  const std::array counts{&reading_.waiting, &reading_.pending, &reading_.installed,
                          &reading_.failed, &reading_.stale};
  if (component < kWaiting || component > kStale) return;
  whole_ = whole_ && item.value.size() == 4;
  if (item.value.size() != 4) return;
  *counts[component - kWaiting] = static_cast<std::uint32_t>(wire::load_be<4>(item.value.data()));
}

void PlaneReader::judge(FibSync& sync) {
  const bool was_sure = plane_.sure;
  plane_ = std::exchange(reading_, {});
  const bool still = sync.at_rest() && sync.version() == asked_version_;
  const bool over = plane_.state != PlaneState::Running || !whole_;
  if (still && (over || plane_.pending == 0)) judged_version_ = asked_version_;
  if (over) return;
  const bool listed =
      plane_.failed_routes.size() == plane_.failed && plane_.failed_hops.size() < kMostFailed;
  if (plane_.pending != 0) {  // what was in the kernel is, for all we know, still there
    plane_.sure = was_sure && listed;
    return;
  }
  plane_.sure = listed;
  if (plane_.waiting != 0 && plane_.sure) {
    const auto failed = [&](Family family, bool set, std::uint32_t number) {
      return error_of(sync.rows(), family, set, number).has_value();
    };
    plane_.sure = sync.leading_only_to(failed) == plane_.waiting;
  }
  if (plane_.sure && still) sync.in_kernel();
}

std::optional<std::uint32_t> PlaneReader::error_of(const RowBook& book, Family family, bool set,
                                                   std::uint32_t number) const {
  const RowKey key{set ? RowKind::Set : RowKind::Hop, number};
  const auto at = plane_.failed_hops.find({family, set, book.at_fe(key)});
  if (at == plane_.failed_hops.end()) return std::nullopt;
  return at->second;
}

InKernel PlaneReader::look_up(const RowBook& book, RowKey key, const routing::IpPrefix& prefix,
                              std::span<const std::uint32_t> hops) const {
  if (const auto at = plane_.failed_routes.find(prefix); at != plane_.failed_routes.end()) {
    return {RowState::Failed, at->second, false};
  }
  std::optional<std::uint32_t> error;
  for (const std::uint32_t hop : hops) {
    error = error_of(book, prefix.address.family, false, hop);
    if (!error) break;
  }
  if (error) return {RowState::Failed, *error, true};
  const bool installed = plane_.sure && book.state(key) == RowState::Installed;
  return {installed ? RowState::Installed : RowState::Acknowledged};
}

void PlaneReader::pump(Exchange& exchange, const FibSync& sync, bool may_configure, Instant now) {
  if (instance_ == 0) return;
  if (subscribe_ && may_configure) subscribe(exchange, now);
  if (asked_ || !sync.at_rest()) return;
  if (!due_ && sync.version() != judged_version_) due_ = now + kAskAgain;
  if (due_ && now >= *due_) ask(exchange, sync, now);
}

std::optional<Instant> PlaneReader::next_deadline(const FibSync& sync) const {
  if (instance_ == 0 || asked_ || !sync.at_rest()) return std::nullopt;
  return due_;
}

void PlaneReader::subscribe(Exchange& exchange, Instant now) {
  subscribe_ = false;
  pl::MessageWriter config = exchange.begin(pl::MsgType::Config);
  {
    const auto select = config.lfb_select({kKernelPlane}, {instance_});
    const auto operation = config.operation(OperType::SetProp);
    for (const auto& event : kEvents) {
      const auto path = config.path(event);
      // An FE looks at every route for the counts of a notification.
      const auto every = static_cast<std::uint32_t>(whole_milliseconds(kAskEvery));
      pl::write_properties(config, pl::EventProperties{.registration = 1, .interval = every});
    }
  }
  (void)exchange.submit(std::move(config), Purpose::Subscriptions, now);
}

void PlaneReader::ask(Exchange& exchange, const FibSync& sync, Instant now) {
  static constexpr std::array kComponents{kState,  kWaiting, kPending,      kInstalled,
                                          kFailed, kStale,   kFailedRoutes, kFailedHops};
  due_.reset();
  if (std::exchange(again_, false)) due_ = now + kAskAgain;
  asked_ = whole_ = true;
  asked_at_ = now;
  asked_version_ = sync.version();
  reading_ = {};
  pl::MessageWriter query = exchange.begin(pl::MsgType::Query);
  {
    const auto select = query.lfb_select({kKernelPlane}, {instance_});
    const auto operation = query.operation(OperType::Get);
    for (const std::uint32_t component : kComponents) {
      const auto path = query.path(std::span(&component, 1));
    }
  }
  (void)exchange.submit(std::move(query), Purpose::Plane, now);
}

}  // namespace forces::ce::provision
