#include "fe/lfb/engine/config.hpp"

#include <algorithm>

namespace forces::fe::lfb {

using pl::OperType;
using pl::ResultCode;
using wire::Bytes;

namespace {

// RFC 6053 section 3.4 issue 4: the padding counted in the length.
Bytes without_pad(const Type& type, Bytes value) {
  const std::size_t size = fixed_size(type);
  if (size == 0 || value.size() <= size || value.size() != (size + 3) / 4 * 4) return value;
  return pl::without_counted_pad(value, size);
}

bool is_nested(const pl::PathView& view) {
  const auto first = view.items.begin();
  return first != view.items.end() && (*first).is(pl::TlvType::PathData);
}

}  // namespace

void Config::step(ResultCode code, std::string_view cause, std::optional<std::uint32_t> row) {
  failed_ = failed_ || code != ResultCode::Success;
  steps_.push_back({code, cause, row});
}

void Config::run(const pl::MessageView& config, const Order& order, Journal& journal) {
  order_ = order;
  journal_ = &journal;
  steps_.clear();
  failed_ = answerable_ = false;
  path_.truncate(0);
  bool any = false;
  for (const pl::LfbSelectView select : config.selects()) {
    lfb_ = store_.find({select.class_id.value, select.instance_id.value}, instance_);
    for (const pl::OperView oper : select.operations) {
      any = true;
      if (!pl::response_to(oper.type)) continue;
      answerable_ = true;
      if (!stopped()) operation(oper);
    }
  }
  answerable_ = answerable_ || !any;
}

void Config::operation(const pl::OperView& oper) {
  forced_ = order_.forced != ResultCode::Success ? order_.forced : lfb_;
  if (oper.type == OperType::Commit) {
    return order_.forced != ResultCode::Success ? step(order_.forced, order_.cause)
                                                : step(order_.commit, order_.commit_cause);
  }
  const bool known = pl::may_hold(pl::MsgType::Config, oper.type) && !order_.only_commit;
  if (forced_ == ResultCode::Success && !known) {
    forced_ = ResultCode::InvalidOp;
  }
  if (oper.items().empty()) {
    step(forced_ == ResultCode::Success ? ResultCode::InvalidParameters : forced_);
  }
  for (const pl::ItemView item : oper.items()) {
    if (stopped()) return;
    if (item.is(pl::TlvType::PathData)) {
      path(oper.type, item.path());
    } else {  // an operation holds paths, nothing else
      step(ResultCode::InvalidTlv);
    }
  }
}

ResultCode Config::enter(OperType oper, const pl::PathView& view,
                         std::optional<std::uint32_t>& row) {
  if (forced_ != ResultCode::Success) return forced_;
  const ResultCode form = pl::judge(oper, view);
  if (form != ResultCode::Success) return form;
  if (view.range && is_nested(view)) return ResultCode::InvalidTflags;
  return reader_.enter(*instance_, view, path_, row);
}

void Config::path(OperType oper, const pl::PathView& view) {
  const std::size_t above = path_.size();
  std::optional<std::uint32_t> row;
  const ResultCode bad = enter(oper, view, row);
  step(bad, bad == order_.forced ? order_.cause : std::string_view{}, row);
  if (bad == ResultCode::Success && is_nested(view)) {
    for (const pl::ItemView item : view.items) {
      if (stopped()) break;
      path(oper, item.path());
    }
  } else if (bad == ResultCode::Success && oper == OperType::Del) {
    step(erase(view.range));
  } else if (bad == ResultCode::Success) {
    for (const pl::ItemView item : view.items) {
      if (stopped()) break;
      const std::size_t mark = journal_->size();
      const ResultCode code = oper == OperType::Set ? apply(item) : set_properties(item);
      if (code != ResultCode::Success) journal_->undo(mark);  // one result, so all of it or nothing
      step(code);
    }
  }
  path_.truncate(above);
}

ResultCode Config::apply(const pl::ItemView& data) {
  const bool sparse = data.is(pl::TlvType::SparseData);
  if (path_.size() > 0) return set(path_.ids(), data.value, sparse ? Form::Sparse : Form::Full);
  if (!sparse) return ResultCode::NotSupported;  // some component of every LFB is read-only
  for (const pl::IlvView ilv : data.ilvs()) {  // RFC 5810 section 7.1.8: the ID continues the path
    const std::uint32_t ids[] = {ilv.id};
    const ResultCode bad = set(ids, ilv.value, Form::Either);
    if (bad != ResultCode::Success) return bad;
  }
  return ResultCode::Success;
}

ResultCode Config::set(std::span<const std::uint32_t> ids, Bytes value, Form form) {
  const Location at = locate(*instance_, ids);
  if (at.code != ResultCode::Success) return at.code;
  const Component& component = *at.component;
  if (form == Form::Either) form = is_sparse(*at.type, value) ? Form::Sparse : Form::Full;
  if (component.access == Access::ReadOnly) return ResultCode::ReadOnly;
  if (component.access == Access::ReadReset) {  // reset, to nothing else than where it began
    if (!at.below.empty() || form == Form::Sparse) return ResultCode::NotSupported;
    const ResultCode bad = check(*at.type, without_pad(*at.type, value));
    if (bad != ResultCode::Success) return bad;
    const bool zero = std::ranges::all_of(value, [](std::byte b) { return b == std::byte{0}; });
    if (!zero) return ResultCode::ValueOutOfRange;
    if (component.live) journal_->reset(*instance_, component);
    return component.live ? ResultCode::Success : change(at, std::nullopt, std::nullopt, value);
  }
  if (component.live) return ResultCode::ReadOnly;
  if (at.is_whole_table()) return set_table(at, value, form);

  // The row or the component that is stored in one piece, and the path into it.
  const bool table = at.table != nullptr;
  const Type& type = table ? *component.type->element : *component.type;
  const auto row = table ? std::optional(at.below.front()) : std::nullopt;
  const auto inner = table ? at.below.subspan(1) : at.below;
  const auto old =
      table ? at.table->row(*row) : std::optional<Bytes>(instance_->value(component).octets);
  if (!old && !inner.empty()) return ResultCode::ComponentDoesNotExist;
  value_.truncate(0);
  if (form == Form::Sparse) {
    part_.truncate(0);
    const Part part = old ? part_of(type, *old, inner) : Part{ResultCode::Success, &type, {}};
    if (part.code != ResultCode::Success) return part.code;
    const auto before = old ? std::optional(part.value) : std::nullopt;
    const ResultCode bad = merge(*part.type, before, value, part_);
    if (bad != ResultCode::Success) return bad;
    value = part_.written();
  } else {
    value = without_pad(*at.type, value);
  }
  const ResultCode bad =
      inner.empty() ? check(type, value) : splice(type, *old, inner, value, value_);
  if (bad != ResultCode::Success) return bad;
  return change(at, row, old, inner.empty() ? value : value_.written());
}

ResultCode Config::change(const Location& at, std::optional<std::uint32_t> row,
                          std::optional<Bytes> old, Bytes value) {
  if (value.size() > kMaxValue) return ResultCode::ContentsTooLong;
  const auto allowed = at.component->settable;
  const auto number = allowed.empty() ? std::nullopt : number_of(*at.component->type, value);
  if (number && std::ranges::find(allowed, *number) == allowed.end())
    return ResultCode::ValueOutOfRange;
  if (row) {
    const ResultCode bad = at.table->allows(*row, value);
    if (bad != ResultCode::Success) return bad;
  }
  const ResultCode bad = sink_.check({instance_, at.component, row, old, value});
  if (bad != ResultCode::Success) return bad;
  if (row) {
    journal_->put_row(*instance_, *at.component, *row, value);
  } else {
    journal_->set(*instance_, *at.component, value);
  }
  return ResultCode::Success;
}

ResultCode Config::set_table(const Location& at, Bytes value, Form form) {
  if (form == Form::Full) return replace_rows(at, value);
  for (const pl::IlvView ilv : pl::IlvRange(value)) {
    const std::uint32_t ids[] = {at.component->id, ilv.id};
    const ResultCode bad = set(ids, ilv.value, Form::Either);
    if (bad != ResultCode::Success) return bad;
  }
  return ResultCode::Success;
}

// RFC 5810 appendix D, use case 3: the entire contents are replaced. Rows that stay as they are
// are not touched.
ResultCode Config::replace_rows(const Location& at, Bytes rows) {
  const Component& component = *at.component;
  rows_.clear();
  ResultCode bad = ResultCode::Success;
  const bool whole = for_each_row(*at.type, rows, [&](std::uint32_t index, Bytes row) {
    rows_.push_back(index);
    bad = check(*at.type->element, row);
    return bad == ResultCode::Success;
  });
  if (!whole) return ResultCode::InvalidTlv;
  if (bad != ResultCode::Success) return bad;
  std::ranges::sort(rows_);
  std::vector<std::uint32_t> gone;
  at.table->for_each(0, pl::kLastRow, [&](std::uint32_t index, Bytes) {
    if (!std::ranges::binary_search(rows_, index)) gone.push_back(index);
    return true;
  });
  for (const std::uint32_t index : gone) {
    bad = erase_row(component, index);
    if (bad != ResultCode::Success) return bad;
  }
  // A key may wander from one row to another: what another row still has is freed first.
  gone.clear();
  (void)for_each_row(*at.type, rows, [&](std::uint32_t index, Bytes row) {
    if (at.table->allows(index, row) == ResultCode::Exists && at.table->row(index)) {
      gone.push_back(index);
    }
    return true;
  });
  for (const std::uint32_t index : gone) {
    bad = erase_row(component, index);
    if (bad != ResultCode::Success) return bad;
  }
  (void)for_each_row(*at.type, rows, [&](std::uint32_t index, Bytes row) {
    bad = change(at, index, at.table->row(index), row);
    return bad == ResultCode::Success;
  });
  return bad;
}

ResultCode Config::erase_row(const Component& component, std::uint32_t row) {
  const auto old = instance_->value(component).table->row(row);
  if (!old) return ResultCode::NotFound;
  const ResultCode bad = sink_.check({instance_, &component, row, old, std::nullopt});
  if (bad == ResultCode::Success) journal_->erase_row(*instance_, component, row);
  return bad;
}

ResultCode Config::erase(const std::optional<pl::TableRange>& range) {
  const std::size_t mark = journal_->size();
  const Location at = locate(*instance_, path_.ids());
  if (at.code != ResultCode::Success) return at.code;
  if (range && at.type->kind != Kind::Array) return ResultCode::InvalidTflags;
  if (at.component->access == Access::ReadOnly || at.component->live) return ResultCode::ReadOnly;
  if (at.is_whole_table()) {
    rows_.clear();
    at.table->for_each(range ? range->start : 0, range ? range->end : pl::kLastRow,
                       [&](std::uint32_t index, Bytes) {
                         rows_.push_back(index);
                         return true;
                       });
    if (rows_.empty() && range) return ResultCode::Empty;
    // Of a range one that goes is success (RFC 7391 section 3.1).
    bool any = rows_.empty();
    ResultCode last = ResultCode::Success;
    for (const std::uint32_t row : rows_) {
      const ResultCode code = erase_row(*at.component, row);
      any = any || code == ResultCode::Success;
      if (code != ResultCode::Success) last = code;
    }
    if (range ? any : last == ResultCode::Success) return ResultCode::Success;
    journal_->undo(mark);
    return last;
  }
  if (range) return ResultCode::NotSupported;  // of a table inside of a row
  if (at.table == nullptr && at.below.empty()) return ResultCode::ComponentNotATable;
  if (at.table != nullptr && at.below.size() == 1) {
    return erase_row(*at.component, at.below.front());
  }
  const bool table = at.table != nullptr;
  const Type& type = table ? *at.component->type->element : *at.component->type;
  const auto row = table ? std::optional(at.below.front()) : std::nullopt;
  const auto old =
      table ? at.table->row(*row) : std::optional<Bytes>(instance_->value(*at.component).octets);
  if (!old) return ResultCode::NotFound;
  value_.truncate(0);
  const ResultCode bad =
      splice(type, *old, table ? at.below.subspan(1) : at.below, std::nullopt, value_);
  return bad == ResultCode::Success ? change(at, row, old, value_.written()) : bad;
}

void Config::answer(const pl::MessageView& config, bool withdrawn, bool only_failures,
                    Answer& answer) {
  withdrawn_ = withdrawn;
  only_failures_ = only_failures;
  next_ = 0;
  for (const pl::LfbSelectView select : config.selects()) {
    if (exhausted()) return;
    answer.begin_select(select.class_id, select.instance_id);
    for (const pl::OperView oper : select.operations) {
      if (pl::response_to(oper.type) && !exhausted()) answer_operation(oper, answer);
    }
    answer.end();
  }
}

void Config::answer_step(Answer& answer) {
  const Step& step = steps_[next_++];
  const bool good = step.code == ResultCode::Success;
  if (good && only_failures_) return;
  // RFC 5810 section 4.3.1.1.1: what was taken back may not be reported as done.
  answer.result(good && withdrawn_ ? ResultCode::UnspecifiedError : step.code, step.cause);
}

void Config::answer_operation(const pl::OperView& oper, Answer& answer) {
  answer.begin_operation(pl::response_to(oper.type).value_or(OperType::SetResponse));
  if (oper.type == OperType::Commit || oper.items().empty()) {
    answer_step(answer);
  } else {
    for (const pl::ItemView item : oper.items()) {
      if (exhausted()) break;
      if (item.is(pl::TlvType::PathData)) {
        answer_path(oper.type, item.path(), answer);
      } else {
        answer_step(answer);
      }
    }
  }
  answer.end();
}

void Config::answer_path(OperType oper, const pl::PathView& view, Answer& answer) {
  const Step here = steps_[next_];
  answer.begin_path(view.ids, here.row);
  if (here.code != ResultCode::Success) {
    answer_step(answer);
  } else if (++next_; is_nested(view)) {
    for (const pl::ItemView item : view.items) {
      if (exhausted()) break;
      answer_path(oper, item.path(), answer);
    }
  } else if (oper == OperType::Del) {
    answer_step(answer);
  } else {
    for (auto item = view.items.begin(); item != view.items.end() && !exhausted(); ++item) {
      answer_step(answer);
    }
  }
  answer.end();
}

}  // namespace forces::fe::lfb
