// The CE's protocol layer under any order of events: everything it sends decodes, its timers move,
// and nobody who is not configured is associated. What it asked for is answered well, badly, in
// parts, with rubbish, or not at all.
#include <cstdlib>
#include <map>
#include <vector>

#include "ce/association/core/controller_core.hpp"
#include "proto/pl/association.hpp"
#include "proto/pl/body/grammar.hpp"
#include "tests/fuzz/association/outputs.hpp"

using namespace forces;

namespace {

// Rows as the octets say, some of them again and again.
class Rows : public ce::provision::RowSource {
 public:
  void on_fe(std::uint32_t fe) override { queues_[fe] = given_; }
  void on_fe_gone(std::uint32_t fe) override { queues_.erase(fe); }
  std::optional<ce::routing::Delta> poll(std::uint32_t fe) override {
    auto& queue = queues_[fe];
    if (queue.empty()) return std::nullopt;
    auto next = queue.front();
    queue.erase(queue.begin());
    return next;
  }
  [[nodiscard]] bool complete() const override { return is_complete; }

  void change(std::uint8_t a, std::uint8_t b) {
    using namespace ce::routing;
    const std::uint32_t row = a >> 4;
    switch (a & 7) {
      case 0:
        return give(NextHopRow{.hop_selector = row, .l3_port_id = b, .next_hop_ip_addr = {}});
      case 1:
        return give(
            EcmpRow{Family::V4, row, {{b & 15u, 1}, {std::uint32_t{b} >> 4, std::uint32_t{b}}}});
      case 2:
        return give(PrefixGone{row, {IpAddress::v4(b), 32}});
      case 3:
        return give(NextHopGone{Family::V4, row});
      case 4:
        return give(EcmpGone{Family::V4, row});
      default: {
        PrefixRow prefix;
        prefix.row = row;
        prefix.prefix = {IpAddress::v4(b), 32};
        prefix.ecmp_flag = (a & 8) != 0;
        prefix.hop_selector = b & 15u;
        return give(prefix);
      }
    }
  }
  bool is_complete = false;

 private:
  void give(ce::routing::Delta delta) {
    if (given_.size() < 64) given_.push_back(delta);
    for (auto& [fe, queue] : queues_) queue.push_back(delta);
  }
  std::vector<ce::routing::Delta> given_;
  std::map<std::uint32_t, std::vector<ce::routing::Delta>> queues_;
};

class Target {
 public:
  explicit Target(const ce::ControllerConfig& config) : core(config) {}

  void drain() {
    while (auto output = core.poll_output()) {
      auto* send = std::get_if<ce::SendMessage>(&*output);
      if (send == nullptr) continue;
      if (!pl::decode_message(send->octets)) std::abort();
      requests_[send->fe_id] = {send->channel, std::move(send->octets)};
    }
  }
  // The last request to this FE, answered by mirroring it: data and results of one code.
  void answer(std::uint32_t fe, std::uint8_t code, wire::Bytes value, Instant now) {
    const auto at = requests_.find(fe);
    if (at == requests_.end()) return;
    const auto request = pl::MessageView::parse(at->second.second);
    const auto type = request ? pl::response_to(request->header().type) : std::nullopt;
    if (!type) return;
    pl::Header header = pl::response_header(request->header(), *type, {fe});
    header.flags = pl::with_part(header.flags, static_cast<pl::Part>(code >> 6));
    pl::MessageWriter w(header);
    for (const pl::LfbSelectView select : request->selects()) {
      const auto scope = w.lfb_select(select.class_id, select.instance_id);
      for (const pl::OperView oper : select.operations) {
        const auto operation = w.operation(pl::response_to(oper.type).value_or(oper.type));
        for (const pl::ItemView item : oper.items()) {
          const auto path = w.path(item.path().ids);
          if ((code & 32) != 0) {
            w.full_data(value);
          } else {
            w.result(static_cast<pl::ResultCode>(code & 31));
          }
        }
      }
    }
    const auto octets = std::move(w).finish();
    if (octets) core.on_message(at->second.first, *octets, now);
  }

  Rows rows;
  ce::ControllerCore core;

