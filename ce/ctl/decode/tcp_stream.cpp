#include "ce/ctl/decode/tcp_stream.hpp"

namespace forces::decode {

void TcpStream::begin(std::uint32_t sequence) {
  *this = TcpStream{};
  begun_ = true;
  next_ = sequence;
}

void TcpStream::on_segment(std::uint32_t sequence, wire::Bytes payload) {
  if (payload.empty() || lost()) return;
  if (!begun_) begin(sequence);
  // The signed distance tells old from new across the wrap (RFC 9293 section 3.4).
  const auto distance = static_cast<std::int32_t>(sequence - next_);
  if (distance > 0) {
    const std::uint64_t at = received_ + static_cast<std::uint32_t>(distance);
    auto& held = waiting_[at];
    if (payload.size() > held.size()) {
      waiting_octets_ += payload.size() - held.size();
      held.assign(payload.begin(), payload.end());
    }
    return;
  }
  append(sequence, payload);
  while (!waiting_.empty() && waiting_.begin()->first <= received_) {
    const auto held = waiting_.extract(waiting_.begin());
    waiting_octets_ -= held.mapped().size();
    append(next_ - static_cast<std::uint32_t>(received_ - held.key()), held.mapped());
  }
}

void TcpStream::append(std::uint32_t sequence, wire::Bytes payload) {
  const std::size_t old = next_ - sequence;  // octets seen before
  if (old >= payload.size()) return;
  const wire::Bytes fresh = payload.subspan(old);
  buffer_.insert(buffer_.end(), fresh.begin(), fresh.end());
  next_ = next_ + static_cast<std::uint32_t>(fresh.size());
  received_ += fresh.size();
}

void TcpStream::consume(std::size_t octets) {
  consumed_ += octets;
  position_ += octets;
  if (consumed_ * 2 < buffer_.size()) return;
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(consumed_));
  consumed_ = 0;
}

}  // namespace forces::decode
