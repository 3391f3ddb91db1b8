//===- Extract.cpp - Parts of the weights as files ------------------------===//
#include "Extract.h"

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/NpyHeader.h"
#include "EdgeLLM/Weights/Pack.h"

#include <algorithm>

using namespace edgellm;
using namespace edgellm::inspect;

const TensorRecord &edgellm::inspect::tensorNamed(const PackedModel &model,
                                                  const std::string &name) {
  const auto &tensors = model.manifest().tensors;
  auto found = std::ranges::find(tensors, name, &TensorRecord::name);
  if (found != tensors.end())
    return *found;
  std::string near;
  for (const TensorRecord &tensor : tensors)
    if (near.size() < 200 && tensor.name.find(name) != tensor.name.npos)
      near += (near.empty() ? "; names that contain it: " : ", ") + tensor.name;
  fail(model.package.directory().string(), ": no tensor '", name, "' among ",
       tensors.size(), near);
}

/// Throws Error unless the record agrees with the layout that it names.
static WeightLayout layoutOf(const PackedModel &model,
                             const TensorRecord &tensor) {
  std::string where =
      model.package.directory().string() + ": tensor '" + tensor.name + "'";
  for (unsigned i = 0; i < isa::kWeightFormats; ++i) {
    auto format = WeightFormat(i);
    if (tensor.encoding != isa::nameOf(format))
      continue;
    WeightLayout layout{format, tensor.rows.paddedChannels(),
                        tensor.columns.paddedChannels(), model.program.ports};
    layout.validate();
    if (layout.portBytes() != tensor.bytesPerPort)
      fail(where, " has ", tensor.bytesPerPort, " bytes in a port, ",
           tensor.encoding, " of its shape takes ", layout.portBytes());
    return layout;
  }
  fail(where, " has encoding '", tensor.encoding,
       "', which this version does not know");
}

static std::span<const std::byte> bytesOf(const MappedFile &image,
                                          const TensorRecord &tensor) {
  return image.bytes().subspan(tensor.packet * isa::kPacketBytes,
                               tensor.bytesPerPort);
}

void edgellm::inspect::writePort(const PackedModel &model,
                                 const TensorRecord &tensor, uint64_t port,
                                 const std::filesystem::path &path) {
  model.package.requireWeights();
  const std::vector<std::string> &ports = model.manifest().ports;
  if (port >= ports.size())
    fail("--port is ", port, ", the package has ports 0 to ", ports.size() - 1);
  MappedFile image = model.package.map(ports[port]);
  AtomicFile file(path);
  file.write(bytesOf(image, tensor));
  file.commit();
}

void edgellm::inspect::writeDequantized(const PackedModel &model,
                                        const TensorRecord &tensor,
                                        const std::filesystem::path &path) {
  model.package.requireWeights();
  WeightLayout layout = layoutOf(model, tensor);
  std::vector<MappedFile> images;
  std::vector<std::span<const std::byte>> parts;
  for (const std::string &port : model.manifest().ports)
    images.push_back(model.package.map(port));
  for (const MappedFile &image : images)
    parts.push_back(bytesOf(image, tensor));
  MatrixView view =
      unpackMatrix(tensor.name, tensor.rows, tensor.columns, layout, parts);

  AtomicFile file(path);
  file.write(npyHeader(tensor.outputs, tensor.inputs));
  std::vector<float> row(tensor.inputs);
  for (int64_t r = 0; r < view.rows; ++r) {
    view.readRow(r, row);
    file.write(std::as_bytes(std::span(row)));
  }
  file.commit();
}
