//===- FileMapping.cpp - A buffer of the device model from a file ---------===//
#include "FileMapping.h"

#include "Card.h"

#include <cerrno>

using namespace edgellm::driver;

extern "C" int xclEdgeLLMMapFile(uint64_t address, int file, uint64_t bytes) {
  std::shared_ptr<Machine> machine = Card::inSlot()->machine();
  if (!machine)
    return -EINVAL;
  std::shared_ptr<Allocation> buffer = machine->memory->find(address);
  bool isMapped =
      buffer && buffer->address() == address && buffer->showFile(file, bytes);
  return isMapped ? 0 : -EINVAL;
}
