// The store of a group against a real etcd: $FORCES_ETCD, or `etcd` on the PATH; skipped without.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>

#include "ce/state/etcd/backend.hpp"
#include "ce/state/threaded.hpp"
#include "tests/e2e/daemons/child.hpp"
#include "tests/e2e/state/etcd_server.hpp"
#include "tests/e2e/state/forgetful_gateway.hpp"
#include "tests/e2e/tml/certificates.hpp"
#include "tests/unit/ce/state/support.hpp"

namespace forces::state {
namespace {

using namespace std::chrono_literals;
using test::Folder;
using test::News;
using test::put;
using test::removed;
using test::Rows;
using test::rows_of;

class EtcdGroup : public testing::Test {
 protected:
  EtcdGroup() { std::signal(SIGPIPE, SIG_IGN); }
  void SetUp() override {
    program = e2e::etcd_program();
    if (program.empty()) GTEST_SKIP() << "no etcd (package etcd-server)";
    start();
  }
  void start(std::vector<std::string> more = {}) {
    auto command = e2e::etcd_command(program, folder.file("data"), address, peer);
    command.insert(command.end(), more.begin(), more.end());
    server.emplace(std::move(command), folder.file("etcd"));
    // It is up when a client has its answer.
    ASSERT_TRUE(e2e::eventually([&] {
      etcd::Client client(of("probe").client);
      return client.post("/v3/kv/range", R"({"key":"AA=="})").has_value();
    })) << server->err();
  }
  void stop() {
    server->signal(SIGKILL);
    server.reset();
  }
  etcd::Options of(const std::string& name) const {
    etcd::Options options;
    options.client.endpoints = {address};
    options.client.timeout = 2s;
    options.client.ca = ca;
    options.client.certificate = certificate;
    options.client.key = key;
    options.group = "g";
    options.name = name;
    options.lease = 2s;
    return options;
  }
  // Opened, when a lease of somebody who is gone has run out.
  std::unique_ptr<Backend> opened(const etcd::Options& options) {
    std::unique_ptr<Backend> backend;
    std::string text;
    EXPECT_TRUE(e2e::eventually([&] {
      auto result = etcd::open(options);
      if (result) {
        backend = std::move(*result);
      } else {
        text = result.error().text;
      }
      return backend != nullptr;
    })) << text;
    return backend;
  }
  static std::expected<void, Failure> commit(Backend& backend, const Batch& batch) {
    return backend.commit({&batch, 1});
  }

