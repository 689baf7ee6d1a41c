#include "ce/state/open_store.hpp"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <sstream>

#include "tests/unit/ce/state/support.hpp"

namespace forces::state {
namespace {

using test::Folder;
using test::News;
using test::put;

class OpenStore : public testing::Test {
 protected:
  std::unique_ptr<Store> open(const StoreConfig& config) {
    ThreadedOptions options;
    options.news = news.handler();
    options.log = log.component("state");
    auto store = open_store(config, options);
    if (!store) {
      refused = store.error().text;
      return nullptr;
    }
    return std::move(*store);
  }
  News news;
  std::string refused;
  std::ostringstream lines;
  observe::Log log{
      {.limit = {}, .sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(lines), .now = {}}};
};

TEST_F(OpenStore, WorksInMemoryOnlyWhenItIsToldTo) {
  EXPECT_EQ(open({}), nullptr);
  EXPECT_EQ(refused, "no file, and not told to work in memory");
  EXPECT_EQ(open({.file = "/tmp/x", .in_memory = true}), nullptr) << "which of them?";
  const auto store = open({.file = {}, .in_memory = true});
  ASSERT_NE(store, nullptr);
  EXPECT_NE(lines.str().find("in memory only"), std::string::npos) << lines.str();
  ASSERT_TRUE(news.until_durable(*store, store->submit({put("t", "a", "1")})));
  EXPECT_EQ(store->get("t", test::octets("a")).value(), test::octets("1"));
}

TEST_F(OpenStore, KeepsItsFile) {
  const Folder folder;
  for (int life = 1; life <= 3; ++life) {
    const auto store = open({.file = folder.file()});
    ASSERT_NE(store, nullptr) << refused;
    EXPECT_EQ(test::rows_of(*store, "t").size(), static_cast<std::size_t>(life - 1));
    ASSERT_TRUE(news.until_durable(*store, store->submit({put("t", std::to_string(life), "1")})));
  }
  EXPECT_EQ(lines.str(), "");
}

TEST_F(OpenStore, SaysThatAFileWasDamaged) {
  const Folder folder;
  open({.file = folder.file()}).reset();
  std::filesystem::resize_file(folder.file(), 4096);
  const auto store = open({.file = folder.file()});
  ASSERT_NE(store, nullptr) << refused;
  const auto kept = folder.names("ce.state.damaged-");
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(store->snapshot().kept_as, folder.file(kept[0]));
  EXPECT_NE(lines.str().find("state was damaged, it begins empty"), std::string::npos);
  EXPECT_NE(lines.str().find(kept[0]), std::string::npos) << lines.str();
}

TEST_F(OpenStore, DoesNotStartWithAFileItMayNotUse) {
  const Folder folder;
  std::ofstream(folder.file()) << "not a database";
  EXPECT_EQ(open({.file = folder.file()}), nullptr);
  EXPECT_NE(refused.find("is no state of ce"), std::string::npos) << refused;
}

}  // namespace
}  // namespace forces::state
