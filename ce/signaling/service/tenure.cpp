#include "ce/signaling/service/tenure.hpp"

#include <utility>

namespace forces::signaling {

TenureStep Tenure::next(bool holds, bool ours, Instant now) {
  if (!started_ || holds != holds_ || ours != ours_) {
    if (started_ && holds_ && !holds) lost_ = true;
    started_ = true;
    holds_ = holds;
    ours_ = ours;
    since_ = now;
    refused_since_.reset();
    hand_over_ = false;
  }
  const bool long_so = now - since_ >= patience_;
  if (holds) return ours || !long_so ? TenureStep::Wait : TenureStep::Resign;
  if (!ours) return long_so ? TenureStep::Campaign : TenureStep::Wait;
  return std::exchange(hand_over_, false) ? TenureStep::HandOver : TenureStep::Campaign;
}

void Tenure::refused(Instant now) {
  if (!ours_) return;
  if (!refused_since_) refused_since_ = now;
  if (!lost_ && now - *refused_since_ < hand_over_after_) return;
  lost_ = false;
  refused_since_ = now;
  hand_over_ = true;
}

}  // namespace forces::signaling
