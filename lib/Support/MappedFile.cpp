//===- MappedFile.cpp - A read-only memory-mapped file --------------------===//
#include "EdgeLLM/Support/MappedFile.h"

#include "EdgeLLM/Support/Error.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

using namespace edgellm;

MappedFile::MappedFile(const std::filesystem::path &path)
    // O_NONBLOCK: opening a FIFO by mistake must not hang.
    : MappedFile(path,
                 ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  if (file < 0)
    fail(path.string(), ": ", std::strerror(errno));
  struct stat info;
  if (::fstat(file, &info) != 0)
    fail(path.string(), ": ", std::strerror(errno));
  if (!S_ISREG(info.st_mode))
    fail(path.string(), ": not a regular file");
  size = size_t(info.st_size);
  if (size == 0)
    return;
  void *mapping = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  if (mapping == MAP_FAILED)
    fail(path.string(), ": cannot map ", size,
         " bytes: ", std::strerror(errno));
  data = static_cast<const std::byte *>(mapping);
}

MappedFile::~MappedFile() {
  if (data)
    ::munmap(const_cast<std::byte *>(data), size);
  if (file >= 0)
    ::close(file);
}

void MappedFile::dropPages() const {
  if (data)
    ::madvise(const_cast<std::byte *>(data), size, MADV_DONTNEED);
}

MappedFile::MappedFile(MappedFile &&other) noexcept
    : name(std::move(other.name)), file(std::exchange(other.file, -1)),
      data(std::exchange(other.data, nullptr)),
      size(std::exchange(other.size, 0)) {}

MappedFile &MappedFile::operator=(MappedFile &&other) noexcept {
  std::swap(name, other.name);
  std::swap(file, other.file);
  std::swap(data, other.data);
  std::swap(size, other.size);
  return *this;
}

std::string edgellm::readTextFile(const std::filesystem::path &path,
                                  size_t limit) {
  MappedFile file(path);
  std::span<const std::byte> bytes = file.bytes();
  if (bytes.size() > limit)
    fail(path.string(), ": ", bytes.size(), " bytes, at most ", limit,
         " are read");
  return std::string(reinterpret_cast<const char *>(bytes.data()),
                     bytes.size());
}
