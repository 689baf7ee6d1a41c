#include "fe/association/core/mastership.hpp"

namespace forces::fe {

void Mastership::start() {
  if (!associated_.empty()) out_.push(TryCe{0});
}

void Mastership::on_attempt_failed(std::size_t ce) {
  if (master_ || all_tried_ || associated_.size() < 2) return;  // its own retry goes on
  try_next(ce);
}

void Mastership::on_associated(std::size_t ce) {
  associated_[ce] = true;
  if (!master_) {
    stop_at_.reset();
    set_master(ce);
    enter(ElementState::Associated);
  }
  if (!hot_standby() || all_tried_) return;
  all_tried_ = true;  // RFC 7121 section 3.2: "MUST attempt to connect and associate with all"
  for (std::size_t other = 0; other < associated_.size(); ++other) {
    if (other != ce) out_.push(TryCe{other});
  }
}

void Mastership::on_lost(std::size_t ce, Instant now) {
  associated_[ce] = false;
  if (master_ != ce) return;
  for (std::size_t other = next(ce); other != ce; other = next(other)) {
    if (associated_[other]) return set_master(other);
  }
  leave_association(now);
  // RFC 5810 section 8.1: the lost CE goes to the tail, the first backup is tried.
  if (!all_tried_ && associated_.size() > 1) try_next(ce);
}

void Mastership::hand_over(std::size_t ce, Instant now) {
  if (ce >= associated_.size() || !master_ || master_ == ce) return;
  if (associated_[ce]) return set_master(ce);
  if (all_tried_) return;  // hot standby: it is being tried already
  const std::size_t from = *master_;
  associated_[from] = false;
  leave_association(now);
  out_.push(GiveUpCe{from});
  out_.push(TryCe{ce});
}

void Mastership::leave_association(Instant now) {
  set_master(std::nullopt);
  if (policy_->failover_policy == 1) {
    stop_at_ = now + policy_->failover_timeout;
    enter(ElementState::NotAssociated);
  } else {
    enter(ElementState::PreAssociation);
  }
}

void Mastership::on_timer(Instant now) {
  if (!stop_at_ || now < *stop_at_) return;
  stop_at_.reset();
  enter(ElementState::PreAssociation);
}

void Mastership::enter(ElementState to) {
  if (state_ == to) return;
  out_.push(ElementStateChanged{state_, to});
  state_ = to;
}

void Mastership::set_master(std::optional<std::size_t> to) {
  out_.push(MasterChanged{master_, to});
  master_ = to;
}

void Mastership::try_next(std::size_t after) {
  out_.push(GiveUpCe{after});
  out_.push(TryCe{next(after)});
}

std::string_view to_string(ElementState state) {
  switch (state) {
    case ElementState::PreAssociation:
      return "pre_association";
    case ElementState::Associated:
      return "associated";
    case ElementState::NotAssociated:
      return "not_associated";
  }
  return "unknown";
}

}  // namespace forces::fe
