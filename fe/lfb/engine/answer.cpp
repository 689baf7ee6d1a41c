#include "fe/lfb/engine/answer.hpp"

#include <utility>

#include "proto/wire/reader.hpp"

namespace forces::fe::lfb {

Answer::Answer(const pl::Header& header, pl::ResultForm form, pl::Octets recycled)
    : header_(header), form_(form), writer_(header, std::move(recycled), form) {}

Answer::~Answer() { close_all(); }

void Answer::open(const Level& level) {
  switch (level.what) {
    case What::Select:
      scopes_.push_back(writer_.lfb_select({level.first}, {level.second}));
      break;
    case What::Operation:
      scopes_.push_back(writer_.operation(static_cast<pl::OperType>(level.first)));
      break;
    case What::Path:
      scopes_.push_back(writer_.path(std::span(ids_).subspan(level.first, level.second)));
      break;
  }
  begins_.push_back(writer_.size());
}

void Answer::begin_select(pl::LfbClassId class_id, pl::LfbInstanceId instance_id) {
  levels_.push_back({What::Select, class_id.value, instance_id.value});
  open(levels_.back());
}

void Answer::begin_operation(pl::OperType type) {
  levels_.push_back({What::Operation, std::to_underlying(type), 0});
  open(levels_.back());
}

void Answer::begin_path(const pl::IdsView& ids, std::optional<std::uint32_t> row) {
  const std::size_t first = ids_.size();
  for (std::size_t i = 0; i < ids.size(); ++i) ids_.push_back(ids[i]);
  if (row) ids_.push_back(*row);
  open_path(first);
}

void Answer::begin_path(std::span<const std::uint32_t> ids) {
  const std::size_t first = ids_.size();
  ids_.insert(ids_.end(), ids.begin(), ids.end());
  open_path(first);
}

void Answer::open_path(std::size_t first) {
  const std::size_t count = ids_.size() - first;
  (void)make_room(16 + 4 * count);
  levels_.push_back(
      {What::Path, static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(count)});
  open(levels_.back());
}

void Answer::end() {
  if (writer_.size() == begins_.back()) scopes_.back().discard();
  scopes_.pop_back();
  begins_.pop_back();
  if (levels_.back().what == What::Path) ids_.resize(levels_.back().first);
  levels_.pop_back();
}

void Answer::close_all() {
  while (!scopes_.empty()) {
    if (writer_.size() == begins_.back()) scopes_.back().discard();
    scopes_.pop_back();
    begins_.pop_back();
  }
}

void Answer::keep(pl::Part part) {
  auto octets = std::move(writer_).finish();
  if (!octets) {
    failed_ = true;
    return;
  }
  const pl::Flags flags = pl::with_part(header_.flags, part);
  wire::store_be<4>(octets->data() + 20, flags.value);
  parts_.push_back(std::move(*octets));
}

void Answer::next_part() {
  broken_ = levels_;
  broken_ids_ = ids_;
  close_all();
  keep(parts_.empty() ? pl::Part::First : pl::Part::Middle);
  writer_ = pl::MessageWriter(header_, {}, form_);
  for (const Level& level : levels_) open(level);
}

bool Answer::make_room(std::size_t octets) {
  if (writer_.room() >= octets) return true;
  bool empty = true;  // nothing but what is open: another part would be no larger
  std::size_t size = pl::Header::kSize;
  if (!begins_.empty()) size = begins_.back();
  if (writer_.size() > size) empty = false;
  for (std::size_t i = 1; i < begins_.size(); ++i) {
    const std::size_t header = levels_[i].what == What::Path ? 8 + 4 * levels_[i].second : 4;
    if (begins_[i] - begins_[i - 1] > header) empty = false;
  }
  if (!begins_.empty() && begins_.front() > pl::Header::kSize + 12) empty = false;
  if (empty) return false;
  next_part();
  return writer_.room() >= octets;
}

void Answer::result(pl::ResultCode code, std::string_view cause) {
  (void)make_room(12 + pl::kMaxCause);
  writer_.result(code, cause);
}

void Answer::data(wire::Bytes value) {
  if (make_room(8 + value.size())) {
    writer_.full_data(value);
  } else {
    writer_.result(pl::ResultCode::ContentsTooLong);
  }
}

std::vector<pl::Octets> Answer::finish() && {
  close_all();
  if (parts_.empty()) {
    keep(pl::Part::Whole);
  } else {
    keep(pl::Part::Middle);
    // The last part has no data; its RESULT stands where the table did.
    writer_ = pl::MessageWriter(header_, {}, form_);
    levels_ = broken_;
    ids_ = broken_ids_;
    for (const Level& level : levels_) open(level);
    writer_.result(pl::ResultCode::Success);
    close_all();
    keep(pl::Part::Last);
  }
  if (failed_) parts_.clear();
  return std::move(parts_);
}

}  // namespace forces::fe::lfb
