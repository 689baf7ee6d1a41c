// Links between FEs, and the first hop of a shortest path from any FE to any other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "ce/routing/fib/rows.hpp"

namespace forces::ce::routing {

struct LinkEnd {
  FePort port;
  IpAddress v4{Family::V4, {}};  // unspecified: the link does not carry the family
  IpAddress v6{Family::V6, {}};
  [[nodiscard]] const IpAddress& address(Family f) const { return f == Family::V4 ? v4 : v6; }
  friend bool operator==(const LinkEnd&, const LinkEnd&) = default;
};

struct InterFeLink {
  LinkEnd a, b;
  std::uint32_t mtu = 1500;
  bool up = true;
  friend bool operator==(const InterFeLink&, const InterFeLink&) = default;
};

class Topology {
 public:
  Topology() = default;
  explicit Topology(const std::vector<InterFeLink>& links);

  struct Via {
    std::uint32_t port = 0;  // of the FE that sends
    std::uint32_t mtu = 0;
    IpAddress neighbour;  // the other end of the link
    friend bool operator==(const Via&, const Via&) = default;
  };
  // nullopt: no path, or both are the same FE. Of paths of the same length the one through the
  // lowest FE and port numbers: the same for every run.
  [[nodiscard]] std::optional<Via> towards(FeId from, FeId to, Family family) const;

  [[nodiscard]] const std::map<FeId, std::size_t>& fes() const { return index_; }

 private:
  static constexpr std::uint32_t kNoEdge = 0xffffffff;
  struct Edge {
    std::size_t to = 0;
    FeId neighbour = 0;
    std::uint32_t from_port = 0;
    std::uint32_t link = 0;
    bool forward = true;  // from a to b
  };

  void search(std::size_t from, Family family);
  [[nodiscard]] std::vector<std::uint32_t>& first(Family f) {
    return f == Family::V4 ? first_v4_ : first_v6_;
  }

  std::vector<InterFeLink> links_;
  std::map<FeId, std::size_t> index_;
  std::vector<std::vector<Edge>> edges_;
  // [from * n + to]: position in edges_[from].
  std::vector<std::uint32_t> first_v4_, first_v6_;
};

}  // namespace forces::ce::routing
