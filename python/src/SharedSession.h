//===- SharedSession.h - A session behind a Python object -------*- C++ -*-===//
#ifndef EDGELLM_PYTHON_SHAREDSESSION_H
#define EDGELLM_PYTHON_SHAREDSESSION_H

#include "Binding.h"
#include "EdgeLLM/Runtime/Generator.h"
#include "EdgeLLM/Runtime/Tokenizer.h"

#include <atomic>
#include <memory>
#include <optional>

namespace edgellm::python {

/// A session and the tokenizer of its package. Its functions release the lock
/// of the interpreter while they work; a second thread that calls meanwhile, or
/// a callback, gets an Error: a cache belongs to one text.
class SharedSession {
public:
  SharedSession(Package package, const std::string &xclbin);

  /// For what never changes: the package, the device, the number of sequences.
  const Session &info() const { return session; }
  /// Throws Error when the package has none.
  const Tokenizer &requireTokenizer() const;
  const std::optional<Tokenizer> &tokenizerIfAny() const { return tokenizer; }

  /// Runs `action` on the session, outside the lock of the interpreter.
  template <typename Action> auto use(Action &&action) {
    py::gil_scoped_release unlocked;
    Turn turn(*this);
    return action(session);
  }

  /// The same for what changes the cache: a generation under way ends.
  template <typename Action> auto change(Action &&action) {
    return use([&](Session &session) {
      ++changes;
      return action(session);
    });
  }
  /// How often the cache was changed; of use to what change() would end.
  uint64_t version() const { return changes; }

private:
  /// The right to use the session.
  class Turn {
  public:
    explicit Turn(SharedSession &shared);
    ~Turn() { shared.busy.clear(); }

  private:
    SharedSession &shared;
  };

  Session session;
  std::optional<Tokenizer> tokenizer;
  std::atomic_flag busy;
  std::atomic<uint64_t> changes = 0;
  const pid_t process;
};

/// Tokens after a prompt, one a call, with the text that each completes.
class TokenStream {
public:
  /// Continues what is cached, or with `anew` empties the cache before. Throws
  /// Error, and changes nothing, unless the context has room.
  TokenStream(std::shared_ptr<SharedSession> session,
              const GenerationArguments &arguments,
              std::vector<uint32_t> prompt, bool anew);

  /// Nothing after the last.
  std::optional<std::pair<uint32_t, std::string>> next();

private:
  void begin(std::span<const uint32_t> ids);
  std::string textOf(uint32_t id);

  std::shared_ptr<SharedSession> shared;
  std::optional<TextStream> text;
  std::optional<Generator> generator;
  uint64_t version = 0;
};

} // namespace edgellm::python

#endif // EDGELLM_PYTHON_SHAREDSESSION_H
