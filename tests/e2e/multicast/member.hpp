// An FE that is nothing but a member: control channels of libtml to one ce or several, the PL as
// far as an association needs it, and a MARS client on top. The test's thread drives it by pump().
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "fe/multicast/client/client.hpp"
#include "proto/pl/vc.hpp"
#include "tml/tml.h"

namespace e2e {

struct CeAddress {
  std::uint32_t id = 0;
  int control_port = 0;
};

class Member {
 public:
  // Certificates are files of `folder`: ca.crt, fe-<id>.crt, fe-<id>.key.
  Member(const std::string& folder, std::uint32_t id, const std::vector<CeAddress>& ces);
  ~Member();
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  void pump();

  forces::mars::client::Client& client() { return client_; }
  void join(std::uint32_t group) { client_.join(range(group), true, now()); }
  void leave(std::uint32_t group) { client_.leave(range(group), now()); }
  void send_to(std::uint32_t group) { client_.open(address(group), now()); }
  // FEs that packets to the group go to; nothing: it is not known yet.
  [[nodiscard]] std::optional<std::vector<std::uint32_t>> receivers(std::uint32_t group) const;
  [[nodiscard]] bool registered_with(std::uint32_t ce) const;
  [[nodiscard]] bool associated(std::uint32_t ce) const { return ces_.at(ce).associated; }
  // As an FE that lies: a JOIN of another.
  void say_as(std::uint32_t ce, std::uint32_t other);
  [[nodiscard]] std::uint64_t messages_on(forces::pl::VcKind kind) const {
    const auto at = heard_.find(kind);
    return at == heard_.end() ? 0 : at->second;
  }

  static forces::mars::ProtocolAddress address(std::uint32_t group) {
    return forces::mars::ipv4_address(0xef010000 + group);
  }
  static forces::mars::GroupRange range(std::uint32_t group) {
    return {address(group), address(group)};
  }

 private:
  struct Ce {
    tml_descriptor channel{};
    bool associated = false;
  };
  struct Event {
    std::uint64_t channel = 0;
    std::optional<bool> up{};
    std::vector<std::byte> octets{};
  };
  static void on_event(void* self, const tmlx_event* event);
  static void on_messages(void* self, tml_descriptor channel, const tmlx_message* messages,
                          size_t count);
  static forces::Instant now();
  static forces::mars::client::Config client_config(std::uint32_t id,
                                                    const std::vector<CeAddress>& ces);
  void take(const Event& event);
  void on_pl(std::uint32_t ce, const std::vector<std::byte>& octets);
  void set_up(std::uint32_t ce);
  void write(std::uint32_t ce, const forces::pl::Octets& octets);
  void send(std::uint32_t ce, const forces::mars::Octets& message);

  std::uint32_t id_, first_;
  tmlx_context* context_ = nullptr;
  std::map<std::uint32_t, Ce> ces_;
  forces::mars::client::Client client_;
  bool started_ = false;
  std::map<forces::pl::VcKind, std::uint64_t> heard_;
  std::mutex mutex_;
  std::deque<Event> events_;
};

}  // namespace e2e
