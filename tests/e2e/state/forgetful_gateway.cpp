#include "tests/e2e/state/forgetful_gateway.hpp"

#include <httplib.h>

#include <mutex>
#include <thread>
#include <utility>

namespace e2e {

class ForgetfulGateway::Impl {
 public:
  explicit Impl(forces::state::etcd::ClientOptions to) : to_(std::move(to)) {
    server_.Post("/v3/.*", [this](const httplib::Request& request, httplib::Response& response) {
      const bool transaction = request.path == "/v3/kv/txn";
      forces::state::etcd::Client client(to_);
      const auto answer = client.post(request.path, request.body);
      const std::lock_guard lock(mutex_);
      if (transaction) transactions_.push_back(request.body);
      if (!answer || (transaction && lose_ > 0)) {
        if (transaction && lose_ > 0) --lose_;
        response.status = 504;
        return;
      }
      response.set_content(*answer, "application/json");
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~Impl() {
    server_.stop();
    thread_.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  int port() const { return port_; }
  void lose_answers(int count) {
    const std::lock_guard lock(mutex_);
    lose_ = count;
  }
  std::vector<std::string> transactions() const {
    const std::lock_guard lock(mutex_);
    return transactions_;
  }

 private:
  const forces::state::etcd::ClientOptions to_;
  httplib::Server server_;
  int port_ = 0;
  mutable std::mutex mutex_;
  int lose_ = 0;
  std::vector<std::string> transactions_;
  std::thread thread_;
};

ForgetfulGateway::ForgetfulGateway(forces::state::etcd::ClientOptions to)
    : impl_(std::make_unique<Impl>(std::move(to))) {}
ForgetfulGateway::~ForgetfulGateway() = default;
std::string ForgetfulGateway::address() const {
  return "http://127.0.0.1:" + std::to_string(impl_->port());
}
void ForgetfulGateway::lose_answers(int count) { impl_->lose_answers(count); }
std::vector<std::string> ForgetfulGateway::transactions() const { return impl_->transactions(); }

}  // namespace e2e
