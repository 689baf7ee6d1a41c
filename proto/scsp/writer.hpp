// An SCSP packet written straight into its octets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/core/result.hpp"
#include "proto/scsp/packet.hpp"
#include "proto/wire/writer.hpp"

namespace forces::scsp {

using Octets = std::vector<std::byte>;

struct WriterOptions {
  std::size_t limit = kMaxPacket;      // octets of the packet, extensions included
  std::optional<std::uint32_t> spi{};  // with it an Authentication Extension is the first one
  std::size_t mac_size = kHmacMd5;
};

// Records, receivers and extensions are appended while they fit:
//   PacketWriter w({.type = MsgType::CsuReply, .server_group = 23, .sender = us, .receiver =
//   them}); for (const RecordView acked : request.records) if (!w.record(stand_alone(acked))) ...
//   auto octets = std::move(w).finish();
// What does not fit is not written and returns false: then another packet is begun. What cannot be
// said at all (an ID of 256 octets) is an error of finish().
class PacketWriter {
 public:
  explicit PacketWriter(const Head& head, const WriterOptions& options = {}, Octets recycled = {});

  // A CSAS, or with a body a CSA. Only a CSU Request may have bodies.
  [[nodiscard]] bool record(const Csas& summary, Bytes body = {});
  // Of a Hello: one more receiver behind that of the head.
  [[nodiscard]] bool receiver(Bytes id);
  // Behind the last record; End is written by finish(). Authentication is an option; as an
  // extension it is taken from whoever copies a packet.
  [[nodiscard]] bool extension(ExtensionType type, Bytes value);
  // An Extensions Part, be it with End alone; there must be room for that.
  void begin_extensions();
  // The O flag of a CA, which is known when the records are written.
  void set_more(bool more) { more_ = more; }

  [[nodiscard]] std::size_t count() const { return count_; }  // records or receivers
  [[nodiscard]] std::size_t size() const;  // of the packet if it were finished now

  // With an SPI the digest and the checksum are zeros: seal() puts them in. Without one the packet
  // is complete.
  [[nodiscard]] Result<Octets> finish() &&;

 private:
  [[nodiscard]] bool fits(std::size_t octets) const { return size() + octets <= limit_; }

  wire::ByteWriter w_;
  MsgType type_;
  std::size_t limit_;
  std::optional<std::uint32_t> spi_;
  std::size_t mac_size_;
  std::size_t common_at_ = 0;  // of the Mandatory Common Part
  std::size_t count_ = 0;
  std::size_t extensions_at_ = 0;  // 0: none so far
  unsigned flags_ = 0;
  bool more_ = false;
};

// The packet again, as a sender must write it: what receivers ignore becomes zero.
[[nodiscard]] Result<Octets> encode_packet(const Packet& packet);

// A stand-alone summary of an entry: what goes into CA, CSUS and CSU Reply.
[[nodiscard]] inline Csas stand_alone(const Csas& of) {
  return {.hop_count = 1,
          .null = of.null,
          .sequence = of.sequence,
          .key = of.key,
          .originator = of.originator};
}

}  // namespace forces::scsp
