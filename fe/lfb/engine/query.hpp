// Query (RFC 5810 section 7.7): GET and GET-PROP of what the paths name, as they come.
#pragma once

#include "fe/lfb/engine/answer.hpp"
#include "fe/lfb/engine/location.hpp"

namespace forces::fe::lfb {

class Query {
 public:
  Query(Store& store, Reader& reader, Answer& answer)
      : store_(store), reader_(reader), answer_(answer) {}

  // `forced`, if not E_SUCCESS, is the result of everything.
  void run(const pl::MessageView& query, pl::ResultCode forced);
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  void operation(const pl::OperView& oper);
  void items(const pl::ItemRange& items);
  void path(const pl::PathView& view);
  [[nodiscard]] pl::ResultCode enter(const pl::PathView& view, std::optional<std::uint32_t>& row);
  void get(const std::optional<pl::TableRange>& range);
  void get_lfb();
  void get_table(Table& table);
  void get_range(const Location& at, const pl::TableRange& range);
  void get_properties();
  [[nodiscard]] bool get_event_properties();
  void fail(pl::ResultCode code, std::string_view cause = {});

  Store& store_;
  Reader& reader_;
  Answer& answer_;
  Instance* instance_ = nullptr;
  pl::ResultCode forced_{};  // in this LFB
  pl::OperType oper_{};
  pl::Path path_;
  bool failed_ = false;
  bool below_range_ = false;
};

}  // namespace forces::fe::lfb
