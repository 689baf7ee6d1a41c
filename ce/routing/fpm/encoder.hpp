// What a zebra would send: for tests, the bench, and a load generator.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ce/routing/fpm/message.hpp"
#include "common/core/result.hpp"
#include "proto/wire/reader.hpp"

namespace forces::ce::routing::fpm {

// Frames back to back in one buffer, each message in a frame of its own unless begin_frame() and
// end_frame() bracket several. A frame beyond 65,535 octets is an error of finish().
class Encoder {
 public:
  explicit Encoder(std::uint32_t sender = 1) : sender_(sender) {}

  void begin_frame();
  void end_frame();
  void route_add(const Route& route);
  void route_delete(const Route& route);
  void next_hop_add(const NextHop& hop);
  void next_hop_delete(std::uint32_t id);
  void end_of_table();
  // A message of any type with these octets behind its header.
  void other(std::uint16_t type, wire::Bytes body);

  [[nodiscard]] wire::Bytes written() const { return out_; }
  void clear() { out_.clear(); }
  [[nodiscard]] Result<std::vector<std::byte>> finish() &&;

 private:
  template <class Body>
  void message(std::uint16_t type, std::uint16_t flags, Body&& body);
  template <class Body>
  void attribute(std::uint16_t type, Body&& body);
  void address(std::uint16_t type, const IpAddress& a);
  void number(std::uint16_t type, std::uint32_t value);
  void route(std::uint16_t type, std::uint16_t flags, const Route& r);
  void path(const Path& p, Family family);
  template <class T>
  void put(T value);
  void patch_u16(std::size_t at, std::uint16_t value);

  std::vector<std::byte> out_;
  std::uint32_t sender_;
  std::size_t frame_ = 0;  // where the open frame begins
  bool open_ = false;
  bool too_large_ = false;
};

}  // namespace forces::ce::routing::fpm
