// Every RESULT that this FE answers with (RFC 5810 table 4, RFC 7391 section 3.2), each from its
// cause.
#include "tests/unit/fe/lfb/laboratory.hpp"

namespace forces::fe::lfb::test {
namespace {

using pl::OperType;
using pl::ResultCode;

class Results : public Laboratory {
 protected:
  std::string of(const pl::Message& m) { return text(elements(m)); }
  std::string of_target(Target target) {
    return of(message(pl::MsgType::Query, {oper(OperType::Get, {path({1})})}, target));
  }
  std::string set_to(Ids ids, std::string_view octets) {
    return text(set({path(std::move(ids), {data(octets)})}));
  }
  pl::Message transaction(pl::TransactionPhase phase, std::vector<pl::Oper> opers) {
    auto m = message(pl::MsgType::Config, std::move(opers));
    m.header.flags = m.header.flags.with_execution_mode(pl::ExecutionMode::AllOrNone)
                         .with_atomic(true)
                         .with_phase(phase);
    return m;
  }
};

TEST_F(Results, Success) { EXPECT_EQ(set_to({1}, "00000001"), "E_SUCCESS"); }

TEST_F(Results, InvalidDestinationPid) {
  EXPECT_EQ(text(elements(query(OperType::Get, {path({1})}), false)), "E_INVALID_DESTINATION_PID");
  EXPECT_EQ(text(elements(config(OperType::Set, {path({1}, {data("00000001")})}), false)),
            "E_INVALID_DESTINATION_PID");
  EXPECT_EQ(value({1}), "00000000");
}

TEST_F(Results, LfbUnknown) { EXPECT_EQ(of_target({4711, 1}), "E_LFB_UNKNOWN"); }
TEST_F(Results, LfbNotFound) { EXPECT_EQ(of_target({10, 1}), "E_LFB_NOT_FOUND"); }
TEST_F(Results, LfbInstanceIdNotFound) {
  EXPECT_EQ(of_target({70'000, 2}), "E_LFB_INSTANCE_ID_NOT_FOUND");
}

TEST_F(Results, InvalidPath) {
  EXPECT_EQ(value({1, 1}), "E_INVALID_PATH");      // below a scalar
  EXPECT_EQ(value({60, 1}), "E_INVALID_PATH");     // an event has no value
  EXPECT_EQ(value(Ids(65, 1)), "E_INVALID_PATH");  // longer than any
  EXPECT_EQ(text(del({path({60, 1})})), "E_INVALID_PATH");
  EXPECT_EQ(text(elements(config(OperType::SetProp, {path({60, 1, 5}, {data("00000001")})}))),
            "E_INVALID_PATH");  // this event has no subscript
}

TEST_F(Results, ComponentDoesNotExist) {
  EXPECT_EQ(value({99}), "E_COMPONENT_DOES_NOT_EXIST");
  EXPECT_EQ(value({11, 9}), "E_COMPONENT_DOES_NOT_EXIST");
  EXPECT_EQ(value({3, 1}), "E_COMPONENT_DOES_NOT_EXIST");
  EXPECT_EQ(set_to({3, 1, 2}, "00000001"), "E_COMPONENT_DOES_NOT_EXIST");  // of no row
  EXPECT_EQ(text(elements(config(OperType::SetProp, {path({60, 99}, {data("00000001")})}))),
            "E_COMPONENT_DOES_NOT_EXIST");
}

TEST_F(Results, Exists) {  // a key that another row has
  EXPECT_EQ(set_to({3, 1}, "0000000a00000000"), "E_SUCCESS");
  EXPECT_EQ(set_to({3, 2}, "0000000a00000000"), "E_EXISTS");
}

TEST_F(Results, NotFound) {
  EXPECT_EQ(text(del({path({3, 1})})), "E_NOT_FOUND");
  EXPECT_EQ(text(get({by_key({3}, 1, "0000000a")})), "E_NOT_FOUND");
}

TEST_F(Results, ReadOnly) {
  EXPECT_EQ(set_to({8}, "00000001"), "E_READ_ONLY");
  EXPECT_EQ(set_to({14}, ""), "E_READ_ONLY");
  EXPECT_EQ(text(del({path({14})})), "E_READ_ONLY");
  EXPECT_EQ(text(elements(config(OperType::SetProp, {path({1}, {data("00000001")})}))),
            "E_READ_ONLY");  // what is no event has no properties to set
  EXPECT_EQ(text(elements(config(OperType::SetProp, {path({60, 1}, {sparse({{3, "00000001"}})})}))),
            "E_READ_ONLY");  // a threshold of an event that has none
}

TEST_F(Results, InvalidArrayCreation) {
  EXPECT_EQ(set_to({7, 4}, "0001"), "E_INVALID_ARRAY_CREATION");
}

TEST_F(Results, ValueOutOfRange) {
  EXPECT_EQ(set_to({2}, "00000065"), "E_VALUE_OUT_OF_RANGE");
  EXPECT_EQ(set_to({13}, "02"), "E_VALUE_OUT_OF_RANGE");
  EXPECT_EQ(set_to({9}, "0000000000000001"), "E_VALUE_OUT_OF_RANGE");  // a reset resets
}

TEST_F(Results, ContentsTooLong) {
  EXPECT_EQ(set_to({1}, "0000000100"), "E_CONTENTS_TOO_LONG");
  EXPECT_EQ(set_to({4}, "616161616161616161"), "E_CONTENTS_TOO_LONG");
  EXPECT_EQ(set_to({11}, "0000000100000002ff"), "E_CONTENTS_TOO_LONG");
}

TEST_F(Results, InvalidParameters) {
  EXPECT_EQ(text(set({path({1})})), "E_INVALID_PARAMETERS");                   // no data
  EXPECT_EQ(text(get({by_key({3}, 9, "0000000a")})), "E_INVALID_PARAMETERS");  // no such key
  EXPECT_EQ(text(set({path({3, 1}, {sparse({{2, "00000001"}})})})), "E_INVALID_PARAMETERS");
}

TEST_F(Results, InvalidFlags) {
  pl::PathData p;
  p.ids = {3};
  p.flags = pl::kSelKey;  // and no KEYINFO
  EXPECT_EQ(text(get({{p}})), "E_INVALID_FLAGS");
  EXPECT_EQ(of(transaction(pl::TransactionPhase::Middle,
                           {oper(OperType::Set, {path({1}, {data("00000001")})})})),
            "E_INVALID_FLAGS");  // no transaction has begun
}

TEST_F(Results, InvalidTlv) {
  EXPECT_EQ(set_to({1}, "0001"), "E_INVALID_TLV");  // cut
  EXPECT_EQ(text(elements(query(OperType::Get, {data("00")}))), "E_INVALID_TLV");
  EXPECT_EQ(text(get({path({1}, {data("00")})})), "E_INVALID_TLV");
  EXPECT_EQ(set_to({5, 1}, "00000009 6162"), "E_INVALID_TLV");  // a string without its TLV
}

TEST_F(Results, EventError) {  // RFC 5812 section 4.7.6.4: filters are of single events
  EXPECT_EQ(text(elements(config(OperType::SetProp, {path({60, 6}, {sparse({{5, "00000001"}})})}))),
            "E_EVENT_ERROR");
}

TEST_F(Results, NotSupported) {
  EXPECT_EQ(set_to({}, "00"), "E_NOT_SUPPORTED");  // a whole LFB at once
}

TEST_F(Results, MemoryError) {
  for (std::uint32_t row = 0; row < 4; ++row) {
    EXPECT_EQ(set_to({5, row}, "00000009 01120004"), "E_SUCCESS");
  }
  EXPECT_EQ(set_to({5, 4}, "00000009 01120004"), "E_MEMORY_ERROR");
}

TEST_F(Results, InternalError) { EXPECT_EQ(value({15}), "E_INTERNAL_ERROR"); }

TEST_F(Results, UnspecifiedError) {  // what an all-or-none took back
  auto m = config(OperType::Set, {path({1}, {data("00000001")}), path({8}, {data("00000001")})});
  m.header.flags = m.header.flags.with_execution_mode(pl::ExecutionMode::AllOrNone);
  EXPECT_EQ(elements(m), (std::vector{path({1}, {result(ResultCode::UnspecifiedError)}),
                                      path({8}, {result(ResultCode::ReadOnly)})}));
}

TEST_F(Results, TimedOut) {
  (void)run(transaction(pl::TransactionPhase::Start,
                        {oper(OperType::Set, {path({1}, {data("00000001")})})}));
  engine.on_timer(*engine.next_deadline());
  EXPECT_EQ(of(transaction(pl::TransactionPhase::End, {oper(OperType::Commit)})), "E_TIMED_OUT");
}

TEST_F(Results, InvalidTflags) {
  EXPECT_EQ(text(get({by_range({1}, 0, 9)})), "E_INVALID_TFLAGS");  // no table
  EXPECT_EQ(text(get({by_range({}, 0, 9)})), "E_INVALID_TFLAGS");
  auto element = by_range({3}, 0, 9);
  std::get<pl::PathData>(element.value).items = {data("")};
  EXPECT_EQ(text(set({element})), "E_INVALID_TFLAGS");  // neither GET nor DEL
}

TEST_F(Results, InvalidOp) {
  EXPECT_EQ(of(query(OperType::Set, {path({1}, {data("00000001")})})), "E_INVALID_OP");
  EXPECT_EQ(of(config(OperType::Get, {path({1})})), "E_INVALID_OP");
  EXPECT_EQ(of(config(OperType::Commit, {})), "E_INVALID_OP");  // not in a transaction
}

TEST_F(Results, ComponentNotATable) {
  EXPECT_EQ(text(get({by_key({1}, 1, "00")})), "E_COMPONENT_NOT_A_TABLE");
  EXPECT_EQ(text(del({path({1})})), "E_COMPONENT_NOT_A_TABLE");
}

TEST_F(Results, Perm) {
  EXPECT_EQ(value({10}), "E_PERM");  // a trigger cannot be read
  told.refuse = 1;
  EXPECT_EQ(set_to({1}, "00000001"), "E_PERM");  // what the dataplane says
  EXPECT_EQ(value({1}), "00000000");
}

TEST_F(Results, Busy) {
  (void)run(transaction(pl::TransactionPhase::Start,
                        {oper(OperType::Set, {path({1}, {data("00000001")})})}));
  EXPECT_EQ(set_to({2}, "00000001"), "E_BUSY");
  EXPECT_EQ(of(transaction(pl::TransactionPhase::Start,
                           {oper(OperType::Set, {path({1}, {data("00000002")})})})),
            "E_BUSY");
}

TEST_F(Results, Empty) {
  EXPECT_EQ(text(get({by_range({3}, 0, 9)})), "E_EMPTY");
  EXPECT_EQ(text(del({by_range({3}, 0, 9)})), "E_EMPTY");
}

TEST_F(Results, TheyTakeTheFormThatTheCeAsksFor) {  // RFC 7391 section 3.2.3.1
  engine.set_result_form(pl::ResultForm::ExtendedResult);
  EXPECT_EQ(get({by_range({3}, 0, 9)}),
            (std::vector{path({3}, {{pl::ExtendedResult{0x1f, "no row in this range"}}})}));
}

}  // namespace
}  // namespace forces::fe::lfb::test
