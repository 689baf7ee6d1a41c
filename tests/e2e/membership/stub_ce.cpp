#include "tests/e2e/membership/stub_ce.hpp"

#include <mutex>

#include "proto/mars/element_address.hpp"
#include "proto/pl/association.hpp"
#include "proto/pl/vc.hpp"
#include "proto/wire/snap.hpp"
#include "tests/e2e/tml/harness.hpp"
#include "tests/support/sim/mars_stub.hpp"

namespace forces::test {

class StubCe::Impl {
 public:
  explicit Impl(std::uint32_t id)
      : id_(id), mars_(mars::encode_element({.id = pl::ForcesId{id}})), tml_(id) {
    tml_.control.message_handler = &Impl::on_messages;
    tml_.control.user = this;
    tml_.control.event_handler = [](void*, const tmlx_event*) {};
  }
  void start() { tml_.start(); }
  void end() {
    tmlx_context_destroy(tml_.context);
    tml_.context = nullptr;
  }
  void redirect(std::uint32_t to, bool hard) {
    const std::scoped_lock lock(mutex_);
    deliver(
        mars_.redirect_map(mars::kIpv4, {mars::encode_element({.id = pl::ForcesId{to}})}, hard));
  }

  std::uint32_t id_;
  mutable std::mutex mutex_;
  MarsStub mars_;
  std::uint32_t fe_ = 0;  // 0: not associated
  tml_descriptor channel_{};
  e2e::Ce tml_;  // the last: its threads end first

 private:
  static void on_messages(void* self, tml_descriptor from, const tmlx_message* all, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
      static_cast<Impl*>(self)->take(from,
                                     {static_cast<const std::byte*>(all[i].data), all[i].size});
    }
  }
  void take(tml_descriptor from, wire::Bytes octets) {
    const std::scoped_lock lock(mutex_);
    const auto header = pl::decode_header(octets);
    if (!header) return;
    channel_ = from;
    if (header->type == pl::MsgType::AssociationSetup) {
      fe_ = header->source.value;
      write(pl::encode_association_setup_response({id_}, header->source, header->correlator,
                                                  pl::AssociationResult::Success));
    }
    if (header->type != pl::MsgType::MarsVc) return;
    const auto vc = pl::decode_vc(octets);
    if (!vc) return;
    if (const auto snap = wire::decode_snap(vc->sdu)) deliver(mars_.on_message(snap->payload));
  }
  void deliver(const std::vector<MarsStub::Reply>& replies) {
    for (const auto& reply : replies) {
      const auto m = mars::decode_message(reply.octets);
      const bool server =
          m->operation == mars::Operation::Mserv || m->operation == mars::Operation::Unserv;
      write(pl::encode_vc({id_}, {fe_},
                          !reply.control ? pl::VcKind::PointToPoint
                          : server       ? pl::VcKind::Server
                                         : pl::VcKind::Cluster,
                          sdu_of(reply.octets)));
    }
  }
  void write(const Result<pl::Octets>& octets) {
    ASSERT_TRUE(octets);
    (void)tmlWrite(channel_, octets->data(), octets->size(), 0, nullptr);
  }
};

StubCe::StubCe(std::uint32_t id) : impl_(std::make_unique<Impl>(id)) {}
StubCe::~StubCe() = default;
void StubCe::start() { impl_->start(); }
void StubCe::end() { impl_->end(); }
int StubCe::control_port() { return impl_->tml_.port(TML_CHANNEL_CONTROL); }
int StubCe::data_port() { return impl_->tml_.port(TML_CHANNEL_DATA); }
bool StubCe::associated() const {
  const std::scoped_lock lock(impl_->mutex_);
  return impl_->fe_ != 0;
}
std::size_t StubCe::registered() const {
  const std::scoped_lock lock(impl_->mutex_);
  return impl_->mars_.registered.size();
}
std::size_t StubCe::members(const mars::GroupRange& range) const {
  const std::scoped_lock lock(impl_->mutex_);
  return impl_->mars_.members(range);
}
std::size_t StubCe::heard(mars::Operation operation) const {
  const std::scoped_lock lock(impl_->mutex_);
  return impl_->mars_.count(operation);
}
void StubCe::redirect(std::uint32_t to, bool hard) { impl_->redirect(to, hard); }

}  // namespace forces::test
