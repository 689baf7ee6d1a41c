#include "common/runtime/config.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <sstream>
#include <system_error>

namespace forces::runtime {
namespace {

// Levenshtein distance: what "did you mean" goes by.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

template <class Names>
std::string suggestion(std::string_view word, const Names& names) {
  std::string_view best;
  std::size_t best_distance = word.size() < 4 ? 2 : word.size() / 3 + 2;  // beyond: no misspelling
  for (std::string_view name : names) {
    const auto d = distance(word, name);
    if (d < best_distance) {
      best = name;
      best_distance = d;
    }
  }
  return best.empty() ? std::string() : fmt::format("; did you mean `{}`?", best);
}

template <class Words>
std::string joined(const Words& words, std::string_view between) {
  std::string out;
  for (std::string_view word : words) {
    if (!out.empty()) out += between;
    out += word;
  }
  return out;
}

std::string_view kind(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a floating-point number";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a date or time";
  }
}

class Reader final : public ConfigVisitor {
 public:
  Reader(const toml::table& root, std::string_view file) : file_(file) {
    scopes_.push_back({&root, "", root.source(), {}});
  }

  void flag(std::string_view key, bool& value) override {
    if (const auto* node = find(key)) {
      if (const auto read = node->value_exact<bool>()) {
        value = *read;
      } else {
        wrong_kind(key, *node, "true or false");
      }
    }
  }

  void text(std::string_view key, std::string& value) override {
    if (auto read = string(key, "a string")) value = std::move(*read);
  }

  void texts(std::string_view key, std::vector<std::string>& value) override {
    const auto* node = find(key);
    if (node == nullptr) return;
    const auto* array = node->as_array();
    if (array == nullptr) return wrong_kind(key, *node, "an array of strings");
    std::vector<std::string> all;
    for (const auto& one : *array) {
      const auto read = one.value_exact<std::string>();
      if (!read) return wrong_kind(key, one, "an array of strings");
      all.push_back(*read);
    }
    value = std::move(all);
  }

  void duration(std::string_view key, Duration& value, DurationRange range) override {
    const auto wanted = R"(a duration such as "500ms" (units: ns us ms s min h))";
    const auto read = string(key, wanted);
    if (!read) return;
    if (!range.off.empty() && *read == range.off) {
      value = kOff;
      return;
    }
    const auto parsed = parse_duration(*read);
    if (!parsed) return problem(key, fmt::format("expected {}, found \"{}\"", wanted, *read));
    if (*parsed < range.min || *parsed > range.max) {
      return problem(key,
                     fmt::format("{} is out of range: {} to {}{}{}", *read, to_text(range.min),
                                 to_text(range.max), range.off.empty() ? "" : ", or ", range.off));
    }
    value = *parsed;
  }

  void octets(std::string_view key, Octets& value, OctetsRange range) override {
    const auto* node = find(key);
    if (node == nullptr) return;
    std::optional<Octets> parsed;
    if (const auto number = node->value_exact<std::int64_t>(); number && *number >= 0) {
      parsed = Octets{static_cast<std::uint64_t>(*number)};
    } else if (const auto read = node->value_exact<std::string>()) {
      parsed = parse_octets(*read);
    }
    if (!parsed) {
      return wrong_kind(key, *node, R"(a size such as "64KiB", or a number of octets)");
    }
    if (*parsed < range.min || *parsed > range.max) {
      return problem(key, fmt::format("{} is out of range: {} to {}", to_text(*parsed),
                                      to_text(range.min), to_text(range.max)));
    }
    value = *parsed;
  }

  void problem(std::string_view key, std::string message) override {
    const auto* node = scopes_.back().table == nullptr ? nullptr : scopes_.back().table->get(key);
    report(node == nullptr ? scopes_.back().where : node->source(), path(key), std::move(message));
  }

  void required(std::string_view key) override {
    if (find(key) == nullptr) problem(key, "is required, and missing");
  }

