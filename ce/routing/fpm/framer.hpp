// FPM frames out of a stream of octets. Sans I/O: the shell reads into prepare(), calls commit(),
// then next() until it has nothing. One buffer of fixed size a connection, whatever comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ce/routing/fpm/message.hpp"
#include "common/core/result.hpp"
#include "proto/wire/reader.hpp"

namespace forces::ce::routing::fpm {

class Framer {
 public:
  // Room for a frame of the largest size and for a good read behind the beginning of another.
  static constexpr std::size_t kCapacity = std::size_t{4} * 65536;

  Framer() : buffer_(kCapacity) {}

  // Where the next octets go; never empty after next() had nothing more.
  [[nodiscard]] std::span<std::byte> prepare();
  void commit(std::size_t octets);

  // The netlink messages in the next complete frame, valid until prepare(). nullopt: more octets
  // are needed. An error is final: where a frame begins is no longer known.
  [[nodiscard]] Result<std::optional<wire::Bytes>> next();

  // A connection that ends now ends in the middle of a frame.
  [[nodiscard]] bool inside_frame() const { return begin_ != end_; }

 private:
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  std::optional<Error> error_;
};

}  // namespace forces::ce::routing::fpm
