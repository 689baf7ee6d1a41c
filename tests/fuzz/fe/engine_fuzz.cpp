// Messages of any octets into the FE model engine: it never crashes, what it answers decodes, and
// an all-or-none that failed, or a transaction that was given up, changed nothing; and what passed
// the checks of fe/forwarding its Fib takes. The input is a
// run of messages, each behind two octets of its length; headers are mended so that most of them
// reach the LFBs.
#include <cstdlib>
#include <span>
#include <vector>

#include "fe/forwarding/unicast/translator.hpp"
#include "fe/lfb/element_lfbs.hpp"
#include "fe/lfb/model.hpp"
#include "proto/pl/message.hpp"

namespace {

namespace pl = forces::pl;
using namespace forces::fe::lfb;
using forces::Instant;

struct Forwarder : Sink {
  forces::pl::ResultCode check(const Change& change) override { return translator.check(change); }
  void applied(const Changes& changes) override {
    for (std::size_t i = 0; i < changes.size(); ++i) (void)translator.apply(changes[i]);
    if (translator.contradictions() != 0) std::abort();
    while (const auto request = fib.poll_operation()) (void)fib.on_result(request->ticket, 0);
  }
  Forwarder() {
    translator.use(&fib);
    translator.set_interface(1, 5);
    fib.on_link(5, true, 1500);
  }
  forces::fe::dataplane::kernel::Fib fib;
  forces::fe::forwarding::Translator translator{{0, 1}};
};
struct Zeros : Provider {
  bool read(const Instance&, const Component& component, forces::wire::ByteWriter& out) override {
    write_default(component, out);
    return true;
  }
};

// All that is stored, in order.
std::vector<std::byte> stored(Store& store) {
  forces::wire::ByteWriter all;
  for (auto& [target, instance] : store.instances()) {
    for (Value& value : instance.values) {
      all.bytes(value.octets);
      if (value.table == nullptr) continue;
      value.table->for_each(0, pl::kLastRow, [&](std::uint32_t row, forces::wire::Bytes octets) {
        all.u32(row);
        all.bytes(octets);
        return true;
      });
    }
    for (const auto& [event, registration] : instance.registrations) {
      for (const std::uint32_t id : event) all.u32(id);
      all.u32(registration.properties.registration.value_or(0));
    }
  }
  return std::move(all).finish().value();
}

bool all_good(const pl::Message& answer) {
  bool good = true;
  for (const auto& body : answer.body) {
    for (const auto& oper : std::get<pl::LfbSelect>(body).operations) {
      std::vector<const std::vector<pl::Element>*> open{&oper.elements};
      while (!open.empty()) {
        const auto* const elements = open.back();
        open.pop_back();
        for (const pl::Element& e : *elements) {
          if (const auto* path = std::get_if<pl::PathData>(&e.value)) open.push_back(&path->items);
          const auto* const result = std::get_if<pl::ResultTlv>(&e.value);
          if (result != nullptr && result->code != 0) good = false;
        }
      }
    }
  }
  return good;
}

void one(Engine& engine, std::vector<std::byte> octets, Instant now) {
  const auto header = pl::decode_header(octets);
  const auto before = stored(engine.store());
  const bool taken = engine.on_message(octets, true, now);
  bool failed = false, answered = false;
  while (const auto output = engine.poll_output()) {
    const bool notify = std::holds_alternative<Notify>(*output);
    const auto& out = notify ? std::get<Notify>(*output).octets : std::get<Respond>(*output).octets;
    const auto decoded = pl::decode_message(out);
    if (!decoded) std::abort();
    if (notify) continue;
    answered = true;
    if (decoded->header.correlator != header->correlator) std::abort();
    failed = failed || !all_good(*decoded);
  }
  if (!taken) {
    if (answered || stored(engine.store()) != before) std::abort();
    return;
  }
  const pl::Flags flags = header->flags;
  const bool must_stay =
      header->type == pl::MsgType::Query ||
      (failed && !flags.atomic() && flags.execution_mode() == pl::ExecutionMode::AllOrNone);
  if (header->type == pl::MsgType::Query && !answered) std::abort();
  if (!must_stay) return;
  // A query steps out of a transaction that is open: what is committed is the same.
  if (engine.next_deadline()) return;
  if (stored(engine.store()) != before) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Forwarder sink;
  Zeros provider;
  ElementLfbs lfbs({}, &sink, &provider);
  Engine& engine = lfbs.engine();
  for (const LfbClass* lfb : all_classes()) {
    if (lfb->id != 1 && lfb->id != 2 && lfb->id != 14 && lfb->id != 15) engine.store().add(*lfb, 1);
  }
  auto in = std::as_bytes(std::span(data, size));
  Instant now{std::chrono::seconds(1)};
  one(engine, {in.begin(), in.end()}, now);
  while (in.size() > 2) {
    const std::size_t length =
        std::min<std::size_t>(forces::wire::load_be<2>(in.data()), in.size() - 2);
    std::vector<std::byte> octets(in.begin() + 2,
                                  in.begin() + 2 + static_cast<std::ptrdiff_t>(length));
    in = in.subspan(2 + length);
    now += std::chrono::seconds(1);
    engine.on_timer(now);
    if (octets.size() >= pl::Header::kSize) {
      octets.resize(octets.size() / 4 * 4);
      octets[0] = std::byte{0x10};
      octets[1] = (octets[1] & std::byte{1}) != std::byte{0} ? std::byte{3} : std::byte{4};
      octets[2] = static_cast<std::byte>(octets.size() / 4 >> 8);
      octets[3] = static_cast<std::byte>(octets.size() / 4);
    }
    one(engine, std::move(octets), now);
  }
  const bool open = engine.next_deadline().has_value();
  engine.reset();
  if (open && engine.next_deadline()) std::abort();
  return 0;
}
