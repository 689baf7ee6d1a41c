// A real etcd for a test: $FORCES_ETCD, or `etcd` on the PATH.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

namespace e2e {

// "": there is none.
inline std::string etcd_program() {
  if (const char* named = std::getenv("FORCES_ETCD")) return named;
  const std::string path = std::getenv("PATH") == nullptr ? "" : std::getenv("PATH");
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    const std::string program = path.substr(begin, end - begin) + "/etcd";
    if (access(program.c_str(), X_OK) == 0) return program;
    begin = end + 1;
  }
  return {};
}

// etcd cannot say which port it took: one that was free a moment ago.
inline std::string free_address(const char* scheme) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  (void)bind(socket, reinterpret_cast<sockaddr*>(&address), size);
  (void)getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  close(socket);
  return std::string(scheme) + "://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

// One server, clients and peers at these addresses.
inline std::vector<std::string> etcd_command(const std::string& program, const std::string& data,
                                             const std::string& address, const std::string& peer) {
  return {program,
          "--name=s1",
          "--data-dir=" + data,
          "--listen-client-urls=" + address,
          "--advertise-client-urls=" + address,
          "--listen-peer-urls=" + peer,
          "--initial-advertise-peer-urls=" + peer,
          "--initial-cluster=s1=" + peer};
}

}  // namespace e2e
