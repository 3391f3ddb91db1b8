//===- Error.cpp - The one exception of the plain libraries ---------------===//
#include "EdgeLLM/Support/Error.h"

using namespace edgellm;

std::string edgellm::oneLine(std::string_view text) {
  std::string line(text);
  for (char &c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      c = ' ';
  while (!line.empty() && line.back() == ' ')
    line.pop_back();
  return line;
}

/// Whether a character of UTF-8 begins at `position`, or the text ends.
static bool isBoundary(std::string_view text, size_t position) {
  return position == text.size() ||
         (static_cast<unsigned char>(text[position]) & 0xC0) != 0x80;
}

/// Cuts out the middle of what is too long to be read.
static std::string shortened(const std::string &text) {
  constexpr std::string_view gap = " ... ";
  if (text.size() <= Error::kLongest)
    return text;
  size_t head = (Error::kLongest - gap.size()) / 2, tail = text.size() - head;
  while (head > 0 && !isBoundary(text, head))
    --head;
  while (!isBoundary(text, tail))
    ++tail;
  return text.substr(0, head).append(gap).append(text, tail);
}

Error::Error(std::string_view message)
    : std::runtime_error(shortened(oneLine(message))) {}
