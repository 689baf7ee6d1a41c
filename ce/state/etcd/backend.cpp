#include "ce/state/etcd/backend.hpp"

#include <arpa/inet.h>

#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

namespace forces::state::etcd {
namespace {

using Json = nlohmann::json;
using Done = std::expected<void, Failure>;

constexpr int kPage = 500;  // rows of one answer

std::string text_of(Bytes octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}
Bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

struct Row {
  std::string key, value, created;  // `created`: the revision, a number in text
};

Failure nonsense(const std::string& what) {
  return {Reason::Refused, "etcd: an answer that makes no sense: " + what};
}

// "", or false, when it is not there or of another type.
std::string text_in(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}
bool flag_in(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

std::expected<Row, Failure> row_of(const Json& kv) {
  auto key = from_base64(text_in(kv, "key"));
  auto value = from_base64(text_in(kv, "value"));
  if (!key) return std::unexpected(key.error());
  if (!value) return std::unexpected(value.error());
  return Row{std::move(*key), std::move(*value), text_in(kv, "create_revision")};
}

// The rows of an answer to a range, or of the part of a transaction's that answers one.
std::expected<std::vector<Row>, Failure> rows_of(const Json& range) {
  std::vector<Row> rows;
  const auto kvs = range.find("kvs");
  if (kvs == range.end()) return rows;
  for (const auto& kv : *kvs) {
    auto row = row_of(kv);
    if (!row) return std::unexpected(row.error());
    rows.push_back(std::move(*row));
  }
  return rows;
}

Json compare(const std::string& key, const char* target, const char* field, Json value) {
  return {{"key", base64(key)}, {"target", target}, {"result", "EQUAL"}, {field, std::move(value)}};
}
Json put(const std::string& key, const std::string& value, const std::string& lease = {}) {
  Json request{{"key", base64(key)}, {"value", base64(value)}};
  if (!lease.empty()) request["lease"] = lease;
  return {{"request_put", std::move(request)}};
}
Json get(const std::string& key) { return {{"request_range", {{"key", base64(key)}}}}; }
Json removal(const std::string& key) { return {{"request_delete_range", {{"key", base64(key)}}}}; }

// Asks and reads; what is no JSON of the right shape is a failure, not an exception.
class Gateway {
 public:
  explicit Gateway(const ClientOptions& options) : client_(options) {}

  struct Answer {
    bool succeeded = false;
    std::vector<std::vector<Row>> found;  // of each range in the branch that was taken
  };
  std::expected<Answer, Failure> transaction(const Json& request) {
    auto answer = ask("/v3/kv/txn", request);
    if (!answer) return std::unexpected(answer.error());
    Answer out;
    out.succeeded = flag_in(*answer, "succeeded");
    const auto responses = answer->find("responses");
    if (responses == answer->end()) return out;
    for (const auto& response : *responses) {
      const auto range = response.find("response_range");
      if (range == response.end()) continue;
      auto rows = rows_of(*range);
      if (!rows) return std::unexpected(rows.error());
      out.found.push_back(std::move(*rows));
    }
    return out;
  }

  struct Page {
    std::vector<Row> rows;
    bool more = false;
    std::string revision;
  };
  std::expected<Page, Failure> range(const std::string& from, const std::string& end,
                                     const std::string& revision) {
    Json request{{"key", base64(from)}, {"range_end", base64(end)}, {"limit", kPage}};
    if (!revision.empty()) request["revision"] = revision;
    auto answer = ask("/v3/kv/range", request);
    if (!answer) return std::unexpected(answer.error());
    auto rows = rows_of(*answer);
    if (!rows) return std::unexpected(rows.error());
    const auto header = answer->find("header");
    return Page{std::move(*rows), flag_in(*answer, "more"),
                header == answer->end() ? std::string() : text_in(*header, "revision")};
  }

 private:
  std::expected<Json, Failure> ask(const std::string& path, const Json& request) {
    const auto body = client_.post(path, request.dump());
    if (!body) return std::unexpected(body.error());
    auto answer = Json::parse(*body, nullptr, false);
    if (!answer.is_object()) return std::unexpected(nonsense(*body));
    return answer;
  }
  Client client_;
};

class EtcdBackend final : public Backend {
 public:
  EtcdBackend(const Options& options, std::unique_ptr<Lease> lease)
      : options_(options),
        prefix_("/forces/" + options.group + "/"),
        lease_(std::move(lease)),
        writer_(options.client),
        reader_(options.client),
        seq_(lease_->id() + ":0") {}

  // Becomes master, unless there is one.
  Done campaign(std::string* holder) {
    const std::string version = std::to_string(kSchemaVersion);
    const Json request{{"compare", {compare(key("master"), "CREATE", "create_revision", "0")}},
                       {"success",
                        {get(key("schema")), put(key("master"), options_.name, lease_->id()),
                         put(key("seq"), seq_)}},
                       {"failure", {get(key("master"))}}};
    // The schema is looked at before, so that nobody becomes master of what it cannot read.
    if (auto done = check_schema(version); !done) return done;
    auto answer = writer_.transaction(request);
    if (!answer) return std::unexpected(answer.error());
    if (!answer->succeeded) {
      std::string who = "another";
      if (!answer->found.empty() && !answer->found[0].empty()) who = answer->found[0][0].value;
      if (holder != nullptr) *holder = who;
      return std::unexpected(Failure{Reason::InUse, prefix_ + ": " + who + " is master"});
    }
    return learn_master(version);
  }

  Done commit(std::span<const Batch> batches) override {
    // A transaction of etcd may name a key once: the last change of each counts.
    std::map<std::string, const std::optional<Octets>*> last;
    for (const auto& batch : batches) {
      for (const auto& change : batch) {
        last[entry(change.table, change.key)] = &change.value;
      }
    }
    const std::string next = lease_->id() + ":" + std::to_string(count_ + 1);
    Json success = Json::array();
    for (const auto& [at, value] : last) {
      success.push_back(*value ? put(at, text_of(**value)) : removal(at));
    }
    success.push_back(put(key("seq"), next));
    const Json request{{"compare",
                        {compare(key("master"), "CREATE", "create_revision", master_),
                         compare(key("seq"), "VALUE", "value", base64(seq_))}},
                       {"success", std::move(success)},
                       {"failure", {get(key("master")), get(key("seq"))}}};
    const auto answer = writer_.transaction(request);
    if (!answer) return std::unexpected(answer.error());
    if (!answer->succeeded) {
      if (auto done = judge(*answer, next); !done) return done;
    }
    seq_ = next;
    ++count_;
    return {};
  }

  Done scan(std::string_view table, Bytes from, const Store::Visitor& visit) const override {
    const std::lock_guard lock(reading_);
    const std::string begin = entry(table, {});
    std::string end = begin;
    end.back() = '\1';
    std::string at = begin + text_of(from), revision;
    for (;;) {
      auto page = reader_.range(at, end, revision);
      if (!page) return std::unexpected(page.error());
      for (const auto& row : page->rows) {
        if (!row.key.starts_with(begin)) return std::unexpected(nonsense(row.key));
        if (!visit(bytes_of(row.key).subspan(begin.size()), bytes_of(row.value))) return {};
      }
      if (!page->more || page->rows.empty()) return {};
      revision = page->revision;  // all pages of one moment
      at = page->rows.back().key + '\0';
    }
  }

  Limits limits() const override { return {options_.most_changes, options_.most_octets}; }

 private:
  std::string key(const char* name) const { return prefix_ + name; }
  std::string entry(std::string_view table, Bytes of) const {
    return prefix_ + "t/" + std::string(table) + '\0' + text_of(of);
  }

  Done check_schema(const std::string& version) {
    const Json request{{"compare", {compare(key("schema"), "CREATE", "create_revision", "0")}},
                       {"success", {put(key("schema"), version)}},
                       {"failure", {get(key("schema"))}}};
    auto answer = writer_.transaction(request);
    if (!answer) return std::unexpected(answer.error());
    if (answer->succeeded) return {};
    if (answer->found.empty() || answer->found[0].empty()) {
      return std::unexpected(nonsense("no schema"));
    }
    const std::string& found = answer->found[0][0].value;
    int number = 0;
    std::from_chars(found.data(), found.data() + found.size(), number);
    if (number > kSchemaVersion) {
      return std::unexpected(
          Failure{Reason::NewerVersion, prefix_ + ": has schema version " + found +
                                            ", this program knows " + version +
                                            "; start the newer program that wrote it"});
    }
    if (found != version) return std::unexpected(nonsense("schema " + found));
    return {};
  }

  // The revision in which our key was made is what every commit compares.
  Done learn_master(const std::string& version) {
    const Json request{{"compare",
                        {compare(key("seq"), "VALUE", "value", base64(seq_)),
                         compare(key("schema"), "VALUE", "value", base64(version))}},
                       {"success", {get(key("master"))}},
                       {"failure", Json::array()}};
    auto answer = writer_.transaction(request);
    if (!answer) return std::unexpected(answer.error());
    if (!answer->succeeded || answer->found.empty() || answer->found[0].empty()) {
      return std::unexpected(Failure{Reason::InUse, prefix_ + ": mastership was lost at once"});
    }
    master_ = answer->found[0][0].created;
    return {};
  }

  // The conditions of a commit do not hold.
  Done judge(const Gateway::Answer& answer, const std::string& next) const {
    if (answer.found.size() != 2) return std::unexpected(nonsense("of a commit"));
    const auto& master = answer.found[0];
    if (master.empty() || master[0].created != master_) {
      return std::unexpected(Failure{
          Reason::NotMaster, prefix_ + ": " + (master.empty() ? "nobody" : master[0].value) +
                                 " is master, we are no longer"});
    }
    // An earlier try of this commit was carried out, only its answer was lost.
    if (!answer.found[1].empty() && answer.found[1][0].value == next) return {};
    return std::unexpected(Failure{
        Reason::NotMaster, prefix_ + ": somebody else writes in our name, or state was restored"});
  }

  const Options options_;
  const std::string prefix_;
  std::unique_ptr<Lease> lease_;
  Gateway writer_;
  mutable std::mutex reading_;
  mutable Gateway reader_;
  std::string master_;  // the revision
  std::string seq_;     // as our last commit left it
  std::uint64_t count_ = 0;
};

}  // namespace

bool is_loopback(std::string_view endpoint) {
  constexpr std::string_view kScheme = "http://";
  if (!endpoint.starts_with(kScheme)) return false;
  endpoint.remove_prefix(kScheme.size());
  const std::string host(endpoint.substr(0, endpoint.rfind(':')));
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  return host == "localhost" || host == "[::1]";
}

std::expected<std::unique_ptr<Backend>, Failure> open(const Options& options, std::string* holder) {
  for (const auto& endpoint : options.client.endpoints) {
    if (endpoint.starts_with("https://") || options.client.plaintext_anywhere ||
        is_loopback(endpoint)) {
      continue;
    }
    return std::unexpected(Failure{
        Reason::Refused, endpoint + ": beyond loopback needs https, or plaintext_anywhere"});
  }
  auto lease = Lease::grant(options.client, options.lease, options.lease_hooks);
  if (!lease) return std::unexpected(lease.error());
  auto backend = std::make_unique<EtcdBackend>(options, std::move(*lease));
  if (auto done = backend->campaign(holder); !done) return std::unexpected(done.error());
  return backend;
}

}  // namespace forces::state::etcd
