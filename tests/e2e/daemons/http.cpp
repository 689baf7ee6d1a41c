#include "tests/e2e/daemons/http.hpp"

#include <httplib.h>

#include <regex>
#include <sstream>

namespace e2e {

HttpAnswer http(int port, const std::string& path, const std::string& method,
                const std::string& body, const HttpHeaders& headers) {
  httplib::Client client("127.0.0.1", port);
  client.set_read_timeout(10, 0);
  httplib::Request request;
  request.method = method;
  request.path = path;
  request.body = body;
  if (!body.empty()) request.set_header("Content-Type", "application/json");
  for (const auto& [key, value] : headers) request.headers.emplace(key, value);
  const auto result = client.send(request);
  if (!result) return {};
  return {result->status, result->get_header_value("Content-Type"), result->body,
          result->get_header_value("Location")};
}

Exposition parse_metrics(const std::string& text) {
  static const std::regex kAbout("# (HELP|TYPE) ([a-z_0-9]+) (.+)");
  static const std::regex kSample(R"(([a-z_0-9]+(\{([a-z_]+="[^"]*",?)*\})?) (\S+))");
  Exposition all;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    std::smatch match;
    if (std::regex_match(line, match, kAbout)) {
      auto& about = match[1] == "HELP" ? all.help : all.type;
      if (about.emplace(match[2], match[3]).second) continue;
    } else if (std::regex_match(line, match, kSample)) {
      if (all.samples.emplace(match[1], std::stod(match[4])).second) continue;
    }
    if (all.wrong.empty()) all.wrong = line;
  }
  return all;
}

std::string family_of(const Exposition& metrics, const std::string& sample) {
  const auto name = sample.substr(0, sample.find('{'));
  if (metrics.type.contains(name)) return name;
  for (const std::string_view ending : {"_bucket", "_sum", "_count"}) {
    if (!name.ends_with(ending)) continue;
    const auto family = name.substr(0, name.size() - ending.size());
    const auto type = metrics.type.find(family);
    if (type != metrics.type.end() && type->second == "histogram") return family;
  }
  return name;
}

}  // namespace e2e
