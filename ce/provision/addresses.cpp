#include "ce/provision/addresses.hpp"

#include <array>
#include <span>
#include <utility>

#include "proto/pl/body/properties.hpp"

namespace forces::ce::provision {

using pl::OperType;
using routing::Family;
using wire::ByteReader;

namespace {

constexpr std::uint32_t kTable = 1;
constexpr std::array kEvents{std::array{60u, 1u}, std::array{60u, 2u}};  // Created, Deleted

}  // namespace

void AddressReader::start(std::uint32_t instance) {
  stop();
  instance_ = instance;
  due_ = instance != 0;
}

// What was told stays: an FE that is away is expected back with the addresses that it had.
void AddressReader::stop() {
  instance_ = 0;
  subscribe_ = due_ = asked_ = false;
}

void AddressReader::on_event(const pl::LfbSelectView& select) {
  if (select.class_id.value == kPortAddress && instance_ != 0) due_ = true;
}

void AddressReader::on_answer(const Answer& answer) {
  if (!asked_) return;
  for (const pl::LfbSelectView select : answer.message.selects()) {
    if (select.class_id.value != kPortAddress) continue;
    for (const pl::OperView oper : select.operations) {
      (void)pl::for_each_leaf(oper.items(), [&](const pl::Leaf& leaf) {
        const bool table = leaf.path.ids().size() == 1 && leaf.path.ids()[0] == kTable;
        if (table && leaf.item.is(pl::TlvType::FullData)) {
          read(leaf.item.value);
        } else {
          const bool empty =
              leaf.item.is_result() && leaf.item.result().code == pl::ResultCode::Empty;
          whole_ = whole_ && empty;
        }
        return true;
      });
    }
  }
  if (!answer.last) return;
  asked_ = false;
  if (whole_) tell();
}

void AddressReader::on_unanswered() {
  if (std::exchange(asked_, false)) due_ = true;
}

void AddressReader::read(wire::Bytes value) {
  ByteReader r(value);
  while (!r.empty() && rows_ < kMostRows) {
    r.u32("index");
    const std::uint32_t port = r.u32("port");
    const std::uint8_t number = r.u8("family");
    const wire::Bytes octets = r.take(16, "address");
    const std::uint8_t length = r.u8("prefixlen");
    const Family family = number == 6 ? Family::V6 : Family::V4;
    if (!r.ok() || (number != 4 && number != 6) || length > routing::max_length(family)) {
      whole_ = false;
      return;
    }
    ++rows_;
    reading_[port].insert({routing::IpAddress::of(family, octets), length});
  }
}

void AddressReader::tell() {
  for (const auto& [port, addresses] : told_) reading_[port];  // has none any more
  for (auto& [port, addresses] : reading_) {
    const auto [at, fresh] = told_.try_emplace(port);
    if (!fresh && at->second == addresses) continue;
    at->second = addresses;
    out_.push({port, {addresses.begin(), addresses.end()}});
  }
}

void AddressReader::pump(Exchange& exchange, bool may_configure, Instant now) {
  if (instance_ == 0) return;
  if (subscribe_) {
    if (!may_configure) return;  // no change is between the two
    subscribe(exchange, now);
  }
  if (due_ && !asked_) ask(exchange, now);
}

void AddressReader::subscribe(Exchange& exchange, Instant now) {
  subscribe_ = false;
  pl::MessageWriter config = exchange.begin(pl::MsgType::Config);
  {
    const auto select = config.lfb_select({kPortAddress}, {instance_});
    const auto operation = config.operation(OperType::SetProp);
    for (const auto& event : kEvents) {
      const auto path = config.path(event);
      pl::write_properties(config, pl::EventProperties{.registration = 1});
    }
  }
  (void)exchange.submit(std::move(config), Purpose::Subscriptions, now);
}

void AddressReader::ask(Exchange& exchange, Instant now) {
  due_ = false;
  asked_ = whole_ = true;
  rows_ = 0;
  reading_.clear();
  pl::MessageWriter query = exchange.begin(pl::MsgType::Query);
  {
    const auto select = query.lfb_select({kPortAddress}, {instance_});
    const auto operation = query.operation(OperType::Get);
    const auto path = query.path(std::span(&kTable, 1));
  }
  (void)exchange.submit(std::move(query), Purpose::Addresses, now);
}

}  // namespace forces::ce::provision