  ConfigProblems finish() {
    leave();
    std::ranges::stable_sort(problems_, {},
                             [](const ConfigProblem& p) { return std::pair(p.line, p.column); });
    return std::move(problems_);
  }

 protected:
  void integer(std::string_view key, std::uint64_t& value, Range range) override {
    const auto* node = find(key);
    if (node == nullptr) return;
    const auto read = node->value_exact<std::int64_t>();
    if (!read) return wrong_kind(key, *node, "an integer");
    if (*read < 0 || static_cast<std::uint64_t>(*read) < range.min ||
        static_cast<std::uint64_t>(*read) > range.max) {
      return problem(key, range.hex ? fmt::format("{:#x} is out of range: {:#x} to {:#x}", *read,
                                                  range.min, range.max)
                                    : fmt::format("{} is out of range: {} to {}", *read, range.min,
                                                  range.max));
    }
    value = static_cast<std::uint64_t>(*read);
  }

  void word(std::string_view key, std::size_t& index,
            std::span<const std::string_view> names) override {
    const auto wanted = fmt::format("one of {}", joined(names, ", "));
    const auto read = string(key, wanted);
    if (!read) return;
    const auto found = std::ranges::find(names, *read);
    if (found == names.end()) {
      return problem(
          key, fmt::format("expected {}, found \"{}\"{}", wanted, *read, suggestion(*read, names)));
    }
    index = static_cast<std::size_t>(found - names.begin());
  }

  void enter_table(std::string_view key) override {
    const auto* node = find(key);
    const auto* table = node == nullptr ? nullptr : node->as_table();
    if (node != nullptr && table == nullptr) wrong_kind(key, *node, "a table");
    enter(table, path(key));
  }

  std::size_t count(std::string_view key, std::size_t now) override {
    const auto* node = find(key);
    if (node == nullptr) return now;
    const auto* array = node->as_array();
    if (array != nullptr && (array->empty() || array->is_array_of_tables())) return array->size();
    wrong_kind(key, *node, fmt::format("an array of tables: [[{}]]", path(key)));
    return 0;
  }

  void enter_item(std::string_view key, std::size_t index) override {
    const auto* node = find(key);
    enter(node == nullptr ? nullptr : node->as_array()->get(index)->as_table(),
          fmt::format("{}[{}]", path(key), index));
  }

  void leave() override {
    const auto scope = std::move(scopes_.back());
    scopes_.pop_back();
    if (scope.table == nullptr) return;
    for (const auto& [key, node] : *scope.table) {
      if (scope.known.contains(std::string(key.str()))) continue;
      const auto whole =
          scope.path.empty() ? std::string(key.str()) : scope.path + "." + std::string(key.str());
      report(key.source(), whole, fmt::format("unknown key{}", suggestion(key.str(), scope.known)));
    }
  }

 private:
  struct Scope {
    const toml::table* table;  // nullptr: absent, everything in it keeps its default
    std::string path;
    toml::source_region where;
    std::set<std::string> known;
  };

  const toml::node* find(std::string_view key) {
    scopes_.back().known.emplace(key);
    return scopes_.back().table == nullptr ? nullptr : scopes_.back().table->get(key);
  }

  void enter(const toml::table* table, std::string path) {
    // An absent table is reported where its parent stands.
    const auto where = table == nullptr ? scopes_.back().where : table->source();
    scopes_.push_back({table, std::move(path), where, {}});
  }

  std::string path(std::string_view key) const {
    const auto& parent = scopes_.back().path;
    return parent.empty() ? std::string(key) : fmt::format("{}.{}", parent, key);
  }

  std::optional<std::string> string(std::string_view key, std::string_view wanted) {
    const auto* node = find(key);
    if (node == nullptr) return std::nullopt;
    auto read = node->value_exact<std::string>();
    if (!read) wrong_kind(key, *node, wanted);
    return read;
  }

