#include "proto/model/path.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/core/number.hpp"
#include "proto/model/classes/classes.hpp"
#include "proto/model/json/json.hpp"
#include "proto/model/packing.hpp"

namespace forces::model {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool ends_alike(std::string_view name, std::string_view end) {
  if (end.empty() || end.size() > name.size()) return false;
  return std::ranges::equal(name.substr(name.size() - end.size()), end, {}, lower, lower);
}

// The one that is called so; else the only one whose name ends so.
template <class Named>
const Named* named(std::span<const Named> all, std::string_view text) {
  const Named* found = nullptr;
  bool several = false;
  for (const Named& one : all) {
    if (!ends_alike(one.name, text)) continue;
    if (one.name.size() == text.size()) return &one;
    several = several || found != nullptr;
    found = &one;
  }
  return several ? nullptr : found;
}

std::string listed(std::span<const Component> all) {
  std::string text;
  for (const Component& one : all) {
    fmt::format_to(std::back_inserter(text), "{}{} {}", text.empty() ? "" : ", ", one.id, one.name);
  }
  return text;
}

class PathReader {
 public:
  explicit PathReader(std::span<const ClassName> others) : others_(others) {}

  std::expected<LfbPath, std::string> read(std::string_view text) {
    const std::string_view lfb = text.substr(0, text.find('/'));
    if (!read_lfb(lfb)) return std::unexpected(error_);
    text.remove_prefix(lfb.size());
    while (!text.empty()) {
      text.remove_prefix(1);  // '/'
      const std::size_t open = text.find_first_of("/[");
      const std::string_view step = text.substr(0, open);
      if (!read_step(step)) return std::unexpected(error_);
      text.remove_prefix(step.size());
      if (!text.starts_with('[')) continue;
      const std::size_t close = text.find(']');
      if (close == text.npos) return std::unexpected("a [ without its ]");
      if (!read_key(text.substr(1, close - 1))) return std::unexpected(error_);
      text.remove_prefix(close + 1);
      if (!text.empty() && text.front() != '/')
        return std::unexpected("behind ] comes / or nothing");
    }
    path_.component = component_;
    path_.type = type_;
    return std::move(path_);
  }

 private:
  bool refuse(std::string why) {
    error_ = std::move(why);
    return false;
  }

  bool read_lfb(std::string_view text) {
    const std::size_t dot = text.rfind('.');
    const auto instance =
        dot == text.npos ? std::nullopt : decimal_or_hex<std::uint32_t>(text.substr(dot + 1));
    if (!instance) {
      return refuse(fmt::format(
          "\"{}\" names no LFB: a path begins with CLASS.INSTANCE, as in FEObject.1", text));
    }
    const std::string_view name = text.substr(0, dot);
    path_.lfb.instance_id = *instance;
    if (const auto id = decimal_or_hex<std::uint32_t>(name)) {
      path_.lfb.class_id = *id;
    } else if (!find_class(name)) {
      return refuse(fmt::format("there is no LFB class \"{}\"; its number would do", name));
    }
    path_.lfb_class = known_class(path_.lfb.class_id);
    path_.text = path_text(path_.lfb, {});
    if (path_.lfb_class == nullptr) path_.text = text;
    return true;
  }

  bool find_class(std::string_view name) {
    std::vector<ClassName> all(others_.begin(), others_.end());
    for (const LfbClass* known : all_classes())
      all.push_back({known->id, std::string(known->name)});
    std::ranges::sort(all, {}, &ClassName::id);
    const auto same = std::ranges::unique(all, {}, &ClassName::id);
    all.erase(same.begin(), same.end());
    const ClassName* const found = named(std::span<const ClassName>(all), name);
    if (found == nullptr) return false;
    path_.lfb.class_id = found->id;
    return true;
  }

  bool read_step(std::string_view step) {
    if (step.empty()) return refuse("a step of the path is empty");
    const bool known = depth_ == 0 ? path_.lfb_class != nullptr : type_ != nullptr;
    const auto id = decimal_or_hex<std::uint32_t>(step);
    const bool good = depth_ == 0 && known    ? read_component(step, id)
                      : depth_ == 1 && event_ ? read_event(step, id)
                      : known && type_ != nullptr && type_->kind == Kind::Struct
                          ? read_field(step, id)
                          : read_subscript(step, id);
    ++depth_;
    return good;
  }

  bool read_component(std::string_view step, std::optional<std::uint32_t> id) {
    const LfbClass& lfb = *path_.lfb_class;
    if (!lfb.events.empty() && (id == lfb.event_base || step == "Events")) {
      event_ = true;
      add(lfb.event_base, "Events");
      return true;
    }
    component_ = id ? lfb.component(*id) : named(lfb.components, step);
    if (component_ == nullptr && !id) {
      return refuse(fmt::format("{} has no component \"{}\"; it has {}", lfb.name, step,
                                listed(lfb.components)));
    }
    type_ = component_ != nullptr ? component_->type : nullptr;
    add(id ? *id : component_->id, component_ != nullptr ? component_->name : step);
    return true;
  }

  bool read_event(std::string_view step, std::optional<std::uint32_t> id) {
    const LfbClass& lfb = *path_.lfb_class;
    const Event* const event = id ? lfb.event(*id) : named(lfb.events, step);
    if (event == nullptr && !id) {
      return refuse(fmt::format("{} has no event \"{}\"", lfb.name, step));
    }
    add(id ? *id : event->id, event != nullptr ? event->name : step);
    return true;
  }

