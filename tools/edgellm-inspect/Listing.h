//===- Listing.h - What a package holds -------------------------*- C++ -*-===//
#ifndef EDGELLM_TOOLS_EDGELLM_INSPECT_LISTING_H
#define EDGELLM_TOOLS_EDGELLM_INSPECT_LISTING_H

#include "PackedModel.h"

namespace edgellm::inspect {

/// A table of the tensors, what they add up to, and the files.
std::string listingText(const PackedModel &model);

/// The same as one JSON object.
std::string listingJson(const PackedModel &model);

/// "1.2 MiB", "512 B".
std::string shownBytes(uint64_t bytes);

} // namespace edgellm::inspect

#endif // EDGELLM_TOOLS_EDGELLM_INSPECT_LISTING_H
