#include "fe/lfb/engine/query.hpp"

#include "proto/pl/body/properties.hpp"

namespace forces::fe::lfb {

using pl::OperType;
using pl::ResultCode;
using wire::Bytes;

namespace {

constexpr std::size_t kWholeLfb = 32'768;  // a larger one is told component by component

pl::Access access_of(const Component& component) {
  switch (component.access) {
    case Access::ReadOnly:
      return pl::Access::ReadOnly;
    case Access::WriteOnly:
    case Access::TriggerOnly:
      return pl::Access::WriteOnly;
    default:
      return pl::Access::ReadWrite;
  }
}

std::uint32_t count_rows(const Type& array, Bytes rows) {
  std::uint32_t count = 0;
  (void)for_each_row(array, rows, [&](std::uint32_t, Bytes) { return ++count != 0; });
  return count;
}

pl::ArrayProperties array_properties(pl::Access access, const Type& array, Bytes rows) {
  pl::ArrayProperties p{access, count_rows(array, rows), 0, 0};
  (void)for_each_row(array, rows, [&](std::uint32_t index, Bytes) {
    p.highest_used_subscript = index;
    if (index == p.first_unused_subscript) ++p.first_unused_subscript;
    return true;
  });
  return p;
}

}  // namespace

void Query::fail(ResultCode code, std::string_view cause) {
  failed_ = true;
  answer_.result(code, cause);
}

void Query::run(const pl::MessageView& query, ResultCode forced) {
  for (const pl::LfbSelectView select : query.selects()) {
    const ResultCode found =
        store_.find({select.class_id.value, select.instance_id.value}, instance_);
    forced_ = forced != ResultCode::Success ? forced : found;
    answer_.begin_select(select.class_id, select.instance_id);
    for (const pl::OperView oper : select.operations) operation(oper);
    answer_.end();
  }
}

void Query::operation(const pl::OperView& oper) {
  const auto response = pl::response_to(oper.type);
  if (!response) return;  // nothing answers it
  oper_ = oper.type;
  answer_.begin_operation(*response);
  const ResultCode lfb = forced_;
  if (forced_ == ResultCode::Success && !pl::may_hold(pl::MsgType::Query, oper.type)) {
    forced_ = ResultCode::InvalidOp;
  }
  if (oper.items().empty()) {
    fail(forced_ == ResultCode::Success ? ResultCode::InvalidParameters : forced_);
  }
  items(oper.items());
  forced_ = lfb;
  answer_.end();
}

void Query::items(const pl::ItemRange& items) {
  for (const pl::ItemView item : items) {
    if (item.is(pl::TlvType::PathData)) {
      path(item.path());
    } else {  // an operation holds paths, nothing else
      fail(ResultCode::InvalidTlv);
    }
  }
}

ResultCode Query::enter(const pl::PathView& view, std::optional<std::uint32_t>& row) {
  if (forced_ != ResultCode::Success) return forced_;
  const ResultCode form = pl::judge(oper_, view, below_range_);
  if (form != ResultCode::Success) return form;
  return reader_.enter(*instance_, view, path_, row);
}

void Query::path(const pl::PathView& view) {
  const std::size_t above = path_.size();
  std::optional<std::uint32_t> row;
  const ResultCode bad = enter(view, row);
  answer_.begin_path(view.ids, row);
  const bool nested = !view.items.empty();  // judge() lets only paths be there
  if (bad != ResultCode::Success) {
    fail(bad);
  } else if (nested && view.range) {
    fail(ResultCode::InvalidTflags, "a range selects no single row");
  } else if (nested) {
    items(view.items);
  } else if (oper_ == OperType::GetProp) {
    get_properties();
  } else {
    get(view.range);
  }
  answer_.end();
  path_.truncate(above);
}

void Query::get(const std::optional<pl::TableRange>& range) {
  if (path_.size() == 0) {
    return range ? fail(ResultCode::InvalidTflags, "an LFB is no table") : get_lfb();
  }
  const Location at = locate(*instance_, path_.ids());
  if (at.code != ResultCode::Success) return fail(at.code);
  if (range) return get_range(at, *range);
  if (at.is_whole_table()) return get_table(*at.table);
  const Part part = reader_.read(*instance_, at);
  if (part.code != ResultCode::Success) return fail(part.code);
  answer_.data(part.value);
}

// RFC 5810 appendix D, use case 18.
void Query::get_lfb() {
  const auto readable = [](const Component& c) {
    return c.access != Access::WriteOnly && c.access != Access::TriggerOnly;
  };
  wire::ByteWriter all;
  for (const Component& component : instance_->lfb_class->components) {
    if (!readable(component) || all.size() > kWholeLfb) continue;
    const std::uint32_t id[] = {component.id};
    const Location at = locate(*instance_, id);
    if (at.is_whole_table()) {
      wire::ByteWriter rows;
      at.table->for_each(0, pl::kLastRow, [&](std::uint32_t index, Bytes row) {
        rows.u32(index);
        write_member(*at.type->element, row, rows);
        return rows.size() <= kWholeLfb;
      });
      write_member(*at.type, rows.written(), all);
      continue;
    }
    const Part part = reader_.read(*instance_, at);
    if (part.code != ResultCode::Success) return fail(part.code);
    write_member(*at.type, part.value, all);
  }
  if (all.size() <= kWholeLfb) return answer_.data(all.written());
  for (const Component& component : instance_->lfb_class->components) {
    if (!readable(component)) continue;
    const std::uint32_t id[] = {component.id};
    if (!path_.append(component.id)) return fail(ResultCode::InvalidPath);
    answer_.begin_path(std::span<const std::uint32_t>(id));
    get(std::nullopt);
    answer_.end();
    path_.truncate(path_.size() - 1);
  }
}

// In parts when it is large (RFC 7391 section 3.3).
void Query::get_table(Table& table) {
  pl::MessageWriter& w = answer_.writer();
  (void)answer_.make_room(64);
  std::optional<pl::MessageWriter::Scope> data;
  data.emplace(w.full_data());
  table.for_each(0, pl::kLastRow, [&](std::uint32_t index, Bytes row) {
    const std::size_t size = 4 + row.size() + 12;
    if (w.room() < size) {
      data.reset();
      if (!answer_.make_room(size + 4)) return false;
      data.emplace(w.full_data());
    }
    w.out().u32(index);
    write_member(*table.type().element, row, w.out());
    return true;
  });
}

// RFC 7391 section 3.1: SPARSEDATA of the rows that there are.
void Query::get_range(const Location& at, const pl::TableRange& range) {
  if (at.type->kind != Kind::Array) {
    return fail(ResultCode::InvalidTflags, "no table");
  }
  pl::MessageWriter& w = answer_.writer();
  std::optional<pl::MessageWriter::Scope> data;
  bool any = false;
  const auto add = [&](std::uint32_t index, Bytes row) {
    const std::size_t size = 16 + sparse_size(*at.type->element, row);
    if (!data || w.room() < size) {
      data.reset();
      if (!answer_.make_room(size + 4)) return false;
      data.emplace(w.sparse_data());
    }
    const auto ilv = w.ilv(index);
    write_sparse(*at.type->element, row, w);
    return any = true;
  };
  if (at.is_whole_table()) {
    at.table->for_each(range.start, range.end, add);
  } else {
    const Part rows = reader_.read(*instance_, at);
    if (rows.code != ResultCode::Success) return fail(rows.code);
    (void)for_each_row(*at.type, rows.value, [&](std::uint32_t index, Bytes row) {
      if (index < range.start) return true;
      return index <= range.end && add(index, row);
    });
  }
  data.reset();
  if (!any) fail(ResultCode::Empty, "no row in this range");
}

// RFC 5812 section 4.8.5. False when the path names no event.
bool Query::get_event_properties() {
  const LfbClass& lfb = *instance_->lfb_class;
  const auto ids = path_.ids();
  if (ids.empty() || lfb.events.empty() || ids.front() != lfb.event_base) return false;
  if (ids.size() > 1 && lfb.event(ids[1]) == nullptr) {
    fail(ResultCode::ComponentDoesNotExist, "no such event");
    return true;
  }
  const EventIds event(ids.begin() + 1, ids.end());
  const auto at = instance_->registrations.find(event);
  pl::EventProperties p{.accessibility = pl::Access::ReadWrite, .registration = 0};
  if (at != instance_->registrations.end()) {
    p = at->second.properties;
    p.accessibility = pl::Access::ReadWrite;
    if (!p.registration) p.registration = 0;
  }
  (void)answer_.make_room(128);
  pl::write_properties(answer_.writer(), p);
  return true;
}

void Query::get_properties() {
  if (get_event_properties()) return;
  const Location at = locate(*instance_, path_.ids());
  if (at.code != ResultCode::Success) return fail(at.code);
  const pl::Access access = access_of(*at.component);
  (void)answer_.make_room(128);
  if (at.is_whole_table()) {
    return pl::write_properties(
        answer_.writer(), pl::ArrayProperties{access, static_cast<std::uint32_t>(at.table->size()),
                                              at.table->highest(), at.table->first_unused()});
  }
  const Part part = reader_.read(*instance_, at);
  if (part.code != ResultCode::Success && part.code != ResultCode::Perm) return fail(part.code);
  switch (at.type->kind) {
    case Kind::Array:
      return pl::write_properties(answer_.writer(), array_properties(access, *at.type, part.value));
    case Kind::Text:
    case Kind::Octets:
      return pl::write_properties(
          answer_.writer(),
          pl::StringProperties{access, static_cast<std::uint32_t>(part.value.size()),
                               at.type->size});
    default:
      return pl::write_properties(answer_.writer(), access);
  }
}

}  // namespace forces::fe::lfb
