//===- Tool.cpp - main() of the plain tools -------------------------------===//
#include "EdgeLLM/Support/Tool.h"

#include "EdgeLLM/Support/Error.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

using namespace edgellm;

namespace {

/// Nobody reads standard output any more: a reason to stop, not a failure.
struct ClosedPipe {};

} // namespace

std::string_view edgellm::toolVersion() { return EDGELLM_VERSION; }

void edgellm::print(std::string_view text) {
  size_t written = std::fwrite(text.data(), 1, text.size(), stdout);
  if (written == text.size() && std::fflush(stdout) == 0)
    return;
  if (errno == EPIPE)
    throw ClosedPipe();
  fail("standard output: ", std::strerror(errno));
}

std::string edgellm::oneLine(std::string_view text) {
  std::string line(text);
  for (char &c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      c = ' ';
  while (!line.empty() && line.back() == ' ')
    line.pop_back();
  return line;
}

/// A tool started with a closed standard descriptor would get it back as the
/// first file it opens and print into that. /dev/null opened the wrong way
/// round takes the place, so that using it is an error.
static void occupyStandardDescriptors() {
  for (int descriptor : {0, 1, 2})
    if (::fcntl(descriptor, F_GETFD) < 0 && errno == EBADF)
      (void)::open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY);
}

static void answer(const CommandLine &line, int argc, char **argv,
                   const std::function<void()> &body) {
  std::span<const char *const> arguments(argv, size_t(argc));
  switch (parseArguments(line, arguments.subspan(argc > 0 ? 1 : 0))) {
  case Request::Help:
    return print(helpText(line));
  case Request::Version:
    return print(std::string(line.tool) + " " + EDGELLM_VERSION + "\n");
  case Request::Run:
    return body();
  }
}

int edgellm::runTool(const CommandLine &line, int argc, char **argv,
                     const std::function<void()> &body) {
  occupyStandardDescriptors();
  std::signal(SIGPIPE, SIG_IGN);
  try {
    answer(line, argc, argv, body);
    return 0;
  } catch (const ClosedPipe &) {
    std::signal(SIGPIPE, SIG_DFL);
    std::raise(SIGPIPE);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "error: %s\n", oneLine(error.what()).c_str());
  }
  return 1;
}
