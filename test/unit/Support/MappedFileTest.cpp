//===- MappedFileTest.cpp -------------------------------------------------===//
#include "EdgeLLM/Support/MappedFile.h"

#include "../Testing.h"

#include <sys/stat.h>

using namespace edgellm;
using namespace edgellm::testing;
namespace fs = std::filesystem;

namespace {

class MappedFileTest : public ::testing::Test {
protected:
  std::string errorFor(const fs::path &path) {
    return errorOf([&] { MappedFile file(path); });
  }

  TemporaryFolder folder;
};

TEST_F(MappedFileTest, MapsRegularFiles) {
  writeFile(folder / "f", "text");
  MappedFile file(folder / "f");
  ASSERT_EQ(file.bytes().size(), 4u);
  EXPECT_EQ(file.bytes()[3], std::byte('t'));
  MappedFile other = std::move(file);
  EXPECT_EQ(other.bytes().size(), 4u);
  EXPECT_EQ(other.path(), folder / "f");
}

TEST_F(MappedFileTest, EmptyFilesHaveNoBytes) {
  writeFile(folder / "f", "");
  EXPECT_TRUE(MappedFile(folder / "f").bytes().empty());
}

TEST_F(MappedFileTest, LinksLeadToTheirFile) {
  writeFile(folder / "f", "text");
  fs::create_symlink(folder / "f", folder / "link");
  EXPECT_EQ(MappedFile(folder / "link").bytes().size(), 4u);
}

TEST_F(MappedFileTest, RefusesWhatIsNotThere) {
  fs::path absent = folder / "absent", loop = folder / "loop";
  fs::create_symlink(loop, loop);
  EXPECT_EQ(errorFor(absent), absent.string() + ": No such file or directory");
  EXPECT_EQ(errorFor(loop),
            loop.string() + ": Too many levels of symbolic links");
}

/// None of them may be waited for, or read without end.
TEST_F(MappedFileTest, RefusesWhatIsNoRegularFile) {
  fs::path pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (fs::path path : {pipe, folder.path(), fs::path("/dev/zero")})
    EXPECT_EQ(errorFor(path), path.string() + ": not a regular file");
}

TEST_F(MappedFileTest, TextFilesHaveALimit) {
  fs::path path = folder / "f";
  writeFile(path, "text");
  EXPECT_EQ(readTextFile(path, 4), "text");
  EXPECT_EQ(errorOf([&] { readTextFile(path, 3); }),
            path.string() + ": 4 bytes, at most 3 are read");
}

} // namespace
