// The FE's protocol layer under any order of events: everything it sends decodes, its timers move,
// and packets go to an associated master or nowhere.
#include <cstdlib>

#include "fe/association/core/element_core.hpp"
#include "proto/pl/association.hpp"
#include "tests/fuzz/association/outputs.hpp"

using namespace forces;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Events events(data, size);
  fe::ElementConfig config;
  const std::uint8_t shape = events.octet();
  config.fe_id = shape & 1;
  config.fepo.failover_policy = shape >> 1 & 1;
  config.fepo.ha_mode = (shape >> 2 & 1) * 2;
  config.fepo.fe_heartbeat_policy = shape >> 3 & 1;
  config.ces = {{0x40000001, ""}, {0x40000002, ""}};
  fe::ElementCore core(config, 1);
  core.start(events.now());
  std::uint64_t correlator = 1;
  while (events.more()) {
    const std::uint8_t what = events.octet();
    const std::size_t ce = what >> 4 & 1;
    switch (what & 7) {
      case 0:
        core.on_control_up(ce, events.now());
        break;
      case 1:
        core.on_control_down(ce, events.now());
        break;
      case 2:
        core.on_control_closed(ce, events.now());
        break;
      case 3:
        core.on_message(ce, events.octets(), events.now());
        break;
      case 4:
        core.on_data_closed(ce, events.now());
        break;
      case 5: {  // a grant that may be in order
        const auto grant = pl::encode_association_setup_response(
            {config.ces[ce].ce_id}, {core.fe_id() == 0 ? 5 : core.fe_id()}, correlator++,
            pl::AssociationResult::Success);
        core.on_message(ce, *grant, events.now());
        break;
      }
      case 6:
        core.on_timer(events.pass());
        break;
      case 7:
        fuzz::fire_when_due<fe::SendMessage>(core, events);
        break;
    }
    fuzz::check_outputs<fe::SendMessage>(core);
    const auto target = core.redirect_target();
    if (target && core.state(*target) != fe::CeState::Associated) std::abort();
  }
  return 0;
}
