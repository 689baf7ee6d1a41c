// A CE of which only the TML is real: it grants every association and is a MARS as tests/support
// has it. For one fe, on loopback, without TLS.
#pragma once

#include <cstdint>
#include <memory>

#include "proto/mars/message.hpp"

namespace forces::test {

class StubCe {
 public:
  explicit StubCe(std::uint32_t id);
  ~StubCe();
  void start();
  void end();  // without a word

  [[nodiscard]] int control_port();
  [[nodiscard]] int data_port();
  [[nodiscard]] bool associated() const;
  // Of any protocol; a member and an MCS are two.
  [[nodiscard]] std::size_t registered() const;
  [[nodiscard]] std::size_t members(const mars::GroupRange& range) const;
  [[nodiscard]] std::size_t heard(mars::Operation operation) const;
  void redirect(std::uint32_t to, bool hard);  // of IPv4

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace forces::test
