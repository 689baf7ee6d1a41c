// Path computation on a TE database: constrained shortest paths, single and in disjoint pairs.
//
// Of several paths with the same cost the one with fewer hops is taken, then the one that leaves
// the first node where they part by the lower (next node, interface): the same database gives the
// same path, in whatever order it was filled. No path has a node twice.
//
// Deviation: a route with loose hops is followed stretch by stretch, each the shortest. A path that
// is only found with a detour on an earlier stretch is not found.
#pragma once

#include <expected>
#include <memory>

#include "ce/signaling/te/request.hpp"

namespace forces::signaling::te {

class PathFinder {
 public:
  // The database must outlive it. Its graph follows the database by itself.
  explicit PathFinder(const Database& database);
  ~PathFinder();
  PathFinder(const PathFinder&) = delete;
  PathFinder& operator=(const PathFinder&) = delete;

  [[nodiscard]] std::expected<Path, Failure> find(const Request& request);
  // Both together cost as little as possible when links or nodes shall differ and labels are no
  // constraint along a stretch (Suurballe); else the best of the pairs that a bounded number of
  // working paths gives. A route is the working path's, which then may be the dearer one.
  [[nodiscard]] std::expected<PathPair, Failure> find_pair(const Request& request,
                                                           const Disjoint& disjoint);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// What a second path must keep away from so that it has nothing in common with this one.
[[nodiscard]] Exclusions apart_from(const Path& path, const Disjoint& disjoint,
                                    const Database& database);

}  // namespace forces::signaling::te
