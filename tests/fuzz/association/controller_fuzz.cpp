// The CE's protocol layer under any order of events: everything it sends decodes, its timers move,
// and nobody who is not configured is associated.
#include <cstdlib>

#include "ce/association/controller_core.hpp"
#include "proto/pl/association.hpp"
#include "tests/fuzz/association/events.hpp"

using namespace forces;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ce::ControllerConfig config;
  config.fes = {{1, "", {}}, {2, "", {}}};
  config.assign_first = 3;
  config.assign_last = 3;
  ce::ControllerCore core(config);
  fuzz::Events events(data, size);
  while (events.more()) {
    const std::uint8_t what = events.octet();
    const std::uint32_t fe = what >> 4 & 3;
    const std::uint64_t channel = 1 + (what >> 6);
    switch (what & 7) {
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
        fuzz::fire_when_due<ce::SendMessage>(core, events);
        break;
    }
    fuzz::check_outputs<ce::SendMessage>(core);
    if (core.associated(0) || core.associated(4)) std::abort();
  }
  return 0;
}
