//===- Normalizer.cpp - One form of each character ------------------------===//
#include "Normalizer.h"

#include "EdgeLLM/Support/Error.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utf8proc.h>

using namespace edgellm;
using nlohmann::json;

static constexpr size_t kMaxMarks = 256;

Normalizer::Normalizer(JsonObject &top) {
  if (top.has("normalizer") && !top.take("normalizer").is_null())
    read(top.object("normalizer"));
}

void Normalizer::read(JsonObject object) {
  std::string type = object.string("type");
  if (type == "Sequence") {
    size_t count = object.array("normalizers").size();
    for (size_t i = 0; i < count; ++i)
      read(object.element("normalizers", i));
  } else if (type == "NFC") {
    composes = true;
  } else {
    object.failField("type", type, "NFC or a Sequence of NFC");
  }
  object.finish();
}

bool Normalizer::changes(std::string_view text) const {
  return composes && std::ranges::any_of(
                         text, [](unsigned char byte) { return byte >= 0x80; });
}

static void limitMarks(std::string_view text, const std::string &what) {
  auto *bytes = reinterpret_cast<const utf8proc_uint8_t *>(text.data());
  size_t marks = 0;
  for (size_t offset = 0; offset < text.size();) {
    utf8proc_int32_t c = 0;
    utf8proc_ssize_t length = utf8proc_iterate(
        bytes + offset, utf8proc_ssize_t(text.size() - offset), &c);
    marks = utf8proc_get_property(c)->combining_class ? marks + 1 : 0;
    if (marks > kMaxMarks)
      fail(what, ": more than ", kMaxMarks,
           " combining marks in a row at byte ", offset, " of a text of ",
           text.size());
    offset += size_t(std::max<utf8proc_ssize_t>(length, 1));
  }
}

std::string Normalizer::run(std::string_view text,
                            const std::string &what) const {
  if (!changes(text))
    return std::string(text);
  limitMarks(text, what);
  utf8proc_uint8_t *result = nullptr;
  utf8proc_ssize_t bytes =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t *>(text.data()),
                   utf8proc_ssize_t(text.size()), &result,
                   utf8proc_option_t(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(result,
                                                                &std::free);
  if (bytes < 0)
    fail(what, ": ", utf8proc_errmsg(bytes));
  return std::string(reinterpret_cast<const char *>(result), size_t(bytes));
}
