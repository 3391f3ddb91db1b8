//===- Calibration.h - Matrices compressed on a text ------------*- C++ -*-===//
#ifndef EDGELLM_LIB_COMPILE_CALIBRATION_H
#define EDGELLM_LIB_COMPILE_CALIBRATION_H

#include "EdgeLLM/Compile/Compile.h"
#include "EdgeLLM/Reference/Calibration.h"
#include "EdgeLLM/Weights/Checkpoint.h"
#include "EdgeLLM/Weights/Compress.h"
#include "EdgeLLM/Weights/Pack.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"

#include <cstdio>
#include <memory>

namespace edgellm {

/// Quantized matrices by the weight attribute they belong to, in a temporary
/// file that has no name: a large model's do not fit in memory.
class CalibratedWeights {
public:
  /// Keeps a matrix of machine columns and checkpoint rows.
  void add(mlir::TypedAttr weight, const QuantizedMatrix &matrix);
  bool contains(mlir::TypedAttr weight) const {
    return places.contains(weight);
  }
  /// Its rows in the order of the machine. The weights must outlive the result.
  QuantizedRows rowsOf(mlir::TypedAttr weight, const std::string &name,
                       const ChannelMap &rows) const;

private:
  struct Place {
    uint64_t offset;
    int64_t columns;
  };
  struct CloseFile {
    void operator()(std::FILE *file) const { std::fclose(file); }
  };

  std::unique_ptr<std::FILE, CloseFile> file;
  uint64_t size = 0;
  llvm::DenseMap<mlir::Attribute, Place> places;
};

/// Compresses the matrices that an interpretation visits, in the order of the
/// machine's channels.
class MatrixCompressor {
public:
  QuantizedMatrix compress(const LinearVisit &visit,
                           const Compression &compression);
  /// What the machine computes with, [out, in] in the checkpoint's order.
  static void dequantize(const LinearVisit &visit,
                         const QuantizedMatrix &matrix,
                         std::span<float> weights);

private:
  InputStatistics statistics;
};

/// Whether a method of some matrix of the module needs a calibration text.
bool needsCalibration(mlir::ModuleOp module);

/// Runs the model, a module of the edgellm dialect with encodings decided, in
/// float32 on the text, compresses each matrix on the inputs that it sees when
/// all before it are compressed, and keeps those whose method needed that.
/// Memory holds the activations of the text and one matrix with its
/// statistics. Throws Error.
CalibratedWeights calibrate(mlir::ModuleOp module, const Checkpoint &checkpoint,
                            const std::filesystem::path &text,
                            const Progress &progress);

} // namespace edgellm

#endif // EDGELLM_LIB_COMPILE_CALIBRATION_H
