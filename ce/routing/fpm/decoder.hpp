// Netlink messages inside an FPM frame.
#pragma once

#include "ce/routing/fpm/host_reader.hpp"
#include "ce/routing/fpm/message.hpp"

namespace forces::ce::routing::fpm {

// Reads the messages of one frame in turn; zebra puts a withdrawal and its replacement into one.
//   FrameReader in(payload);
//   while (in.next(message)) ...
//   if (!in.ok()) ... in.error(): code, octet in the payload, field
// Unknown attributes are skipped, unknown messages and families are MessageKind::Other. An error is
// final for the frame, and since zebra does not send wrong ones, for the connection.
class FrameReader {
 public:
  explicit FrameReader(wire::Bytes payload) : in_(payload) {}

  [[nodiscard]] bool next(Message& message);
  [[nodiscard]] bool ok() const { return in_.ok(); }
  [[nodiscard]] const Error& error() const { return in_.error(); }

 private:
  HostReader in_;
};

}  // namespace forces::ce::routing::fpm
