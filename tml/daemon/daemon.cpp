#include "tml/daemon/daemon.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <thread>
#include <utility>

#include "common/runtime/http_server.hpp"
#include "common/runtime/local_server.hpp"
#include "common/runtime/process.hpp"
#include "common/runtime/service.hpp"
#include "tml/daemon/http/http_api.hpp"
#include "tml/daemon/http/http_face.hpp"
#include "tml/daemon/service.hpp"
#include "tml/daemon/tml_context.hpp"
#include "tml/daemon/tml_metrics.hpp"

namespace forces::daemon {
namespace {

using namespace std::chrono_literals;

constexpr auto kAnswerLimit = 2s;  // how long an HTTP thread waits for the event loop

observe::LogOptions log_options(const LogSettings& s) {
  return {.level = s.level,
          .format = s.format,
          .limit = {s.burst, s.interval},
          .sink = nullptr,
          .now = nullptr};
}

class Daemon {
 public:
  Daemon(Application& application, std::string config_file)
      : application_(application),
        settings_(application.settings()),
        started_with_(application.print()),
        plaintext_(settings_.tls.plaintext),
        config_file_(std::move(config_file)),
        log_(log_options(settings_.log)),
        logger_(log_.component("app")),
        notifier_(runtime::Notifier::from_environment()),
        watchdog_(io_) {}

  int run() {
    if (const int status = set_up(); status != EXIT_SUCCESS) return status;
    notifier_.ready();
    feed_watchdog();
    logger_.info("running", {{"program", application_.program()},
                             {"version", tmlx_version()},
                             {"id", element_text(application_.id())},
                             {"security", security_text(settings_.tls)}});
    io_.run();
    stopper_.join();
    logger_.info("stopped");
    return EXIT_SUCCESS;
  }

 private:
  // The order matters: what needs root comes before the privileges go, peers are met after it.
  int set_up() {
    application_.build(log_);
    const auto [handler, user] = application_.context_events();
    auto context =
        create_context(application_.id(), settings_, application_.admission(), handler, user);
    if (!context) {
      return fail(
          "cannot set up the TML",
          fmt::format("{}; [tls] in {} names the files, and deploy/tls/make-dev-certs makes "
                      "a set for trying things out",
                      context.error(), config_file_),
          kExitConfig);
    }
    context_ = std::move(*context);
    if (!settings_.tls.key_log.empty()) {
      logger_.warning("TLS keys are logged: who reads the file reads everything",
                      {{"file", settings_.tls.key_log}});
    }
    if (!application_.open_ports()) logger_.warning("some ports are not usable; going on");
    sources_.push_back(metrics_.add([this] { return collect_tml(context_.get()); }));
    sources_.push_back(metrics_.add([this] { return application_.metrics(); }));
    service_.emplace(ServiceParts{application_, log_, metrics_, context_.get(), config_file_,
                                  [this] { return reload_tls(); }});
    if (const auto opened = open_sockets(); !opened) {
      return fail("cannot serve the operator", opened.error(), kExitUnavailable);
    }
    signals_.emplace(io_, runtime::Signals::Handlers{[this] { reload(); }, [this] { terminate(); },
                                                     [] { std::_Exit(EXIT_FAILURE); }});
    if (const auto dropped = runtime::drop_privileges(settings_.process); !dropped) {
      return fail("cannot drop privileges", dropped.error(), kExitUnavailable);
    }
    if (const auto why = application_.open_state(); !why.empty()) {
      return fail("cannot open the state", why, kExitUnavailable);
    }
    if (geteuid() == 0) logger_.info("running as root; [process] user would change that");
    if (const auto status = application_.start(context_.get()); status != TML_SUCCESS) {
      const auto why = fmt::format("{}: {}", tmlx_strerror(status), tmlx_last_error());
      application_.stop();
      return fail("cannot start the TML", why, kExitUnavailable);
    }
    return EXIT_SUCCESS;
  }

  std::expected<void, std::string> open_sockets() {
    if (!settings_.process.pid_file.empty()) {
      auto file = runtime::PidFile::create(settings_.process.pid_file);
      if (!file) return std::unexpected(file.error());
      pid_file_.emplace(std::move(*file));
    }
    if (!settings_.control.socket.empty()) {
      auto opened = open_control_socket();
      if (!opened) return opened;
    }
    if (!settings_.http.server.enabled) return {};
    const auto answer = [this](const control::Request& request) {
      constexpr runtime::LocalCaller kNobody{static_cast<uid_t>(-1), 0};
      return ask([this, request, kNobody] { return service_->handle(request, kNobody); });
    };
    face_.emplace(std::string(application_.program()), answer, log_.component("http"));
    if (settings_.http.changes) {
      sources_.push_back(metrics_.add([this] { return face_->metrics(); }));
    }
    auto http = runtime::HttpServer::create(settings_.http.server, routes(), changes());
    if (!http) {
      return std::unexpected(
          fmt::format("{}; [http] in {} says where", http.error(), config_file_));
    }
    http_ = std::move(*http);
    service_->set_http_listener(settings_.http.server.address, http_->port());
    return {};
  }

