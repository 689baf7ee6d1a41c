// Numbers that are given out and come back: cache keys of our records, CMIs.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "proto/mars/csa.hpp"

namespace forces::mars::server {

// Keys of our records. One that is given back names a tombstone, which the next use of it replaces
// everywhere: there are never more records than there were facts at one time.
class Keys {
 public:
  static constexpr std::uint32_t kFirst = 256;  // below: Redirect Entries, one a protocol

  [[nodiscard]] std::uint32_t allocate() {
    if (!free_.empty()) {
      const std::uint32_t key = free_.back();
      free_.pop_back();
      return key;
    }
    while (taken_.erase(next_) > 0) ++next_;
    return next_++;
  }
  // In use by a record of an earlier life.
  void take(std::uint32_t key) {
    if (key >= next_) {
      taken_.insert(key);
    } else {
      std::erase(free_, key);
    }
  }
  void release(std::uint32_t key) {
    if (key < next_) {
      free_.push_back(key);
    } else {
      taken_.erase(key);
    }
  }

 private:
  std::uint32_t next_ = kFirst;
  std::vector<std::uint32_t> free_;
  std::set<std::uint32_t> taken_;  // not below next_
};

// CMIs of one protocol (RFC 2443 section 2). One that came back is given out as late as can be, for
// packets and records with it may still be about.
class Cmis {
 public:
  // `first`: how far into the range the first one is, taken modulo its size.
  explicit Cmis(const CmiRange& range, std::size_t first = 0)
      : range_(range), used_(range.size()), next_(first % used_.size()) {}

  [[nodiscard]] std::optional<std::uint16_t> allocate() {
    for (std::size_t i = 0; i < used_.size(); ++i) {
      const std::size_t at = (next_ + i) % used_.size();
      const auto cmi = static_cast<std::uint16_t>(range_.first + at);
      if (used_[at] || reserved_.contains(cmi)) continue;
      used_[at] = true;
      next_ = at + 1;
      return cmi;
    }
    return std::nullopt;
  }
  void release(std::uint16_t cmi) { used_[std::size_t{cmi} - range_.first] = false; }
  // Records of an earlier life name it.
  void reserve(std::uint16_t cmi) { reserved_.insert(cmi); }
  void end_reservations() { reserved_.clear(); }
  [[nodiscard]] const CmiRange& range() const { return range_; }

 private:
  CmiRange range_;
  std::vector<bool> used_;
  std::size_t next_;
  std::set<std::uint16_t> reserved_;
};

}  // namespace forces::mars::server
