//===- Images.h - What a program keeps in memory, as files ------*- C++ -*-===//
#ifndef EDGELLM_LIB_COMPILE_IMAGES_H
#define EDGELLM_LIB_COMPILE_IMAGES_H

#include "Calibration.h"
#include "EdgeLLM/Compile/Compile.h"
#include "EdgeLLM/Dialect/Accel/IR/Accel.h"
#include "EdgeLLM/Package/Package.h"
#include "EdgeLLM/Weights/Checkpoint.h"

namespace edgellm {

/// Every weight of the program and where the port images hold it.
std::vector<TensorRecord> tensorTable(accel::ProgramOp program);

/// Packs every weight of the program into the port images, in the order of
/// their addresses, one block of rows at a time; what is calibrated is there
/// already. Fills `manifest`'s ports,
/// and the errors of its tensors, which are those of tensorTable().
void writePortImages(accel::ProgramOp program, const Checkpoint &checkpoint,
                     const CalibratedWeights &calibrated,
                     PackageWriter &package, Manifest &manifest,
                     const Progress &progress);

/// The first packets of the ddr buffer: a zero status packet, norm weights,
/// biases and rope tables.
void writeDDRImage(accel::ProgramOp program, const Checkpoint &checkpoint,
                   PackageWriter::File &file);

/// The first `rows` rows of a table, embeddings or positions, as FP16 for the
/// host. Throws Error for a value that FP16 cannot hold.
void writeRows(mlir::TypedAttr table, int64_t rows,
               const Checkpoint &checkpoint, PackageWriter::File &file);

} // namespace edgellm

#endif // EDGELLM_LIB_COMPILE_IMAGES_H
