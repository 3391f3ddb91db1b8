//===- CorpusTest.cpp - Programs of all instruction tables ----------------===//
//
// test/corpus/programs holds programs of every table there was. They load, or
// are refused with both tables' hashes, for ever. Other folders of test/corpus
// are the inputs of fuzzers.
//
//===----------------------------------------------------------------------===//
#include "EdgeLLM/ISA/Assembly.h"
#include "EdgeLLM/ISA/Instructions.h"
#include "EdgeLLM/ISA/Program.h"
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/JsonObject.h"
#include "EdgeLLM/Support/MappedFile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

using namespace edgellm;
namespace fs = std::filesystem;

static const fs::path kCorpus = EDGELLM_PROGRAM_CORPUS;

static std::string hexadecimal(uint64_t value) {
  std::ostringstream text;
  text << std::hex << value;
  return text.str();
}

static std::string refusalOf(std::span<const std::byte> bytes) {
  try {
    parseProgram(bytes, "corpus");
  } catch (const Error &error) {
    return error.what();
  }
  return "";
}

/// File names with the hashes of their tables.
static nlohmann::json readIndex() {
  fs::path file = kCorpus / "index.json";
  return parseJson(readTextFile(file), file.string());
}

TEST(Corpus, EveryProgramLoadsOrIsRefusedByTheNamesOfBothTables) {
  unsigned loaded = 0;
  std::string today = hexadecimal(isa::kTableHash);
  nlohmann::json index = readIndex();
  for (const auto &[name, hash] : index.items()) {
    MappedFile file(kCorpus / name);
    std::string refusal = refusalOf(file.bytes());
    if (hash == today) {
      EXPECT_EQ(refusal, "") << name;
      EXPECT_TRUE(std::ranges::equal(
          serializeProgram(parseProgram(file.bytes(), name)), file.bytes()))
          << name;
      ++loaded;
      continue;
    }
    EXPECT_EQ(refusal, "corpus: instruction table 0x" +
                           hash.get<std::string>() + ", this version has 0x" +
                           today + "; compile the model again")
        << name;
  }
  EXPECT_EQ(loaded, 1u) << "no program of today's table 0x" << today
                        << "; test/corpus/programs/README.md says how to add "
                           "one";
}

/// Texts of another table would be refused before they reach the device.
TEST(Corpus, TheDeviceFuzzerStartsFromInstructionsOfToday) {
  for (const fs::directory_entry &entry :
       fs::directory_iterator(kCorpus.parent_path() / "device")) {
    std::ifstream file(entry.path());
    std::string line;
    for (std::getline(file, line); std::getline(file, line);)
      EXPECT_NO_THROW(isa::assemble(line)) << entry.path() << ": " << line;
  }
}

TEST(Corpus, EveryFileIsInTheIndex) {
  nlohmann::json index = readIndex();
  for (const fs::directory_entry &entry : fs::directory_iterator(kCorpus)) {
    if (entry.path().extension() == ".bin") {
      EXPECT_TRUE(index.contains(entry.path().filename().string()))
          << entry.path();
    }
  }
}
