// Why a call or connection failed, in words for programs and for people.
#include "ce/app/signaling/reasons.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "ce/app/signaling/views.hpp"
#include "ce/signaling/resource/values.hpp"
#include "ce/signaling/rsvp/engine.hpp"
#include "ce/signaling/te/request.hpp"
#include "tests/support/paths.hpp"

namespace forces::ce {
namespace {

using testing::HasSubstr;

std::string text_of_file(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// The words that stand in the code where a reason is made.
std::set<std::string> words_of_the_code() {
  const std::regex made(
      R"((?:local_reason|[ (]no|reason_of|invalid)\("([a-z_]+)\"|cause\("[a-z]+", "([a-z_]+)\")"
      R"(|(?:cause|reason) = "([a-z_]+)\")");
  std::set<std::string> words;
  for (const auto* folder : {"ce/signaling/ason", "ce/app/signaling"}) {
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(test::in_checkout(folder))) {
      if (entry.path().extension() != ".cpp" && entry.path().extension() != ".hpp") continue;
      const auto text = text_of_file(entry.path());
      for (std::sregex_iterator at(text.begin(), text.end(), made), end; at != end; ++at) {
        for (std::size_t i = 1; i < at->size(); ++i) {
          if ((*at)[i].matched) words.insert((*at)[i]);
        }
      }
    }
  }
  return words;
}

template <class Enum>
void add_names(std::set<std::string>& words, std::string_view before, Enum first) {
  for (auto i = static_cast<int>(first);; ++i) {
    const auto name = to_string(static_cast<Enum>(i));
    if (name == "unknown") return;
    words.insert(fmt::format("{}{}", before, name));
  }
}

TEST(Reasons, EveryWordOfTheCodeHasItsMeaning) {
  auto words = words_of_the_code();
  ASSERT_TRUE(words.contains("setup_timer") && words.contains("not_an_end") &&
              words.contains("name_in_use") && words.contains("connections_exist"))
      << "they are not found any more";
  add_names(words, "no_route.", signaling::te::NoPath{});
  add_names(words, "", signaling::resource::Refusal::Why{});
  add_names(words, "", signaling::engine::Status::NoNeighbor);
  std::set<std::string_view> known;
  for (const ReasonWord& one : reason_words()) {
    EXPECT_TRUE(known.insert(one.cause).second) << one.cause << " twice";
    EXPECT_FALSE(one.means.empty()) << one.cause;
  }
  for (const std::string& word : words) EXPECT_TRUE(known.contains(word)) << word;
}

TEST(Reasons, TheTableOfTheReadmeIsThis) {
  const auto readme = text_of_file(test::in_checkout("ce/README.md"));
  std::string table;
  for (const ReasonWord& one : reason_words()) {
    table += fmt::format("| `{}` | {} | {} |\n", one.cause, one.means, one.next);
  }
  EXPECT_THAT(readme, HasSubstr(table)) << "it is:\n" << table;
}

TEST(Reasons, SayWhatToDoNext) {
  const auto next = [](std::string cause, std::uint32_t code = 0) {
    control::SignalingReason reason;
    reason.set_cause(std::move(cause));
    reason.set_code(code);
    return std::string(next_of(reason));
  };
  EXPECT_THAT(next("blocked_link"), HasSubstr("--crankback"));
  EXPECT_EQ(next("segment.blocked_link"), next("blocked_link"));
  EXPECT_EQ(next("setup_timer.blocked_link"), next("setup_timer"));
  EXPECT_THAT(next("no_route.excluded"), HasSubstr("--exclude"));
  EXPECT_THAT(next("unauthorized_sender", 2), HasSubstr("`policy`")) << "by its code";
  EXPECT_THAT(next("a_word_of_tomorrow", 24), HasSubstr("`te path`"));
  EXPECT_EQ(next("a_word_of_tomorrow"), "");

  control::SignalingReason reason;
  reason.set_cause("name_in_use");
  const auto response = failed_with("no connection was set up", reason);
  EXPECT_EQ(response.error().message(),
            "no connection was set up: name_in_use\nNext: another --name; `connection list`");
  EXPECT_EQ(response.error().reason().cause(), "name_in_use");
}

}  // namespace
}  // namespace forces::ce
