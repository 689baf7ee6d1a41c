#include "proto/model/packing.hpp"

#include <algorithm>

#include "proto/wire/tlv.hpp"

namespace forces::model {

using pl::ResultCode;
using wire::Bytes;
using wire::ByteWriter;

namespace {

constexpr std::uint16_t kFullData = std::to_underlying(pl::TlvType::FullData);

bool is_wrapped(Kind kind) {
  return kind == Kind::Octets || kind == Kind::Text || kind == Kind::Array;
}

Bytes front(Bytes& in, std::size_t n) {
  const Bytes head = in.first(n);
  in = in.subspan(n);
  return head;
}

ResultCode fits(std::size_t size, std::size_t wanted) {
  if (size > wanted) return ResultCode::ContentsTooLong;
  return size < wanted ? ResultCode::InvalidTlv : ResultCode::Success;
}

ResultCode check_array(const Type& type, Bytes value) {
  std::optional<std::uint32_t> last;
  std::uint32_t rows = 0;
  while (!value.empty()) {
    const auto index = detail::take_index(value);
    if (!index) return ResultCode::InvalidTlv;
    const auto row = detail::take(*type.element, value);
    if (!row) return ResultCode::InvalidTlv;
    if (last && *index <= *last) return ResultCode::InvalidParameters;
    last = *index;
    if (type.fixed && *index >= type.size) return ResultCode::InvalidArrayCreation;
    if (++rows > type.size) return ResultCode::ContentsTooLong;
    const ResultCode bad = check(*type.element, row->value);
    if (bad != ResultCode::Success) return bad;
  }
  return ResultCode::Success;
}

ResultCode check_struct(const Type& type, Bytes value) {
  for (const Component& field : type.members()) {
    const auto member = detail::take(*field.type, value);
    if (!member) return ResultCode::InvalidTlv;
    const ResultCode bad = check(*field.type, member->value);
    if (bad != ResultCode::Success) return bad;
  }
  return value.empty() ? ResultCode::Success : ResultCode::ContentsTooLong;
}

// Runs `body` with the TLV around that a member of this type has.
template <class Body>
ResultCode wrap(const Type& type, ByteWriter& out, Body&& body) {
  if (!is_wrapped(type.kind)) return body();
  ResultCode code = ResultCode::Success;
  out.tlv(kFullData, [&] { code = body(); });
  return code;
}

ResultCode splice_struct(const Type& type, Bytes value, std::span<const std::uint32_t> ids,
                         std::optional<Bytes> by, ByteWriter& out) {
  if (ids.size() == 1 && !by) return ResultCode::ComponentNotATable;
  bool found = false;
  for (const Component& field : type.members()) {
    const auto member = detail::take(*field.type, value);
    if (!member) return ResultCode::InternalError;
    if (field.id != ids.front()) {
      out.bytes(member->raw);
      continue;
    }
    found = true;
    const ResultCode bad = wrap(*field.type, out, [&] {
      return splice(*field.type, member->value, ids.subspan(1), by, out);
    });
    if (bad != ResultCode::Success) return bad;
  }
  return found ? ResultCode::Success : ResultCode::ComponentDoesNotExist;
}

ResultCode splice_array(const Type& type, Bytes value, std::span<const std::uint32_t> ids,
                        std::optional<Bytes> by, ByteWriter& out) {
  const std::uint32_t wanted = ids.front();
  if (type.fixed && wanted >= type.size) return ResultCode::InvalidArrayCreation;
  bool done = false;
  const auto add = [&] {
    if (ids.size() > 1) return ResultCode::ComponentDoesNotExist;
    if (!by) return ResultCode::NotFound;
    done = true;
    if (const ResultCode bad = check(*type.element, *by); bad != ResultCode::Success) return bad;
    out.u32(wanted);
    write_member(*type.element, *by, out);
    return ResultCode::Success;
  };
  while (!value.empty()) {
    const auto index = detail::take_index(value);
    const auto row = index ? detail::take(*type.element, value) : std::nullopt;
    if (!row) return ResultCode::InternalError;
    if (*index > wanted && !done) {
      if (const ResultCode bad = add(); bad != ResultCode::Success) return bad;
    }
    if (*index != wanted) {
      out.u32(*index);
      out.bytes(row->raw);
      continue;
    }
    done = true;
    if (ids.size() == 1 && !by) continue;
    out.u32(*index);
    const ResultCode bad = wrap(*type.element, out, [&] {
      return splice(*type.element, row->value, ids.subspan(1), by, out);
    });
    if (bad != ResultCode::Success) return bad;
  }
  return done ? ResultCode::Success : add();
}

// What an ILV gives for a value of this type, whichever way it is written.
ResultCode write_ilv(const Type& type, std::optional<Bytes> old, Bytes ilv, ByteWriter& out) {
  return wrap(type, out, [&] {
    if (is_sparse(type, ilv)) return merge(type, old, ilv, out);
    const ResultCode bad = check(type, ilv);
    if (bad == ResultCode::Success) out.bytes(ilv);
    return bad;
  });
}

std::optional<Bytes> last_ilv(Bytes ilvs, std::uint32_t id) {
  std::optional<Bytes> found;
  for (const pl::IlvView ilv : pl::IlvRange(ilvs)) {
    if (ilv.id == id) found = ilv.value;
  }
  return found;
}

ResultCode merge_array(const Type& type, std::optional<Bytes> value, Bytes ilvs, ByteWriter& out) {
  pl::Octets now(value ? value->begin() : Bytes{}.begin(), value ? value->end() : Bytes{}.end());
  for (const pl::IlvView ilv : pl::IlvRange(ilvs)) {
    const std::uint32_t ids[] = {ilv.id};
    const Part old = part_of(type, now, ids);
    const bool there = old.code == ResultCode::Success;
    ByteWriter row, next;
    ResultCode bad = ResultCode::Success;
    if (is_sparse(*type.element, ilv.value)) {
      bad = merge(*type.element, there ? std::optional(old.value) : std::nullopt, ilv.value, row);
    } else {
      row.bytes(ilv.value);
    }
    if (bad == ResultCode::Success) bad = splice(type, now, ids, row.written(), next);
    if (bad != ResultCode::Success) return bad;
    now.assign(next.written().begin(), next.written().end());
    if (now.size() > kMaxValue) return ResultCode::ContentsTooLong;
  }
  out.bytes(now);
  return ResultCode::Success;
}

}  // namespace

std::optional<detail::Member> detail::take(const Type& type, Bytes& in) {
  if (type.kind == Kind::Struct) {
    const Bytes all = in;
    for (const Component& field : type.members()) {
      if (!take(*field.type, in)) return std::nullopt;
    }
    const Bytes whole = all.first(all.size() - in.size());
    return Member{whole, whole};
  }
  if (!is_wrapped(type.kind)) {
    if (in.size() < type.size) return std::nullopt;
    const Bytes atom = front(in, type.size);
    return Member{atom, atom};
  }
  wire::TlvCursor cursor(in);
  if (!cursor.next() || cursor.type() != kFullData) return std::nullopt;
  const Bytes value = cursor.value();
  const Bytes raw = in.first(in.size() - cursor.rest().size());
  in = cursor.rest();
  return Member{raw, value};
}

std::optional<std::uint32_t> detail::take_index(Bytes& in) {
  if (in.size() < 4) return std::nullopt;
  return static_cast<std::uint32_t>(wire::load_be<4>(front(in, 4).data()));
}

std::uint32_t fixed_size(const Type& type) {
  if (is_wrapped(type.kind)) return 0;
  if (type.kind != Kind::Struct) return type.size;
  std::uint32_t sum = 0;
  for (const Component& field : type.members()) {
    const std::uint32_t size = fixed_size(*field.type);
    if (size == 0) return 0;
    sum += size;
  }
  return sum;
}

ResultCode check(const Type& type, Bytes value) {
  switch (type.kind) {
    case Kind::Unsigned:
    case Kind::Boolean: {
      const ResultCode bad = fits(value.size(), type.size);
      if (bad != ResultCode::Success) return bad;
      const std::uint64_t n = number_of(type, value).value_or(0);
      const std::uint64_t most = type.kind == Kind::Boolean ? 1 : type.maximum;
      const bool inside = n >= type.minimum && n <= most;
      return inside ? ResultCode::Success : ResultCode::ValueOutOfRange;
    }
    case Kind::Fixed:
      return fits(value.size(), type.size);
    case Kind::Octets:
    case Kind::Text:
      return value.size() > type.size ? ResultCode::ContentsTooLong : ResultCode::Success;
    case Kind::Struct:
      return check_struct(type, value);
    case Kind::Array:
      return check_array(type, value);
  }
  return ResultCode::InternalError;
}

std::optional<std::uint64_t> number_of(const Type& type, Bytes value) {
  if (type.kind != Kind::Unsigned && type.kind != Kind::Boolean) return std::nullopt;
  if (value.size() != type.size) return std::nullopt;
  std::uint64_t n = 0;
  for (const std::byte b : value) n = n << 8 | std::to_integer<std::uint64_t>(b);
  return n;
}

Part type_of(const Type& type, std::span<const std::uint32_t> ids) {
  if (ids.empty()) return {ResultCode::Success, &type, {}};
  if (type.kind == Kind::Array) {
    if (type.fixed && ids.front() >= type.size) return {ResultCode::InvalidArrayCreation};
    return type_of(*type.element, ids.subspan(1));
  }
  if (type.kind != Kind::Struct) return {ResultCode::InvalidPath};
  for (const Component& field : type.members()) {
    if (field.id == ids.front()) return type_of(*field.type, ids.subspan(1));
  }
  return {ResultCode::ComponentDoesNotExist};
}

Part part_of(const Type& type, Bytes value, std::span<const std::uint32_t> ids) {
  if (ids.empty()) return {ResultCode::Success, &type, value};
  const auto rest = ids.subspan(1);
  if (type.kind == Kind::Struct) {
    for (const Component& field : type.members()) {
      const auto member = detail::take(*field.type, value);
      if (!member) return {ResultCode::InternalError};
      if (field.id == ids.front()) return part_of(*field.type, member->value, rest);
    }
    return {ResultCode::ComponentDoesNotExist};
  }
  const Part possible = type_of(type, ids);
  if (possible.code != ResultCode::Success) return possible;
  Part found{ResultCode::ComponentDoesNotExist};
  const bool whole = for_each_row(type, value, [&](std::uint32_t index, Bytes row) {
    if (index == ids.front()) found = part_of(*type.element, row, rest);
    return index < ids.front();
  });
  return whole ? found : Part{ResultCode::InternalError};
}

ResultCode splice(const Type& type, Bytes value, std::span<const std::uint32_t> ids,
                  std::optional<Bytes> by, ByteWriter& out) {
  if (!ids.empty()) {
    if (type.kind == Kind::Struct) return splice_struct(type, value, ids, by, out);
    if (type.kind == Kind::Array) return splice_array(type, value, ids, by, out);
    return ResultCode::InvalidPath;
  }
  if (!by) return ResultCode::ComponentNotATable;
  const ResultCode bad = check(type, *by);
  if (bad == ResultCode::Success) out.bytes(*by);
  return bad;
}

bool is_sparse(const Type& type, Bytes ilvs) {
  if (type.kind != Kind::Struct && type.kind != Kind::Array) return false;
  if (ilvs.empty() || !pl::IlvRange(ilvs).well_formed()) return false;
  for (const pl::IlvView ilv : pl::IlvRange(ilvs)) {
    const std::uint32_t ids[] = {ilv.id};
    if (type_of(type, ids).code != ResultCode::Success) return false;
  }
  return true;
}

ResultCode merge(const Type& type, std::optional<Bytes> value, Bytes ilvs, ByteWriter& out) {
  for (const pl::IlvView ilv : pl::IlvRange(ilvs)) {
    const std::uint32_t ids[] = {ilv.id};
    const Part possible = type_of(type, ids);
    if (possible.code != ResultCode::Success) return possible.code;
  }
  if (type.kind == Kind::Array) return merge_array(type, value, ilvs, out);
  if (type.kind != Kind::Struct) return ResultCode::InvalidPath;
  Bytes rest = value.value_or(Bytes{});
  for (const Component& field : type.members()) {
    std::optional<detail::Member> old;
    if (value && !(old = detail::take(*field.type, rest))) return ResultCode::InternalError;
    if (const auto ilv = last_ilv(ilvs, field.id)) {
      const ResultCode bad =
          write_ilv(*field.type, old ? std::optional(old->value) : std::nullopt, *ilv, out);
      if (bad != ResultCode::Success) return bad;
    } else if (old) {
      out.bytes(old->raw);
    } else if (field.defaulted) {
      ByteWriter first;
      write_default(field, first);
      write_member(*field.type, first.written(), out);
    } else {
      return ResultCode::InvalidParameters;
    }
  }
  return ResultCode::Success;
}

void write_member(const Type& type, Bytes value, ByteWriter& out) {
  (void)wrap(type, out, [&] {
    out.bytes(value);
    return ResultCode::Success;
  });
}

void write_default(const Component& component, ByteWriter& out) {
  const Type& type = *component.type;
  switch (type.kind) {
    case Kind::Unsigned:
    case Kind::Boolean:
      for (std::uint32_t i = type.size; i-- > 0;) {
        out.u8(static_cast<std::uint8_t>(component.value >> (8 * i)));
      }
      return;
    case Kind::Fixed:
      return out.zeros(type.size);
    case Kind::Text:
      return out.text(component.text);
    case Kind::Struct:
      for (const Component& field : type.members()) {
        ByteWriter first;
        write_default(field, first);
        write_member(*field.type, first.written(), out);
      }
      return;
    default:
      return;
  }
}

void copy_key(const Type& array, const Key& key, Bytes row, pl::Octets& into) {
  into.clear();
  for (const std::uint32_t id : key.fields) {
    Bytes rest = row;
    for (const Component& field : array.element->members()) {
      const auto member = detail::take(*field.type, rest);
      if (!member) break;
      if (field.id == id) into.insert(into.end(), member->raw.begin(), member->raw.end());
    }
  }
}

void write_sparse(const Type& type, Bytes value, pl::MessageWriter& w) {
  if (type.kind == Kind::Struct) {
    for (const Component& field : type.members()) {
      const auto member = detail::take(*field.type, value);
      if (!member) return;
      const auto ilv = w.ilv(field.id);
      write_sparse(*field.type, member->value, w);
    }
  } else if (type.kind == Kind::Array) {
    (void)for_each_row(type, value, [&](std::uint32_t index, Bytes row) {
      const auto ilv = w.ilv(index);
      write_sparse(*type.element, row, w);
      return true;
    });
  } else {
    w.out().bytes(value);
  }
}

std::size_t sparse_size(const Type& type, Bytes value) {
  const auto ilv = [](const Type& inner, Bytes octets) {
    return wire::kIlvHeader + (sparse_size(inner, octets) + 3) / 4 * 4;
  };
  std::size_t sum = 0;
  if (type.kind == Kind::Struct) {
    for (const Component& field : type.members()) {
      const auto member = detail::take(*field.type, value);
      if (member) sum += ilv(*field.type, member->value);
    }
    return sum;
  }
  if (type.kind != Kind::Array) return value.size();
  (void)for_each_row(type, value, [&](std::uint32_t, Bytes row) {
    sum += ilv(*type.element, row);
    return true;
  });
  return sum;
}

}  // namespace forces::model
