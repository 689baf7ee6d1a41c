// Servers in one process, each with a hub, on one io_context.
#pragma once

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "ce/multicast/link/hub.hpp"

namespace forces::multicast::link::test {

using namespace std::chrono_literals;

inline sync::ServerId server_id(std::uint32_t n) { return {0x40000000 + n}; }

struct Group {
  // A server with these neighbours, of which those that were made before can be dialled.
  Hub& add(std::uint32_t n, const std::vector<std::uint32_t>& others,
           const std::function<void(HubConfig&)>& more = {}) {
    HubConfig c;
    c.engine.id = server_id(n);
    c.engine.restarted = false;
    c.engine.times.hello = 1s;
    c.engine.times.ca = c.engine.times.csus = c.engine.times.csu = 500ms;
    c.address = "127.0.0.1";
    c.plaintext = true;
    c.redial = 50ms;
    c.redial_most = 200ms;
    for (const std::uint32_t other : others) {
      const auto known = hubs.find(other);
      Peer peer{.id = server_id(other)};
      if (known != hubs.end()) {
        peer.address = "127.0.0.1";
        peer.port = known->second->port();
      }
      c.peers.push_back(std::move(peer));
    }
    if (more) more(c);
    auto hub = std::make_unique<Hub>(
        io, c, [this, n](const sync::Output& output) { events[n].push_back(output); },
        [this, n](const std::string& text) { notes[n] += text + '\n'; });
    const auto started = hub->start();
    EXPECT_TRUE(started.has_value()) << started.error();
    return *(hubs[n] = std::move(hub));
  }
  // Runs everything until it holds; a bound, no wait.
  [[nodiscard]] bool until(const std::function<bool()>& holds, Duration most = 20s) {
    const auto end = std::chrono::steady_clock::now() + most;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      io.restart();
      io.run_one_for(10ms);
    }
    return true;
  }
  [[nodiscard]] sync::NeighborSnapshot neighbor(std::uint32_t n, std::uint32_t of) const {
    for (const auto& s : hubs.at(n)->engine().snapshot().neighbors) {
      if (s.id == server_id(of)) return s;
    }
    return {};
  }
  [[nodiscard]] bool aligned(std::uint32_t a, std::uint32_t b) const {
    return neighbor(a, b).alignment == sync::AlignmentState::Aligned &&
           neighbor(b, a).alignment == sync::AlignmentState::Aligned;
  }
  [[nodiscard]] std::string entry(std::uint32_t at, std::uint32_t of, std::uint32_t key) const {
    const auto r = hubs.at(at)->engine().record({server_id(of), key});
    if (!r) return "none";
    return {reinterpret_cast<const char*>(r->body.data()), r->body.size()};
  }

  asio::io_context io;
  std::map<std::uint32_t, std::unique_ptr<Hub>> hubs;
  std::map<std::uint32_t, std::vector<sync::Output>> events;
  std::map<std::uint32_t, std::string> notes;
};

inline wire::Bytes octets(const std::string& text) { return std::as_bytes(std::span(text)); }

}  // namespace forces::multicast::link::test
