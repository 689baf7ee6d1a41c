// Every code of proto/pl/codes.hpp, each from the octets that cause it (RFC 5810 section 7.1.7, RFC
// 7391 section 3.2.2): a row is a code, and what a master must send to be answered with it.
#include <functional>

#include "fe/association/core/element_core.hpp"
#include "proto/pl/association.hpp"
#include "tests/unit/fe/lfb/laboratory.hpp"

namespace forces::fe {
namespace {

using namespace std::chrono_literals;
using namespace lfb::test;
using pl::MsgType;
using pl::OperType;
using pl::ResultCode;
using pl::TransactionPhase;

class Asked {
 public:
  Asked() {
    ElementConfig config;
    config.fe_id = kFe;
    config.ces = {{kCe, "a"}};
    config.fepo.ce_dead = 600s;
    core_ = std::make_unique<ElementCore>(config, 1, &told, &counter);
    core_->engine().store().add(lab::kClass, 1);
    core_->engine().store().know(lfb::kIpv4UcastLpmClass);
    core_->start(kNow);
    core_->on_control_up(0, kNow);
    core_->on_message(
        0,
        pl::encode_association_setup_response({kCe}, {kFe}, 1, pl::AssociationResult::Success)
            .value(),
        kNow);
    drain();
  }

  void octets(wire::Bytes octets) {
    core_->on_message(0, octets, kNow);
    drain();
  }
  void say(const pl::Message& m) { octets(pl::encode_message(m).value()); }
  void get(std::vector<pl::Element> paths) { say(query(OperType::Get, std::move(paths))); }
  void set(std::vector<pl::Element> paths) { say(config(OperType::Set, std::move(paths))); }
  void set_prop(std::vector<pl::Element> paths) {
    say(config(OperType::SetProp, std::move(paths)));
  }
  void del(std::vector<pl::Element> paths) { say(config(OperType::Del, std::move(paths))); }
  void set_to(Ids ids, std::string_view value) { set({path(std::move(ids), {data(value)})}); }
  void transaction(TransactionPhase phase) {
    pl::Message m = phase == TransactionPhase::End
                        ? config(OperType::Commit, {})
                        : config(OperType::Set, {path({1}, {data("00000001")})});
    m.header.flags = m.header.flags.with_execution_mode(pl::ExecutionMode::AllOrNone)
                         .with_atomic(true)
                         .with_phase(phase);
    say(m);
  }
  void wait(Duration time) {
    core_->on_timer(kNow + time);
    drain();
  }
  // A Query of component 1 with some of its octets changed.
  static pl::Octets changed(std::size_t at, std::byte to) {
    auto all = pl::encode_message(query(OperType::Get, {path({1})})).value();
    all.at(at) = to;
    return all;
  }

