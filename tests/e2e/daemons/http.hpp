// HTTP to a program on loopback, and what a page of metrics holds.
#pragma once

#include <map>
#include <string>

namespace e2e {

struct HttpAnswer {
  int status = 0;  // 0: none came
  std::string type, body, location;
};
using HttpHeaders = std::multimap<std::string, std::string>;
[[nodiscard]] HttpAnswer http(int port, const std::string& path, const std::string& method = "GET",
                              const std::string& body = "", const HttpHeaders& headers = {});

// The Prometheus text format, as far as our programs write it.
struct Exposition {
  std::map<std::string, std::string> help, type;  // by family
  std::map<std::string, double> samples;          // by name and labels, as written
  std::string wrong;                              // the first line that is not of the format
};
[[nodiscard]] Exposition parse_metrics(const std::string& text);

// The family of a sample: of a histogram's, without "_bucket", "_sum" and "_count".
[[nodiscard]] std::string family_of(const Exposition& metrics, const std::string& sample);

}  // namespace e2e
