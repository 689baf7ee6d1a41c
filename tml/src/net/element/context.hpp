// One network element's end of the TML: its I/O threads, listeners, peers, channels and groups.
// What the API calls from any thread, and what links ask on theirs. The mutex guards the tables,
// never a callback.
#pragma once

#include <deque>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "tml/octets/tls.hpp"
#include "tml/src/core/groups.hpp"
#include "tml/src/core/peer_table.hpp"
#include "tml/src/net/channel.hpp"
#include "tml/src/net/element/dialer.hpp"
#include "tml/src/net/element/handles.hpp"
#include "tml/src/net/element/listener.hpp"
#include "tml/src/net/link.hpp"

namespace forces::tml {

class Context {
 public:
  static tml_status create(const tmlx_config& config, std::unique_ptr<Context>& out,
                           std::string& error);
  ~Context();

  // ---- the API ----
  tml_status init(tml_channel_type type, const tmlx_init_attributes& attributes,
                  std::string& error);
  tml_status open(tml_channel_type type, std::uint32_t element,
                  const tmlx_channel_attributes& attributes, tml_event_handler handler,
                  bool register_now, tml_descriptor& out, std::string& error);
  static tml_status close(Channel& channel, tml_close_mode mode,
                          tmlx_reason reason = TMLX_REASON_ADMIN);
  static tml_status change_membership(Channel& channel, bool join, std::uint32_t group,
                                      int timeout);
  tml_status group_find(std::uint32_t group, tml_descriptor& out);
  tml_status group_write(const GroupHandle& group, std::span<const std::byte> pl,
                         std::uint32_t* failed, std::size_t* failed_count);
  tml_status bind(Channel& control, std::uint32_t element);
  tml_status watch(int fd, tmlx_ready_handler ready, void* user);
  tml_status reload(std::string& error);
  bool poll(int timeout) { return loops_.front()->poll(timeout); }
  bool caller_driven() const { return !loops_.front()->threaded(); }
  int listen_port(tml_channel_type type) const;
  std::vector<tml_descriptor> channels();
  Counters& counters() { return counters_; }

  // ---- links, channels, listeners and dialers, on their I/O threads ----
  ChunkPool& pool();
  bool admit() { return handshakes_.available(now()); }
  asio::ip::tcp::socket new_socket() { return asio::ip::tcp::socket(loops_.front()->io()); }
  void accepted(asio::ip::tcp::socket socket, tml_channel_type type);
  void connected(Channel& channel, asio::ip::tcp::socket socket);
  bool control_is_up(const Channel& data);
  Instant handshake_deadline(const Link& link) const;
  [[nodiscard]] bool on_secured(Link& link, SSL* ssl);  // false: not the CE that was meant
  void on_tls_failure(Link& link, TlsFailure kind, const std::string& text);
  void on_refused(const Link& link, tmlx_reason reason, const std::string& text);
  void on_accept_failed(tml_channel_type type, const std::string& why);
  void refuse(Link& link, Counter counter, ReasonCode reason, const std::string& why);
  void identify(const std::shared_ptr<Link>& link);
  void on_token(const Link& link, const std::optional<PairToken>& token);
  void on_up(Channel& channel);
  void on_down(Channel& channel, tmlx_reason reason, bool peer_closed);
  void on_link_ended(Link& link);
  void on_join(Channel& channel, std::uint32_t group, std::uint32_t request);
  void on_leave(Channel& channel, std::uint32_t group, std::uint32_t request);
  void on_answer(Channel& channel, bool join, std::uint32_t group, std::uint32_t request,
                 std::uint32_t status);

 private:
  struct Peer {  // the two channels to one element; key: our ID and its
    Channel* control = nullptr;
    Channel* data = nullptr;
    std::optional<PairToken> token;  // FE: from the CE's first Heartbeat
  };
  struct Server {  // of one tmlInit
    std::unique_ptr<Listener> listener;
    Handlers handlers;
    Options options;
    tmlx_join_filter join_filter = nullptr;
    void* user = nullptr;
    bool ready = false;
  };
  struct Watch;
  struct Trim;   // gives memory back after a storm of handshakes
  struct Daily;  // looks at our certificate's end

  explicit Context(const tmlx_config& config);
  static std::uint64_t key(std::uint32_t local, std::uint32_t element) {
    return (std::uint64_t{local} << 32) | element;
  }
  Server& server(tml_channel_type type) { return servers_[type == TML_CHANNEL_DATA ? 1 : 0]; }
  const Server& server(tml_channel_type type) const {
    return servers_[type == TML_CHANNEL_DATA ? 1 : 0];
  }
  Loop& loop_for(const std::string& text);
  Channel& channel_of(std::uint32_t local, std::uint32_t element, tml_channel_type type,
                      Loop& loop);
  std::shared_ptr<TlsContext> tls();
  bool tls_for(tml_channel_type type) const;
  bool certified(const Link& link, Claim& claim, std::string& why) const;
  void take_in(const std::shared_ptr<Link>& link, std::uint32_t id, const PairToken& token);
  void attach(Channel& channel, const std::shared_ptr<Link>& link, const PairToken& token);
  tml_status rename(Channel& control, std::uint32_t element);
  void close_link(LinkId id, ReasonCode reason, const char* text, bool refused = false);
  void leave_group(Channel& channel, std::uint32_t group);
  void emit(tmlx_event event, const std::string& detail);
  void warn_of_expiry();
  void handshake_ended();
  void shut_down();

  const std::uint32_t local_id_;
  const unsigned max_half_open_;
  const Duration handshake_timeout_, pairing_timeout_;
  const tml_event_handler event_handler_;
  void* const user_;
  const std::uint64_t seed_;
  TlsConfig tls_config_;

  Counters counters_;
  std::vector<std::unique_ptr<Loop>> loops_;
  TokenBucket handshakes_;  // loop 0 only
  std::array<Server, 2> servers_;

  std::mutex mutex_;
  std::shared_ptr<TlsContext> tls_;
  PeerTable peers_;
  std::unordered_map<std::uint64_t, Peer> table_;
  std::vector<std::unique_ptr<Channel>> channels_;
  Groups groups_;
  struct Group {
    std::unique_ptr<GroupHandle> handle;
    tml_descriptor descriptor;
  };
  std::map<std::uint32_t, Group> group_handles_;
  std::deque<std::unique_ptr<GroupHandle>> retired_groups_;  // a writer may just be looking at one
  std::unordered_map<LinkId, std::weak_ptr<Link>> links_;
  std::list<LinkId> half_open_;  // oldest first
  std::unordered_map<LinkId, std::list<LinkId>::iterator> half_open_at_;
  std::vector<std::weak_ptr<Link>> parked_;  // data links without their control
  std::map<int, std::shared_ptr<Watch>> watches_;
  LinkId last_link_ = 0;
  std::uint32_t last_unassigned_ = 0;
  std::uint64_t dialers_ = 0;
  std::unique_ptr<Daily> daily_;
  std::unique_ptr<Trim> trim_;
};

}  // namespace forces::tml
