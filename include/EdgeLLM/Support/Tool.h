//===- Tool.h - main() of the plain tools -----------------------*- C++ -*-===//
#ifndef EDGELLM_SUPPORT_TOOL_H
#define EDGELLM_SUPPORT_TOOL_H

#include "EdgeLLM/Support/Options.h"

#include <functional>
#include <string_view>

namespace edgellm {

/// The version of this tree, "0.1.0".
std::string_view toolVersion();

/// Parses the command line, answers --help and --version, else runs `body`.
/// Returns the exit code: 0, or 1 after exactly one line "error: ..." on
/// standard error for any std::exception. A reader that closes the pipe on
/// standard output (`| head`) ends the tool by SIGPIPE, as a filter should,
/// but only after the stack is unwound, so that unfinished files are removed. A
/// mapped file that is shortened while it is read ends it with such a line too,
/// without unwinding.
int runTool(const CommandLine &line, int argc, char **argv,
            const std::function<void()> &body);

/// Writes to standard output and flushes, so that text can be followed as it
/// comes. Throws Error when the output cannot be written.
void print(std::string_view text);

} // namespace edgellm

#endif // EDGELLM_SUPPORT_TOOL_H
