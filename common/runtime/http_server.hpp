// HTTP/1.1, with TLS if wanted: what scrapers, probes and dashboards ask by GET; and, where the
// owner has routes for it, what operators change by POST, PATCH and DELETE.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace forces::runtime {

struct HttpSettings {
  bool enabled = true;
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free one
  std::string cert, key;   // PEM; both or none. None: plain HTTP
  std::string client_ca;   // with it, only clients with a certificate of this CA are served
  unsigned threads = 2;
};

struct HttpReply {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
  std::string location{};  // not empty: where to look next (RFC 9110 section 10.2.2)
  std::string allow{};     // of 405: methods that there are (RFC 9110 section 15.5.6)
};

enum class HttpBody : std::uint8_t {
  Whole,     // what came; "" when none did
  Unread,    // it is no JSON
  TooLarge,  // more than kMaxHttpBody
  Broken,    // it ended too early, came too slowly, or in a coding that is not known
};
inline constexpr std::size_t kMaxHttpBody = 65'536;

struct HttpRequest {
  std::string path;  // decoded
  std::map<std::string, std::string, std::less<>> query;
  std::string method = "GET";
  // Of a change:
  HttpBody is = HttpBody::Whole;
  std::string body{};
  std::string type{};    // Content-Type
  std::string origin{};  // the page that a browser sends it for (RFC 6454 section 7)
  std::string client{};  // the subject of its certificate, else its address
};

class HttpServer {
 public:
  // Called on the server's threads, several at a time.
  using Handler = std::function<HttpReply(const HttpRequest&)>;
  // By path; one that ends in '/' is asked for everything below it that has no route of its own.
  using Routes = std::map<std::string, Handler, std::less<>>;

  // Binds, and serves from here on. An error names the address, or the file that is wrong.
  // `changes`: of POST, PATCH and DELETE. What is asked elsewhere by these gets 405.
  [[nodiscard]] static std::expected<std::unique_ptr<HttpServer>, std::string> create(
      const HttpSettings& settings, Routes routes, Routes changes = {});
  ~HttpServer();  // waits for requests being answered
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Reads certificate, key and client CA again. On failure the old ones stay.
  [[nodiscard]] std::expected<void, std::string> reload_tls();
  [[nodiscard]] std::uint16_t port() const;

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace forces::runtime
