#include "common/runtime/http_server.hpp"

#include <gtest/gtest.h>
#include <httplib.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace forces::runtime {
namespace {

HttpServer::Routes routes() {
  return {{"/metrics",
           [](const HttpRequest&) { return HttpReply{200, "text/plain; version=0.0.4", "a 1\n"}; }},
          {"/busy", [](const HttpRequest&) { return HttpReply{503, "text/plain", "busy\n"}; }},
          {"/below/", [](const HttpRequest& request) {
             const auto after = request.query.find("after");
             return HttpReply{200, "text/plain",
                              request.path + (after == request.query.end() ? "" : after->second)};
           }}};
}

TEST(HttpServer, ServesItsRoutesOnAFreePort) {
  const auto server = HttpServer::create({}, routes());
  ASSERT_TRUE(server) << server.error();
  ASSERT_NE((*server)->port(), 0);
  httplib::Client client("127.0.0.1", (*server)->port());
  const auto metrics = client.Get("/metrics");
  ASSERT_TRUE(metrics);
  EXPECT_EQ(metrics->status, 200);
  EXPECT_EQ(metrics->body, "a 1\n");
  EXPECT_EQ(metrics->get_header_value("Content-Type"), "text/plain; version=0.0.4");
  EXPECT_EQ(client.Get("/busy")->status, 503);
  const auto elsewhere = client.Get("/elsewhere");
  EXPECT_EQ(elsewhere->status, 404);
  EXPECT_NE(elsewhere->body.find("\n  /metrics\n"), std::string::npos) << elsewhere->body;
}

TEST(HttpServer, APathWithASlashAtItsEndServesWhatIsBelow) {
  const auto server = HttpServer::create({}, routes());
  ASSERT_TRUE(server) << server.error();
  httplib::Client client("127.0.0.1", (*server)->port());
  EXPECT_EQ(client.Get("/below/a/b?after=7")->body, "/below/a/b7");
  EXPECT_EQ(client.Get("/below/")->body, "/below/");
  EXPECT_EQ(client.Get("/below")->status, 404);
  const std::string deep(4'000, 'a');  // what a regular expression would recurse into
  EXPECT_EQ(client.Get("/below/" + deep)->body, "/below/" + deep);
}

TEST(HttpServer, IsReadOnlyAndSaysSo) {
  const auto server = HttpServer::create({}, routes());
  ASSERT_TRUE(server) << server.error();
  httplib::Client client("127.0.0.1", (*server)->port());
  for (const auto& reply : {client.Post("/metrics", "x", "text/plain"),
                            client.Put("/below/x", "x", "text/plain"), client.Delete("/busy")}) {
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 405);
    EXPECT_EQ(reply->get_header_value("Allow"), "GET, HEAD");
  }
  const auto head = client.Head("/metrics");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->body, "");
}

// Says what it was asked, to `is` too: who closes at once hears nothing.
HttpServer::Routes changes(std::atomic<HttpBody>* is = nullptr) {
  return {{"/below/", [is](const HttpRequest& r) {
             if (is != nullptr) *is = r.is;
             const auto query = r.query.find("a");
             return HttpReply{.status = 202,
                              .body = r.method + " " + r.path + " " +
                                      (query == r.query.end() ? "" : query->second) + " " +
                                      std::to_string(static_cast<int>(r.is)) + " " + r.type + " " +
                                      r.origin + " " + r.client + " " + r.body,
                              .location = "/below/7"};
           }}};
}

