#include "common/runtime/http_server.hpp"

#include <fmt/format.h>
#include <httplib.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace forces::runtime {
namespace {

constexpr std::size_t kMaxWaiting = 32;      // connections accepted and not yet served
constexpr std::size_t kMaxRead = 1'048'576;  // of a body: beyond kMaxHttpBody it is thrown away
constexpr std::size_t kMaxPath = 1'024;      // of a change: httplib's routing recurses over it
constexpr time_t kTimeoutSeconds = 5;        // of each read, and of a whole body
constexpr int kBacklog = 128;

// httplib's own pool queues without limit. This one makes the accepting thread wait, so that what
// is too much stays in the kernel's listen backlog.
class BoundedPool : public httplib::TaskQueue {
 public:
  explicit BoundedPool(unsigned threads) {
    for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  }

  void enqueue(std::function<void()> task) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return tasks_.size() < kMaxWaiting || ending_; });
    tasks_.push_back(std::move(task));
    changed_.notify_all();
  }

  void shutdown() override {
    {
      const std::scoped_lock lock(mutex_);
      ending_ = true;
      changed_.notify_all();
    }
    for (auto& thread : threads_) thread.join();
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return !tasks_.empty() || ending_; });
      if (tasks_.empty()) return;
      const auto task = std::move(tasks_.front());
      tasks_.pop_front();
      changed_.notify_all();
      lock.unlock();
      task();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

// httplib listens with a backlog of 5: a few clients at once would wait for TCP to try again.
class DeepBacklog {
 public:
  virtual ~DeepBacklog() = default;
  virtual void listen_again() = 0;
};
template <class Base>
class Listening final : public Base, public DeepBacklog {
 public:
  using Base::Base;
  void listen_again() override { (void)::listen(this->svr_sock_, kBacklog); }
};

std::string openssl_error() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unusable" : reason;
}

using TlsContext = std::shared_ptr<SSL_CTX>;

// Certificate, key and client CA, read from their files.
std::expected<TlsContext, std::string> load_tls(const HttpSettings& settings) {
  TlsContext context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  ERR_clear_error();
  const auto bad = [](const std::string& file) {
    return std::unexpected(fmt::format("{}: {}", file, openssl_error()));
  };
  if (SSL_CTX_use_certificate_chain_file(context.get(), settings.cert.c_str()) != 1) {
    return bad(settings.cert);
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), settings.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1) {
    return bad(settings.key);
  }
  if (!settings.client_ca.empty() &&
      SSL_CTX_load_verify_file(context.get(), settings.client_ca.c_str()) != 1) {
    return bad(settings.client_ca);
  }
  return context;
}

// What new connections are served with. httplib keeps one SSL_CTX for its life, and changing that
// under running handshakes is a race; so each handshake is handed the current one instead.
class CurrentTls {
 public:
  void set(TlsContext context) {
    const std::scoped_lock lock(mutex_);
    current_ = std::move(context);
  }
  static int on_certificate(SSL* ssl, void* self) {
    auto& me = *static_cast<CurrentTls*>(self);
    const std::scoped_lock lock(me.mutex_);
    return SSL_set_SSL_CTX(ssl, me.current_.get()) != nullptr ? 1 : 0;  // takes a reference
  }

 private:
  std::mutex mutex_;
  TlsContext current_;
};

// The route of this path; nothing when there is none.
const HttpServer::Handler* route_of(const HttpServer::Routes& routes, std::string_view path) {
  if (const auto exact = routes.find(path); exact != routes.end()) return &exact->second;
  for (const auto& [root, handler] : routes) {
    if (root.ends_with('/') && path.starts_with(root)) return &handler;
  }
  return nullptr;
}

HttpRequest asked_of(const httplib::Request& request) {
  HttpRequest asked;
  asked.path = request.path;
  asked.method = request.method;
  for (const auto& [key, value] : request.params) asked.query.try_emplace(key, value);
  return asked;
}

