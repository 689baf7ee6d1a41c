#include "common/observe/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <chrono>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace forces::observe {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;

class LogLines : public testing::Test {
 protected:
  Log& make(LogFormat format = LogFormat::Text, RateLimit limit = {}) {
    log_ = std::make_unique<Log>(
        LogOptions{.level = Level::Info,
                   .format = format,
                   .limit = limit,
                   .sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(out_),
                   .now = [this] { return now_; }});
    return *log_;
  }
  std::vector<std::string> lines() {
    std::vector<std::string> all;
    std::istringstream in(out_.str());
    for (std::string line; std::getline(in, line);) all.push_back(line);
    return all;
  }

  Instant now_{1h};
  std::ostringstream out_;
  std::unique_ptr<Log> log_;
};

TEST_F(LogLines, TextHasTimeLevelComponentMessageAndFields) {
  make().component("association").info("association is up", {{"fe", 2}, {"lossy", false}});
  ASSERT_EQ(lines().size(), 1U);
  EXPECT_THAT(lines()[0], MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{12}Z info association: "
                                       "association is up fe=2 lossy=false"));
}

struct ValueCase {
  const char* name;
  std::string_view value;
  const char* text;
  const char* json;
};
const ValueCase kValues[] = {
    {"PlainTextStandsBare", "127.0.0.1:6704", " v=127.0.0.1:6704", R"("v":"127.0.0.1:6704"})"},
    {"SpacesAreQuoted", "two words", R"( v="two words")", R"("v":"two words"})"},
    {"EmptyIsVisible", "", R"( v="")", R"("v":""})"},
    {"AnEqualsSignCannotForgeAField", "a=b", R"( v="a=b")", R"("v":"a=b"})"},
    {"AQuoteCannotEndTheValue", "a\" level=x", R"( v="a\" level=x")", R"("v":"a\" level=x"})"},
    {"ANewlineCannotForgeALine", "a\nb", R"( v="a\u000ab")", R"("v":"a\u000ab"})"},
    {"HighOctetsAreNotSentToATerminal", "\x9b\xff", R"( v="\u009b\u00ff")",
     R"("v":"\u009b\u00ff"})"},
};
class LogValue : public LogLines, public testing::WithParamInterface<ValueCase> {};
TEST_P(LogValue, IsEscapedInText) {
  make().component("c").info("m", {{"v", GetParam().value}});
  ASSERT_EQ(lines().size(), 1U);
  EXPECT_THAT(lines()[0], EndsWith(std::string("m") + GetParam().text));
}
TEST_P(LogValue, IsEscapedInJson) {
  make(LogFormat::Json).component("c").info("m", {{"v", GetParam().value}});
  ASSERT_EQ(lines().size(), 1U);
  EXPECT_THAT(lines()[0], EndsWith(std::string(R"("message":"m",)") + GetParam().json));
}
INSTANTIATE_TEST_SUITE_P(Values, LogValue, testing::ValuesIn(kValues),
                         [](const auto& c) { return c.param.name; });

TEST_F(LogLines, JournalLinesCarryTheirPriority) {
  auto logger = make(LogFormat::Journal).component("c");
  log_->set_level("", Level::Debug);
  logger.error("e");
  logger.warning("w");
  logger.info("i");
  logger.debug("d");
  EXPECT_THAT(lines(), testing::ElementsAre("<3>c: e", "<4>c: w", "<6>c: i", "<7>c: d"));
}

TEST_F(LogLines, LevelsCanBeChangedForOneComponent) {
  auto a = make().component("a");
  auto b = log_->component("b");
  EXPECT_TRUE(log_->set_level("a", Level::Debug));
  a.debug("seen");
  b.debug("unseen");
  EXPECT_EQ(lines().size(), 1U);
  EXPECT_FALSE(log_->set_level("nobody", Level::Debug));
  EXPECT_THAT(log_->levels(), testing::ElementsAre(testing::Pair("a", Level::Debug),
                                                   testing::Pair("b", Level::Info)));
}

TEST_F(LogLines, ALevelForAllHoldsForComponentsToCome) {
  make().set_level("", Level::Off);
  log_->component("later").error("unseen");
  EXPECT_TRUE(lines().empty());
}

TEST_F(LogLines, SuppressedLinesAreCountedInTheNextOne) {
  auto logger = make(LogFormat::Text, {.burst = 1, .interval = 1s}).component("c");
  for (int i = 0; i < 5; ++i) logger.limited(Level::Warning, "dropped", {{"fe", 2}});
  EXPECT_EQ(lines().size(), 1U);
  EXPECT_EQ(log_->suppressed(), 4U);
  now_ += 1s;
  logger.limited(Level::Warning, "dropped", {{"fe", 2}});
  ASSERT_EQ(lines().size(), 2U);
  EXPECT_THAT(lines()[1], EndsWith("dropped fe=2 suppressed=4"));
}

TEST_F(LogLines, AnotherFirstFieldIsAnotherBudget) {
  auto logger = make(LogFormat::Text, {.burst = 1, .interval = 1s}).component("c");
  logger.limited(Level::Warning, "dropped", {{"fe", 2}});
  logger.limited(Level::Warning, "dropped", {{"fe", 3}});
  EXPECT_EQ(lines().size(), 2U);
}

TEST_F(LogLines, ADefaultLoggerIsSilent) {
  const Logger nobody;
  EXPECT_FALSE(nobody.enabled(Level::Error));
  nobody.error("unseen");
  nobody.limited(Level::Error, "unseen");
}

TEST_F(LogLines, ThreadsDoNotMixTheirLines) {
  auto logger = make().component("c");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([logger] {
      for (int i = 0; i < 100; ++i) logger.info("message", {{"text", "aaaa bbbb"}});
    });
  }
  for (auto& thread : threads) thread.join();
  ASSERT_EQ(lines().size(), 400U);
  for (const auto& line : lines()) EXPECT_THAT(line, EndsWith(R"(c: message text="aaaa bbbb")"));
}

TEST(LogLevel, NamesAndLevelsAreOneToOne) {
  for (const auto name : kLevelNames) {
    const auto level = level_from(name);
    ASSERT_TRUE(level);
    EXPECT_EQ(to_string(*level), name);
  }
  EXPECT_FALSE(level_from("loud"));
}

}  // namespace
}  // namespace forces::observe
