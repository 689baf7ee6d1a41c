// A stream of octets as the SDUs that it carries (proto/scsp/README.md, "On a TCP or TLS stream").
// No socket.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "proto/wire/snap.hpp"

namespace forces::multicast::link {

class Deframer {
 public:
  explicit Deframer(std::size_t max_sdu = wire::kMaxSdu) : max_sdu_(max_sdu) {}

  // visit(pid, message) of every message that is complete, until it returns false. What comes in
  // whole is looked at where it lies. False: the stream is lost, a length cannot be.
  template <class Visit>
  [[nodiscard]] bool feed(wire::Bytes in, Visit&& visit) {
    while (!partial_.empty() && !in.empty()) {
      const wire::SduScan scan = wire::scan_sdu(partial_, max_sdu_);
      const std::size_t wanted = scan.length == 0 ? wire::kSduPrefix : scan.length;
      const std::size_t n = std::min(wanted - partial_.size(), in.size());
      partial_.insert(partial_.end(), in.begin(), in.begin() + static_cast<std::ptrdiff_t>(n));
      in = in.subspan(n);
      const wire::SduScan now = wire::scan_sdu(partial_, max_sdu_);
      if (now.status == wire::SduStatus::BadLength) return false;
      if (now.status == wire::SduStatus::NeedMore) continue;
      const std::vector<std::byte> whole = std::exchange(partial_, {});
      const wire::SduScan sdu = wire::scan_sdu(whole, max_sdu_);
      if (!deliver(sdu.sdu, visit)) return true;
    }
    while (!in.empty()) {
      const wire::SduScan scan = wire::scan_sdu(in, max_sdu_);
      if (scan.status == wire::SduStatus::BadLength) return false;
      if (scan.status == wire::SduStatus::NeedMore) {
        partial_.assign(in.begin(), in.end());
        return true;
      }
      in = in.subspan(scan.length);
      if (!deliver(scan.sdu, visit)) return true;
    }
    return true;
  }
  [[nodiscard]] std::uint64_t skipped() const { return skipped_; }

 private:
  // An SDU of another encapsulation costs itself only: its length is known.
  template <class Visit>
  bool deliver(wire::Bytes sdu, Visit& visit) {
    const auto snap = wire::decode_snap(sdu);
    if (snap) return visit(snap->pid, snap->payload);
    ++skipped_;
    return true;
  }

  std::size_t max_sdu_;
  std::vector<std::byte> partial_;  // of an SDU that is not complete
  std::uint64_t skipped_ = 0;
};

}  // namespace forces::multicast::link