HttpReply answer(const HttpServer::Routes& routes, const httplib::Request& request) {
  const auto* handler = route_of(routes, request.path);
  if (handler == nullptr) {
    std::string known;
    for (const auto& [path, ignored] : routes) known += fmt::format("  {}\n", path);
    return {.status = 404, .body = fmt::format("there is no such page; there are\n{}", known)};
  }
  return (*handler)(asked_of(request));
}

void give(const HttpReply& reply, httplib::Response& response) {
  response.status = reply.status;
  response.set_header("Cache-Control", "no-store");
  if (!reply.location.empty()) response.set_header("Location", reply.location);
  if (!reply.allow.empty()) response.set_header("Allow", reply.allow);
  response.set_content(reply.body, reply.type);
}

bool reads(const httplib::Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

std::string client_of(const httplib::Request& request) {
  const std::shared_ptr<X509> certificate(
      request.ssl == nullptr ? nullptr : SSL_get1_peer_certificate(request.ssl), &X509_free);
  if (!certificate) return request.remote_addr;
  const std::shared_ptr<char> text(
      X509_NAME_oneline(X509_get_subject_name(certificate.get()), nullptr, 0),
      [](char* octets) { OPENSSL_free(octets); });
  return text ? std::string(text.get()) : request.remote_addr;
}

// A body is read only as JSON: httplib has parsers of its own for what forms send.
bool is_json(const std::string& type) {
  const auto essence = type.substr(0, type.find_first_of("; \t"));
  return std::ranges::equal(essence, std::string_view("application/json"), [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == b;
  });
}

HttpBody read_body(const httplib::Request& request, const httplib::ContentReader& reader,
                   std::string& body) {
  const bool chunked = request.has_header("Transfer-Encoding");
  const auto length = request.get_header_value<std::uint64_t>("Content-Length");
  // httplib would read until the client closes.
  if (!chunked && length == 0) return HttpBody::Whole;
  if (!is_json(request.get_header_value("Content-Type"))) return HttpBody::Unread;
  if (length > kMaxRead) return HttpBody::TooLarge;
  std::size_t all = 0;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(kTimeoutSeconds);
  const bool whole = reader([&](const char* octets, std::size_t count) {
    all += count;
    if (all <= kMaxHttpBody) body.append(octets, count);
    return all <= kMaxRead && std::chrono::steady_clock::now() < until;
  });
  if (all > kMaxHttpBody) return HttpBody::TooLarge;
  return whole ? HttpBody::Whole : HttpBody::Broken;
}

HttpReply change(const HttpServer::Routes& routes, const httplib::Request& request,
                 const httplib::ContentReader& reader) {
  HttpRequest asked = asked_of(request);
  asked.is = read_body(request, reader, asked.body);
  asked.type = request.get_header_value("Content-Type");
  asked.origin = request.get_header_value("Origin");
  asked.client = client_of(request);
  return (*route_of(routes, request.path))(asked);
}

// Before httplib's own routing, which holds every path against regular expressions. Nothing: it is
// a change, and its body is to be read first.
std::optional<HttpReply> first_answer(const HttpServer::Routes& routes,
                                      const HttpServer::Routes& changes,
                                      const httplib::Request& request) {
  if (reads(request)) return answer(routes, request);
  const bool known =
      request.method == "POST" || request.method == "PATCH" || request.method == "DELETE";
  if (route_of(changes, request.path) == nullptr) {
    return HttpReply{.status = 405, .body = "read-only: GET and HEAD\n", .allow = "GET, HEAD"};
  }
  if (!known) {
    constexpr auto kAll = "GET, HEAD, POST, PATCH, DELETE";
    return HttpReply{.status = 405, .body = fmt::format("there are {}\n", kAll), .allow = kAll};
  }
  if (request.path.size() <= kMaxPath) return std::nullopt;
  return HttpReply{.status = 414, .body = "the path is too long\n"};
}

}  // namespace