  bool read_field(std::string_view step, std::optional<std::uint32_t> id) {
    const auto fields = type_->members();
    const Component* field = nullptr;
    if (id) {
      const auto at = std::ranges::find(fields, *id, &Component::id);
      if (at != fields.end()) field = &*at;
    } else if (field = named(fields, step); field == nullptr) {
      return refuse(fmt::format("there is no field \"{}\" below {}; there are {}", step, path_.text,
                                listed(fields)));
    }
    type_ = field != nullptr ? field->type : nullptr;
    add(id ? *id : field->id, field != nullptr ? field->name : step);
    return true;
  }

  bool read_subscript(std::string_view step, std::optional<std::uint32_t> id) {
    const bool array = type_ != nullptr && type_->kind == Kind::Array;
    if (!id && type_ != nullptr && !array) {
      return refuse(fmt::format("{} ({}) has no parts", path_.text, describe(*type_)));
    }
    if (!id) {
      return refuse(
          fmt::format("\"{}\" is no number; below {} there are only such", step, path_.text));
    }
    type_ = array ? type_->element : nullptr;
    add(*id, step);
    return true;
  }

  bool read_key(std::string_view text) {
    if (type_ == nullptr || type_->kind != Kind::Array || type_->keys.empty()) {
      return refuse(fmt::format("{} has no key", path_.text));
    }
    if (path_.key) return refuse("one key is enough for a path");
    pl::KeyInfo info{type_->keys.front().id, {}};
    std::string_view rest = text;
    if (const std::size_t sharp = text.find('#'); sharp != text.npos) {
      const auto id = decimal_or_hex<std::uint32_t>(text.substr(0, sharp));
      if (!id) return refuse(fmt::format("\"{}\" is no number of a key", text.substr(0, sharp)));
      info.key_id = *id;
      rest.remove_prefix(sharp + 1);
    }
    const auto key = std::ranges::find(type_->keys, info.key_id, &Key::id);
    if (key == type_->keys.end()) {
      return refuse(fmt::format("{} has no key {}", path_.text, info.key_id));
    }
    for (const std::uint32_t id : key->fields) {
      const Component& field = *std::ranges::find(type_->element->members(), id, &Component::id);
      const bool last = id == key->fields.back();
      const std::size_t end = last ? rest.size() : rest.find_first_of(",/");
      if (rest.empty() || end == rest.npos) {
        return refuse(fmt::format("the key of {} has {} parts: {}", path_.text, key->fields.size(),
                                  describe(*type_)));
      }
      Json value;
      value.set_string_value(std::string(rest.substr(0, end)));
      const auto octets = octets_of(*field.type, value);
      if (!octets) return refuse(fmt::format("{}: {}", field.name, octets.error().text()));
      wire::ByteWriter out;
      write_member(*field.type, *octets, out);
      info.key.insert(info.key.end(), out.written().begin(), out.written().end());
      rest.remove_prefix(last ? end : end + 1);
    }
    path_.key = std::move(info);
    path_.text += fmt::format("[{}]", text);
    type_ = type_->element;
    ++depth_;
    return true;
  }

  void add(std::uint32_t id, std::string_view name) {
    (path_.key ? path_.below : path_.ids).push_back(id);
    path_.text += fmt::format("/{}", name);
  }

  std::span<const ClassName> others_;
  LfbPath path_;
  const Component* component_ = nullptr;
  const Type* type_ = nullptr;
  bool event_ = false;
  std::size_t depth_ = 0;
  std::string error_;
};

}  // namespace

const LfbClass* known_class(std::uint32_t id) {
  const auto all = all_classes();
  const auto at = std::ranges::find(all, id, &LfbClass::id);
  return at == all.end() ? nullptr : *at;
}

pl::Element LfbPath::element(std::vector<pl::Element> items) const {
  pl::PathData path;
  path.ids = ids;
  if (!key) {
    path.items = std::move(items);
    return {std::move(path)};
  }
  path.flags = pl::kSelKey;
  path.key = key;
  if (below.empty()) {
    path.items = std::move(items);
    return {std::move(path)};
  }
  pl::PathData inner;
  inner.ids = below;
  inner.items = std::move(items);
  path.items.push_back({std::move(inner)});
  return {std::move(path)};
}

std::expected<LfbPath, std::string> read_path(std::string_view text,
                                              std::span<const ClassName> others) {
  return PathReader(others).read(text);
}

std::string path_text(const Target& lfb, std::span<const std::uint32_t> ids) {
  const LfbClass* const known = known_class(lfb.class_id);
  std::string text = known != nullptr ? fmt::format("{}.{}", known->name, lfb.instance_id)
                                      : fmt::format("{}.{}", lfb.class_id, lfb.instance_id);
  const Type* type = nullptr;
  bool first = true;
  for (const std::uint32_t id : ids) {
    const Component* part = nullptr;
    if (first) {
      part = known != nullptr ? known->component(id) : nullptr;
    } else if (type != nullptr && type->kind == Kind::Struct) {
      const auto at = std::ranges::find(type->members(), id, &Component::id);
      if (at != type->members().end()) part = &*at;
    }
    if (part != nullptr) {
      fmt::format_to(std::back_inserter(text), "/{}", part->name);
      type = part->type;
    } else {
      fmt::format_to(std::back_inserter(text), "/{}", id);
      type = type != nullptr && type->kind == Kind::Array ? type->element : nullptr;
    }
    first = false;
  }
  return text;
}

}  // namespace forces::model