  std::expected<void, std::string> open_control_socket() {
    runtime::LocalServerOptions options;
    options.path = settings_.control.socket;
    if (!settings_.control.group.empty()) {
      options.group = runtime::group_id(settings_.control.group);
      if (!options.group) {
        return std::unexpected(fmt::format("there is no group \"{}\"", settings_.control.group));
      }
    }
    const auto folder = std::filesystem::path(options.path).parent_path();
    std::error_code ignored;  // bind() says it better
    if (!folder.empty()) std::filesystem::create_directory(folder, ignored);
    auto server = runtime::LocalServer::create(
        io_, std::move(options),
        [this](std::string_view request, const runtime::LocalCaller& caller) {
          // A connection may outlive the server, whose end is the end of what answers come from.
          return control_ ? service_->handle_octets(request, caller) : std::string();
        });
    if (!server) return std::unexpected(server.error());
    control_ = std::move(*server);
    return {};
  }

  // Runs on the event loop, waited for on an HTTP thread; nothing when the loop does not answer.
  template <class F>
  auto ask(F f) -> std::optional<decltype(f())> {
    auto task = std::make_shared<std::packaged_task<decltype(f())()>>(std::move(f));
    auto answer = task->get_future();
    asio::post(io_, [task] { (*task)(); });
    if (answer.wait_for(kAnswerLimit) != std::future_status::ready) return std::nullopt;
    return answer.get();
  }

  runtime::HttpServer::Routes routes() {
    using runtime::HttpReply;
    using runtime::HttpRequest;
    const HttpReply busy{.status = 503, .body = "the event loop is busy\n"};
    return {{"/metrics",
             [this](const HttpRequest&) {
               return HttpReply{200, "text/plain; version=0.0.4", metrics_.text()};
             }},
            {"/healthz",
             [this, busy](const HttpRequest&) {
               const auto ending = ask([this] { return stopping(); });
               if (!ending) return busy;
               return *ending ? HttpReply{.status = 503, .body = "stopping\n"}
                              : HttpReply{.status = 200, .body = "ok\n"};
             }},
            {std::string(kApiRoot), [this](const HttpRequest& http) { return face_->read(http); }}};
  }
  // None unless the configuration says so: then POST, PATCH and DELETE are 405 everywhere.
  runtime::HttpServer::Routes changes() {
    if (!settings_.http.changes) return {};
    return {{std::string(kApiRoot),
             [this](const runtime::HttpRequest& http) { return face_->change(http); }}};
  }

  std::expected<void, std::string> reload_tls() {
    if (stopping()) return std::unexpected("it is stopping");
    if (!plaintext_) {
      if (const auto status = tmlx_tls_reload(context_.get()); status != TML_SUCCESS) {
        return std::unexpected(fmt::format("{}: {}", tmlx_strerror(status), tmlx_last_error()));
      }
    }
    if (auto done = application_.reload_tls(); !done) return done;
    return http_ ? http_->reload_tls() : std::expected<void, std::string>{};
  }

  void reload() {
    if (stopping()) return;  // peers are being left: nothing to take settings for
    notifier_.reloading();
    const auto before = application_.print();
    const auto old_log = settings_.log;
    const auto problems = application_.load(config_file_);
    for (const auto& problem : problems) {
      logger_.error("configuration not taken; the old one stays", {{"problem", problem.text()}});
    }
    if (problems.empty()) {
      name_changes(before, application_.print());
      if (settings_.log.level != old_log.level) log_.set_level("", settings_.log.level);
      log_.set_limit({settings_.log.burst, settings_.log.interval});
      application_.reconfigure();
    }
    if (const auto done = reload_tls(); !done) {
      logger_.error("TLS files not taken; the old ones stay", {{"problem", done.error()}});
    }
    logger_.info("reload ended", {{"configuration_taken", problems.empty()}});
    notifier_.ready();
  }

  // What takes effect, once; what waits for a restart, each time until it has come.
  void name_changes(const std::string& before, const std::string& after) const {
    for (const auto& table : changed_tables(before, after)) {
      if (application_.changes_live(table)) {
        logger_.info("configuration changed", {{"table", table}});
      }
    }
    for (const auto& table : changed_tables(started_with_, after)) {
      if (!application_.changes_live(table)) {
        logger_.warning("this change needs a restart", {{"table", table}});
      }
    }
  }

