//===- ToolTest.cpp -------------------------------------------------------===//
#include "EdgeLLM/Support/Tool.h"

#include "../Testing.h"
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/MappedFile.h"

using namespace edgellm;
using namespace edgellm::testing;

namespace {

/// Exit code and output of a tool without options.
struct Outcome {
  int code;
  std::string out, error;
};

Outcome run(std::vector<std::string> arguments,
            const std::function<void()> &body) {
  arguments.insert(arguments.begin(), "tool");
  std::vector<char *> pointers;
  for (std::string &argument : arguments)
    pointers.push_back(argument.data());
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  CommandLine line{"tool", "Does nothing.", {}, {}, {}};
  int code = runTool(line, int(pointers.size()), pointers.data(), body);
  return {code, ::testing::internal::GetCapturedStdout(),
          ::testing::internal::GetCapturedStderr()};
}

TEST(Tool, RunsItsBody) {
  Outcome outcome = run({}, [] { print("done\n"); });
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "done\n");
  EXPECT_EQ(outcome.error, "");
}

TEST(Tool, EveryErrorIsOneLine) {
  Outcome outcome = run({}, [] { fail("model.bin: too long"); });
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.error, "error: model.bin: too long\n");
  // As other libraries throw them.
  outcome = run({}, [] { throw std::runtime_error("first\n\tsecond\n"); });
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.error, "error: first  second\n");
}

TEST(ToolDeathTest, AFileThatIsShortenedWhileItIsRead) {
  TemporaryFolder folder;
  std::filesystem::path path = folder / "weights";
  writeFile(path, std::string(1 << 16, 'w'));
  auto readPastTheEnd = [&] {
    MappedFile file(path);
    std::filesystem::resize_file(path, 10);
    volatile std::byte last = file.bytes().back();
    (void)last;
  };
  CommandLine line{"tool", "Does nothing.", {}, {}, {}};
  EXPECT_EXIT(std::exit(runTool(line, 0, nullptr, readPastTheEnd)),
              ::testing::ExitedWithCode(1),
              "^error: a file was shortened by another program while it was "
              "read\n$");
}

TEST(Tool, WrongArgumentsDoNotReachTheBody) {
  Outcome outcome = run({"--nonsense"}, [] { FAIL(); });
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.error,
            "error: unknown option '--nonsense'; tool --help lists them\n");
}

TEST(Tool, AnswersHelpAndVersion) {
  Outcome outcome = run({"--help"}, [] { FAIL(); });
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out.find("Does nothing.\n"), 0u);
  outcome = run({"--version"}, [] { FAIL(); });
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "tool " + std::string(toolVersion()) + "\n");
}

} // namespace
