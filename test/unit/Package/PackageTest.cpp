//===- PackageTest.cpp ----------------------------------------------------===//
#include "EdgeLLM/Package/Package.h"

#include "../Testing.h"

using namespace edgellm;
using namespace edgellm::testing;
namespace fs = std::filesystem;

namespace {

std::span<const std::byte> bytesOf(std::string_view text) {
  return std::as_bytes(std::span(text));
}

/// Writes a small package; its port images have `imageBytes`.
void writePackage(const fs::path &path, size_t imageBytes = 64) {
  PackageWriter writer(path);
  auto add = [&](const std::string &name, const std::string &content) {
    writer.addFile(name).write(bytesOf(content));
  };
  add("program.bin", std::string(64, 'p'));
  add("embedding.bin", std::string(4 * 8 * 2, 'e'));
  add("ddr.bin", std::string(64, 'd'));
  add("hbm/port00.bin", std::string(imageBytes, '0'));
  add("hbm/port01.bin", std::string(imageBytes, '1'));
  Manifest manifest;
  manifest.toolVersion = "test";
  manifest.target = "small";
  manifest.model = "tiny";
  manifest.weights = "fp16";
  manifest.hidden = 8;
  manifest.vocabulary = 4;
  manifest.context = 16;
  manifest.layers = 1;
  manifest.program = "program.bin";
  manifest.embedding = "embedding.bin";
  manifest.ddr = "ddr.bin";
  manifest.ports = {"hbm/port00.bin", "hbm/port01.bin"};
  writer.finish(manifest);
}

size_t entriesIn(const fs::path &folder) {
  return size_t(std::distance(fs::directory_iterator(folder), {}));
}

class PackageTest : public ::testing::Test {
protected:
  TemporaryFolder folder;
  fs::path path = folder / "demo.pkg";
};

TEST_F(PackageTest, WritesAndReads) {
  writePackage(path);
  Package package(path);
  EXPECT_EQ(package.manifest().files.size(), 5u);
  EXPECT_EQ(package.manifest().files.front().path, "ddr.bin"); // sorted
  MappedFile program = package.map("program.bin");
  EXPECT_EQ(program.bytes().size(), 64u);
  EXPECT_EQ(char(program.bytes()[0]), 'p');
  EXPECT_EQ(entriesIn(folder.path()), 1u); // nothing temporary is left
}

TEST_F(PackageTest, ChecksumIsXxh3) {
  // XXH3_64bits("") from the algorithm's published test vectors.
  EXPECT_EQ(Checksum().value(), 0x2D06800538D394C2ull);
  Checksum whole, parts;
  std::string text(100000, 'x');
  whole.update(bytesOf(text));
  for (size_t begin = 0; begin < text.size(); begin += 777)
    parts.update(bytesOf(std::string_view(text).substr(begin, 777)));
  EXPECT_EQ(whole.value(), parts.value());
}

TEST_F(PackageTest, LoadsInOrderedPieces) {
  writePackage(path, 1000000);
  std::string loaded;
  int pieces = 0;
  Package(path).load("hbm/port01.bin", [&](uint64_t offset,
                                           std::span<const std::byte> piece) {
    EXPECT_EQ(offset, loaded.size());
    loaded.append(reinterpret_cast<const char *>(piece.data()), piece.size());
    ++pieces;
  });
  EXPECT_EQ(loaded, std::string(1000000, '1'));
  EXPECT_GT(pieces, 1);
}

TEST_F(PackageTest, FindsDamage) {
  writePackage(path);
  Package package(path);
  writeFile(path / "ddr.bin", std::string(63, 'd') + "x");
  for (auto &&read : std::vector<std::function<void()>>{
           [&] { package.map("ddr.bin"); },
           [&] { package.load("ddr.bin", [](auto, auto) {}); }}) {
    std::string error = errorOf(read);
    EXPECT_EQ(error.find((path / "ddr.bin").string() + ": found checksum "),
              0u);
    EXPECT_NE(error.find("expected "), error.npos);
  }
  package.map("program.bin"); // the others are as good as they were
}

TEST_F(PackageTest, FindsWrongSizes) {
  writePackage(path);
  Package opened(path);
  fs::resize_file(path / "ddr.bin", 65);
  std::string expected = (path / "ddr.bin").string() +
                         ": found 65 bytes, expected 64 (manifest.json)";
  EXPECT_EQ(errorOf([&] { Package package(path); }), expected);
  EXPECT_EQ(errorOf([&] { opened.map("ddr.bin"); }), expected);
}

TEST_F(PackageTest, FindsMissingFiles) {
  writePackage(path);
  fs::remove(path / "hbm" / "port01.bin");
  EXPECT_EQ(errorOf([&] { Package package(path); }),
            (path / "hbm/port01.bin").string() +
                ": missing or not a regular file, though manifest.json lists "
                "it");
}

TEST_F(PackageTest, NamesWhatIsNoPackage) {
  EXPECT_EQ(errorOf([&] { Package package(folder.path()); }),
            folder.path().string() + ": no package, it holds no manifest.json");
  EXPECT_EQ(errorOf([&] { Package package(path); }),
            (path / "manifest.json").string() + ": No such file or directory");
}

TEST_F(PackageTest, SaysWhatAProgramAloneLacks) {
  writePackage(path);
  Package(path).requireWeights();
  PackageWriter writer(path);
  writer.addFile("program.bin").write(bytesOf("p"));
  Manifest manifest = readManifest(path);
  manifest.embedding.clear();
  manifest.ddr.clear();
  manifest.ports.clear();
  writer.finish(manifest);
  EXPECT_EQ(errorOf([&] { Package(path).requireWeights(); }),
            path.string() + ": holds the program alone and no weights to run "
                            "it with; compile the checkpoint without "
                            "--program-only");
  EXPECT_FALSE(fs::exists(path / "hbm")); // replaced as a whole
}

TEST_F(PackageTest, UnfinishedPackagesVanish) {
  {
    PackageWriter writer(path);
    writer.addFile("hbm/port00.bin").write(bytesOf("abc"));
    EXPECT_FALSE(fs::exists(path));
  }
  EXPECT_EQ(entriesIn(folder.path()), 0u);
}

TEST_F(PackageTest, AFailedFinishKeepsTheOldPackage) {
  writePackage(path, 64);
  {
    PackageWriter writer(path);
    writer.addFile("program.bin").write(bytesOf("x"));
    EXPECT_NE(errorOf([&] {
                writer.finish(Manifest());
              }).find("manifest.json: field 'tool_version'"),
              std::string::npos);
  }
  EXPECT_EQ(Package(path).manifest().file("hbm/port00.bin").bytes, 64u);
  EXPECT_EQ(entriesIn(folder.path()), 1u);
}

TEST_F(PackageTest, ReplacesPackagesOnly) {
  writePackage(path, 64);
  writePackage(path, 128);
  EXPECT_EQ(Package(path).manifest().file("hbm/port00.bin").bytes, 128u);
  fs::create_directory(folder / "mine");
  writeFile(folder / "mine/letter.txt", "dear");
  EXPECT_NE(errorOf([&] {
              writePackage(folder / "mine");
            }).find("holds no manifest.json, so it is not replaced"),
            std::string::npos);
  EXPECT_EQ(readFile(folder / "mine/letter.txt"), "dear");
}

TEST_F(PackageTest, RefusesAFileAddedTwice) {
  PackageWriter writer(path);
  writer.addFile("a");
  EXPECT_EQ(errorOf([&] { writer.addFile("a"); }),
            path.string() + ": file 'a' is added twice");
}

TEST_F(PackageTest, EqualInputsGiveEqualBytes) {
  writePackage(path);
  std::string first = readFile(path / "manifest.json");
  writePackage(path);
  EXPECT_EQ(readFile(path / "manifest.json"), first);
}

} // namespace
