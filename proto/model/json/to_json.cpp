// Octets to JSON, and words about types.
#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "proto/model/json/json.hpp"
#include "proto/model/packing.hpp"

namespace forces::model {

using wire::Bytes;

namespace {

constexpr std::size_t kIpv4Octets = 4, kMacOctets = 6, kIpv6Octets = 16;

Json json(std::string text) {
  Json value;
  value.set_string_value(std::move(text));
  return value;
}

Json malformed(Bytes octets) {
  Json value;
  (*value.mutable_struct_value()->mutable_fields())["hex"] = json(hex_text(octets));
  return value;
}

std::string address_text(int family, Bytes octets) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  return ::inet_ntop(family, octets.data(), text.data(), text.size()) != nullptr ? text.data() : "";
}

std::string fixed_text(Bytes octets) {
  if (octets.size() == kIpv4Octets) return address_text(AF_INET, octets);
  if (octets.size() == kIpv6Octets) return address_text(AF_INET6, octets);
  if (octets.size() != kMacOctets) return hex_text(octets);
  std::string text;
  for (const std::byte b : octets) {
    fmt::format_to(std::back_inserter(text), "{}{:02x}", text.empty() ? "" : ":",
                   std::to_integer<unsigned>(b));
  }
  return text;
}

// RFC 3629, without what protobuf would refuse: surrogates, overlong forms, beyond U+10FFFF.
bool is_utf8(Bytes octets) {
  for (std::size_t i = 0; i < octets.size();) {
    const auto first = std::to_integer<std::uint32_t>(octets[i]);
    const std::size_t more = first < 0x80            ? 0
                             : first >> 5 == 0b110   ? 1
                             : first >> 4 == 0b1110  ? 2
                             : first >> 3 == 0b11110 ? 3
                                                     : 4;
    if (more == 4 || octets.size() - i <= more) return false;
    std::uint32_t point = more == 0 ? first : first & (0x3fU >> more);
    for (std::size_t k = 1; k <= more; ++k) {
      const auto next = std::to_integer<std::uint32_t>(octets[i + k]);
      if (next >> 6 != 0b10) return false;
      point = point << 6 | (next & 0x3f);
    }
    static constexpr std::array<std::uint32_t, 4> kLeast{0, 0x80, 0x800, 0x10000};
    const bool surrogate = point >= 0xd800 && point < 0xe000;
    if (point < kLeast[more] || point > 0x10ffff || surrogate) return false;
    i += more + 1;
  }
  return true;
}

Json scalar_json(const Type& type, Bytes value) {
  Json out;
  const auto number = number_of(type, value);
  switch (type.kind) {
    case Kind::Unsigned:
      if (!number) return malformed(value);
      if (type.size == 8) return json(std::to_string(*number));
      out.set_number_value(static_cast<double>(*number));
      return out;
    case Kind::Boolean:
      if (!number || *number > 1) return malformed(value);
      out.set_bool_value(*number == 1);
      return out;
    case Kind::Fixed:
      return value.size() == type.size ? json(fixed_text(value)) : malformed(value);
    case Kind::Octets:
      return json(hex_text(value));
    default:
      if (!is_utf8(value)) return malformed(value);
      return json({reinterpret_cast<const char*>(value.data()), value.size()});
  }
}

const Component* field_of(const Type& type, std::uint32_t id) {
  const auto at = std::ranges::find(type.members(), id, &Component::id);
  return at == type.members().end() ? nullptr : &*at;
}

Json sparse_json(const Type& type, Bytes ilvs);

// The value of an ILV: a run of ILVs again, or packed.
Json ilv_json(const Type& type, Bytes value) {
  return is_sparse(type, value) ? sparse_json(type, value) : to_json(type, value);
}

Json sparse_json(const Type& type, Bytes ilvs) {
  if (type.kind != Kind::Struct && type.kind != Kind::Array) return malformed(ilvs);
  Json out;
  auto& fields = *out.mutable_struct_value()->mutable_fields();
  for (const pl::IlvView ilv : pl::IlvRange(ilvs)) {
    if (type.kind == Kind::Array) {
      fields[std::to_string(ilv.id)] = ilv_json(*type.element, ilv.value);
    } else if (const Component* const field = field_of(type, ilv.id)) {
      fields[std::string(field->name)] = ilv_json(*field->type, ilv.value);
    } else {
      fields[std::to_string(ilv.id)] = json(hex_text(ilv.value));
    }
  }
  return out;
}

std::string names(const Type& type, std::span<const std::uint32_t> ids) {
  std::string all;
  for (const std::uint32_t id : ids) {
    const Component* const field = field_of(type, id);
    fmt::format_to(std::back_inserter(all), "{}{}", all.empty() ? "" : ", ",
                   field != nullptr ? field->name : "?");
  }
  return all;
}

}  // namespace

