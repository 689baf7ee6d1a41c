// One FE as this CE wants it: whose it is, what it has, what it shall have. Joins Exchange,
// Mastership, InventoryReader and FibSync. Sans I/O.
//
// The order after a set-up: CEID and capability are asked for at once; topology and ports when the
// data channel is up. When CEID is ours, heartbeats and events are set, then the tables are read
// back and made right. A backup asks and sets nothing.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "ce/provision/addresses.hpp"
#include "ce/provision/copies/sync.hpp"
#include "ce/provision/exchange.hpp"
#include "ce/provision/inventory.hpp"
#include "ce/provision/mastership.hpp"
#include "ce/provision/rows/fib_sync.hpp"
#include "ce/provision/rows/plane.hpp"
#include "ce/provision/transaction.hpp"
#include "proto/pl/message.hpp"

namespace forces::ce::provision {

struct ProvisionConfig {
  ExchangeConfig exchange;
  SyncConfig sync;
  Duration topology_wait = std::chrono::seconds(3);  // for the data channel
  Duration ask_master_every = std::chrono::seconds(5);
};

struct MasterChanged {
  bool mine = false;
};
struct InventoryRead {};  // capability, topology or ports are known anew
struct TransactionAnswered {
  std::uint64_t correlator = 0;
  pl::ResultCode code = pl::ResultCode::Success;
  bool unanswered = false;
};
struct OperatorAnswered {  // a part of the answer to request()
  std::uint64_t ticket = 0;
  pl::Octets octets;  // a whole message; empty when it was not answered
  bool last = true;
};
using ProvisionOutput =
    std::variant<pl::Octets, MasterChanged, InventoryRead, PortStatus, PortAddresses, RowsFailed,
                 RowsRemoved, SetsReplaced, CopiesFailed, TransactionAnswered, OperatorAnswered>;

struct Taken {  // of a response
  bool last = true;
  bool good = true;  // no RESULT in it or its earlier parts but E_SUCCESS
};

class Provisioner {
 public:
  Provisioner(std::uint32_t ce_id, std::uint32_t fe_id, const ProvisionConfig& config);
  Provisioner(const Provisioner&) = delete;
  Provisioner& operator=(const Provisioner&) = delete;

  void set_source(RowSource* source) { sync_.set_source(source); }
  void set_copy_source(CopySource* source) { copies_.set_source(source); }
  // What the master sets in FEPO; sent now if that is us.
  void set_settings(std::vector<pl::Element> elements);

  void on_associated(bool data_up, Instant now);
  void on_lost();  // the association
  void on_channel_lost();
  void on_channel_back(bool data_up, Instant now);  // what was under way may be lost
  void on_data(bool up) { inventory_.on_data(up); }
  [[nodiscard]] std::expected<Taken, Refused> on_response(const pl::Header& header,
                                                          wire::Bytes octets, Instant now);
  // An EventNotification; false: it does not decode.
  [[nodiscard]] bool on_event(wire::Bytes octets, Instant now);
  void on_timer(Instant now);
  [[nodiscard]] std::optional<Instant> next_deadline() const;
  // Sends what there is to send. Call it after every other call, and when the source has news.
  void pump(Instant now);
  [[nodiscard]] std::optional<ProvisionOutput> poll_output() { return out_.poll(); }

  // Of an operator: any Query or, as master, Config. 0: it may not or cannot be sent.
  [[nodiscard]] std::uint64_t request(pl::MsgType type, const std::vector<pl::BodyTlv>& body,
                                      Instant now);
  [[nodiscard]] std::uint64_t switch_master(std::uint32_t ce_id, Instant now);

  // For the coordinator of transactions.
  void hold(bool held);
  [[nodiscard]] std::uint64_t send_transaction(pl::TransactionPhase phase,
                                               const std::vector<pl::BodyTlv>& body, bool answered,
                                               Instant now);
  void distrust(Instant now) {
    sync_.distrust(now);
    copies_.distrust();
  }

  [[nodiscard]] bool is_master() const { return connected_ && is_mine(); }
  [[nodiscard]] const Mastership& mastership() const { return mastership_; }
  [[nodiscard]] const Inventory& inventory() const { return inventory_.inventory(); }
  [[nodiscard]] const FibSync& sync() const { return sync_; }
  [[nodiscard]] const CopySync& copies() const { return copies_; }
  [[nodiscard]] const PlaneReader& plane() const { return plane_; }
  [[nodiscard]] const Exchange& exchange() const { return exchange_; }

 private:
  [[nodiscard]] bool is_mine() const { return mastership_.master() == Master::Mine; }
  [[nodiscard]] bool may_configure() const { return connected_ && is_mine() && !held_; }
  void on_unanswered(const Unanswered& lost, Instant now);
  void abandon(Instant now);
  void follow_master(Instant now);
  void send_settings(Instant now);
  void flush(Instant now);
  [[nodiscard]] std::uint32_t first_instance(std::uint32_t class_id) const;  // 0: none

  Exchange exchange_;
  Mastership mastership_;
  InventoryReader inventory_;
  AddressReader addresses_;
  FibSync sync_;
  CopySync copies_;
  PlaneReader plane_;
  std::vector<pl::Element> settings_;
  bool settings_due_ = false, subscribe_due_ = false, sync_due_ = false;
  bool addresses_due_ = false, plane_due_ = false, copies_due_ = false;
  bool connected_ = false, held_ = false, was_mine_ = false;
  // Rows that somebody else wrote are read back like those of an earlier life.
  std::set<std::uint64_t> touching_;  // requests of the operator to tables of rows
  bool touched_ = false;
  std::set<std::uint64_t> bad_;                      // answers of which a part has failed
  std::map<std::uint64_t, AwaitedResults> results_;  // of Configs of a transaction
  OutputQueue<ProvisionOutput> out_;
};

}  // namespace forces::ce::provision
