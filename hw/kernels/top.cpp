//===- top.cpp - The kernel: its processes and their streams --------------===//
//
// The sequencer is started with the kernel and ends it. Everything else is a
// task that runs whenever its streams have something for it, from one start of
// the kernel to the next; the streams between them hold nothing while no kernel
// runs.
//
//===----------------------------------------------------------------------===//
#include "top.h"
#include "memory.h"
#include "sequencer.h"
#include "vector.h"

#include <hls_task.h>

namespace edgellm::kernels {

// Text of pragmas that name an argument.
#define EDGELLM_PRAGMA(text) _Pragma(#text)
#define EDGELLM_PORT_PRAGMAS(name, number)                                     \
  EDGELLM_PRAGMA(HLS INTERFACE mode = m_axi port = name bundle = name)         \
  EDGELLM_PRAGMA(HLS INTERFACE mode = s_axilite port = name)                   \
  EDGELLM_PRAGMA(HLS STABLE variable = name)
#define EDGELLM_PORT_TASKS(name, number)                                       \
  hls_thread_local hls::task name##Writer(portWriter, portWrites[number],      \
                                          portDone[number], name);

void edgellm(const Packet *program, unsigned entry, Packet *ddr,
             unsigned tokens, unsigned past,
             unsigned sequence EDGELLM_EACH_PORT(EDGELLM_PORT_ARGUMENT)) {
#pragma HLS INTERFACE mode = m_axi port = program bundle = program
#pragma HLS INTERFACE mode = m_axi port = ddr bundle = ddr
#pragma HLS INTERFACE mode = s_axilite port = program
#pragma HLS INTERFACE mode = s_axilite port = entry
#pragma HLS INTERFACE mode = s_axilite port = ddr
#pragma HLS INTERFACE mode = s_axilite port = tokens
#pragma HLS INTERFACE mode = s_axilite port = past
#pragma HLS INTERFACE mode = s_axilite port = sequence
#pragma HLS INTERFACE mode = s_axilite port = return
#pragma HLS STABLE variable = ddr
  EDGELLM_EACH_PORT(EDGELLM_PORT_PRAGMAS)
#pragma HLS DATAFLOW

  // Commands
  hls_thread_local VectorQueue vectorQueue;
  hls_thread_local ArrayQueue arrayQueue, dmaQueue;
  hls_thread_local CompletionStream vectorCompletions, arrayCompletions;

  // Tokens
  hls_thread_local TokenStream arrayToVector[kArrayUnits],
      vectorToArray[kArrayUnits], arrayToDma[kArrayUnits], vectorToDma;
  hls_thread_local TokenStream arrayLeadsVector[kArrayUnits],
      vectorLeadsArray[kArrayUnits];

  // Memories
  hls_thread_local ReadRequestStream ddrReadRequests[kDdrReaders];
  hls_thread_local PacketStream ddrRead[kDdrReaders];
  hls_thread_local WriteRequestStream ddrWriteRequests[kDdrWriters];
  hls_thread_local PacketStream ddrWritten[kDdrWriters];
  hls_thread_local DoneStream ddrDone[kDdrWriters];
  hls_thread_local ReadRequestStream chipReadRequests[kChipReaders];
  hls_thread_local PacketStream chipRead[kChipReaders];
  hls_thread_local WriteRequestStream chipWriteRequests[kChipWriters];
  hls_thread_local PacketStream chipWritten[kChipWriters];
  hls_thread_local DoneStream chipDone[kChipWriters];
  hls_thread_local WriteRequestStream hbmWriteRequests[kHbmWriters];
  hls_thread_local PacketStream hbmWritten[kHbmWriters];
  hls_thread_local DoneStream hbmDone[kHbmWriters];
  hls_thread_local PortWriteStream portWrites[machine::kPorts];
  hls_thread_local DoneStream portDone[machine::kPorts];

  hls_thread_local hls::task ddrTask(kernels::ddr, ddrReadRequests, ddrRead,
                                     ddrWriteRequests, ddrWritten, ddrDone,
                                     ddr);
  hls_thread_local hls::task chipTask(chip, chipReadRequests, chipRead,
                                      chipWriteRequests, chipWritten, chipDone);
  hls_thread_local hls::task cacheTask(
      cacheWriter, hbmWriteRequests, hbmWritten, hbmDone, portWrites, portDone);
  EDGELLM_EACH_PORT(EDGELLM_PORT_TASKS)
  hls_thread_local hls::task vectorTask(
      vectorUnit, vectorQueue, vectorCompletions, arrayToVector,
      arrayLeadsVector, vectorToArray, vectorLeadsArray, vectorToDma,
      ddrReadRequests[kDdrVectorSrc], ddrRead[kDdrVectorSrc],
      chipReadRequests[kChipVectorSrc], chipRead[kChipVectorSrc],
      ddrReadRequests[kDdrVectorWeight], ddrRead[kDdrVectorWeight],
      ddrReadRequests[kDdrVectorBias], ddrRead[kDdrVectorBias],
      ddrWritten[kDdrVectorDst], ddrWriteRequests[kDdrVectorDst],
      ddrDone[kDdrVectorDst], chipWritten[kChipVectorDst],
      chipWriteRequests[kChipVectorDst], chipDone[kChipVectorDst],
      hbmWritten[kHbmVectorDst], hbmWriteRequests[kHbmVectorDst],
      hbmDone[kHbmVectorDst]);

  sequencer(program, entry, tokens, past, sequence, vectorQueue, arrayQueue,
            dmaQueue, vectorCompletions, arrayCompletions,
            ddrWritten[kDdrStatus], ddrWriteRequests[kDdrStatus],
            ddrDone[kDdrStatus]);
}

} // namespace edgellm::kernels
