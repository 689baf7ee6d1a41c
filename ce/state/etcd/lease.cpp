#include "ce/state/etcd/lease.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

namespace forces::state::etcd {
namespace {

using Clock = std::chrono::steady_clock;

// The text at /a/b of an answer, or "".
std::string text_at(const nlohmann::json& answer, const char* pointer) {
  const nlohmann::json::json_pointer place(pointer);
  if (!answer.contains(place) || !answer.at(place).is_string()) return {};
  return answer.at(place).get<std::string>();
}

}  // namespace

class Lease::Impl {
 public:
  Impl(Client client, std::string id, std::chrono::seconds life, Clock::time_point granted,
       Hooks hooks)
      : client_(std::move(client)),
        id_(std::move(id)),
        life_(life),
        good_until_(granted + life),
        hooks_(std::move(hooks)),
        thread_([this] { run(); }) {}
  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_one();
    thread_.join();
    (void)client_.post("/v3/lease/revoke", nlohmann::json{{"ID", id_}}.dump());
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  const std::string& id() const { return id_; }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    auto pause = life_ / 3;
    for (;;) {
      if (changed_.wait_for(lock, pause, [this] { return ending_; })) return;
      lock.unlock();
      const auto asked = Clock::now();  // its life begins no earlier
      const auto answer = client_.post("/v3/lease/keepalive", nlohmann::json{{"ID", id_}}.dump());
      std::string ended;
      if (answer) {
        const auto ttl = text_at(nlohmann::json::parse(*answer, nullptr, false), "/result/TTL");
        if (ttl.empty() || ttl == "0") {
          ended = "etcd has ended the lease";
        } else {
          good_until_ = asked + life_;
          if (hooks_.good_until) hooks_.good_until(Instant(good_until_.time_since_epoch()));
        }
      } else if (Clock::now() > good_until_) {
        ended = answer.error().text;
      }
      if (!ended.empty()) {
        if (hooks_.lost) hooks_.lost({Reason::NotMaster, "mastership is lost: " + ended});
        return;
      }
      pause = answer ? life_ / 3 : life_ / 10;
      lock.lock();
    }
  }

  Client client_;  // the thread's, until it has ended
  const std::string id_;
  const std::chrono::milliseconds life_;
  Clock::time_point good_until_;
  const Hooks hooks_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  std::thread thread_;
};

Lease::Lease(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Lease::~Lease() = default;
const std::string& Lease::id() const { return impl_->id(); }

std::expected<std::unique_ptr<Lease>, Failure> Lease::grant(const ClientOptions& options,
                                                            std::chrono::seconds life,
                                                            Hooks hooks) {
  Client client(options);
  const auto asked = Clock::now();
  const auto answer = client.post("/v3/lease/grant", nlohmann::json{{"TTL", life.count()}}.dump());
  if (!answer) return std::unexpected(answer.error());
  std::string id = text_at(nlohmann::json::parse(*answer, nullptr, false), "/ID");
  if (id.empty()) return std::unexpected(Failure{Reason::Refused, "etcd: no lease: " + *answer});
  if (hooks.good_until) hooks.good_until(Instant((asked + life).time_since_epoch()));
  return std::unique_ptr<Lease>(new Lease(
      std::make_unique<Impl>(std::move(client), std::move(id), life, asked, std::move(hooks))));
}

}  // namespace forces::state::etcd
