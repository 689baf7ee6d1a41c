// The TE database: nodes and links as routing or the configuration says. Values in, values out; it
// decides nothing. Two clocks tell what has changed: see version() and revision().
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "ce/signaling/te/labels.hpp"

namespace forces::signaling::te {

// What stands at a link (RFC 4139 section 3).
enum class ReferencePoint : std::uint8_t { INni, ENni, Uni };

struct Node {
  NodeId id{};
  std::string name{};
  std::uint32_t domain = 0;     // control domain; 0: none
  std::uint32_t area = 0;       // of OSPF
  std::uint32_t as_number = 0;  // autonomous system; 0: none
  // A label that comes in can leave as another one. False: the wavelength stays the same.
  bool converts_labels = true;
  bool transit = true;  // false: connections may only begin or end there (a client behind a UNI)
  bool up = true;
  friend bool operator==(const Node&, const Node&) = default;
};

// From one end of a link to the other.
struct Direction {
  std::uint32_t metric = 1;  // TE metric; 0 counts as 1
  double unreserved = 0;     // octets a second; does not count where labels are known
  std::optional<LabelRanges> free{};
  friend bool operator==(const Direction&, const Direction&) = default;
};

struct Link {
  std::array<LinkEnd, 2> ends{};
  std::array<std::uint32_t, 2> addresses{};  // IPv4 of a numbered link (RFC 3209); 0: unnumbered
  std::array<Direction, 2> directions{};     // [0] from ends[0] to ends[1], [1] back
  Switching switching = Switching::Tdm;
  Encoding encoding = Encoding::Sdh;
  double max_bandwidth = 0;      // octets a second
  std::uint32_t affinities = 0;  // administrative group (RFC 3630 section 2.5.9)
  std::vector<std::uint32_t> srlgs{};
  ReferencePoint reference = ReferencePoint::INni;
  bool up = true;

  // Which of its ends this is: 0 or 1. It must be one of them.
  [[nodiscard]] std::size_t side(const LinkEnd& end) const { return end == ends[0] ? 0 : 1; }
  [[nodiscard]] const LinkEnd& other(const LinkEnd& end) const { return ends[1 - side(end)]; }
  [[nodiscard]] const Direction& from(const LinkEnd& end) const { return directions[side(end)]; }
  friend bool operator==(const Link&, const Link&) = default;
};

class Database {
 public:
  Database();
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // New, or instead of the one with this ID. A link's nodes need not be known before; without them
  // it is of no use. A link takes the place of those that have one of its ends. False: not valid
  // (an interface or a node 0, both ends the same, an address of another link).
  bool set(const Node& node);
  bool set(const Link& link);
  bool remove(NodeId node);
  bool remove(const LinkEnd& end);  // the link with this end
  void clear();
  bool set_up(NodeId node, bool up);
  bool set_up(const LinkEnd& end, bool up);  // the link with this end, both directions
  // What is free from `end` outward.
  bool set_free(const LinkEnd& end, const LabelRanges& free);
  bool set_unreserved(const LinkEnd& end, double octets_per_second);

  [[nodiscard]] const Node* node(NodeId id) const;
  [[nodiscard]] const Link* link(const LinkEnd& end) const;
  // The end of a numbered link that has this address.
  [[nodiscard]] std::optional<LinkEnd> by_address(std::uint32_t address) const;
  [[nodiscard]] const std::map<NodeId, Node>& nodes() const { return nodes_; }
  [[nodiscard]] std::vector<const Link*> links() const;  // in the order of their first ends
  // At most so many of these, from this one on.
  [[nodiscard]] std::vector<const Link*> links(std::size_t first, std::size_t most) const;
  [[nodiscard]] std::size_t link_count() const { return links_.size(); }
  [[nodiscard]] std::vector<const Link*> links_of(NodeId) const;  // in the order of its interfaces

  // Rises when something may have become possible that was not: a node or a link that is new, up,
  // or better in anything. Crankback history that is older may be forgotten (RFC 4920 section 4.2);
  // of one node or link only with the other two, which are 0 for what is not known.
  [[nodiscard]] std::uint64_t version() const { return version_; }
  [[nodiscard]] std::uint64_t version_of(NodeId id) const;
  [[nodiscard]] std::uint64_t version_of(const LinkEnd& end) const;
  // Rises with every change.
  [[nodiscard]] std::uint64_t revision() const { return revision_; }
  // Rises when nodes or links come or go, or a link leads elsewhere.
  [[nodiscard]] std::uint64_t structure() const { return structure_; }

 private:
  struct Stored {
    Link link;
    std::uint64_t version = 0;
  };
  struct EndHash {
    std::size_t operator()(const LinkEnd& end) const noexcept;
  };
  void changed(std::uint64_t& stamp, bool better);

  std::map<NodeId, Node> nodes_;
  std::unordered_map<NodeId, std::uint64_t> node_versions_;
  std::map<LinkEnd, std::unique_ptr<Stored>> links_;  // by ends[0]
  std::unordered_map<LinkEnd, Stored*, EndHash> by_end_;
  std::unordered_map<std::uint32_t, LinkEnd> by_address_;
  std::uint64_t version_ = 0, revision_ = 0, structure_ = 0;
};

}  // namespace forces::signaling::te