std::string hex_text(Bytes octets) {
  std::string text = "0x";
  for (const std::byte b : octets) {
    fmt::format_to(std::back_inserter(text), "{:02x}", std::to_integer<unsigned>(b));
  }
  return text;
}

Json to_json(const Type& type, Bytes value) {
  if (type.kind == Kind::Struct) {
    Json out;
    auto& fields = *out.mutable_struct_value()->mutable_fields();
    Bytes rest = value;
    for (const Component& field : type.members()) {
      const auto member = detail::take(*field.type, rest);
      if (!member) return malformed(value);
      fields[std::string(field.name)] = to_json(*field.type, member->value);
    }
    return rest.empty() ? out : malformed(value);
  }
  if (type.kind != Kind::Array) return scalar_json(type, value);
  Json out;
  auto& rows = *out.mutable_struct_value()->mutable_fields();
  const bool good = for_each_row(type, value, [&](std::uint32_t index, Bytes row) {
    rows[std::to_string(index)] = to_json(*type.element, row);
    return true;
  });
  return good ? out : malformed(value);
}

Json to_json(const Type& type, const pl::ItemView& data) {
  return data.is(pl::TlvType::SparseData) ? sparse_json(type, data.value)
                                          : to_json(type, data.value);
}

std::string describe(const Type& type) {
  switch (type.kind) {
    case Kind::Unsigned: {
      std::string name = fmt::format("uint{}", 8 * type.size);
      if (type.minimum == 0 && type.maximum == ~std::uint64_t{0}) return name;
      if (type.maximum == ~std::uint64_t{0})
        return fmt::format("{}, {} or more", name, type.minimum);
      return fmt::format("{}, {} to {}", name, type.minimum, type.maximum);
    }
    case Kind::Boolean:
      return "boolean";
    case Kind::Fixed:
      if (type.size == kIpv4Octets) return "IPv4 address";
      if (type.size == kIpv6Octets) return "IPv6 address";
      if (type.size == kMacOctets) return "MAC address";
      return fmt::format("{} octets in hex", type.size);
    case Kind::Octets:
      return fmt::format("octets in hex, at most {}", type.size);
    case Kind::Text:
      return fmt::format("text, at most {} octets", type.size);
    case Kind::Struct: {
      std::string all;
      for (const Component& field : type.members()) {
        fmt::format_to(std::back_inserter(all), "{}{}", all.empty() ? "" : ", ", field.name);
      }
      return fmt::format("{{{}}}", all);
    }
    case Kind::Array: {
      std::string text = fmt::format("table of {}", describe(*type.element));
      for (const Key& key : type.keys) {
        text += fmt::format("; key {}: {}", key.id, names(*type.element, key.fields));
      }
      return text;
    }
  }
  return {};
}

std::string_view describe(Access access) {
  switch (access) {
    case Access::ReadOnly:
      return "read-only";
    case Access::ReadWrite:
      return "read-write";
    case Access::WriteOnly:
      return "write-only";
    case Access::ReadReset:
      return "read-reset";
    case Access::TriggerOnly:
      return "trigger-only";
  }
  return "";
}

}  // namespace forces::model
