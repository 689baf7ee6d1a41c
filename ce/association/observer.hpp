// Who else works with FEs, beside routing and the operator: signalling takes its packets here, and
// learns of FEs, their events, and what they answered.
#pragma once

#include <cstdint>

#include "proto/wire/reader.hpp"

namespace forces::ce {

struct OperatorAnswer;

// Called on libtml's I/O threads, with no lock held that a call of Controller needs. Each must
// return at once: hand over, and work elsewhere. Nothing is called after Controller::stop().
class FeObserver {
 public:
  FeObserver() = default;
  FeObserver(const FeObserver&) = default;
  FeObserver& operator=(const FeObserver&) = default;
  virtual ~FeObserver() = default;

  // An IP packet that came in at this port of an FE. True: it is taken, and goes to no device.
  virtual bool on_packet(std::uint32_t fe, std::uint32_t port, wire::Bytes packet) = 0;
  // Controller::period(fe) is another one. Two calls may come in the other order: look there.
  virtual void on_fe(std::uint32_t fe) = 0;
  // A whole EventNotification of an FE whose master we are.
  virtual void on_event(std::uint32_t fe, wire::Bytes message) = 0;
  // To what was asked with Answers::Told. It may be called before the call that asked returns.
  virtual void on_answer(std::uint64_t ticket, const OperatorAnswer& answer) = 0;
};

// The VC of MARS messages with one FE, which is there while the FE is associated, whoever its
// master is. Another association is another VC.
struct VcOfFe {
  std::uint32_t fe_id = 0;
  std::uint64_t vc = 0;  // no other VC of this process has the number
};

// Called as FeObserver is. Calls of one FE may come in another order than things happened, from
// different threads: what is down does not come up again, and a message may come before on_vc.
class VcObserver {
 public:
  VcObserver() = default;
  VcObserver(const VcObserver&) = default;
  VcObserver& operator=(const VcObserver&) = default;
  virtual ~VcObserver() = default;

  virtual void on_vc(VcOfFe vc, bool up) = 0;
  virtual void on_sdu(VcOfFe vc, wire::Bytes sdu) = 0;  // LLC/SNAP included
};

}  // namespace forces::ce
