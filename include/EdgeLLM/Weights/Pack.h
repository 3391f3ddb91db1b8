//===- Pack.h - Matrices to and from weight images --------------*- C++ -*-===//
#ifndef EDGELLM_WEIGHTS_PACK_H
#define EDGELLM_WEIGHTS_PACK_H

#include "EdgeLLM/Weights/ChannelMap.h"
#include "EdgeLLM/Weights/Compress.h"
#include "EdgeLLM/Weights/MatrixView.h"
#include "EdgeLLM/Weights/WeightLayout.h"

namespace edgellm {

/// Receives the next bytes of one port's image. Every port gets its bytes in
/// order and portBytes() of them in total; calls for different ports alternate.
using PortWriter =
    std::function<void(unsigned port, std::span<const std::byte> bytes)>;

/// What packing lost.
struct PackLoss {
  double squaredError = 0; ///< sum of (w - w')^2, w' being what is stored
  double squaredNorm = 0;  ///< sum of w^2

  /// sqrt(squaredError / squaredNorm), 0 for a matrix of zeros.
  double relativeError() const;
};

/// Permutes, pads, compresses and packs a matrix, `layout` deciding the format
/// and the maps where each channel goes. `compression` is by a single-pass
/// method and concerns int4 formats only, whose density it must have.
///
/// Memory is bounded: at most about 32 MiB of images (one block of 32 outputs
/// if that is larger) exist at a time, and `write` is called from the calling
/// thread. `threads` workers share the rows, 0 for one a processor; neither
/// bytes nor result depend on it.
///
/// Throws Error when maps, layout, compression and matrix do not fit each
/// other, when a weight is not finite, or when it is beyond the format's range
/// (65504 for fp16, 7 * 65504 for int4 formats, whose scales then overflow
/// FP16); then some bytes may have been written already.
PackLoss packMatrix(const MatrixView &matrix, const ChannelMap &rows,
                    const ChannelMap &columns, const WeightLayout &layout,
                    const Compression &compression, const PortWriter &write,
                    unsigned threads = 0);

/// Writes the weights of an output channel in [0, outputs) of a layout, for its
/// paddedInputs() channels. May throw Error. Called from several threads at
/// once.
using MachineRows =
    std::function<void(int64_t output, std::span<float> weights)>;

/// The rows of a matrix as the machine sees them: permuted, and zero where
/// there is padding. The maps have as many source channels as the matrix has
/// rows and columns.
MachineRows machineRowsOf(MatrixView matrix, const ChannelMap &rows,
                          const ChannelMap &columns);

/// A matrix that is quantized already, one machine row at a time.
struct QuantizedRows {
  /// How error messages name it.
  std::string name;
  /// Writes the paddedInputs() values and the scales, one a block of 128, of an
  /// output channel in [0, outputs) of the layout. May throw Error. Called from
  /// several threads at once.
  std::function<void(int64_t output, std::span<int8_t> values,
                     std::span<uint16_t> scales)>
      readRow;
  /// What was quantized; empty when nobody asks for the loss.
  MachineRows original = {};
};

/// Packs a quantized matrix; `layout` has an int4 format. As packMatrix, but
/// throws Error when a value is not in [-7, 7], a scale is not a number from 0
/// to 65504, or more of 8 neighbouring values are nonzero than the format
/// keeps.
/// Returns a loss of zero when there is no original.
PackLoss packQuantized(const QuantizedRows &matrix, const WeightLayout &layout,
                       const PortWriter &write, unsigned threads = 0);

/// The images of a packed matrix, portBytes() for each port.
using PortImages = std::span<const std::span<const std::byte>>;

/// Reads one output channel in [0, paddedOutputs()) as the machine does:
/// weights[i] is the value multiplied with input channel i, for the
/// paddedInputs() channels.
void unpackRow(const WeightLayout &layout, PortImages images, int64_t output,
               std::span<float> weights);

/// The inverse of packMatrix up to compression: a view of the images, whose
/// bytes must outlive it, with the rows and columns of the checkpoint. Throws
/// Error when maps and layout do not fit or an image has not portBytes() bytes.
MatrixView unpackMatrix(std::string name, const ChannelMap &rows,
                        const ChannelMap &columns, const WeightLayout &layout,
                        PortImages images);

} // namespace edgellm

#endif // EDGELLM_WEIGHTS_PACK_H
