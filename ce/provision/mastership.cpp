#include "ce/provision/mastership.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace forces::ce::provision {

std::string_view to_string(Master master) {
  switch (master) {
    case Master::Unknown:
      return "unknown";
    case Master::Mine:
      return "mine";
    case Master::Another:
      return "another";
  }
  return "unknown";
}

void Mastership::start() {
  stop();
  started_ = ask_ = true;
}

void Mastership::stop() {
  started_ = ask_ = asked_ = false;
  master_ = Master::Unknown;
  named_ = 0;
  ask_at_.reset();
}

void Mastership::take(std::uint32_t ce_id) {
  named_ = ce_id;
  master_ = ce_id == us_ ? Master::Mine : Master::Another;
}

void Mastership::on_answer(const Answer& answer) {
  for (const pl::LfbSelectView select : answer.message.selects()) {
    for (const pl::OperView oper : select.operations) {
      (void)pl::for_each_leaf(oper.items(), [&](const pl::Leaf& leaf) {
        if (leaf.item.is(pl::TlvType::FullData) && leaf.item.value.size() == 4) {
          heard_ = true;
          take(static_cast<std::uint32_t>(wire::load_be<4>(leaf.item.value.data())));
        }
        return true;
      });
    }
  }
  if (!answer.last) return;
  asked_ = false;
  // One that has no CEID knows of no other CE either.
  if (!heard_ && master_ == Master::Unknown) take(us_);
}

void Mastership::on_unanswered() {
  asked_ = false;
  ask();
}

void Mastership::on_event(const pl::LfbSelectView& select) {
  static constexpr std::array<std::uint32_t, 2> kChanged{kFepoEvents, kPrimaryCeChanged};
  if (!started_ || select.class_id != pl::kFeProtocolObject) return;
  for (const pl::OperView oper : select.operations) {
    if (oper.type != pl::OperType::Report) continue;
    (void)pl::for_each_leaf(oper.items(), [&](const pl::Leaf& leaf) {
      if (!std::ranges::equal(leaf.path.ids(), kChanged)) return true;
      if (leaf.item.is(pl::TlvType::FullData) && leaf.item.value.size() == 4) {
        take(static_cast<std::uint32_t>(wire::load_be<4>(leaf.item.value.data())));
      } else {
        ask();
      }
      return true;
    });
  }
}

void Mastership::on_timer(Instant now) {
  if (!ask_at_ || now < *ask_at_) return;
  ask_at_.reset();
  ask();
}

void Mastership::pump(Exchange& exchange, Instant now) {
  if (!started_) return;
  if (ask_ && !asked_) {
    ask_ = false;
    asked_ = true;
    heard_ = false;
    ask_at_.reset();
    pl::MessageWriter query = exchange.begin(pl::MsgType::Query);
    {
      const auto select = query.lfb_select(pl::kFeProtocolObject, {1});
      const auto operation = query.operation(pl::OperType::Get);
      const auto path = query.path(std::span(&kCeId, 1));
    }
    (void)exchange.submit(std::move(query), Purpose::Mastership, now);
  }
  if (master_ == Master::Mine) {
    ask_at_.reset();
  } else if (!asked_ && !ask_at_) {
    ask_at_ = now + every_;
  }
}

}  // namespace forces::ce::provision
