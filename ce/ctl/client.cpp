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

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// What is asked for, or answered, as a message of its own; null: nothing.
Message* content_of(Message& message) {
  const auto* kinds = message.GetDescriptor()->oneof_decl(0);
  const auto* field = message.GetReflection()->GetOneofFieldDescriptor(message, kinds);
  return field == nullptr ? nullptr : message.GetReflection()->MutableMessage(&message, field);
}

const FieldDescriptor* field_of(const Message* content, const char* name) {
  return content == nullptr ? nullptr : content->GetDescriptor()->FindFieldByName(name);
}

// Where the next page begins; empty: there is none, or the answer is no list.
std::string next_of(control::Response& response) {
  const Message* const list = content_of(response);
  const auto* next = field_of(list, "next");
  if (next == nullptr) return {};
  const auto& values = *list->GetReflection();
  if (next->cpp_type() == FieldDescriptor::CPPTYPE_STRING) return values.GetString(*list, next);
  const auto number = values.GetUInt64(*list, next);
  return number == 0 ? "" : std::to_string(number);
}

void set_after(control::Request& request, const std::string& text) {
  if (request.has_lfb_get()) {
    return request.mutable_lfb_get()->set_from(static_cast<std::uint32_t>(std::stoul(text)));
  }
  Message* const list = content_of(request);
  const auto* after = field_of(list, "after");
  if (after == nullptr) return;
  const auto& values = *list->GetReflection();
  if (after->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    values.SetString(list, after, text);
  } else {
    values.SetUInt64(list, after, std::stoull(text));
  }
}

// Behind what is there; what `next` says is of the page that came last.
void append(control::Response& all, const control::Response& page) {
  if (Message* const list = content_of(all)) {
    if (const auto* next = field_of(list, "next")) list->GetReflection()->ClearField(list, next);
  }
  all.MergeFrom(page);  // appends to the lists
}

// A daemon that went round in pages would be asked for ever.
bool goes_on(const std::string& last, const std::string& next, const control::Request& request) {
  if (request.has_connection_list()) return next > last;
  if (request.has_group_list()) return !next.empty() && next != last;  // not in order of text
  return !next.empty() && std::stoull(next) > std::stoull(last);
}

// At most so many are wanted, of lists that can be limited; 0: all.
std::uint32_t limit_of(control::Request& request) {
  if (request.has_lfb_get()) return request.lfb_get().count();
  const Message* const list = content_of(request);
  const auto* limit = field_of(list, "limit");
  return limit == nullptr ? 0 : list->GetReflection()->GetUInt32(*list, limit);
}

// What a list has: its first field; of a table its rows.
std::uint32_t count_of(control::Response& all) {
  if (all.has_lfb()) return static_cast<std::uint32_t>(all.lfb().rows_size());
  const Message* const list = content_of(all);
  const auto size = list->GetReflection()->FieldSize(*list, list->GetDescriptor()->field(0));
  return static_cast<std::uint32_t>(size);
}

// How many are still wanted is told with each page. False: none.
bool set_limit(control::Request& request, std::uint32_t wanted, control::Response& all) {
  if (wanted == 0) return true;
  const auto have = count_of(all);
  if (have >= wanted) return false;
  Message* const list = content_of(request);
  const auto* limit = field_of(list, request.has_lfb_get() ? "count" : "limit");
  list->GetReflection()->SetUInt32(list, limit, wanted - have);
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
  const std::uint32_t wanted = limit_of(request);
  auto all = ask_until(socket, request, timeout, progress, quiet);
  for (auto next = all ? next_of(*all) : ""; !next.empty() && set_limit(request, wanted, *all);) {
    set_after(request, next);
    auto page = ask_until(socket, request, timeout, progress, quiet);
    if (!page) return page;
    if (page->has_lfb()) page->mutable_lfb()->clear_columns();  // the first page has them
    const auto following = next_of(*page);
    const bool same = page->result_case() == all->result_case();
    append(*all, *page);
    if (!same || !goes_on(next, following, request)) break;
    next = following;
  }
  return all;
}

}  // namespace forces::ctl
