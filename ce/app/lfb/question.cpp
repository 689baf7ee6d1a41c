#include "ce/app/lfb/question.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <utility>

#include "ce/app/lfb/result_words.hpp"
#include "proto/model/json/json.hpp"
#include "proto/model/packing.hpp"
#include "proto/pl/body/properties.hpp"

namespace forces::ce {

using control::Response;
using model::Component;
using model::Json;
using model::Kind;
using pl::OperType;
using pl::ResultCode;

namespace {

pl::Element path_to(std::vector<std::uint32_t> ids) {
  pl::PathData path;
  path.ids = std::move(ids);
  return {std::move(path)};
}

bool readable(const Component& component) {
  return component.access != model::Access::WriteOnly &&
         component.access != model::Access::TriggerOnly;
}

std::vector<pl::BodyTlv> body_of(const model::Target& lfb, std::vector<pl::Oper> operations) {
  std::erase_if(operations, [](const pl::Oper& oper) { return oper.elements.empty(); });
  std::vector<pl::BodyTlv> body;
  body.emplace_back(pl::LfbSelect{{lfb.class_id}, {lfb.instance_id}, std::move(operations)});
  return body;
}

// f(operation, leaf) for all that was answered; false when it cannot be read.
template <class F>
bool for_each_answer(const std::vector<pl::Octets>& messages, F&& f) {
  for (const pl::Octets& octets : messages) {
    const auto message = pl::MessageView::parse(octets);
    if (!message) return false;
    for (const pl::LfbSelectView select : message->selects()) {
      for (const pl::OperView oper : select.operations) {
        (void)pl::for_each_leaf(oper.items(), [&](const pl::Leaf& leaf) {
          f(oper.type, leaf);
          return true;
        });
      }
    }
  }
  return true;
}

std::optional<std::string> refused(const pl::ItemView& item) {
  if (!item.is_result()) return std::nullopt;
  const pl::ResultView result = item.result();
  if (result.code == ResultCode::Success) return std::nullopt;
  return result_words(result.code, result.cause);
}

bool is_data(const pl::ItemView& item) {
  return item.is(pl::TlvType::FullData) || item.is(pl::TlvType::SparseData);
}

// ---- Properties (RFC 5812 section 4.8), by their names there.

void put(Json& into, const char* name, std::uint32_t value) {
  (*into.mutable_struct_value()->mutable_fields())[name].set_number_value(value);
}
void put(Json& into, pl::Access access) {
  static constexpr std::array<const char*, 4> kNames{"none", "read-only", "write-only",
                                                     "read-write"};
  const auto at = static_cast<std::size_t>(access);
  (*into.mutable_struct_value()->mutable_fields())["accessibility"].set_string_value(
      at < kNames.size() ? kNames.at(at) : "unknown");
}

Json properties_json(const pl::ItemView& data, const model::Type* type, bool event) {
  Json out;
  if (event) {
    if (const auto p = pl::read_event_properties(data)) {
      if (p->accessibility) put(out, *p->accessibility);
      const std::pair<const char*, std::optional<std::uint32_t>> fields[]{
          {"registration", p->registration},
          {"threshold", p->threshold},
          {"eventHysteresis", p->hysteresis},
          {"eventCount", p->count},
          {"eventInterval", p->interval}};
      for (const auto& [name, value] : fields) {
        if (value) put(out, name, *value);
      }
      return out;
    }
  } else if (type != nullptr && type->kind == Kind::Array) {
    if (const auto p = pl::read_array_properties(data)) {
      put(out, p->accessibility);
      put(out, "entryCount", p->entry_count);
      put(out, "highestUsedSubscript", p->highest_used_subscript);
      put(out, "firstUnusedSubscript", p->first_unused_subscript);
      return out;
    }
  } else if (type != nullptr && (type->kind == Kind::Text || type->kind == Kind::Octets)) {
    if (const auto p = pl::read_string_properties(data)) {
      put(out, p->accessibility);
      put(out, "stringLength", p->length);
      put(out, "maxStringLength", p->max_length);
      return out;
    }
  } else if (const auto access = pl::read_accessibility(data)) {
    put(out, *access);
    return out;
  }
  out.set_string_value(model::hex_text(data.value));
  return out;
}

bool is_event(const LfbQuestion& question) {
  const auto* const lfb = question.path.lfb_class;
  return lfb != nullptr && !lfb->events.empty() && !question.path.ids.empty() &&
         question.path.ids.front() == lfb->event_base;
}

Json value_json(const LfbQuestion& question, const pl::ItemView& data) {
  if (question.properties) {
    return properties_json(data, question.path.type, is_event(question));
  }
  if (question.path.type != nullptr) return model::to_json(*question.path.type, data);
  Json out;
  out.set_string_value(model::hex_text(data.value));
  return out;
}

// ---- Answers, by what was asked

std::string named(const LfbQuestion& question) {
  return fmt::format("FE {}: {}", question.fe, question.path.text);
}

// A value, or several of an LFB that nobody knows here.
Response single(const LfbQuestion& question, control::LfbValues values,
                const std::vector<pl::Octets>& messages) {
  std::string bad;
  std::vector<std::pair<std::vector<std::uint32_t>, Json>> found;
  const bool read = for_each_answer(messages, [&](OperType, const pl::Leaf& leaf) {
    if (const auto why = refused(leaf.item); why && bad.empty()) bad = *why;
    if (!is_data(leaf.item)) return;
    const auto ids = leaf.path.ids();
    found.push_back({{ids.begin(), ids.end()}, value_json(question, leaf.item)});
  });
  if (!read) return failure(control::Error::FAILED, named(question) + ": the answer is malformed");
  if (found.empty()) {
    return failure(control::Error::FAILED,
                   fmt::format("{}: {}", named(question), bad.empty() ? "no value came" : bad));
  }
  if (found.size() == 1) {
    *values.mutable_value() = std::move(found.front().second);
    if (question.path.key) values.set_path(model::path_text(question.path.lfb, found[0].first));
  }
  for (auto& [ids, value] : found) {
    if (found.size() == 1) break;
    auto& one = *values.add_components();
    one.set_id(ids.empty() ? 0 : ids.front());
    one.set_name(model::path_text(question.path.lfb, ids));
    *one.mutable_value() = std::move(value);
  }
  Response response;
  *response.mutable_lfb() = std::move(values);
  return response;
}

// Every component of an LFB: values, of tables the number of rows.
Response all_components(const LfbQuestion& question, control::LfbValues values,
                        const std::vector<pl::Octets>& messages) {
  const model::LfbClass& lfb = *question.path.lfb_class;
  std::map<std::uint32_t, control::LfbComponent> found;  // of events by the base and their ID
  std::string bad;
  bool any = false;
  const auto take = [&](OperType type, const pl::Leaf& leaf) {
    const auto ids = leaf.path.ids();
    const auto why = refused(leaf.item);
    if (why && bad.empty()) bad = *why;
    if (ids.empty()) return;
    const bool event = ids.size() > 1 && ids.front() == lfb.event_base && !lfb.events.empty();
    auto& one = event ? found[lfb.event_base + ids[1]] : found[ids.front()];
    if (why) one.set_error(*why);
    if (!is_data(leaf.item)) return;
    any = true;
    const Component* const component = lfb.component(ids.front());
    const model::Type* const its = component != nullptr ? component->type : nullptr;
    if (type == OperType::GetPropResponse && !question.properties) {
      if (const auto p = pl::read_array_properties(leaf.item)) one.set_rows(p->entry_count);
    } else if (question.properties) {
      *one.mutable_properties() = properties_json(leaf.item, its, event);
    } else if (its != nullptr) {
      *one.mutable_value() = model::to_json(*its, leaf.item);
    }
  };
  if (!for_each_answer(messages, take)) {
    return failure(control::Error::FAILED, named(question) + ": the answer is malformed");
  }
  if (!any) {
    return failure(control::Error::FAILED,
                   fmt::format("{}: {}", named(question), bad.empty() ? "no value came" : bad));
  }
  const auto add = [&](std::uint32_t id, std::string_view name, control::LfbComponent one,
                       std::string type, std::string_view access) {
    one.set_id(id);
    one.set_name(std::string(name));
    one.set_type(std::move(type));
    one.set_access(std::string(access));
    *values.add_components() = std::move(one);
  };
  for (const Component& c : lfb.components) {
    add(c.id, c.name, found[c.id], model::describe(*c.type), model::describe(c.access));
  }
  for (const model::Event& e : lfb.events) {
    if (question.properties) add(e.id, e.name, found[lfb.event_base + e.id], "event", "");
  }
  Response response;
  *response.mutable_lfb() = std::move(values);
  return response;
}

// Rows of a page, in the order of their subscripts.
Response page_of(const LfbQuestion& question, control::LfbValues values,
                 const std::vector<pl::Octets>& messages) {
  const model::Type& table = *question.path.type;
  const std::size_t depth = question.path.ids.size();
  std::map<std::uint32_t, Json> rows;
  std::optional<std::uint32_t> highest;
  std::string bad;
  const auto take = [&](OperType type, const pl::Leaf& leaf) {
    const auto ids = leaf.path.ids();
    if (type == OperType::GetPropResponse) {
      const auto p = pl::read_array_properties(leaf.item);
      if (p) highest = p->highest_used_subscript;
    } else if (leaf.item.is_result()) {
      const auto why = refused(leaf.item);
      if (why && bad.empty() && leaf.item.result().code != ResultCode::Empty) bad = *why;
    } else if (is_data(leaf.item) && ids.size() == depth + 1) {
      rows[ids.back()] = model::to_json(*table.element, leaf.item);
    } else if (is_data(leaf.item) && ids.size() == depth) {
      const Json all = model::to_json(table, leaf.item);
      for (const auto& [subscript, row] : all.struct_value().fields()) {
        std::uint32_t index = 0;
        const char* const end = subscript.data() + subscript.size();
        if (std::from_chars(subscript.data(), end, index).ptr == end) rows[index] = row;
      }
    }
  };
  if (!for_each_answer(messages, take)) {
    return failure(control::Error::FAILED, named(question) + ": the answer is malformed");
  }
  if (!bad.empty()) {
    return failure(control::Error::FAILED, fmt::format("{}: {}", named(question), bad));
  }
  std::size_t octets = 0;
  const std::uint32_t most = std::min(question.count, kLfbRowsInPage);
  std::uint64_t next = std::uint64_t{question.last()} + 1;
  // Of an FE that tells no properties: as long as rows come.
  if (highest ? *highest <= question.last() : rows.empty()) next = 0;
  for (auto& [index, value] : rows) {
    octets += value.ByteSizeLong();
    const auto shown = static_cast<std::uint32_t>(values.rows_size());
    if (shown == most || (shown > 0 && octets > kLfbPageOctets)) {
      next = index;
      break;
    }
    auto& row = *values.add_rows();
    row.set_subscript(index);
    *row.mutable_value() = std::move(value);
  }
  values.set_next(next);
  Response response;
  *response.mutable_lfb() = std::move(values);
  return response;
}

}  // namespace

Response failure(control::Error::Code code, std::string message) {
  Response response;
  response.mutable_error()->set_code(code);
  response.mutable_error()->set_message(std::move(message));
  return response;
}

bool LfbQuestion::is_table() const {
  return !properties && path.type != nullptr && path.type->kind == Kind::Array && !path.key;
}

std::uint32_t LfbQuestion::last() const {
  return span > pl::kLastRow - from ? pl::kLastRow : from + span - 1;
}

std::vector<pl::BodyTlv> query_of(const LfbQuestion& question) {
  pl::Oper get{.type = OperType::Get}, get_properties{.type = OperType::GetProp};
  if (question.is_lfb()) {
    const model::LfbClass& lfb = *question.path.lfb_class;
    for (const Component& c : lfb.components) {
      const bool by_properties = question.properties || c.type->kind == Kind::Array;
      if (by_properties) get_properties.elements.push_back(path_to({c.id}));
      if (!by_properties && readable(c)) get.elements.push_back(path_to({c.id}));
    }
    for (const model::Event& e : lfb.events) {
      if (question.properties) get_properties.elements.push_back(path_to({lfb.event_base, e.id}));
    }
  } else if (question.is_table()) {
    pl::PathData range;
    range.ids = question.path.ids;
    range.flags = pl::kSelTableRange;
    range.range = pl::TableRange{question.from, question.last()};
    get.elements.push_back({std::move(range)});
    get_properties.elements.push_back(question.path.element({}));
  } else {
    (question.properties ? get_properties : get).elements.push_back(question.path.element({}));
  }
  return body_of(question.path.lfb, {std::move(get), std::move(get_properties)});
}

std::vector<pl::BodyTlv> config_of(const model::LfbPath& path, std::optional<pl::Element> data) {
  pl::Oper oper{.type = data ? OperType::Set : OperType::Del};
  std::vector<pl::Element> items;
  if (data) items.push_back(std::move(*data));
  oper.elements.push_back(path.element(std::move(items)));
  return body_of(path.lfb, {std::move(oper)});
}

Response answer_of(const LfbQuestion& question, const std::vector<pl::Octets>& messages) {
  if (messages.empty()) {
    return failure(control::Error::FAILED,
                   fmt::format("FE {} gave no answer; see `fe show {}`", question.fe, question.fe));
  }
  control::LfbValues values;
  values.set_fe(question.fe);
  values.set_path(question.path.text);
  if (question.path.type != nullptr) values.set_type(model::describe(*question.path.type));
  if (question.path.component != nullptr) {
    values.set_access(std::string(model::describe(question.path.component->access)));
  }
  if (question.is_lfb()) return all_components(question, std::move(values), messages);
  if (!question.is_table()) return single(question, std::move(values), messages);
  for (const Component& field : question.path.type->element->members()) {
    values.add_columns(std::string(field.name));
  }
  return page_of(question, std::move(values), messages);
}

std::string refusal_of(const std::vector<pl::Octets>& messages) {
  if (messages.empty()) return "gave no answer";
  std::string bad;
  const bool read = for_each_answer(messages, [&](OperType, const pl::Leaf& leaf) {
    if (const auto why = refused(leaf.item); why && bad.empty()) bad = *why;
  });
  return read ? bad : "answered what cannot be read";
}

}  // namespace forces::ce
