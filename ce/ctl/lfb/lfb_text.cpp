#include "ce/ctl/lfb/lfb_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "ce/ctl/table.hpp"

namespace forces::ctl {
namespace {

using google::protobuf::Value;

// Subscripts in the order of numbers, names in that of the alphabet.
std::vector<std::pair<std::string, const Value*>> sorted(const google::protobuf::Struct& object) {
  std::vector<std::pair<std::string, const Value*>> all;
  for (const auto& [name, value] : object.fields()) all.emplace_back(name, &value);
  const auto less = [](const auto& a, const auto& b) {
    const auto number = [](const std::string& text) {
      std::uint32_t n = 0;
      const char* const end = text.data() + text.size();
      return std::from_chars(text.data(), end, n).ptr == end ? std::optional(n) : std::nullopt;
    };
    const auto left = number(a.first), right = number(b.first);
    if (left && right) return *left < *right;
    return left || right ? left.has_value() : a.first < b.first;
  };
  std::ranges::sort(all, less);
  return all;
}

std::string facts(const google::protobuf::Struct& object) {
  Table table({"", ""});
  for (const auto& [name, value] : sorted(object)) table.row({name, value_text(*value)});
  const auto all = table.text();
  return all.substr(all.find('\n') + 1);  // no header
}

std::string component_text(const control::LfbComponent& c) {
  if (!c.error().empty()) return c.error();
  if (c.has_properties()) return value_text(c.properties());
  if (c.has_value()) return value_text(c.value());
  return c.type().starts_with("table")
             ? fmt::format("({} {})", c.rows(), c.rows() == 1 ? "row" : "rows")
             : "";
}

std::string components_text(const control::LfbValues& values) {
  Table table({">ID", "NAME", "ACCESS", "VALUE", "TYPE"});
  for (const auto& c : values.components()) {
    table.row({std::to_string(c.id()), c.name(), c.access(), component_text(c), c.type()});
  }
  return table.text();
}

std::string rows_text(const control::LfbValues& values) {
  std::vector<std::string> headers{">ROW"};
  headers.insert(headers.end(), values.columns().begin(), values.columns().end());
  if (values.columns_size() == 0) headers.emplace_back("VALUE");
  Table table(headers);
  for (const auto& row : values.rows()) {
    std::vector<std::string> cells{std::to_string(row.subscript())};
    const auto& fields = row.value().struct_value().fields();
    for (const auto& column : values.columns()) {
      const auto at = fields.find(column);
      cells.push_back(at == fields.end() ? "" : value_text(at->second));
    }
    if (values.columns_size() == 0 || fields.contains("hex")) {
      cells.resize(2);
      cells[1] = value_text(row.value());
    }
    table.row(std::move(cells));
  }
  const std::string more =
      values.next() == 0 ? "" : fmt::format("more: --from {}\n", values.next());
  return (table.empty() ? "no rows\n" : table.text()) + more;
}

}  // namespace

std::string value_text(const Value& value) {
  switch (value.kind_case()) {
    case Value::kNumberValue:
      return fmt::format("{:.17g}", value.number_value());
    case Value::kStringValue:
      return value.string_value();
    case Value::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case Value::kStructValue: {
      std::string text;
      for (const auto& [name, one] : sorted(value.struct_value())) {
        text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", name, value_text(*one));
      }
      return fmt::format("{{{}}}", text);
    }
    case Value::kListValue: {
      std::string text;
      for (const auto& one : value.list_value().values()) {
        text += fmt::format("{}{}", text.empty() ? "" : ", ", value_text(one));
      }
      return fmt::format("[{}]", text);
    }
    default:
      return "";
  }
}

std::string lfb_text(const control::LfbList& list) {
  Table table({"LFB", ">CLASS", "VERSION", ""});
  for (const auto& lfb : list.lfbs()) {
    table.row({lfb.path(), std::to_string(lfb.class_id()), lfb.version(),
               lfb.known() ? "" : "by numbers only"});
  }
  return table.empty() ? "none\n" : table.text();
}

std::string lfb_text(const control::LfbValues& values) {
  if (values.components_size() > 0) return components_text(values);
  if (!values.has_value()) return rows_text(values);
  const auto& value = values.value();
  if (value.kind_case() != Value::kStructValue) return value_text(value) + "\n";
  return value.struct_value().fields().empty() ? "no rows\n" : facts(value.struct_value());
}

}  // namespace forces::ctl
