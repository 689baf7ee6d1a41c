// An answer as it is written: a message, or several when it does not fit into one (RFC 7391
// section 3.3). What is open when a part is full is closed, and opened again in the next one.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "proto/pl/body/grammar.hpp"
#include "proto/pl/body/writer.hpp"

namespace forces::fe::lfb {

class Answer {
 public:
  Answer(const pl::Header& header, pl::ResultForm form, pl::Octets recycled = {});
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  ~Answer();

  // They end in the reverse order; one into which nothing was written leaves no trace.
  void begin_select(pl::LfbClassId class_id, pl::LfbInstanceId instance_id);
  void begin_operation(pl::OperType type);
  void begin_path(const pl::IdsView& ids, std::optional<std::uint32_t> row = {});
  void begin_path(std::span<const std::uint32_t> ids);
  void end();

  void result(pl::ResultCode code, std::string_view cause = {});
  void data(wire::Bytes value);  // FULLDATA
  // For what is written to writer() directly: begins a new part unless so much fits. False when it
  // fits into none.
  bool make_room(std::size_t octets);
  [[nodiscard]] std::size_t room() const { return writer_.room(); }
  [[nodiscard]] pl::MessageWriter& writer() { return writer_; }

  // The parts in order. None when something could not be said in a message at all.
  [[nodiscard]] std::vector<pl::Octets> finish() &&;

 private:
  enum class What : std::uint8_t { Select, Operation, Path };
  struct Level {
    What what;
    std::uint32_t first, second;  // class and instance; operation; place in ids_ and count
  };
  void open(const Level& level);
  void open_path(std::size_t first);
  void close_all();
  void next_part();
  void keep(pl::Part part);

  pl::Header header_;
  pl::ResultForm form_;
  pl::MessageWriter writer_;
  std::vector<Level> levels_;
  std::vector<std::uint32_t> ids_;
  std::vector<pl::MessageWriter::Scope> scopes_;
  std::vector<std::size_t> begins_;  // where the content of each scope begins
  std::vector<pl::Octets> parts_;
  std::vector<Level> broken_;  // what was open when a part was full, and its IDs
  std::vector<std::uint32_t> broken_ids_;
  bool failed_ = false;
};

}  // namespace forces::fe::lfb
