// Who may be which peer (rows 7, 8, 17): pairs a data connection with the control connection of the
// same FE, lets a new connection of the same identity replace a stale one, and refuses another
// identity that claims the same PL ID. Knows no sockets: links are numbers of the owner's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "proto/tml/message.hpp"

namespace forces::tml {

using LinkId = std::uint64_t;  // a connection; 0 is none

struct Claim {
  std::uint32_t pl_id = 0;
  std::string identity;  // of the certificate; empty without TLS
  std::string address;   // source address without port
  std::optional<PairToken> token;
  bool known = false;        // the peer sent its PL ID itself
  bool token_binds = false;  // data without TLS beside control with it: the token is the identity
};

class PeerTable {
 public:
  enum class Verdict : std::uint8_t {
    Accepted,
    Wait,
    IdInUse,
    WrongToken,
    WrongIdentity,
    Full,
    Ambiguous
  };
  struct Answer {
    Verdict verdict{};
    std::uint32_t pl_id = 0;  // whose channel this is
    PairToken token{};        // control: for the first Heartbeat back
    LinkId replaced = 0;      // close it with reason REPLACED
  };

  // `make_token` gives unpredictable tokens (predictable ones in tests).
  PeerTable(std::size_t max_peers, std::function<PairToken()> make_token)
      : max_peers_(max_peers), make_token_(std::move(make_token)) {}

  [[nodiscard]] Answer control(LinkId link, const Claim& claim);
  [[nodiscard]] Answer data(LinkId link, const Claim& claim);
  // A link ended. Data links of the peer whose control link this was: the owner closes the one
  // returned.
  LinkId ended(LinkId link, std::uint32_t pl_id);
  // An FE that came with PL ID 0 has its ID now. False: that ID has a live peer.
  bool rename(std::uint32_t from_key, std::uint32_t to);
  std::size_t size() const { return peers_.size(); }

 private:
  struct Peer {
    std::string identity, address;
    PairToken token{};
    LinkId control = 0, data = 0;
  };
  Peer* find_for_data(const Claim& claim, std::uint32_t& id, Verdict& why);

  std::size_t max_peers_;
  std::function<PairToken()> make_token_;
  std::unordered_map<std::uint32_t, Peer> peers_;  // live peers only
};

}  // namespace forces::tml
