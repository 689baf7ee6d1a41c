#include <gtest/gtest.h>

#include "ce/state/etcd/backend.hpp"
#include "ce/state/etcd/client.hpp"

namespace forces::state::etcd {
namespace {

TEST(EtcdBase64, IsThatOfRfc4648) {  // section 10
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [octets, text] : vectors) {
    EXPECT_EQ(base64(octets), text);
    EXPECT_EQ(from_base64(text).value(), octets);
  }
  std::string all;
  for (int n = 0; n < 256; ++n) all += static_cast<char>(n);
  EXPECT_EQ(from_base64(base64(all)).value(), all);
  EXPECT_EQ(base64("\xff\xfe\xfd"), "//79");
}

TEST(EtcdBase64, WhatIsNoneIsAnError) {
  for (const char* text : {"Z", "Zg", "Zg=", "====", "Z===", "Zg==Zg==", "Zm=v", "Zm9*", "Zm 9"}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
}

TEST(EtcdStore, SpeaksInTheClearOnlyOnLoopbackUnlessToldTo) {
  for (const char* endpoint : {"http://192.0.2.1:2379", "http://127.evil.example:2379",
                               "192.0.2.1:2379", "http://127.0.0.1.example:1"}) {
    Options options;
    options.client.endpoints = {"http://127.0.0.1:1", endpoint};
    const auto refused = open(options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::Refused) << endpoint;
    EXPECT_NE(refused.error().text.find(endpoint), std::string::npos) << refused.error().text;
  }
}

}  // namespace
}  // namespace forces::state::etcd
