//===- SharedSession.cpp - A session behind a Python object ---------------===//
#include "SharedSession.h"

#include <unistd.h>

using namespace edgellm;
using namespace edgellm::python;

//===----------------------------------------------------------------------===//
// SharedSession
//===----------------------------------------------------------------------===//

SharedSession::SharedSession(Package package, const std::string &xclbin)
    : session(std::move(package), xclbin),
      tokenizer(loadTokenizer(session.package())), process(::getpid()) {}

const Tokenizer &SharedSession::requireTokenizer() const {
  if (!tokenizer)
    fail(session.package().directory().string(),
         ": the package has no tokenizer; give token ids");
  return *tokenizer;
}

SharedSession::Turn::Turn(SharedSession &shared) : shared(shared) {
  // The threads that run the device are not in the copy.
  if (::getpid() != shared.process)
    fail("the session was opened by process ", shared.process,
         "; open one after the fork");
  if (shared.busy.test_and_set())
    fail("the session is in use, by another thread or around this callback");
}

//===----------------------------------------------------------------------===//
// TokenStream
//===----------------------------------------------------------------------===//

TokenStream::TokenStream(std::shared_ptr<SharedSession> session,
                         const GenerationArguments &arguments,
                         std::vector<uint32_t> prompt, bool anew)
    : shared(std::move(session)) {
  if (const auto &tokenizer = shared->tokenizerIfAny())
    text.emplace(*tokenizer);
  shared->change([&](Session &session) {
    GenerationRequest request =
        makeRequest(arguments, std::move(prompt), anew ? 0 : session.past(),
                    session.manifest().context);
    if (anew)
      session.reset();
    begin(session.ids());
    begin(request.prompt);
    generator.emplace(session, std::move(request), GenerationObserver());
    version = shared->version();
  });
}

/// The text before the new tokens: a word may go on.
void TokenStream::begin(std::span<const uint32_t> ids) {
  if (text)
    for (uint32_t id : ids)
      text->add(id);
}

std::string TokenStream::textOf(uint32_t id) {
  if (!text)
    return {};
  std::string piece = text->add(id);
  return generator->isFinished() ? piece + text->finish() : piece;
}

std::optional<std::pair<uint32_t, std::string>> TokenStream::next() {
  return shared->use(
      [&](Session &) -> std::optional<std::pair<uint32_t, std::string>> {
        if (shared->version() != version)
          fail("the session has been used for something else since this "
               "generation began");
        std::optional<uint32_t> id = generator->next();
        if (!id)
          return std::nullopt;
        return std::pair(*id, textOf(*id));
      });
}