class HttpServerChanges : public testing::Test {
 protected:
  void SetUp() override {
    auto made = HttpServer::create({}, routes(), changes(&is_));
    ASSERT_TRUE(made) << made.error();
    server_ = std::move(*made);
    client_ = std::make_unique<httplib::Client>("127.0.0.1", server_->port());
  }
  // A request as these octets; what comes until the server closes.
  [[nodiscard]] std::string raw(const std::string& octets) const {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(server_->port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    EXPECT_EQ(::send(fd, octets.data(), octets.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(octets.size()));
    ::shutdown(fd, SHUT_WR);
    std::string all;
    char buffer[4096];
    for (ssize_t got = 0; (got = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) {
      all.append(buffer, static_cast<std::size_t>(got));
    }
    ::close(fd);
    return all;
  }
  std::atomic<HttpBody> is_{};
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<httplib::Client> client_;
};

TEST_F(HttpServerChanges, MethodPathQueryAndBodyReachTheirRoute) {
  const std::string tail = " 0 application/json  127.0.0.1 {}";
  const auto post = client_->Post("/below/b%20c?a=1", "{}", "application/json");
  ASSERT_TRUE(post);
  EXPECT_EQ(post->status, 202);
  EXPECT_EQ(post->body, "POST /below/b c 1" + tail);
  EXPECT_EQ(post->get_header_value("Location"), "/below/7");
  EXPECT_EQ(client_->Patch("/below/x", "{}", "application/json")->body, "PATCH /below/x " + tail);
  EXPECT_EQ(client_->Delete("/below/x%0ay")->body, "DELETE /below/x\ny  0   127.0.0.1 ");
  EXPECT_EQ(client_->Get("/below/x")->status, 200);  // reads have routes of their own
}

TEST_F(HttpServerChanges, ThereAreNoneElsewhereAndByNoOtherMethod) {
  EXPECT_EQ(client_->Post("/metrics", "{}", "application/json")->status, 405);
  const auto put = client_->Put("/below/x", "{}", "application/json");
  EXPECT_EQ(put->status, 405);
  EXPECT_EQ(put->get_header_value("Allow"), "GET, HEAD, POST, PATCH, DELETE");
  EXPECT_EQ(client_->Options("/below/x")->status, 405);
  EXPECT_EQ(client_->Delete("/below/" + std::string(3'000, 'a'))->status, 414);
}

TEST_F(HttpServerChanges, TheOriginOfAPageIsTold) {
  const auto reply = client_->Delete("/below/x", {{"Origin", "http://example.org"}});
  EXPECT_EQ(reply->body, "DELETE /below/x  0  http://example.org 127.0.0.1 ");
}

TEST_F(HttpServerChanges, ABodyIsReadOnlyAsJsonAndUpToALimit) {
  const auto post = [&](const std::string& body, const char* type) {
    const auto reply = client_->Post("/below/x", body, type);
    return reply ? reply->body : "";
  };
  EXPECT_EQ(post("a=1", "application/x-www-form-urlencoded"),
            "POST /below/x  1 application/x-www-form-urlencoded  127.0.0.1 ");
  EXPECT_EQ(post("--b\r\n", "multipart/form-data; boundary=b"),
            "POST /below/x  1 multipart/form-data; boundary=b  127.0.0.1 ");
  const std::string fits(kMaxHttpBody, ' ');
  EXPECT_EQ(post(fits, "Application/JSON; charset=utf-8"),
            "POST /below/x  0 Application/JSON; charset=utf-8  127.0.0.1 " + fits);
  EXPECT_EQ(post(fits + " ", "application/json").substr(0, 17), "POST /below/x  2 ");
  EXPECT_EQ(post(std::string(900'000, ' '), "application/json").substr(0, 17), "POST /below/x  2 ");
}

TEST_F(HttpServerChanges, BodiesThatDoNotComeWholeAreTold) {
  const std::string head =
      "POST /below/x HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
  const auto told = [&](const std::string& rest) {
    is_ = HttpBody::Unread;
    (void)raw(head + rest);
    return is_.load();
  };
  EXPECT_EQ(told("Content-Length: 2\r\n\r\n{}"), HttpBody::Whole);
  EXPECT_EQ(told("Content-Length: 5\r\n\r\n{}"), HttpBody::Broken);
  EXPECT_EQ(told("Content-Length: 99999999999999\r\n\r\n{}"), HttpBody::TooLarge);
  EXPECT_EQ(told("Content-Length: x\r\n\r\n{}"), HttpBody::Whole);  // of no octets
  EXPECT_EQ(told("Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"), HttpBody::Whole);
  EXPECT_EQ(told("Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"), HttpBody::Broken);
  EXPECT_EQ(told("Transfer-Encoding: chunked\r\n\r\n11170\r\n" + std::string(70'000, ' ') +
                 "\r\n0\r\n\r\n"),
            HttpBody::TooLarge);
  EXPECT_EQ(told("Content-Length: 2\r\nContent-Encoding: gzip\r\n\r\n{}"), HttpBody::Broken);
  EXPECT_EQ(told("\r\n"), HttpBody::Whole);  // neither length nor chunks: no body
}

TEST(HttpServer, ManyClientsAtOnceAreAllServed) {
  const auto server = HttpServer::create({}, routes());
  ASSERT_TRUE(server);
  std::atomic<int> served = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 50; ++i) {  // more than threads and queue hold
    clients.emplace_back([&] {
      httplib::Client client("127.0.0.1", (*server)->port());
      const auto reply = client.Get("/metrics");
      if (reply && reply->status == 200) ++served;
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(served, 50);
}

TEST(HttpServer, APortInUseIsAnError) {
  const auto first = HttpServer::create({}, routes());
  ASSERT_TRUE(first);
  HttpSettings settings;
  settings.port = (*first)->port();
  const auto second = HttpServer::create(settings, routes());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), "cannot listen at 127.0.0.1:" + std::to_string((*first)->port()));
}

struct PemFiles {
  std::string cert, key;
};

// A self-signed P-256 certificate, good for a day.
PemFiles make_certificate(const std::string& name) {
  const auto base = testing::TempDir() + "forces_" + std::to_string(getpid()) + "_" + name;
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> cert(X509_new(), X509_free);
  X509_set_version(cert.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), 86'400);
  X509_set_pubkey(cert.get(), key.get());
  auto* subject = X509_get_subject_name(cert.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(cert.get(), subject);
  X509_sign(cert.get(), key.get(), EVP_sha256());
  PemFiles files{base + ".crt", base + ".key"};
  FILE* out = std::fopen(files.cert.c_str(), "w");
  PEM_write_X509(out, cert.get());
  std::fclose(out);
  out = std::fopen(files.key.c_str(), "w");
  PEM_write_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(out);
  return files;
}

HttpSettings https(const PemFiles& files) {
  HttpSettings settings;
  settings.cert = files.cert;
  settings.key = files.key;
  return settings;
}

// The subject of the certificate that the server shows, "" when there is no TLS with it.
std::string shown_name(std::uint16_t port) {
  httplib::SSLClient client("127.0.0.1", port);
  client.enable_server_certificate_verification(false);
  std::string name(100, '\0');
  bool got = false;
  SSL_CTX_set_cert_verify_callback(
      client.ssl_context(),
      [](X509_STORE_CTX* store, void* arg) {
        X509_NAME_get_text_by_NID(X509_get_subject_name(X509_STORE_CTX_get0_cert(store)),
                                  NID_commonName, static_cast<char*>(arg), 100);
        return 1;
      },
      name.data());
  SSL_CTX_set_verify(client.ssl_context(), SSL_VERIFY_PEER, nullptr);
  got = static_cast<bool>(client.Get("/metrics"));
  return got ? std::string(name.c_str()) : "";
}

TEST(HttpServerTls, ServesOverTlsAndNotWithoutIt) {
  const auto server = HttpServer::create(https(make_certificate("server")), routes());
  ASSERT_TRUE(server) << server.error();
  EXPECT_EQ(shown_name((*server)->port()), "server");
  httplib::Client plain("127.0.0.1", (*server)->port());
  EXPECT_FALSE(plain.Get("/metrics"));
}

TEST(HttpServerTls, WithAClientCaOnlyItsClientsAreServed) {
  const auto client_files = make_certificate("client");
  const auto other_files = make_certificate("other");
  auto settings = https(make_certificate("server"));
  settings.client_ca = client_files.cert;
  const auto server = HttpServer::create(settings, routes());
  ASSERT_TRUE(server) << server.error();
  const auto served = [&](const PemFiles& files) {
    httplib::SSLClient client("127.0.0.1", (*server)->port(), files.cert, files.key);
    client.enable_server_certificate_verification(false);
    const auto reply = client.Get("/metrics");
    return reply && reply->status == 200;
  };
  EXPECT_TRUE(served(client_files));
  EXPECT_FALSE(served(other_files));
  EXPECT_EQ(shown_name((*server)->port()), "");  // no certificate at all
}

TEST(HttpServerTls, WhoChangesIsKnownByItsCertificate) {
  const auto files = make_certificate("operator");
  auto settings = https(make_certificate("server"));
  settings.client_ca = files.cert;
  const auto server = HttpServer::create(settings, routes(), changes());
  ASSERT_TRUE(server) << server.error();
  httplib::SSLClient client("127.0.0.1", (*server)->port(), files.cert, files.key);
  client.enable_server_certificate_verification(false);
  const auto reply = client.Delete("/below/x");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "DELETE /below/x  0   /CN=operator ");
}

TEST(HttpServerTls, AReloadShowsTheNewCertificate) {
  const auto files = make_certificate("old");
  const auto server = HttpServer::create(https(files), routes());
  ASSERT_TRUE(server) << server.error();
  const auto fresh = make_certificate("new");
  std::rename(fresh.cert.c_str(), files.cert.c_str());
  // Certificate and key do not belong together now: the old ones stay.
  EXPECT_FALSE((*server)->reload_tls());
  EXPECT_EQ(shown_name((*server)->port()), "old");
  std::rename(fresh.key.c_str(), files.key.c_str());
  EXPECT_TRUE((*server)->reload_tls());
  EXPECT_EQ(shown_name((*server)->port()), "new");
}

TEST(HttpServerTls, AFileThatIsMissingOrWrongIsNamed) {
  const auto good = make_certificate("good");
  const auto other = make_certificate("other");
  const auto error_of = [](HttpSettings settings) {
    const auto server = HttpServer::create(settings, routes());
    return server ? std::string("none") : server.error();
  };
  EXPECT_TRUE(error_of(https({"/nonexistent.crt", good.key})).starts_with("/nonexistent.crt: "));
  EXPECT_TRUE(error_of(https({good.cert, other.key})).starts_with(other.key + ": "));
  auto settings = https(good);
  settings.client_ca = good.key;  // no certificate in it
  EXPECT_TRUE(error_of(settings).starts_with(good.key + ": "));
}

}  // namespace
}  // namespace forces::runtime