  Folder folder;
  std::string program, ca, certificate, key;
  std::string address = e2e::free_address("http"), peer = e2e::free_address("http");
  std::optional<e2e::Child> server;
};

TEST_F(EtcdGroup, KeepsWhatWasCommitted) {
  const std::string zeros(3, '\0');
  {
    const auto backend = opened(of("ce1"));
    ASSERT_NE(backend, nullptr);
    ASSERT_TRUE(commit(*backend, {put("t", "\x80", "3"), put("t", "", ""), put("t", "a", "1"),
                                  put("t", "ab", zeros), put("t", zeros, "z"),
                                  put("tt", "a", "other"), put("t", "gone", "x")}));
    ASSERT_TRUE(commit(*backend, {put("t", "a", "first"), removed("t", "gone"),
                                  removed("t", "never"), put("t", "a", "2")}));
  }
  stop();
  start();
  const auto again = opened(of("ce1"));
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(rows_of(*again, "t"),
            (Rows{{"", ""}, {zeros, "z"}, {"a", "2"}, {"ab", zeros}, {"\x80", "3"}}));
  EXPECT_EQ(rows_of(*again, "t", "aa"), (Rows{{"ab", zeros}, {"\x80", "3"}}));
  EXPECT_EQ(rows_of(*again, "tt"), (Rows{{"a", "other"}}));
}

TEST_F(EtcdGroup, LargeTablesAreReadInPages) {
  const auto backend = opened(of("ce1"));
  ASSERT_NE(backend, nullptr);
  Rows expected;
  for (int part = 0; part < 13; ++part) {
    Batch batch;
    for (int n = 0; n < 100; ++n) {
      const std::string name = std::to_string(10000 + part * 100 + n);
      batch.push_back(put("t", name, name));
      expected.emplace_back(name, name);
    }
    ASSERT_TRUE(commit(*backend, batch));
  }
  EXPECT_EQ(rows_of(*backend, "t"), expected);
}

TEST_F(EtcdGroup, HasOneMasterAndTheNextWhenItIsGone) {
  auto first = opened(of("ce1"));
  ASSERT_NE(first, nullptr);
  const auto second = etcd::open(of("ce2"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().reason, Reason::InUse);
  EXPECT_NE(second.error().text.find("ce1 is master"), std::string::npos) << second.error().text;
  ASSERT_TRUE(commit(*first, {put("t", "a", "1")}));
  first.reset();  // in good order: its lease is given back
  const auto next = etcd::open(of("ce2"));
  ASSERT_TRUE(next) << next.error().text;
  EXPECT_EQ(rows_of(**next, "t"), (Rows{{"a", "1"}}));
}

TEST_F(EtcdGroup, AMasterThatLivesKeepsItsLease) {
  std::atomic<bool> lost = false;
  auto options = of("ce1");
  options.lease_hooks.lost = [&](const Failure&) { lost = true; };
  const auto first = opened(options);
  ASSERT_NE(first, nullptr);
  const auto end = std::chrono::steady_clock::now() + 3 * options.lease;
  while (std::chrono::steady_clock::now() < end) {
    const auto other = etcd::open(of("ce2"));
    ASSERT_FALSE(other) << "took over from a master that lives";
    std::this_thread::sleep_for(100ms);
  }
  EXPECT_FALSE(lost);
  EXPECT_TRUE(commit(*first, {put("t", "a", "1")}));
}

// Whoever lost mastership writes nothing, though it does not know yet.
TEST_F(EtcdGroup, WhoIsNoLongerMasterIsFencedOff) {
  auto first = opened(of("ce1"));
  ASSERT_NE(first, nullptr);
  ASSERT_TRUE(commit(*first, {put("t", "a", "1")}));
  {  // an operator ends its mastership, and another takes over
    etcd::Client client(of("").client);
    ASSERT_TRUE(client.post("/v3/kv/deleterange",
                            R"({"key":")" + etcd::base64("/forces/g/master") + R"("})"));
  }
  const auto second = etcd::open(of("ce2"));
  ASSERT_TRUE(second) << second.error().text;
  ASSERT_TRUE(commit(**second, {put("t", "a", "of ce2")}));

  News news;
  ThreadedOptions options;
  options.news = news.handler();
  ThreadedStore store(std::move(first), options);
  (void)store.submit({put("t", "a", "of ce1"), put("t", "b", "of ce1")});
  ASSERT_TRUE(
      news.until(store, [](const Event& e) { return test::is_failure(e, Reason::NotMaster); }));
  EXPECT_NE(store.snapshot().trouble.find("ce2 is master"), std::string::npos);
  EXPECT_EQ(rows_of(**second, "t"), (Rows{{"a", "of ce2"}}));
}

TEST_F(EtcdGroup, ALeaseThatCannotBeKeptIsToldAsLost) {
  std::atomic<bool> lost = false;
  auto options = of("ce1");
  options.lease_hooks.lost = [&](const Failure& failure) {
    EXPECT_EQ(failure.reason, Reason::NotMaster);
    lost = true;
  };
  const auto first = opened(options);
  ASSERT_NE(first, nullptr);
  stop();
  EXPECT_TRUE(e2e::eventually([&] { return lost.load(); }));
}

TEST_F(EtcdGroup, WhileTheServerIsAwayBatchesWait) {
  auto settings = of("ce1");
  settings.lease = 60s;  // longer than it is away
  auto backend = opened(settings);
  ASSERT_NE(backend, nullptr);
  News news;
  ThreadedOptions options;
  options.news = news.handler();
  options.retry = options.retry_most = 50ms;
  ThreadedStore store(std::move(backend), options);
  ASSERT_TRUE(news.until_durable(store, store.submit({put("t", "a", "1")})));
  stop();
  const BatchId second = store.submit({put("t", "b", "1")});
  ASSERT_TRUE(
      news.until(store, [](const Event& e) { return test::is_failure(e, Reason::Unreachable); }));
  start();
  ASSERT_TRUE(news.until_durable(store, second));
  EXPECT_EQ(rows_of(store, "t"), (Rows{{"a", "1"}, {"b", "1"}}));
}

// It is not known whether a commit whose answer was lost was carried out: it was, and counts once,
// also when the network delivers it again after later ones.
TEST_F(EtcdGroup, ACommitWhoseAnswerWasLostIsCarriedOutOnce) {
  e2e::ForgetfulGateway gateway(of("ce1").client);
  auto through = of("ce1");
  through.client.endpoints = {gateway.address()};
  auto backend = opened(through);
  ASSERT_NE(backend, nullptr);
  News news;
  ThreadedOptions options;
  options.news = news.handler();
  options.retry = options.retry_most = 10ms;
  ThreadedStore store(std::move(backend), options);
  const auto before = gateway.transactions().size();
  gateway.lose_answers(2);
  ASSERT_TRUE(news.until_durable(store, store.submit({put("t", "a", "old"), put("t", "b", "1")})));
  EXPECT_EQ(store.snapshot().failures[static_cast<std::size_t>(Reason::Unreachable)], 2U);
  ASSERT_TRUE(news.until_durable(store, store.submit({put("t", "a", "new"), removed("t", "b")})));
  const auto carried = gateway.transactions();
  ASSERT_EQ(carried.size(), before + 4) << "three tries and one commit";
  etcd::Client late(of("").client);
  for (std::size_t n = before; n < carried.size(); ++n) {
    ASSERT_TRUE(late.post("/v3/kv/txn", carried[n]));
  }
  EXPECT_EQ(rows_of(store, "t"), (Rows{{"a", "new"}}));
  ASSERT_TRUE(news.until_durable(store, store.submit({put("t", "c", "1")}))) << "and it goes on";
}

TEST_F(EtcdGroup, ManyBatchesAreOneTransactionWithinItsLimits) {
  auto backend = opened(of("ce1"));
  ASSERT_NE(backend, nullptr);
  News news;
  ThreadedOptions options;
  options.news = news.handler();
  ThreadedStore store(std::move(backend), options);
  BatchId last;
  for (int n = 0; n < 1000; ++n) {
    last = store.submit({put("t", std::to_string(n), "1"), put("u", std::to_string(n), "1")});
  }
  ASSERT_TRUE(news.until_durable(store, last));
  EXPECT_EQ(rows_of(store, "t").size(), 1000U);
  EXPECT_EQ(rows_of(store, "u").size(), 1000U);
  EXPECT_EQ(store.snapshot().failures, (decltype(Snapshot::failures){}));
  EXPECT_GT(store.snapshot().largest_group, 10U);
}

TEST_F(EtcdGroup, ABatchThatIsTooLargeIsAnErrorWithItsText) {
  auto backend = opened(of("ce1"));
  ASSERT_NE(backend, nullptr);
  Batch batch;
  for (int n = 0; n < 200; ++n) batch.push_back(put("t", std::to_string(n), "1"));
  const auto done = commit(*backend, batch);
  ASSERT_FALSE(done);
  EXPECT_EQ(to_string(done.error().reason), "refused") << done.error().text;
  EXPECT_NE(done.error().text.find("too many operations"), std::string::npos) << done.error().text;
}

TEST_F(EtcdGroup, ANewerSchemaIsRefused) {
  opened(of("ce1")).reset();
  etcd::Client client(of("").client);
  ASSERT_TRUE(client.post(
      "/v3/kv/put", R"({"key":")" + etcd::base64("/forces/g/schema") + R"(","value":"Mg=="})"));
  const auto result = etcd::open(of("ce1"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::NewerVersion);
  EXPECT_NE(result.error().text.find("schema version 2"), std::string::npos);
}

// With TLS both ways.
class EtcdOverTls : public EtcdGroup {
 protected:
  void SetUp() override {
    program = e2e::etcd_program();
    if (program.empty()) GTEST_SKIP() << "no etcd (package etcd-server)";
    address = e2e::free_address("https");
    const auto server_files = pki.issue("IP:127.0.0.1");
    const auto ours = pki.issue("DNS:ce1");
    ca = pki.ca();
    certificate = ours.cert;
    key = ours.key;
    start({"--cert-file=" + server_files.cert, "--key-file=" + server_files.key,
           "--client-cert-auth=true", "--trusted-ca-file=" + ca});
  }
  e2e::Pki pki;
};

TEST_F(EtcdOverTls, WorksWithACertificateAndNotWithout) {
  const auto backend = opened(of("ce1"));
  ASSERT_NE(backend, nullptr);
  ASSERT_TRUE(commit(*backend, {put("t", "a", "1")}));
  EXPECT_EQ(rows_of(*backend, "t"), (Rows{{"a", "1"}}));
  auto nobody = of("ce2");
  nobody.client.certificate = nobody.client.key = "";
  const auto refused = etcd::open(nobody);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::Unreachable) << refused.error().text;
  const e2e::Pki others;
  auto deceived = of("ce2");
  deceived.client.ca = others.ca();
  EXPECT_FALSE(etcd::open(deceived)) << "a server that our CA does not know";
}

}  // namespace
}  // namespace forces::state