  void wrong_kind(std::string_view key, const toml::node& node, std::string_view wanted) {
    std::ostringstream shown;
    if (!node.is_table() && !node.is_array()) {
      shown << ' ' << toml::toml_formatter(node, toml::format_flags::none);
    }
    report(node.source(), path(key),
           fmt::format("expected {}, found {}{}", wanted, kind(node), shown.str()));
  }

  void report(const toml::source_region& where, std::string key, std::string message) {
    problems_.push_back(
        {file_, where.begin.line, where.begin.column, std::move(key), std::move(message)});
  }

  std::string file_;
  std::vector<Scope> scopes_;
  ConfigProblems problems_;
};

class Printer final : public ConfigVisitor {
 public:
  void flag(std::string_view key, bool& value) override { line(key, value ? "true" : "false"); }
  void text(std::string_view key, std::string& value) override { line(key, quoted(value)); }
  void texts(std::string_view key, std::vector<std::string>& value) override {
    std::vector<std::string> all;
    for (const auto& one : value) all.push_back(quoted(one));
    line(key, fmt::format("[{}]", joined(all, ", ")));
  }
  void duration(std::string_view key, Duration& value, DurationRange range) override {
    line(key, quoted(value == kOff ? std::string(range.off) : to_text(value)));
  }
  void octets(std::string_view key, Octets& value, OctetsRange) override {
    line(key, quoted(to_text(value)));
  }
  void problem(std::string_view, std::string) override {}
  void required(std::string_view) override {}
  std::string finish() { return std::move(out_); }

 protected:
  void integer(std::string_view key, std::uint64_t& value, Range range) override {
    line(key, range.hex ? fmt::format("{:#010x}", value) : std::to_string(value));
  }
  void word(std::string_view key, std::size_t& index,
            std::span<const std::string_view> names) override {
    line(key, quoted(std::string(names[index])));
  }
  void enter_table(std::string_view key) override { header(key, "[", "]"); }
  std::size_t count(std::string_view, std::size_t now) override { return now; }
  void enter_item(std::string_view key, std::size_t) override { header(key, "[[", "]]"); }
  void leave() override { path_.pop_back(); }

 private:
  void header(std::string_view key, std::string_view open, std::string_view close) {
    path_.emplace_back(key);
    out_ += fmt::format("{}{}{}{}\n", out_.empty() ? "" : "\n", open, joined(path_, "."), close);
  }
  void line(std::string_view key, std::string_view value) {
    out_ += fmt::format("{} = {}\n", key, value);
  }
  static std::string quoted(const std::string& value) {
    std::ostringstream out;
    const toml::value<std::string> node(value);
    out << toml::toml_formatter(node, toml::format_flags::none);
    return out.str();
  }

  std::vector<std::string> path_;
  std::string out_;
};

constexpr std::size_t kMaxFile = std::size_t{1} << 20;

}  // namespace

std::string ConfigProblem::text() const {
  std::string out = file;
  if (line > 0) out += fmt::format(":{}:{}", line, column);
  if (!key.empty()) out += ": " + key;
  return out + ": " + message;
}

ConfigProblems read_config(std::string_view toml, std::string_view file, const ConfigVisit& visit) {
  try {
    const auto root = toml::parse(toml, file);
    Reader reader(root, file);
    visit(reader);
    return reader.finish();
  } catch (const toml::parse_error& error) {
    const auto at = error.source().begin;
    return {{std::string(file), at.line, at.column, "", std::string(error.description())}};
  }
}

ConfigProblems read_config_file(const std::string& path, const ConfigVisit& visit) {
  std::ifstream in(path, std::ios::binary);
  std::string text;
  if (in) {
    text.resize(kMaxFile + 1);
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
  }
  if (!in.is_open() || in.bad()) {
    return {{path, 0, 0, "", std::system_category().message(errno)}};
  }
  if (text.size() > kMaxFile) return {{path, 0, 0, "", "is larger than 1 MiB"}};
  return read_config(text, path, visit);
}

std::string print_config(const ConfigVisit& visit) {
  Printer printer;
  visit(printer);
  return printer.finish();
}

}  // namespace forces::runtime
