// The FE model engine: octets of a Query or a Config in, octets of responses and notifications out.
// It has no socket and no clock. What it knows of a class is the class's table (classes/).
//
// A transaction of two phases (RFC 5810 section 4.3.1.2) is tried at once and taken back before
// anybody can see it; COMMIT does it again from the journal. While one is open other Configs are
// E_BUSY, so what was validated stays valid.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "fe/lfb/engine/config.hpp"
#include "fe/lfb/engine/events.hpp"

namespace forces::fe::lfb {

struct Respond {  // to the CE whose message it was
  pl::Octets octets;
};
struct Notify {  // to every associated CE; the destination is 0 and the sender's to fill
  pl::Octets octets;
};
using EngineOutput = std::variant<Respond, Notify>;

struct EngineConfig {
  Duration transaction_timeout = std::chrono::seconds(30);  // from its last message
};

struct EngineCounters {
  std::uint64_t queries = 0, configs = 0, failed = 0;
  std::uint64_t committed = 0, aborted = 0, timed_out = 0, notifications = 0;
};

class Engine {
 public:
  explicit Engine(Sink& sink, Provider* provider = nullptr, EngineConfig config = {});

  [[nodiscard]] Store& store() { return store_; }
  void set_id(std::uint32_t fe_id) { self_ = {fe_id}; }
  void set_result_form(pl::ResultForm form) { form_ = form; }

  // A whole Query or Config. `here`: its destination is this FE; else E_INVALID_DESTINATION_PID.
  // False when it does not parse, or is none.
  [[nodiscard]] bool on_message(wire::Bytes octets, bool here, Instant now);
  // A Query or Config of which only the header can be read: a RESULT for the whole of it, under the
  // FE Protocol Object, if its sender is to be answered at all (RFC 5810 section 6.1).
  void refuse(const pl::Header& header, pl::ResultCode code, std::string_view cause);
  void on_timer(Instant now);
  [[nodiscard]] std::optional<Instant> next_deadline() const;
  [[nodiscard]] std::optional<EngineOutput> poll_output();
  // Memory for the next response.
  void recycle(pl::Octets octets) { recycled_ = std::move(octets); }

  // What happened without a CE: stored, and an event, but the sink is not told. False when there is
  // no such thing or the value is none.
  bool put(const Target& target, std::uint32_t component, wire::Bytes value, Instant now);
  bool put_row(const Target& target, std::uint32_t component, std::uint32_t row, wire::Bytes value,
               Instant now);
  bool erase_row(const Target& target, std::uint32_t component, std::uint32_t row, Instant now);
  // Many rows, whose notifications share messages. What is no value is left out.
  struct RowUpdate {
    std::uint32_t row = 0;
    std::optional<wire::Bytes> value;  // nothing: the row goes
    bool silent = false;               // stored, and no event
  };
  void put_rows(const Target& target, std::uint32_t component, std::span<const RowUpdate> rows,
                Instant now);
  // Of a live component, which is not stored: an event only.
  void live_changed(const Target& target, std::uint32_t component, wire::Bytes before,
                    wire::Bytes after, Instant now);
  // Where reset() goes back to, and where it is now.
  bool set_initial(const Target& target, std::uint32_t component, wire::Bytes value);

  // The stored value as packed; nothing of tables, live components and what is not there.
  [[nodiscard]] std::optional<wire::Bytes> value(const Target& target, std::uint32_t component);
  // The committed rows of a table, in order; f must not change anything.
  void each_row(const Target& target, std::uint32_t component,
                const std::function<void(std::uint32_t, wire::Bytes)>& f);

  // RFC 5810 section 4.2.2.3: all that CEs have set is invalid, but for components that are kept.
  // The sink is told, no CE is.
  void reset();
  // The association with its CE is over: what was not committed never was.
  void abandon_transaction();

  [[nodiscard]] const EngineCounters& counters() const { return counters_; }

 private:
  enum class Phase : std::uint8_t { None, Open, Broken, Committed, TimedOut };

  void on_query(const pl::MessageView& message, bool here);
  void on_config(const pl::MessageView& message, bool here, Instant now);
  void stand_alone(const pl::MessageView& message, Config::Order order, Instant now);
  void in_transaction(const pl::MessageView& message, Config::Order order, Instant now);
  void stage(const pl::MessageView& message, Config::Order order, Instant now);
  void end_or_abort(const pl::MessageView& message, Config::Order order, Instant now);
  void answer(const pl::MessageView& message, bool always, bool withdrawn);
  void send(Answer&& answer);
  void certain(const Journal& journal, bool reversed, Instant now);
  void notify(std::vector<pl::Octets> messages);
  void show_committed();  // takes what is staged out of the store
  void show_staged();
  void end_transaction(Phase phase);
  [[nodiscard]] const Component* stored(const Target& target, std::uint32_t component,
                                        Instance*& instance);

  Sink& sink_;
  EngineConfig config_;
  Store store_;
  Reader reader_;
  Config execution_;
  Events events_;
  pl::ForcesId self_{};
  pl::ResultForm form_ = pl::ResultForm::Result;
  Journal journal_;      // of the message that is being done
  Journal transaction_;  // until TRCOMP
  Phase phase_ = Phase::None;
  bool staged_ = false;      // what is not committed stands in the store
  std::uint32_t owner_ = 0;  // the CE whose transaction it is
  std::optional<Instant> deadline_;
  pl::Octets recycled_;
  std::deque<EngineOutput> out_;
  EngineCounters counters_;
};

}  // namespace forces::fe::lfb
