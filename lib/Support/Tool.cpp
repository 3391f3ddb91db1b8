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

/// A tool started with a closed standard descriptor would get it back as the
/// first file it opens and print into that. /dev/null opened the wrong way
/// round takes the place, so that using it is an error.
static void occupyStandardDescriptors() {
  for (int descriptor : {0, 1, 2})
    if (::fcntl(descriptor, F_GETFD) < 0 && errno == EBADF)
      (void)::open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY);
}

/// A mapped file that another program shortens has no bytes any more where they
/// are read. Nothing can be unwound from there; what was to be written stays
/// under its temporary name.
static void reportLostFile(int signal, siginfo_t *info, void *) {
  static constexpr std::string_view message =
      "error: a file was shortened by another program while it was read\n";
  if (info->si_code == BUS_ADRERR) {
    (void)!::write(STDERR_FILENO, message.data(), message.size());
    ::_exit(1);
  }
  std::signal(signal, SIG_DFL); // happens again on return
}

static void catchLostFiles() {
  struct sigaction action = {};
  action.sa_sigaction = reportLostFile;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGBUS, &action, nullptr);
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
  catchLostFiles();
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
