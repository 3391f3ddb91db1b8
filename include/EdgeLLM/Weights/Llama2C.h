//===- Llama2C.h - A file in llama2.c's format ------------------*- C++ -*-===//
//
// A LLaMA in float32. All numbers are little-endian and 4 bytes, except for the
// flag. The head of the first format, which has no version, is seven of them:
//
//   hidden, intermediate, layers, heads, kvHeads, vocabulary, context
//
// where the vocabulary is below 0 when the output layer is not the embedding.
// That of version 1 is 256 bytes: 0x616B3432, the version, these seven, a byte
// that is 1 when the output layer is the embedding, zeros. Then come, each for
// all layers, [outputs, inputs]:
//
//   first format   embedding; attention norm; q; k; v; o; feed-forward norm;
//                  gate; down; up; last norm; cosines and sines of rotary
//                  embeddings, [context, headSize / 2] each; output
//   version 1      attention norm; feed-forward norm; last norm; embedding; q;
//                  k; v; o; gate; down; up; output
//
// Neighbouring channels of queries and keys turn together.
//
// tokenizer.bin beside it has the u32 length of the longest token, then for
// each of the vocabulary a float32 score, u32 length and its bytes: those of a
// SentencePiece model with spaces as they are. Token 0 stands for the unknown,
// 1 and 2 begin and end a text, "<0x0A>" is a byte.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_WEIGHTS_LLAMA2C_H
#define EDGELLM_WEIGHTS_LLAMA2C_H

#include "EdgeLLM/Weights/ModelConfig.h"
#include "EdgeLLM/Weights/TensorFile.h"

namespace edgellm {

struct Llama2CContent {
  ModelConfig config;  ///< tensors are called as in a Hugging Face folder
  TensorTable tensors; ///< with "freqs_cos" and "freqs_sin", if there are some
};

/// Reads the head of a file, which must be exactly as long as that says.
/// `bytes` is the file's content, which the tensors refer to, `path` its name.
/// Throws Error.
Llama2CContent parseLlama2C(std::span<const std::byte> bytes,
                            const std::filesystem::path &path);

/// The SentencePiece model that a tokenizer.bin of so many tokens comes from.
/// Throws Error, which begins with `origin`.
std::string parseLlama2CTokenizer(std::span<const std::byte> bytes,
                                  int64_t vocabulary,
                                  const std::string &origin);

} // namespace edgellm

#endif // EDGELLM_WEIGHTS_LLAMA2C_H
