// Requests to one FE and their answers (RFC 5810 sections 6.1, 7.6 and 7.7): who asked is found
// again by the correlator, answers may come in parts (RFC 7391 section 3.3), and one that does not
// come is told after a time. Sans I/O: octets of requests are polled, answers are handed in.
//
// The window bounds what an FE has not answered yet, so that one that is slow holds back its own
// rows and nobody else's. Who writes rows looks at room(); the few other requests do not.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "common/core/outputs.hpp"
#include "common/core/result.hpp"
#include "common/core/time.hpp"
#include "proto/pl/body/view.hpp"
#include "proto/pl/body/writer.hpp"

namespace forces::ce::provision {

struct ExchangeConfig {
  std::size_t window_octets = std::size_t{512} * 1024;
  std::size_t window_messages = 64;
  Duration timeout = std::chrono::seconds(30);  // of an answer, or of its next part
  // In a transaction: well below the time after which an FE (ours: 30 s) closes one by itself, for
  // what it has committed could not be rolled back then.
  Duration transaction_timeout = std::chrono::seconds(10);
};

// Who asked, and so whom the answer is for.
enum class Purpose : std::uint8_t {
  Mastership,  // FEPO.CEID
  Capability,
  Topology,
  Ports,
  Addresses,  // PortAddress
  Plane,      // KernelPlane
  Settings,   // heartbeats and events of FEPO
  Subscriptions,
  ReadRows,
  WriteRows,
  ReadCopies,  // MulticastForwarding
  WriteCopies,
  Transaction,
  Operator,
};

enum class Refused : std::uint8_t { Malformed, WrongCorrelator };

struct Answer {
  Purpose purpose{};
  std::uint64_t correlator = 0;
  bool last = true;  // false: more parts follow
  pl::MessageView message;
};
struct Unanswered {
  Purpose purpose{};
  std::uint64_t correlator = 0;
};

struct ExchangeCounters {
  std::uint64_t queries = 0, configs = 0, answers = 0, timeouts = 0;
};

class Exchange {
 public:
  Exchange(std::uint32_t ce_id, std::uint32_t fe_id, const ExchangeConfig& config)
      : us_{ce_id}, them_{fe_id}, config_(config) {}

  void set_config(const ExchangeConfig& config) { config_ = config; }

  // A request to be filled. Configs ask for AlwaysACK and continue on failure unless `flags` say
  // otherwise.
  [[nodiscard]] pl::MessageWriter begin(pl::MsgType type) const;
  [[nodiscard]] pl::MessageWriter begin(pl::MsgType type, pl::Flags flags) const;
  [[nodiscard]] static pl::Flags flags(pl::MsgType type);
  // Gives it a correlator, which names it from now on, and sends it. 0: it could not be written, or
  // (`answered` false) nothing will answer it.
  std::uint64_t submit(pl::MessageWriter request, Purpose purpose, Instant now,
                       bool answered = true);

  // A ConfigResponse or QueryResponse. The view is of `octets`.
  [[nodiscard]] std::expected<Answer, Refused> on_response(const pl::Header& header,
                                                           wire::Bytes octets, Instant now);

  // The next request that was not answered in time; it is forgotten.
  [[nodiscard]] std::optional<Unanswered> poll_unanswered(Instant now);
  [[nodiscard]] std::optional<Instant> next_deadline() const;
  [[nodiscard]] std::optional<pl::Octets> poll_output() { return out_.poll(); }

  // The next request that will not be answered, for the association or the connection is another.
  [[nodiscard]] std::optional<Unanswered> poll_abandoned();

  [[nodiscard]] bool room() const {
    return octets_ < config_.window_octets && asked_.size() < config_.window_messages;
  }
  // How many octets more may be under way.
  [[nodiscard]] std::size_t window() const {
    return octets_ < config_.window_octets ? config_.window_octets - octets_ : 0;
  }
  [[nodiscard]] std::size_t outstanding() const { return asked_.size(); }
  [[nodiscard]] std::size_t outstanding_octets() const { return octets_; }
  [[nodiscard]] const ExchangeCounters& counters() const { return counters_; }

 private:
  struct Asked {
    Purpose purpose{};
    pl::MsgType answer{};
    std::size_t octets = 0;
    Instant until{};
  };
  using Open = std::map<std::uint64_t, Asked>;
  void close(Open::iterator at);
  [[nodiscard]] Duration patience(Purpose purpose) const {
    return purpose == Purpose::Transaction ? config_.transaction_timeout : config_.timeout;
  }

  pl::ForcesId us_, them_;
  ExchangeConfig config_;
  std::uint64_t correlator_ = 0;
  Open asked_;
  std::size_t octets_ = 0;
  ExchangeCounters counters_;
  OutputQueue<pl::Octets> out_;
};

// Whether every RESULT in it is E_SUCCESS; the first other code, if `code` is given.
[[nodiscard]] bool succeeded(const pl::MessageView& message, pl::ResultCode* code = nullptr);

}  // namespace forces::ce::provision
