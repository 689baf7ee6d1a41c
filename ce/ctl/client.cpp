#include "ce/ctl/client.hpp"

#include <fmt/format.h>

#include <array>
#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>
#include <chrono>
#include <filesystem>
#include <optional>
#include <thread>

#include "common/runtime/local_server.hpp"

namespace forces::ctl {
namespace {

constexpr auto kAskAgain = std::chrono::milliseconds(10);

using Protocol = asio::local::stream_protocol;

std::string unreachable(const std::string& socket, const asio::error_code& error) {
  const auto program = std::filesystem::path(socket).stem().string();
  auto text = fmt::format("cannot reach {} at {}: {}", program, socket, error.message());
  if (error == asio::error::access_denied) {
    return text +
           "\nThe socket is for its owner and group: try as root, or as a member of the group.";
  }
  return text + fmt::format(
                    "\nIs it running? Try `systemctl status {}`, or name its socket with --socket "
                    "PATH or FORCES_SOCKET\n([control] socket in its configuration).",
                    program);
}

// One exchange; each step starts the next, and the first failure ends it.
class Exchange {
 public:
  Exchange(const std::string& request)
      : socket_(io_), header_(runtime::encode_frame_header(request.size())), body_(request) {}

  std::expected<std::string, ClientError> run(const std::string& path, Duration timeout) {
    asio::error_code error;
    socket_.connect(Protocol::endpoint(path), error);
    if (error) return std::unexpected(unreachable(path, error));
    const std::array<asio::const_buffer, 2> out{asio::buffer(header_), asio::buffer(body_)};
    asio::async_write(socket_, out, [this](const asio::error_code& failed, std::size_t) {
      if (!done(failed)) read_header();
    });
    io_.run_for(timeout);
    if (!finished_) return std::unexpected(fmt::format("{}: no answer in time", path));
    if (failed_) {
      return std::unexpected(fmt::format("{}: the connection ended: {}", path, failed_->message()));
    }
    return body_;
  }

 private:
  bool done(const asio::error_code& error) {
    if (!error) return false;
    failed_ = error;
    finished_ = true;
    return true;
  }

  void read_header() {
    asio::async_read(socket_, asio::buffer(header_),
                     [this](const asio::error_code& error, std::size_t) {
                       if (!done(error)) read_body();
                     });
  }

  void read_body() {
    const auto size = runtime::decode_frame_header(header_);
    if (size > runtime::kMaxLocalFrame) {
      done(asio::error::message_size);
      return;
    }
    body_.resize(size);
    asio::async_read(socket_, asio::buffer(body_),
                     [this](const asio::error_code& error, std::size_t) {
                       if (!done(error)) finished_ = true;
                     });
  }