  void terminate() {
    logger_.info("stopping");
    notifier_.stopping();
    service_->set_stopping();
    // All that waits for somebody is done there; this thread still answers, feeds the watchdog, and
    // hears a second signal.
    stopper_ = std::thread([this] {
      application_.stop();
      http_.reset();
      std::promise<void> closed;
      asio::post(io_, [&] {
        control_.reset();
        closed.set_value();
      });
      closed.get_future().wait();
      sources_.clear();
      context_.reset();  // the controlled close of what is still open
      asio::post(io_, [this] { io_.stop(); });
    });
  }

  [[nodiscard]] bool stopping() const { return stopper_.joinable(); }

  void feed_watchdog() {
    const auto interval = notifier_.watchdog_interval();
    if (!interval) return;
    notifier_.watchdog();
    watchdog_.expires_after(*interval);
    watchdog_.async_wait([this](const asio::error_code& error) {
      if (!error) feed_watchdog();
    });
  }

  int fail(std::string_view what, const std::string& why, int status) {
    logger_.error(what, {{"problem", why}});
    return status;
  }

  Application& application_;
  const CommonSettings& settings_;  // of the file as it was read last
  const std::string started_with_;  // what is in effect where a change needs a restart
  const bool plaintext_;
  std::string config_file_;
  asio::io_context io_;
  observe::Log log_;
  observe::Logger logger_;
  observe::Metrics metrics_;
  runtime::Notifier notifier_;
  asio::steady_timer watchdog_;
  Context context_;
  std::vector<observe::Metrics::Handle> sources_;
  std::optional<Service> service_;
  std::optional<runtime::PidFile> pid_file_;
  std::unique_ptr<runtime::LocalServer> control_;
  std::optional<HttpFace> face_;
  std::unique_ptr<runtime::HttpServer> http_;
  std::optional<runtime::Signals> signals_;
  std::thread stopper_;
};

// Lines of a printed configuration by the table they stand in, tables of the same name together.
std::map<std::string, std::string> by_table(std::string_view printed) {
  std::map<std::string, std::string> all;
  std::string table;
  std::istringstream in{std::string(printed)};
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) continue;
    if (line.starts_with('[')) {
      table = line.substr(line.find_first_not_of('['));
      table.resize(table.find(']'));
    }
    all[table] += line + "\n";
  }
  return all;
}

}  // namespace

std::vector<std::string> changed_tables(std::string_view before, std::string_view after) {
  auto old_lines = by_table(before);
  auto new_lines = by_table(after);
  std::vector<std::string> changed;
  for (const auto& [table, lines] : new_lines) {
    if (old_lines[table] != lines) changed.push_back(table);
    old_lines.erase(table);
  }
  for (const auto& [table, lines] : old_lines) changed.push_back(table);
  return changed;
}

int run(Application& application, int argc, char** argv) {
  const std::string program(application.program());
  std::string config_file = fmt::format("/etc/forces/{}.toml", program);
  bool only_check = false;
  const bool is_ce = program == "ce";
  CLI::App cli{is_ce ? "ForCES control element: the control plane of forwarding elements (RFC 5810)"
                     : "ForCES forwarding element: ports under a control element (RFC 5810)",
               program};
  cli.add_option("-f,--config", config_file, "configuration file (TOML)")
      ->type_name("FILE")
      ->capture_default_str();
  cli.add_flag("-n,--check", only_check,
               "read the configuration, print what is in effect as TOML, and end");
  cli.set_version_flag("-V,--version", fmt::format("{} {}", program, tmlx_version()));
  cli.footer(fmt::format(
      "It runs in the foreground and logs to standard error. deploy/config/{0}.toml is the\n"
      "commented example of a configuration; deploy/tls/make-dev-certs makes certificates for\n"
      "trying things out; `forcesctl {1}status` asks the running {0}.\n"
      "\n"
      "Signals: HUP reads configuration and TLS files again, TERM or INT ends in good order, a\n"
      "second one at once. Exit status: 0; 1 ended by the second signal; 64 usage; 69 an address,\n"
      "a socket or a user is not to be had; 78 the configuration, or a file it names.",
      program, is_ce ? "" : "--socket /run/forces/fe.sock "));
  cli.failure_message([&](const CLI::App*, const CLI::Error& error) {
    return fmt::format("{0}: {1}\nusage: {0} [-f FILE] [-n]; `{0} --help` says more\n", program,
                       error.what());
  });
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return cli.exit(error) == 0 ? EXIT_SUCCESS : kExitUsage;
  }
  const auto problems = application.load(config_file);
  for (const auto& problem : problems) fmt::print(stderr, "{}\n", problem.text());
  if (!problems.empty()) {
    // A problem without a line: the file itself could not be read.
    if (problems.front().line == 0) {
      fmt::print(stderr,
                 "{0}: -f FILE names another; deploy/config/{0}.toml is an example to begin with\n",
                 program);
    }
    return kExitConfig;
  }
  if (only_check) {
    fmt::print("{}", application.print());
    return EXIT_SUCCESS;
  }
  return Daemon(application, config_file).run();
}

}  // namespace forces::daemon
