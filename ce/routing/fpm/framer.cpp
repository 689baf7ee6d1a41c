#include "ce/routing/fpm/framer.hpp"

#include <algorithm>
#include <cstring>

#include "common/core/assert.hpp"

namespace forces::ce::routing::fpm {

std::span<std::byte> Framer::prepare() {
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (begin_ != 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  return std::span(buffer_).subspan(end_);
}

void Framer::commit(std::size_t octets) {
  FORCES_ASSERT(octets <= buffer_.size() - end_);
  end_ += octets;
}

Result<std::optional<wire::Bytes>> Framer::next() {
  if (error_) return fail(*error_);
  const wire::Bytes waiting(buffer_.data() + begin_, end_ - begin_);
  // Each field is judged as soon as it is there: garbage must not wait for more garbage.
  const auto refuse = [&](Errc code, std::string_view field, std::size_t at) {
    error_ = Error{code, static_cast<std::uint32_t>(at), field};
    return fail(*error_);
  };
  if (!waiting.empty() && waiting[0] != std::byte{kVersion}) {
    return refuse(Errc::BadVersion, "fpm.version", 0);
  }
  if (waiting.size() > 1 && waiting[1] != std::byte{kTypeNetlink}) {
    return refuse(Errc::UnknownType, "fpm.type", 1);
  }
  if (waiting.size() < kHeaderSize) return std::nullopt;
  wire::ByteReader r(waiting);
  r.take(2, "fpm.type");
  const std::uint16_t length = r.u16("fpm.length");
  if (length < kHeaderSize) return refuse(Errc::BadLength, "fpm.length", 2);
  if (waiting.size() < length) return std::nullopt;
  begin_ += length;
  return waiting.subspan(kHeaderSize, length - kHeaderSize);
}

}  // namespace forces::ce::routing::fpm
