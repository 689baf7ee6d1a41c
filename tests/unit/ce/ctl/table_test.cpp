#include "ce/ctl/table.hpp"

#include <gtest/gtest.h>

namespace forces::ctl {
namespace {

TEST(Table, AlignsItsColumns) {
  Table table({">ID", "NAME", ">UP"});
  table.row({"1", "one", "5s"});
  table.row({"1000", "a longer name", "12min"});
  EXPECT_EQ(table.text(),
            "  ID  NAME              UP\n"
            "   1  one               5s\n"
            "1000  a longer name  12min\n");
}

TEST(Table, LinesDoNotEndInBlanks) {
  Table table({"A", "LONG HEADER"});
  table.row({"x", ""});
  table.row({"y"});  // missing cells are empty
  EXPECT_EQ(table.text(), "A  LONG HEADER\nx\ny\n");
}

TEST(Table, WithoutRowsIsItsHeader) {
  const Table table({"A", ">B"});
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(table.text(), "A  B\n");
}

}  // namespace
}  // namespace forces::ctl
