// JSON to octets. The first complaint wins.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>

#include "common/core/number.hpp"
#include "proto/model/json/json.hpp"
#include "proto/model/packing.hpp"

namespace forces::model {

using wire::Bytes;
using wire::ByteWriter;

namespace {

constexpr std::size_t kIpv4Octets = 4, kMacOctets = 6, kIpv6Octets = 16;

std::string kind_of(const Json& value) {
  switch (value.kind_case()) {
    case Json::kNumberValue:
      return fmt::format("{}", value.number_value());
    case Json::kStringValue:
      return fmt::format("\"{}\"", value.string_value());
    case Json::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case Json::kStructValue:
      return "an object";
    case Json::kListValue:
      return "a list";
    default:
      return "nothing";
  }
}

class Packer {
 public:
  // Null: there is none.
  [[nodiscard]] const Complaint* complaint() const { return complaint_ ? &*complaint_ : nullptr; }

  // With the TLV around that a member has.
  void member(const Type& type, const Json& value, ByteWriter& out) {
    ByteWriter inner;
    pack(type, value, inner);
    write_member(type, inner.written(), out);
  }

  void pack(const Type& type, const Json& value, ByteWriter& out) {
    if (complaint_) return;
    switch (type.kind) {
      case Kind::Unsigned:
        return number(type, value, out);
      case Kind::Boolean:
        return boolean(type, value, out);
      case Kind::Fixed:
        return fixed(type, value, out);
      case Kind::Octets:
      case Kind::Text:
        return text(type, value, out);
      case Kind::Struct:
        return structure(type, value, out);
      case Kind::Array:
        return array(type, value, out);
    }
  }

  // The field that a name or a number means.
  const Component* field(const Type& type, const std::string& name) {
    for (const Component& one : type.members()) {
      if (one.name == name || std::to_string(one.id) == name) return &one;
    }
    complain(fmt::format("there is no field \"{}\"; there are {}", name, describe(type)));
    return nullptr;
  }
  template <class F>
  void inside(std::string_view name, F&& f) {
    const std::size_t before = where_.size();
    fmt::format_to(std::back_inserter(where_), "{}{}", where_.empty() ? "" : ".", name);
    f();
    where_.resize(before);
  }
  void complain(std::string what) {
    if (!complaint_) complaint_ = Complaint{where_, std::move(what)};
  }

 private:
  void refuse(const Type& type, const Json& value) {
    complain(fmt::format("{} is no {}", kind_of(value), describe(type)));
  }

  void number(const Type& type, const Json& value, ByteWriter& out) {
    std::optional<std::uint64_t> n;
    if (value.kind_case() == Json::kStringValue)
      n = decimal_or_hex<std::uint64_t>(value.string_value());
    if (value.kind_case() == Json::kNumberValue) {
      constexpr double kExact = 9007199254740992;  // 2^53
      const double given = value.number_value();
      if (given >= kExact) return complain("write numbers of 2^53 and above in quotes");
      if (given >= 0 && std::trunc(given) == given) n = static_cast<std::uint64_t>(given);
    }
    if (!n) return refuse(type, value);
    const std::uint64_t most = type.size >= 8 ? ~std::uint64_t{0} : (1ULL << (8 * type.size)) - 1;
    if (*n < type.minimum || *n > std::min(most, type.maximum)) {
      return complain(fmt::format("{} is not within {} to {} ({})", *n, type.minimum,
                                  std::min(most, type.maximum), describe(type)));
    }
    write_default({.type = &type, .value = *n}, out);
  }

  void boolean(const Type& type, const Json& value, ByteWriter& out) {
    const std::string given = kind_of(value);
    const bool yes = given == "true" || given == "1" || given == "\"true\"" || given == "\"1\"";
    const bool no = given == "false" || given == "0" || given == "\"false\"" || given == "\"0\"";
    if (!yes && !no) return refuse(type, value);
    out.u8(yes ? 1 : 0);
  }

  void fixed(const Type& type, const Json& value, ByteWriter& out) {
    if (value.kind_case() != Json::kStringValue) return refuse(type, value);
    const std::string& given = value.string_value();
    std::array<std::byte, kIpv6Octets> address{};
    const bool ip = type.size == kIpv4Octets || type.size == kIpv6Octets;
    if (ip && ::inet_pton(type.size == kIpv4Octets ? AF_INET : AF_INET6, given.c_str(),
                          address.data()) == 1) {
      return out.bytes(Bytes(address).first(type.size));
    }
    std::string digits = given;
    if (type.size == kMacOctets) std::ranges::replace(digits, ':', ' ');
    const auto octets = octets_of_hex(digits);
    if (!octets || octets->size() != type.size) return refuse(type, value);
    out.bytes(*octets);
  }

  void text(const Type& type, const Json& value, ByteWriter& out) {
    std::optional<pl::Octets> octets;
    const bool wrapped = value.kind_case() == Json::kStructValue &&
                         value.struct_value().fields_size() == 1 &&
                         value.struct_value().fields().contains("hex");
    if (wrapped) {
      octets = octets_of_hex(value.struct_value().fields().at("hex").string_value());
    } else if (value.kind_case() == Json::kStringValue && type.kind == Kind::Octets) {
      octets = octets_of_hex(value.string_value());
    } else if (value.kind_case() == Json::kStringValue) {
      const Bytes given = std::as_bytes(std::span(value.string_value()));
      octets.emplace(given.begin(), given.end());
    }
    if (!octets) return refuse(type, value);
    if (octets->size() > type.size) {
      return complain(fmt::format("{} octets are too many ({})", octets->size(), describe(type)));
    }
    out.bytes(*octets);
  }

