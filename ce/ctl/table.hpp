// Text in columns for a terminal.
#pragma once

#include <string>
#include <vector>

namespace forces::ctl {

class Table {
 public:
  // Columns whose header begins with '>' are aligned to the right.
  explicit Table(std::vector<std::string> headers);
  void row(std::vector<std::string> cells);  // missing cells are empty
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  // Header and rows, two spaces between columns, none at the end of a line.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::string> headers_;
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace forces::ctl
