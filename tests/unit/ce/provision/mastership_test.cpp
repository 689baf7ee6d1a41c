// RFC 7121 section 3: whose FE it is.
#include "ce/provision/mastership.hpp"

#include <gtest/gtest.h>

#include <array>

#include "tests/support/sim/steps.hpp"

namespace forces::ce::provision {
namespace {

using namespace std::chrono_literals;
using test::at;

constexpr std::uint32_t kUs = 0x40000001, kOther = 0x40000002;

class MastershipTest : public testing::Test {
 protected:
  // The correlator of what was asked, 0: nothing.
  std::uint64_t asked(Instant now = at(0s)) {
    mastership.pump(exchange, now);
    const auto octets = exchange.poll_output();
    if (!octets) return 0;
    const auto query = pl::MessageView::parse(*octets).value();
    EXPECT_EQ(query.header().type, pl::MsgType::Query);
    return query.header().correlator;
  }
  pl::Octets message(pl::MsgType type, std::uint64_t correlator, pl::OperType oper,
                     std::initializer_list<std::uint32_t> ids, std::optional<std::uint32_t> ce) {
    pl::Header header;
    header.type = type;
    header.correlator = correlator;
    pl::MessageWriter w(header);
    {
      const auto select = w.lfb_select(pl::kFeProtocolObject, {1});
      const auto operation = w.operation(oper);
      const auto path = w.path(std::span(ids.begin(), ids.size()));
      if (ce) {
        std::array<std::byte, 4> value{};
        wire::store_be<4>(value.data(), *ce);
        w.full_data(value);
      } else {
        w.result(pl::ResultCode::ComponentDoesNotExist);
      }
    }
    return std::move(w).finish().value();
  }
  void answer(std::uint64_t correlator, std::optional<std::uint32_t> ce) {
    const auto octets =
        message(pl::MsgType::QueryResponse, correlator, pl::OperType::GetResponse, {kCeId}, ce);
    mastership.on_answer(
        exchange.on_response(pl::decode_header(octets).value(), octets, at(0s)).value());
  }
  void event(std::uint32_t event_id, std::uint32_t ce) {
    const auto octets = message(pl::MsgType::EventNotification, 0, pl::OperType::Report,
                                {kFepoEvents, event_id}, ce);
    for (const pl::LfbSelectView select : pl::MessageView::parse(octets).value().selects()) {
      mastership.on_event(select);
    }
  }
  Exchange exchange{kUs, 1, {}};
  Mastership mastership{kUs, 5s};
};

TEST_F(MastershipTest, IsAskedForAfterTheSetup) {
  EXPECT_EQ(asked(), 0U);
  mastership.start();
  const std::uint64_t query = asked();
  ASSERT_NE(query, 0U);
  EXPECT_EQ(mastership.master(), Master::Unknown);
  EXPECT_EQ(asked(), 0U) << "once";
  answer(query, kUs);
  EXPECT_EQ(mastership.master(), Master::Mine);
  EXPECT_EQ(asked(at(60s)), 0U);
  EXPECT_FALSE(mastership.next_deadline()) << "the master need not ask again";
}

TEST_F(MastershipTest, ABackupAsksAgainNowAndThen) {
  mastership.start();
  answer(asked(), kOther);
  EXPECT_EQ(mastership.master(), Master::Another);
  EXPECT_EQ(mastership.named(), kOther);
  EXPECT_EQ(asked(at(1s)), 0U);
  EXPECT_EQ(mastership.next_deadline(), at(6s));
  mastership.on_timer(at(5s));
  EXPECT_EQ(asked(at(5s)), 0U);
  mastership.on_timer(at(6s));
  const std::uint64_t again = asked(at(6s));
  ASSERT_NE(again, 0U);
  answer(again, kUs);
  EXPECT_EQ(mastership.master(), Master::Mine);
}

TEST_F(MastershipTest, FollowsPrimaryCeChangedAndNoOtherEvent) {
  mastership.start();
  answer(asked(), kOther);
  event(kPrimaryCeDown, kUs);
  EXPECT_EQ(mastership.master(), Master::Another);
  event(kPrimaryCeChanged, kUs);
  EXPECT_EQ(mastership.master(), Master::Mine);
  event(kPrimaryCeChanged, 0);
  EXPECT_EQ(mastership.master(), Master::Another) << "nobody is not us";
  mastership.stop();
  event(kPrimaryCeChanged, kUs);
  EXPECT_EQ(mastership.master(), Master::Unknown);
}

TEST_F(MastershipTest, AnFeThatHasNoSuchComponentHasNoOtherMaster) {
  mastership.start();
  answer(asked(), std::nullopt);
  EXPECT_EQ(mastership.master(), Master::Mine);
}

TEST_F(MastershipTest, AnErrorLaterChangesNothing) {
  mastership.start();
  answer(asked(), kOther);
  mastership.ask();
  answer(asked(), std::nullopt);
  EXPECT_EQ(mastership.master(), Master::Another);
}

TEST_F(MastershipTest, SilenceIsAskedAgain) {
  mastership.start();
  ASSERT_NE(asked(), 0U);
  mastership.on_unanswered();
  EXPECT_NE(asked(), 0U);
  EXPECT_EQ(mastership.master(), Master::Unknown);
}

}  // namespace
}  // namespace forces::ce::provision
