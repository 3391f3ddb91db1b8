//===- JsonBounds.h - Bounds on JSON before it is parsed --------*- C++ -*-===//
#ifndef EDGELLM_LIB_WEIGHTS_JSONBOUNDS_H
#define EDGELLM_LIB_WEIGHTS_JSONBOUNDS_H

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace edgellm {

/// Parses JSON of a downloaded file. A few bytes of text, "[0,0,...", become
/// many bytes of tree, and printing a deep tree recurses; so a text that nests
/// deeper than 64 levels or has more than 2^22 values is refused before it is
/// parsed, with an Error that names `origin`, like every other defect.
nlohmann::json parseBoundedJson(std::string_view text,
                                const std::string &origin);

} // namespace edgellm

#endif // EDGELLM_LIB_WEIGHTS_JSONBOUNDS_H