 private:
  std::map<std::uint32_t, std::pair<std::uint64_t, pl::Octets>> requests_;
};

// Anything at all, in a message that this FE may send.
pl::Octets any_message(std::uint32_t fe, std::uint8_t what, std::uint8_t correlator,
                       wire::Bytes body) {
  static constexpr pl::MsgType kTypes[]{pl::MsgType::QueryResponse, pl::MsgType::ConfigResponse,
                                        pl::MsgType::EventNotification, pl::MsgType::MarsVc};
  pl::Header header;
  header.type = kTypes[what % 4];
  header.source = {fe};
  header.destination = {0x40000001};
  header.correlator = correlator;
  header.flags = pl::with_part({}, static_cast<pl::Part>(what >> 4 & 3));
  pl::MessageWriter w(header);
  const std::size_t whole = body.size() / 4 * 4;
  w.out().bytes(body.first(whole));
  return std::move(w).finish().value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ce::ControllerConfig config;
  config.fes = {{1, "", {}}, {2, "", {}}};
  config.assign_first = 3;
  config.assign_last = 3;
  config.provision.sync.rows_a_page = 4;
  config.provision.sync.batch_octets = 256;
  config.provision.exchange.window_octets = 1024;
  Target target(config);
  ce::ControllerCore& core = target.core;
  core.carry_vcs(true);
  fuzz::Events events(data, size);
  while (events.more()) {
    const std::uint8_t what = events.octet();
    const std::uint32_t fe = what >> 4 & 3;
    const std::uint64_t channel = 1 + (what >> 6);
    switch (what & 15) {
      case 0:
        core.on_control_up(fe, channel, events.now());
        break;
      case 1:
        core.on_control_down(fe, channel, events.now());
        break;
      case 2:
        core.on_data_up(fe, channel + 10, events.now());
        break;
      case 3:
        core.on_message(channel, events.octets(), events.now());
        break;
      case 4:
        core.on_data_message(channel + 10, events.octets(), events.now());
        break;
      case 5: {  // a setup that is in order
        const auto setup = pl::encode_association_setup({fe}, {config.ce_id}, what);
        core.on_message(channel, *setup, events.now());
        break;
      }
      case 6:
        core.on_timer(events.pass());
        break;
      case 7:
      case 8:
        fuzz::fire_when_due<ce::SendMessage>(core, events);
        break;
      case 9: {
        const std::uint8_t kind = events.octet(), correlator = events.octet();
        core.on_message(channel, any_message(fe, kind, correlator, events.octets()), events.now());
        break;
      }
      case 10:
      case 11: {
        const std::uint8_t code = events.octet();
        target.answer(fe, code, events.octets(), events.now());
        break;
      }
      case 12: {  // CEID: this CE
        const std::byte us[]{std::byte{0x40}, {}, {}, std::byte{1}};
        target.answer(fe, 32, us, events.now());
        break;
      }
      case 13: {
        const std::uint8_t a = events.octet();
        target.rows.change(a, events.octet());
        target.rows.is_complete = (a & 64) != 0;
        core.set_row_source(fe == 3 ? nullptr : &target.rows, events.now());
        core.on_rows(events.now());
        break;
      }
      case 14: {
        pl::LfbSelect select{pl::kFeObject, {1}, {}};
        select.operations.push_back({.type = pl::OperType::Set});
        std::vector<pl::BodyTlv> body;
        body.emplace_back(std::move(select));
        (void)core.transact({{1, {body, body}}, {2, {body}}}, events.now());
        break;
      }
      case 15:
        if (fe == 0) core.stop(events.now());
        (void)core.switch_master(fe, 0x40000002, events.now());
        (void)core.ask(fe, {}, events.now());
        break;
    }
    target.drain();
    if (core.associated(0) || core.associated(4)) std::abort();
    const auto shot = core.snapshot(events.now());
    for (const auto& f : shot.fes) {
      if (f.rows_acknowledged + f.rows_failed + f.rows_left_out > f.rows_wanted) std::abort();
      if (core.is_master(f.fe_id) && f.state != "associated") std::abort();
    }
  }
  core.set_row_source(nullptr, events.now());
  return 0;
}