struct HttpServer::State {
  HttpSettings settings;
  CurrentTls tls;
  std::unique_ptr<httplib::Server> server;
  DeepBacklog* backlog = nullptr;  // the server's other face
  Routes routes, changes;
  int port = 0;
  std::thread thread;
};

std::expected<std::unique_ptr<HttpServer>, std::string> HttpServer::create(
    const HttpSettings& settings, Routes routes, Routes changes) {
  auto state = std::make_unique<State>();
  state->routes = std::move(routes);
  state->changes = std::move(changes);
  state->settings = settings;
  if (settings.cert.empty()) {
    auto plain = std::make_unique<Listening<httplib::Server>>();
    state->backlog = plain.get();
    state->server = std::move(plain);
  } else {
    auto context = load_tls(settings);
    if (!context) return std::unexpected(context.error());
    state->tls.set(std::move(*context));
    auto tls = std::make_unique<Listening<httplib::SSLServer>>([&](SSL_CTX& own) {
      SSL_CTX_set_min_proto_version(&own, TLS1_2_VERSION);
      SSL_CTX_set_cert_cb(&own, &CurrentTls::on_certificate, &state->tls);
      if (!settings.client_ca.empty()) {
        SSL_CTX_set_verify(&own, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
      }
      return true;
    });
    state->backlog = tls.get();
    state->server = std::move(tls);
  }
  auto& server = *state->server;

  const auto threads = std::max(settings.threads, 1U);
  server.new_task_queue = [threads] { return new BoundedPool(threads); };  // httplib deletes it
  server.set_read_timeout(kTimeoutSeconds, 0);
  server.set_write_timeout(kTimeoutSeconds, 0);
  // A connection that is kept open holds a thread: two idle scrapers would be the whole server.
  server.set_keep_alive_max_count(1);
  server.set_payload_max_length(kMaxRead);
  server.set_tcp_nodelay(true);
  // In place of httplib's SO_REUSEPORT, with which two daemons could share a port unnoticed.
  server.set_socket_options([](socket_t socket) {
    const int on = 1;
    (void)setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  });
  server.set_pre_routing_handler(
      [&state = *state](const httplib::Request& request, httplib::Response& response) {
        const auto reply = first_answer(state.routes, state.changes, request);
        if (!reply) return httplib::Server::HandlerResponse::Unhandled;
        give(*reply, response);
        return httplib::Server::HandlerResponse::Handled;
      });
  const auto on_change = [&state = *state](const httplib::Request& request,
                                           httplib::Response& response,
                                           const httplib::ContentReader& reader) {
    give(change(state.changes, request, reader), response);
  };
  constexpr auto kAnyPath = R"([\s\S]*)";
  server.Post(kAnyPath, on_change);
  server.Patch(kAnyPath, on_change);
  server.Delete(kAnyPath, on_change);

  state->port = settings.port;
  const bool bound = settings.port == 0
                         ? (state->port = server.bind_to_any_port(settings.address)) > 0
                         : server.bind_to_port(settings.address, settings.port);
  if (!bound) {
    return std::unexpected(fmt::format("cannot listen at {}:{}", settings.address, settings.port));
  }
  state->backlog->listen_again();
  state->thread = std::thread([&server] { server.listen_after_bind(); });
  while (!server.is_running()) std::this_thread::yield();  // else a stop() now would be lost
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

HttpServer::~HttpServer() {
  state_->server->stop();
  state_->thread.join();
}

std::expected<void, std::string> HttpServer::reload_tls() {
  if (state_->settings.cert.empty()) return {};
  auto context = load_tls(state_->settings);
  if (!context) return std::unexpected(context.error());
  state_->tls.set(std::move(*context));
  return {};
}

std::uint16_t HttpServer::port() const { return static_cast<std::uint16_t>(state_->port); }

}  // namespace forces::runtime
