// Whose FE it is (RFC 7121 section 3): FEPO.CEID names the one CE that may configure. It is asked
// for after each set-up, told by PrimaryCEChanged, and a backup asks again now and then, for an
// event may have had no subscriber.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "ce/provision/exchange.hpp"

namespace forces::ce::provision {

inline constexpr std::uint32_t kCeId = 8;  // component of FEPO
inline constexpr std::uint32_t kFepoEvents = 61, kPrimaryCeDown = 1, kPrimaryCeChanged = 2;

enum class Master : std::uint8_t { Unknown, Mine, Another };
[[nodiscard]] std::string_view to_string(Master master);

class Mastership {
 public:
  Mastership(std::uint32_t ce_id, Duration ask_every) : us_(ce_id), every_(ask_every) {}

  void start();  // an association begins: nothing is known
  void stop();
  void ask() { ask_ = started_; }  // something makes it doubtful

  void on_answer(const Answer& answer);
  void on_unanswered();
  void on_event(const pl::LfbSelectView& select);
  void on_timer(Instant now);
  void pump(Exchange& exchange, Instant now);
  [[nodiscard]] std::optional<Instant> next_deadline() const { return ask_at_; }

  [[nodiscard]] Master master() const { return master_; }
  [[nodiscard]] std::uint32_t named() const { return named_; }  // CEID, 0: none or not known

 private:
  void take(std::uint32_t ce_id);

  std::uint32_t us_;
  Duration every_;
  bool started_ = false, ask_ = false, asked_ = false, heard_ = false;
  Master master_ = Master::Unknown;
  std::uint32_t named_ = 0;
  std::optional<Instant> ask_at_;
};

}  // namespace forces::ce::provision
