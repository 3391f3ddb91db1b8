//===- NpyTest.cpp --------------------------------------------------------===//
#include "EdgeLLM/Runtime/Npy.h"

#include "../Testing.h"

#include <cstring>

using namespace edgellm;
using namespace edgellm::testing;

namespace {

TEST(Npy, WritesFormatOne) {
  TemporaryFolder folder;
  NpyWriter writer(folder / "l.npy", 2);
  writer.addRow(std::array<uint16_t, 2>{0x3C00, 0xC000}); // 1, -2
  writer.addRow(std::array<uint16_t, 2>{0x0001, 0x7BFF}); // 2^-24, 65504
  writer.commit();

  std::string file = readFile(folder / "l.npy");
  ASSERT_EQ(file.size(), 128u + 16);
  EXPECT_EQ(file.substr(0, 10), std::string("\x93NUMPY\x01\x00\x76\x00", 10));
  EXPECT_EQ(file.substr(10, 59),
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }");
  EXPECT_EQ(file[127], '\n');
  float values[4];
  std::memcpy(values, &file[128], sizeof values);
  EXPECT_EQ(values[0], 1.f);
  EXPECT_EQ(values[1], -2.f);
  EXPECT_EQ(values[2], 0x1p-24f);
  EXPECT_EQ(values[3], 65504.f);
}

TEST(Npy, AnEmptyMatrixKeepsItsColumns) {
  TemporaryFolder folder;
  NpyWriter writer(folder / "l.npy", 7);
  writer.commit();
  EXPECT_NE(readFile(folder / "l.npy").find("'shape': (0, 7)"),
            std::string::npos);
}

TEST(Npy, WithoutCommitThereIsNoFile) {
  TemporaryFolder folder;
  { NpyWriter writer(folder / "l.npy", 1); }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Npy, ReportsWhereItCannotWrite) {
  EXPECT_EQ(errorOf([] { NpyWriter writer("/nonexistent/l.npy", 1); }),
            "/nonexistent/l.npy: cannot write: No such file or directory");
}

} // namespace
