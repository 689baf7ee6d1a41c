#include "fe/association/core/mastership.hpp"

namespace forces::fe {

void Mastership::start() {
  if (!ces_.empty()) out_.push(TryCe{0});
}

void Mastership::on_attempt_failed(std::size_t ce) {
  if (master_ || all_tried_ || ces_.size() < 2) return;  // its own retry goes on
  try_next(ce);
}

void Mastership::on_associated(std::size_t ce) {
  ces_[ce] = {.associated = true};
  if (!master_) {
    stop_at_.reset();
    set_master(ce);
    enter(ElementState::Associated);
  } else if (overdue_) {
    set_master(ce);
  }
  if (!hot_standby() || all_tried_) return;
  all_tried_ = true;  // RFC 7121 section 3.2: "MUST attempt to connect and associate with all"
  for (std::size_t other = 0; other < ces_.size(); ++other) {
    if (other != ce) out_.push(TryCe{other});
  }
}

void Mastership::on_lost(std::size_t ce, Instant now) {
  ces_[ce] = {};
  if (master_ != ce || replace(ce)) return;
  for (std::size_t other = next(ce); other != ce; other = next(other)) {
    if (!ces_[other].associated) continue;
    set_master(other);
    replace_at_ = now + patience_;
    return;
  }
  leave_association(now);
  // RFC 5810 section 8.1: the lost CE goes to the tail, the first backup is tried.
  if (!all_tried_ && ces_.size() > 1) try_next(ce);
}

void Mastership::on_away(std::size_t ce, Instant now) {
  ces_[ce].away = true;
  if (master_ == ce && hot_standby()) replace_at_ = now + patience_;
}

void Mastership::on_back(std::size_t ce) {
  ces_[ce].away = false;
  if (master_ == ce) {
    replace_at_.reset();
    overdue_ = false;
  } else if (overdue_) {
    set_master(ce);
  }
}

bool Mastership::replace(std::size_t ce) {
  for (std::size_t other = next(ce); other != ce; other = next(other)) {
    if (!ces_[other].there()) continue;
    set_master(other);
    return true;
  }
  return false;
}

void Mastership::hand_over(std::size_t ce, Instant now) {
  if (ce >= ces_.size() || !master_ || master_ == ce) return;
  if (ces_[ce].there()) return set_master(ce);
  if (all_tried_) return;  // hot standby: it is being tried already
  const std::size_t from = *master_;
  ces_[from] = {};
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
  if (replace_at_ && now >= *replace_at_) {
    replace_at_.reset();
    overdue_ = !replace(*master_);
  }
  if (!stop_at_ || now < *stop_at_) return;
  stop_at_.reset();
  enter(ElementState::PreAssociation);
}

std::optional<Instant> Mastership::next_deadline() const {
  return stop_at_ && (!replace_at_ || *stop_at_ < *replace_at_) ? stop_at_ : replace_at_;
}

void Mastership::enter(ElementState to) {
  if (state_ == to) return;
  out_.push(ElementStateChanged{state_, to});
  state_ = to;
}

void Mastership::set_master(std::optional<std::size_t> to) {
  out_.push(MasterChanged{master_, to});
  master_ = to;
  replace_at_.reset();
  overdue_ = false;
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