  void structure(const Type& type, const Json& value, ByteWriter& out) {
    if (value.kind_case() != Json::kStructValue) return refuse(type, value);
    const auto& given = value.struct_value().fields();
    for (const auto& [name, one] : given) {
      if (field(type, name) == nullptr) return;
    }
    for (const Component& one : type.members()) {
      auto at = given.find(std::string(one.name));
      if (at == given.end()) at = given.find(std::to_string(one.id));
      if (at != given.end()) {
        inside(one.name, [&] { member(*one.type, at->second, out); });
      } else if (one.defaulted) {
        ByteWriter first;
        write_default(one, first);
        write_member(*one.type, first.written(), out);
      } else {
        return complain(fmt::format("the field {} is missing", one.name));
      }
    }
  }

  void array(const Type& type, const Json& value, ByteWriter& out) {
    std::map<std::uint32_t, const Json*> rows;
    if (value.kind_case() == Json::kListValue) {
      for (const Json& row : value.list_value().values()) {
        rows.emplace(static_cast<std::uint32_t>(rows.size()), &row);
      }
    } else if (value.kind_case() == Json::kStructValue) {
      for (const auto& [name, row] : value.struct_value().fields()) {
        const auto index = decimal_or_hex<std::uint64_t>(name);
        if (!index || *index > 0xffffffff) {
          return complain(fmt::format("\"{}\" is no subscript of a row", name));
        }
        if (!rows.emplace(static_cast<std::uint32_t>(*index), &row).second) {
          return complain(fmt::format("the row {} is there twice", *index));
        }
      }
    } else {
      return refuse(type, value);
    }
    if (rows.size() > type.size) {
      return complain(fmt::format("{} rows are too many; there may be {}", rows.size(), type.size));
    }
    for (const auto& [index, row] : rows) {
      if (type.fixed && index >= type.size) {
        return complain(fmt::format("there is no row {}; the last is {}", index, type.size - 1));
      }
      out.u32(index);
      inside(std::to_string(index), [&] { member(*type.element, *row, out); });
    }
  }

  std::string where_;
  std::optional<Complaint> complaint_;
};

}  // namespace

std::expected<pl::Octets, Complaint> octets_of(const Type& type, const Json& value) {
  Packer packer;
  ByteWriter out;
  packer.pack(type, value, out);
  if (const auto* const wrong = packer.complaint()) return std::unexpected(*wrong);
  const auto code = check(type, out.written());
  if (code != pl::ResultCode::Success) {
    return std::unexpected(Complaint{{}, std::string(pl::to_string(code))});
  }
  auto octets = std::move(out).finish();
  if (!octets) return std::unexpected(Complaint{{}, "this is larger than a message can be"});
  return *octets;
}

std::expected<pl::Element, Complaint> data_of(const Type& type, const Json& value) {
  const bool partial =
      type.kind == Kind::Struct && value.kind_case() == Json::kStructValue &&
      static_cast<std::uint32_t>(value.struct_value().fields_size()) < type.field_count;
  if (!partial) {
    auto octets = octets_of(type, value);
    if (!octets) return std::unexpected(octets.error());
    return pl::Element{pl::FullData{std::move(*octets)}};
  }
  Packer packer;
  pl::SparseData data;
  for (const auto& [name, one] : value.struct_value().fields()) {
    const Component* const field = packer.field(type, name);
    if (field == nullptr) break;
    ByteWriter out;
    packer.inside(field->name, [&] { packer.pack(*field->type, one, out); });
    data.items.push_back({field->id, {out.written().begin(), out.written().end()}});
  }
  if (data.items.empty()) packer.complain(fmt::format("no field is named: {}", describe(type)));
  if (const auto* const wrong = packer.complaint()) return std::unexpected(*wrong);
  std::ranges::sort(data.items, {}, &pl::Ilv::id);
  const auto twice = std::ranges::adjacent_find(data.items, {}, &pl::Ilv::id);
  if (twice != data.items.end()) {
    return std::unexpected(Complaint{{}, fmt::format("the field {} is there twice", twice->id)});
  }
  return pl::Element{std::move(data)};
}

std::optional<pl::Octets> octets_of_hex(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
  pl::Octets octets;
  while (true) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    if (text.empty()) return octets;
    unsigned octet = 0;
    if (text.size() < 2) return std::nullopt;
    const char* const end = text.data() + 2;
    if (std::from_chars(text.data(), end, octet, 16).ptr != end) return std::nullopt;
    octets.push_back(static_cast<std::byte>(octet));
    text.remove_prefix(2);
  }
}

std::optional<Json> json_of_text(std::string_view text) {
  Json value;
  if (text == "true" || text == "false") {
    value.set_bool_value(text == "true");
    return value;
  }
  const bool looks = text.starts_with('{') || text.starts_with('[') || text.starts_with('"');
  if (!looks) {
    value.set_string_value(std::string(text));
    return value;
  }
  const auto parsed = google::protobuf::util::JsonStringToMessage(std::string(text), &value);
  return parsed.ok() ? std::optional(value) : std::nullopt;
}

}  // namespace forces::model
