#include "ce/routing/service.hpp"

#include <fmt/format.h>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

namespace forces::ce::routing {
namespace {
constexpr auto kBindAgain = std::chrono::seconds(1);
}

class Service::Impl {
 public:
  Impl(ServiceConfig config, ServiceHandlers handlers)
      : config_(std::move(config)),
        handlers_(std::move(handlers)),
        rib_(config_.rib),
        fib_(rib_),
        listener_(io_, rib_, {[this] { routes_changed(); }, handlers_.note, &mutex_}),
        again_(io_) {
    apply_links();
  }
  ~Impl() { stop(); }

  std::string start() {
    if (!config_.enabled) return {};
    std::string failure = listen();
    if (!failure.empty()) bind_later();
    thread_ = std::thread([this] {
      const auto work = asio::make_work_guard(io_);
      while (!io_.stopped()) {
        io_.run_one();
        // The handler has let go of the mutex.
        if (std::exchange(changed_, false) && handlers_.changed) handlers_.changed();
      }
    });
    return failure;
  }

  void stop() {
    if (!thread_.joinable()) return;
    io_.stop();
    thread_.join();
    listener_.stop();
  }

  // ---- any thread
  template <class F>
  auto locked(F&& f) const {
    const std::scoped_lock lock(mutex_);
    return f();
  }
  template <class F>
  void change(F&& f) {
    {
      const std::scoped_lock lock(mutex_);
      f();
      fib_.update();
    }
    if (handlers_.changed) handlers_.changed();
  }

  void set_port_up(FePort port, bool up) {
    change([&] {
      if (up ? down_.erase(port) != 0 : down_.insert(port).second) apply_links();
    });
  }
  void set_links(std::vector<InterFeLink> links) {
    change([&] {
      config_.links = std::move(links);
      apply_links();
    });
  }

  ServiceSnapshot snapshot() const {
    const std::scoped_lock lock(mutex_);
    return {config_.enabled, rib_.connected(),  rib_.complete(),     listener_.port(),
            rib_.size(),     fib_.unresolved(), fib_.next_hops(),    fib_.sets(),
            rib_.counters(), fib_.counters(),   listener_.counters()};
  }

  std::optional<RouteId> list(RouteId first, std::size_t most, std::vector<RouteLine>& out) const {
    const std::scoped_lock lock(mutex_);
    for (RouteId id = first; id < rib_.ids(); ++id) {
      const Rib::RouteView route = rib_.route(id);
      if (!route.live) continue;
      if (most-- == 0) return id;
      auto& line = out.emplace_back(id, route.prefix, route.protocol, std::vector<NextHop>{},
                                    fib_.selector(id));
      rib_.resolve(route.group, line.next_hops);
    }
    return std::nullopt;
  }

  FibBuilder& fib() { return fib_; }
  const FibBuilder& fib() const { return fib_; }
  const Rib& rib() const { return rib_; }

 private:
  std::string listen() {
    const std::scoped_lock lock(mutex_);  // snapshot() reads the port
    const auto error = listener_.start(config_.fpm);
    if (!error) return {};
    return fmt::format("{}:{}: {}", config_.fpm.address, config_.fpm.port, error.message());
  }
  void bind_later() {
    again_.expires_after(kBindAgain);
    again_.async_wait([this](std::error_code stopped) {
      if (stopped) return;
      if (!listen().empty()) return bind_later();
      if (handlers_.note) handlers_.note("now listening");
    });
  }
  void routes_changed() {  // under the mutex
    fib_.update();
    changed_ = true;
  }
  void apply_links() {
    auto links = config_.links;
    for (InterFeLink& link : links)
      link.up = !down_.contains(link.a.port) && !down_.contains(link.b.port);
    fib_.set_links(links);
  }

  ServiceConfig config_;
  ServiceHandlers handlers_;
  mutable std::mutex mutex_;
  Rib rib_;
  FibBuilder fib_;
  std::set<FePort> down_;
  asio::io_context io_;
  fpm::Listener listener_;
  asio::steady_timer again_;
  bool changed_ = false;  // of the thread
  std::thread thread_;
};

Service::Service(ServiceConfig config, ServiceHandlers handlers)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(handlers))) {}
Service::~Service() = default;

std::string Service::start() { return impl_->start(); }
void Service::stop() { impl_->stop(); }

void Service::set_interface(std::uint32_t ifindex, FePort port, std::uint32_t mtu) {
  impl_->change([&] { impl_->fib().on_interface(ifindex, port, mtu); });
}
void Service::remove_interface(std::uint32_t ifindex) {
  impl_->change([&] { impl_->fib().on_interface_gone(ifindex); });
}
void Service::set_port_up(FePort port, bool up) { impl_->set_port_up(port, up); }
void Service::set_links(std::vector<InterFeLink> links) { impl_->set_links(std::move(links)); }

void Service::on_fe(FeId fe) {
  impl_->locked([&] { impl_->fib().on_fe(fe); });
}
void Service::on_fe_gone(FeId fe) {
  impl_->locked([&] { impl_->fib().on_fe_gone(fe); });
}
std::optional<Delta> Service::poll(FeId fe) {
  return impl_->locked([&] { return impl_->fib().poll(fe); });
}
bool Service::complete() const {
  return impl_->locked([&] { return impl_->rib().complete(); });
}
std::vector<HopSelector> Service::hops_of(FeId fe, Selector selector) const {
  return impl_->locked([&] { return std::as_const(*impl_).fib().hops_of(fe, selector); });
}
std::size_t Service::leading_only_to(FeId fe, const FibBuilder::HasFailed& failed) const {
  return impl_->locked([&] { return std::as_const(*impl_).fib().leading_only_to(fe, failed); });
}

ServiceSnapshot Service::snapshot() const { return impl_->snapshot(); }
std::optional<RouteId> Service::list(RouteId first, std::size_t most,
                                     std::vector<RouteLine>& out) const {
  return impl_->list(first, most, out);
}

}  // namespace forces::ce::routing