  asio::io_context io_;
  Protocol::socket socket_;
  std::array<std::uint8_t, runtime::kLocalFrameHeader> header_;
  std::string body_;
  std::optional<asio::error_code> failed_;
  bool finished_ = false;
};

// Where the next page begins; empty: there is none, or the answer is no list.
std::string next_of(const control::Response& response) {
  const auto number = [](std::uint64_t next) { return next == 0 ? "" : std::to_string(next); };
  switch (response.result_case()) {
    case control::Response::kElements:
      return number(response.elements().next());
    case control::Response::kChannels:
      return number(response.channels().next());
    case control::Response::kStats:
      return number(response.stats().next());
    case control::Response::kRoutes:
      return number(response.routes().next());
    case control::Response::kLfb:
      return number(response.lfb().next());
    case control::Response::kFabric:
      return number(response.fabric().next());
    case control::Response::kMemberships:
      return number(response.memberships().next());
    case control::Response::kCalls:
      return number(response.calls().next());
    case control::Response::kLsps:
      return number(response.lsps().next());
    case control::Response::kTeLinks:
      return number(response.te_links().next());
    case control::Response::kConnections:
      return response.connections().next();
    case control::Response::kGroups:
      return response.groups().next();
    case control::Response::kMarsClients:
      return number(response.mars_clients().next());
    default:
      return {};
  }
}

void set_after(control::Request& request, const std::string& text) {
  if (request.has_connection_list()) return request.mutable_connection_list()->set_after(text);
  if (request.has_group_list()) return request.mutable_group_list()->set_after(text);
  const std::uint64_t after = std::stoull(text);
  switch (request.operation_case()) {
    case control::Request::kElementList:
      request.mutable_element_list()->set_after(after);
      break;
    case control::Request::kChannelList:
      request.mutable_channel_list()->set_after(after);
      break;
    case control::Request::kStats:
      request.mutable_stats()->set_after(after);
      break;
    case control::Request::kRouteList:
      request.mutable_route_list()->set_after(after);
      break;
    case control::Request::kFabricShow:
      request.mutable_fabric_show()->set_after(after);
      break;
    case control::Request::kMembershipList:
      request.mutable_membership_list()->set_after(after);
      break;
    case control::Request::kLfbGet:
      request.mutable_lfb_get()->set_from(static_cast<std::uint32_t>(after));
      break;
    case control::Request::kMarsClientList:
      request.mutable_mars_client_list()->set_after(after);
      break;
    case control::Request::kCallList:
      request.mutable_call_list()->set_after(after);
      break;
    case control::Request::kLspList:
      request.mutable_lsp_list()->set_after(after);
      break;
    case control::Request::kTeLinkList:
      request.mutable_te_link_list()->set_after(after);
      break;
    default:
      break;
  }
}

// A daemon that went round in pages would be asked for ever.
bool goes_on(const std::string& last, const std::string& next, const control::Request& request) {
  if (request.has_connection_list()) return next > last;
  if (request.has_group_list()) return !next.empty() && next != last;  // not in order of text
  return !next.empty() && std::stoull(next) > std::stoull(last);
}

// How many rows of a table are still wanted is told with each page. False: none.
bool set_count(control::Request& request, std::uint32_t wanted, const control::Response& all) {
  if (wanted == 0 || !all.has_lfb()) return true;
  const auto have = static_cast<std::uint32_t>(all.lfb().rows_size());
  if (have >= wanted) return false;
  request.mutable_lfb_get()->set_count(wanted - have);
  return true;
}

// And again, while the answer depends on others. At the end it may still be Pending.
std::expected<control::Response, ClientError> ask_until(const std::string& socket,
                                                        const control::Request& request,
                                                        Duration timeout, const Progress& progress,
                                                        Duration quiet) {
  auto answer = ask(socket, request, timeout);
  const auto began = std::chrono::steady_clock::now();
  std::string told;
  while (answer && answer->has_pending()) {
    const auto waited = std::chrono::steady_clock::now() - began;
    if (waited >= timeout) break;
    const std::string& text = answer->pending().progress();
    if (progress && waited >= quiet && text != told) progress(told = text);
    control::Request again;
    again.mutable_pending()->set_ticket(answer->pending().ticket());
    std::this_thread::sleep_for(kAskAgain);
    answer = ask(socket, again, timeout);
  }
  return answer;
}

}  // namespace

std::expected<control::Response, ClientError> ask(const std::string& socket,
                                                  const control::Request& request,
                                                  Duration timeout) {
  const auto answer = Exchange(request.SerializeAsString()).run(socket, timeout);
  if (!answer) return std::unexpected(answer.error());
  control::Response response;
  if (!response.ParseFromString(*answer)) {
    return std::unexpected(fmt::format("{}: the answer cannot be read", socket));
  }
  return response;
}

std::expected<control::Response, ClientError> ask_all(const std::string& socket,
                                                      control::Request request, Duration timeout,
                                                      const Progress& progress, Duration quiet) {
  const std::uint32_t wanted = request.has_lfb_get() ? request.lfb_get().count() : 0;
  auto all = ask_until(socket, request, timeout, progress, quiet);
  for (auto next = all ? next_of(*all) : ""; !next.empty() && set_count(request, wanted, *all);) {
    set_after(request, next);
    auto page = ask_until(socket, request, timeout, progress, quiet);
    if (!page) return page;
    if (page->has_lfb()) page->mutable_lfb()->clear_columns();  // the first page has them
    all->MergeFrom(*page);                                      // appends to the lists
    if (page->has_lfb()) all->mutable_lfb()->set_next(page->lfb().next());  // 0 merges nothing
    const auto following = next_of(*page);
    if (page->result_case() != all->result_case() || !goes_on(next, following, request)) break;
    next = following;
  }
  return all;
}

}  // namespace forces::ctl
