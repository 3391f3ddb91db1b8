//===- Pack.h - Matrices to and from weight images --------------*- C++ -*-===//
#ifndef EDGELLM_WEIGHTS_PACK_H
#define EDGELLM_WEIGHTS_PACK_H

#include "EdgeLLM/Weights/ChannelMap.h"
#include "EdgeLLM/Weights/MatrixView.h"
#include "EdgeLLM/Weights/Quantize.h"
#include "EdgeLLM/Weights/WeightLayout.h"

namespace edgellm {

/// Receives the next bytes of one port's image. Every port gets its bytes in
/// order and portBytes() of them in total; calls for different ports alternate.
using PortWriter =
    std::function<void(unsigned port, std::span<const std::byte> bytes)>;

/// Quantizes, permutes, pads and packs a matrix, `layout` deciding the format
/// and the maps where each channel goes. `method` concerns int4 only.
///
/// Memory is bounded: at most about 32 MiB of images (one block of 32 outputs
/// if that is larger) exist at a time, and `write` is called from the calling
/// thread. `threads` workers share the rows, 0 for one a processor; the bytes
/// do not depend on it.
///
/// Throws Error when maps, layout and matrix do not fit each other, when a
/// weight is not finite, or when it is beyond the format's range (65504 for
/// fp16, 7 * 65504 for int4); then some bytes may have been written already.
void packMatrix(const MatrixView &matrix, const ChannelMap &rows,
                const ChannelMap &columns, const WeightLayout &layout,
                QuantizeMethod method, const PortWriter &write,
                unsigned threads = 0);

/// The images of a packed matrix, portBytes() for each port.
using PortImages = std::span<const std::span<const std::byte>>;

/// Reads one output channel in [0, paddedOutputs()) as the machine does:
/// weights[i] is the value multiplied with input channel i, for the
/// paddedInputs() channels.
void unpackRow(const WeightLayout &layout, PortImages images, int64_t output,
               std::span<float> weights);

/// The inverse of packMatrix up to quantization: a view of the images, whose
/// bytes must outlive it, with the rows and columns of the checkpoint. Throws
/// Error when maps and layout do not fit or an image has not portBytes() bytes.
MatrixView unpackMatrix(std::string name, const ChannelMap &rows,
                        const ChannelMap &columns, const WeightLayout &layout,
                        PortImages images);

} // namespace edgellm

#endif // EDGELLM_WEIGHTS_PACK_H
