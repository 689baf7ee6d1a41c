#include "ce/provision/cross_connects.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "ce/provision/table_rows.hpp"
#include "proto/model/classes/classes.hpp"
#include "proto/wire/reader.hpp"
#include "proto/wire/writer.hpp"

namespace forces::ce::provision {

using pl::OperType;
using pl::ResultCode;
using signaling::Owner;
using signaling::resource::FoundRow;
using signaling::resource::Row;
using signaling::resource::RowChange;
using signaling::resource::RowStatus;
using wire::Bytes;

namespace {

constexpr std::uint32_t kTable = 1, kStatus = 2, kByInput = 1;
constexpr std::array<std::uint32_t, 2> kStatusChanged{60, 1};
constexpr std::size_t kRowOctets = 21 + Owner::kOctets;

const model::Type& type_of(std::uint32_t component) {
  return *model::kCrossConnectClass.component(component)->type;
}

pl::Element element(pl::PathData path) { return {std::move(path)}; }

std::optional<RowStatus> status_of(Bytes value) {
  value = pl::without_counted_pad(value, 1);
  if (value.size() != 1 || std::to_integer<unsigned>(value.front()) > 2) return std::nullopt;
  return static_cast<RowStatus>(value.front());
}

}  // namespace

pl::Octets pack(const Row& row) {
  wire::ByteWriter w;
  w.u32(row.in_port);
  w.u32(row.in_label);
  w.u32(row.out_port);
  w.u32(row.out_label);
  w.u8(row.active ? 1 : 0);
  w.u32(row.alarm_mask);
  w.bytes(row.owner.octets());
  const Bytes octets = w.written();
  return {octets.begin(), octets.end()};
}

std::optional<Row> read_cross_connect(Bytes packed) {
  packed = pl::without_counted_pad(packed, kRowOctets);
  if (packed.size() != kRowOctets) return std::nullopt;
  wire::ByteReader r(packed);
  Row row;
  row.in_port = r.u32("in_port");
  row.in_label = r.u32("in_label");
  row.out_port = r.u32("out_port");
  row.out_label = r.u32("out_label");
  const std::uint8_t state = r.u8("state");
  row.alarm_mask = r.u32("alarm_mask");
  const Bytes owner = r.take(Owner::kOctets, "owner");
  if (!r.ok() || state > 1) return std::nullopt;
  row.active = state == 1;
  std::array<std::byte, Owner::kOctets> octets{};
  std::ranges::copy(owner, octets.begin());
  row.owner = Owner::from(octets);
  return row;
}

std::vector<std::vector<pl::BodyTlv>> cross_connect_configs(std::uint32_t instance,
                                                            std::span<const RowChange> changes,
                                                            std::size_t at_most) {
  std::vector<std::vector<pl::BodyTlv>> configs;
  while (!changes.empty()) {
    const auto some = changes.first(std::min(at_most, changes.size()));
    changes = changes.subspan(some.size());
    pl::LfbSelect select{{kCrossConnect}, {instance}, {}};
    for (const RowChange& change : some) {
      const OperType type = change.erase ? OperType::Del : OperType::Set;
      if (select.operations.empty() || select.operations.back().type != type) {
        select.operations.push_back({.type = type});
      }
      pl::PathData path;
      if (change.erase) {
        wire::ByteWriter key;
        key.u32(change.row.in_port);
        key.u32(change.row.in_label);
        const Bytes octets = key.written();
        path.flags = pl::kSelKey;
        path.ids = {kTable};
        path.key = pl::KeyInfo{kByInput, {octets.begin(), octets.end()}};
      } else {
        path.ids = {kTable, change.number};
        path.items.push_back({pl::FullData{pack(change.row)}});
      }
      select.operations.back().elements.push_back(element(std::move(path)));
    }
    configs.push_back({std::move(select)});
  }
  return configs;
}

std::vector<pl::BodyTlv> cross_connect_query(std::uint32_t instance, pl::TableRange range) {
  pl::Oper get{.type = OperType::Get};
  for (const std::uint32_t component : {kTable, kStatus}) {
    pl::PathData path;
    path.flags = pl::kSelTableRange;
    path.ids = {component};
    path.range = range;
    get.elements.push_back(element(std::move(path)));
  }
  return {pl::LfbSelect{{kCrossConnect}, {instance}, {std::move(get)}}};
}

bool CrossConnectReader::take(const pl::MessageView& answer) {
  bool good = true;
  const auto bad = [&](ResultCode code) {
    code_ = code;
    good = false;
  };
  for (const pl::LfbSelectView select : answer.selects()) {
    if (select.class_id.value != kCrossConnect) continue;
    for (const pl::OperView oper : select.operations) {
      (void)pl::for_each_leaf(oper.items(), [&](const pl::Leaf& leaf) {
        const auto ids = leaf.path.ids();
        if (leaf.item.is_result()) {
          const ResultCode code = leaf.item.result().code;
          // An FE that cannot tell the status all the same has the rows.
          const bool of_status = !ids.empty() && ids[0] == kStatus;
          if (code != ResultCode::Success && code != ResultCode::Empty && !of_status) bad(code);
          return true;
        }
        if (ids.empty()) return true;
        bool read = true;
        if (ids[0] == kTable) {
          read = read_rows(type_of(kTable), leaf, [&](std::uint32_t number, Bytes octets) {
            if (const auto row = read_cross_connect(octets)) {
              rows_[number] = {.number = number, .row = *row};
            } else {
              bad(ResultCode::InvalidTlv);
            }
          });
        } else if (ids[0] == kStatus) {
          read = read_rows(type_of(kStatus), leaf, [&](std::uint32_t number, Bytes octets) {
            if (const auto status = status_of(octets)) status_[number] = *status;
          });
        }
        if (!read) bad(ResultCode::InvalidTlv);
        return true;
      });
    }
  }
  return good;
}

std::vector<FoundRow> CrossConnectReader::rows() const {
  std::vector<FoundRow> all;
  all.reserve(rows_.size());
  for (const auto& [number, row] : rows_) {
    all.push_back(row);
    const auto status = status_.find(number);
    if (status != status_.end()) all.back().status = status->second;
  }
  return all;
}

std::vector<CrossConnectStatus> read_cross_connect_events(const pl::MessageView& notification) {
  std::vector<CrossConnectStatus> all;
  for (const pl::LfbSelectView select : notification.selects()) {
    if (select.class_id.value != kCrossConnect) continue;
    for (const pl::OperView oper : select.operations) {
      (void)pl::for_each_leaf(oper.items(), [&](const pl::Leaf& leaf) {
        const auto ids = leaf.path.ids();
        const bool ours = ids.size() == 3 && ids[0] == kStatusChanged[0] &&
                          ids[1] == kStatusChanged[1] && leaf.item.is(pl::TlvType::FullData);
        // What it reports: the status, behind it the owner.
        if (!ours || leaf.item.value.empty()) return true;
        if (const auto status = status_of(leaf.item.value.first(1))) {
          all.push_back({ids[2], *status});
        }
        return true;
      });
    }
  }
  return all;
}

std::vector<pl::BodyTlv> cross_connect_subscription(std::uint32_t instance) {
  wire::ByteWriter on;
  on.u32(1);
  const Bytes octets = on.written();
  pl::PathData path;
  path.ids = {kStatusChanged[0], kStatusChanged[1]};
  path.items.push_back({pl::SparseData{{{2, {octets.begin(), octets.end()}}}}});
  pl::Oper set{.type = OperType::SetProp};
  set.elements.push_back(element(std::move(path)));
  return {pl::LfbSelect{{kCrossConnect}, {instance}, {std::move(set)}}};
}

}  // namespace forces::ce::provision