  static pl::Message message(MsgType type, OperType oper, std::vector<pl::Element> elements,
                             lfb::Target target = {70'000, 1}) {
    pl::Message m;
    m.header.type = type;
    m.header.source = {kCe};
    m.header.destination = {kFe};
    m.header.correlator = 77;
    m.header.flags = pl::Flags{}
                         .with_ack(pl::Ack::Always)
                         .with_priority(5)
                         .with_execution_mode(pl::ExecutionMode::ContinueOnFailure);
    pl::Oper o{.type = oper};
    o.elements = std::move(elements);
    m.body.emplace_back(pl::LfbSelect{{target.class_id}, {target.instance_id}, {std::move(o)}});
    return m;
  }
  static pl::Message query(OperType oper, std::vector<pl::Element> elements,
                           lfb::Target target = {70'000, 1}) {
    return message(MsgType::Query, oper, std::move(elements), target);
  }
  static pl::Message config(OperType oper, std::vector<pl::Element> elements) {
    return message(MsgType::Config, oper, std::move(elements));
  }

  // The RESULT codes of the last answer.
  std::set<ResultCode> codes;
  std::uint64_t answers = 0;
  Told told;
  Counter counter;

 private:
  static constexpr std::uint32_t kCe = 0x40000001, kFe = 2;
  static constexpr Instant kNow{1s};

  void drain() {
    while (auto output = core_->poll_output()) {
      const auto* send = std::get_if<SendMessage>(&*output);
      if (send == nullptr) continue;
      const auto view = pl::MessageView::parse(send->octets);
      ASSERT_TRUE(view) << "we send nothing that does not decode";
      const MsgType type = view->header().type;
      if (type != MsgType::QueryResponse && type != MsgType::ConfigResponse) continue;
      EXPECT_EQ(view->header().correlator, 77U);
      EXPECT_EQ(view->header().flags.priority(), 5U);
      ++answers;
      codes.clear();
      for (const pl::LfbSelectView select : view->selects()) {
        for (const pl::OperView oper : select.operations) {
          (void)pl::for_each_leaf(oper.items(), [&](const pl::Leaf& leaf) {
            if (leaf.item.is_result()) codes.insert(leaf.item.result().code);
            return true;
          });
        }
      }
    }
  }

  std::unique_ptr<ElementCore> core_;
};

struct Cause {
  ResultCode code;
  const char* what;
  std::function<void(Asked&)> send;
};
const Cause kCauses[] = {
    {ResultCode::Success, "a SET", [](Asked& a) { a.set_to({1}, "00000001"); }},
    {ResultCode::InvalidHeader, "a header whose length is none",
     [](Asked& a) { a.octets(Asked::changed(3, std::byte{5})); }},
    {ResultCode::LengthMismatch, "fewer octets than the header says",
     [](Asked& a) { a.octets(Asked::changed(3, std::byte{200})); }},
    {ResultCode::LengthMismatch, "more octets than the header says",
     [](Asked& a) { a.octets(Asked::changed(3, std::byte{6})); }},
    {ResultCode::VersionMismatch, "version 2",
     [](Asked& a) { a.octets(Asked::changed(0, std::byte{0x20})); }},
    {ResultCode::InvalidDestinationPid, "a Query for another FE",
     [](Asked& a) { a.octets(Asked::changed(11, std::byte{9})); }},
    {ResultCode::LfbUnknown, "a class of another world",
     [](Asked& a) { a.say(Asked::query(OperType::Get, {path({1})}, {4711, 1})); }},
    {ResultCode::LfbNotFound, "a class without an instance here",
     [](Asked& a) { a.say(Asked::query(OperType::Get, {path({1})}, {10, 1})); }},
    {ResultCode::LfbInstanceIdNotFound, "another instance",
     [](Asked& a) { a.say(Asked::query(OperType::Get, {path({1})}, {70'000, 2})); }},
    {ResultCode::InvalidPath, "a path below a scalar", [](Asked& a) { a.get({path({1, 1})}); }},
    {ResultCode::ComponentDoesNotExist, "a component that the class has not",
     [](Asked& a) { a.get({path({99})}); }},
    {ResultCode::Exists, "a key that another row has",
     [](Asked& a) {
       a.set_to({3, 1}, "0000000a00000000");
       a.set_to({3, 2}, "0000000a00000000");
     }},
    {ResultCode::NotFound, "DEL of no row", [](Asked& a) { a.del({path({3, 1})}); }},
    {ResultCode::ReadOnly, "SET of a read-only component",
     [](Asked& a) { a.set_to({8}, "00000001"); }},
    {ResultCode::InvalidArrayCreation, "a fifth row of a fixed array",
     [](Asked& a) { a.set_to({7, 4}, "0001"); }},
    {ResultCode::ValueOutOfRange, "101 per cent", [](Asked& a) { a.set_to({2}, "00000065"); }},
    {ResultCode::ContentsTooLong, "five octets for a u32",
     [](Asked& a) { a.set_to({1}, "0000000100"); }},
    {ResultCode::InvalidParameters, "SET without data", [](Asked& a) { a.set({path({1})}); }},
    {ResultCode::InvalidFlags, "a MOT without a SOT",
     [](Asked& a) { a.transaction(TransactionPhase::Middle); }},
    {ResultCode::InvalidTlv, "data in a GET", [](Asked& a) { a.get({path({1}, {data("00")})}); }},
    {ResultCode::InvalidTlv, "a body that does not decode",
     [](Asked& a) { a.octets(Asked::changed(27, std::byte{200})); }},
    {ResultCode::EventError, "a filter of more than one event",
     [](Asked& a) { a.set_prop({path({60, 6}, {sparse({{5, "00000001"}})})}); }},
    {ResultCode::NotSupported, "a whole LFB at once", [](Asked& a) { a.set_to({}, "00"); }},
    {ResultCode::MemoryError, "more rows than there is room for",
     [](Asked& a) {
       for (std::uint32_t row = 0; row < 5; ++row) a.set_to({5, row}, "00000009 01120004");
     }},
    {ResultCode::InternalError, "a live value that cannot be had",
     [](Asked& a) { a.get({path({15})}); }},
    {ResultCode::TimedOut, "COMMIT after the patience of the FE",
     [](Asked& a) {
       a.transaction(TransactionPhase::Start);
       a.wait(31s);
       a.transaction(TransactionPhase::End);
     }},
    {ResultCode::InvalidTflags, "a range of no table",
     [](Asked& a) { a.get({by_range({1}, 0, 9)}); }},
    {ResultCode::InvalidOp, "GET in a Config",
     [](Asked& a) { a.say(Asked::config(OperType::Get, {path({1})})); }},
    {ResultCode::ComponentNotATable, "a key of no table",
     [](Asked& a) { a.get({by_key({1}, 1, "00")}); }},
    {ResultCode::Perm, "what the forwarding plane does not allow",
     [](Asked& a) {
       a.told.refuse = 1;
       a.set_to({1}, "00000001");
     }},
    {ResultCode::Busy, "another Config while a transaction is open",
     [](Asked& a) {
       a.transaction(TransactionPhase::Start);
       a.set_to({2}, "00000001");
     }},
    {ResultCode::Empty, "a range without a row", [](Asked& a) { a.get({by_range({3}, 0, 9)}); }},
    {ResultCode::UnspecifiedError, "what an all-or-none took back",
     [](Asked& a) {
       auto m = Asked::config(OperType::Set,
                              {path({1}, {data("00000001")}), path({8}, {data("00000001")})});
       m.header.flags = m.header.flags.with_execution_mode(pl::ExecutionMode::AllOrNone);
       a.say(m);
     }},
};
// What this FE answers with in no case.
struct Never {
  ResultCode code;
  const char* reason;
};
constexpr Never kNever[] = {
    {ResultCode::InvalidMessageType,
     "what is neither Query nor Config has no response in which it could stand"},
    {ResultCode::CongestNt, "a full queue pushes back through TCP; nothing is dropped or refused"},
    {ResultCode::UnknownError,
     "every failure has its cause; what is undone is E_UNSPECIFIED_ERROR"},
};

TEST(ResultCodes, EachIsAnsweredToItsCause) {
  for (const Cause& cause : kCauses) {
    SCOPED_TRACE(std::string(pl::to_string(cause.code)) + ": " + cause.what);
    Asked asked;
    cause.send(asked);
    EXPECT_TRUE(asked.codes.contains(cause.code));
    EXPECT_GT(asked.answers, 0U);
  }
}

TEST(ResultCodes, NoneIsLeftOut) {
  const auto is = [](ResultCode code) {
    return [code](const auto& row) { return row.code == code; };
  };
  int named = 0;
  for (std::uint32_t value = 0; value < 0x200; ++value) {
    const auto code = static_cast<ResultCode>(value);
    if (pl::to_string(code) == "Unknown") continue;
    ++named;
    const bool caused = std::ranges::any_of(kCauses, is(code));
    const bool never = std::ranges::any_of(kNever, is(code));
    EXPECT_NE(caused, never) << pl::to_string(code) << " has no cause here, or one though it is "
                             << "said never to be sent";
  }
  EXPECT_EQ(named, 34);
}

TEST(ResultCodes, WhatDoesNotDecodeIsAnsweredAsTheAckFlagAsks) {  // section 6.1
  for (const pl::Ack ack : {pl::Ack::None, pl::Ack::Success, pl::Ack::Failure, pl::Ack::Always}) {
    Asked asked;
    auto m = Asked::config(OperType::Set, {path({1}, {data("00000001")})});
    m.header.flags = m.header.flags.with_ack(ack);
    auto octets = pl::encode_message(m).value();
    octets.at(27) = std::byte{200};
    asked.octets(octets);
    EXPECT_EQ(asked.answers, ack == pl::Ack::Failure || ack == pl::Ack::Always ? 1U : 0U);
  }
}

TEST(ResultCodes, AMessageThatDoesNotDecodeBreaksItsTransaction) {  // section 4.3.1.2.2
  Asked asked;
  asked.transaction(TransactionPhase::Start);
  EXPECT_EQ(asked.codes, std::set{ResultCode::Success});
  auto m = Asked::config(OperType::Set, {path({1}, {data("00000001")})});
  m.header.flags = m.header.flags.with_atomic(true).with_phase(TransactionPhase::Middle);
  auto octets = pl::encode_message(m).value();
  octets.at(27) = std::byte{200};
  asked.octets(octets);
  asked.transaction(TransactionPhase::End);
  EXPECT_EQ(asked.codes, std::set{ResultCode::InvalidOp});
}

}  // namespace
}  // namespace forces::fe
