// Config (RFC 5810 section 7.6): first everything is done and what came of it noted, step by step;
// then, if an answer is wanted at all, the message is walked again and answered from the notes. So
// the rollback of all-or-none is known before its first result is written.
#pragma once

#include <string_view>
#include <vector>

#include "fe/lfb/engine/answer.hpp"
#include "fe/lfb/engine/location.hpp"

namespace forces::fe::lfb {

class Config {
 public:
  Config(Store& store, Reader& reader, Sink& sink) : store_(store), reader_(reader), sink_(sink) {}

  struct Order {
    bool stop_at_failure = false;
    pl::ResultCode forced = pl::ResultCode::Success;  // if another: the result of everything
    std::string_view cause{};
    bool only_commit = false;                           // E_INVALID_OP for every other operation
    pl::ResultCode commit = pl::ResultCode::InvalidOp;  // of a COMMIT
    std::string_view commit_cause{};
  };
  void run(const pl::MessageView& config, const Order& order, Journal& journal);
  [[nodiscard]] bool failed() const { return failed_; }
  // Whether there is anything that wants an answer: not in a lone TRCOMP.
  [[nodiscard]] bool answerable() const { return answerable_; }

  // `withdrawn`: what succeeded was taken back. `only_failures`: FailureACK.
  void answer(const pl::MessageView& config, bool withdrawn, bool only_failures, Answer& answer);

 private:
  struct Step {
    pl::ResultCode code;
    std::string_view cause;
    std::optional<std::uint32_t> row;  // that a key named
  };
  enum class Form : std::uint8_t { Full, Sparse, Either };

  [[nodiscard]] bool stopped() const { return failed_ && order_.stop_at_failure; }
  void step(pl::ResultCode code, std::string_view cause = {},
            std::optional<std::uint32_t> row = {});
  void operation(const pl::OperView& oper);
  void path(pl::OperType oper, const pl::PathView& view);
  [[nodiscard]] pl::ResultCode enter(pl::OperType oper, const pl::PathView& view,
                                     std::optional<std::uint32_t>& row);
  [[nodiscard]] pl::ResultCode apply(const pl::ItemView& data);
  [[nodiscard]] pl::ResultCode set(std::span<const std::uint32_t> ids, wire::Bytes value,
                                   Form form);
  [[nodiscard]] pl::ResultCode set_table(const Location& at, wire::Bytes value, Form form);
  [[nodiscard]] pl::ResultCode replace_rows(const Location& at, wire::Bytes rows);
  [[nodiscard]] pl::ResultCode change(const Location& at, std::optional<std::uint32_t> row,
                                      std::optional<wire::Bytes> old, wire::Bytes value);
  [[nodiscard]] pl::ResultCode erase(const std::optional<pl::TableRange>& range);
  [[nodiscard]] pl::ResultCode erase_row(const Component& component, std::uint32_t row);
  [[nodiscard]] pl::ResultCode set_properties(const pl::ItemView& data);

  void answer_operation(const pl::OperView& oper, Answer& answer);
  void answer_path(pl::OperType oper, const pl::PathView& view, Answer& answer);
  [[nodiscard]] bool exhausted() const { return next_ == steps_.size(); }
  void answer_step(Answer& answer);

  Store& store_;
  Reader& reader_;
  Sink& sink_;
  Order order_{};
  Journal* journal_ = nullptr;
  Instance* instance_ = nullptr;
  pl::ResultCode lfb_{};     // whether there is this LFB
  pl::ResultCode forced_{};  // in this operation
  pl::Path path_;
  std::vector<Step> steps_;
  std::size_t next_ = 0;
  bool failed_ = false, answerable_ = false;
  bool withdrawn_ = false, only_failures_ = false;
  wire::ByteWriter value_, part_;
  std::vector<std::uint32_t> rows_;
};

}  // namespace forces::fe::lfb
