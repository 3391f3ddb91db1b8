//===- GGUFTest.cpp - Good and hostile GGUF files -------------------------===//
#include "EdgeLLM/Weights/GGUF.h"

#include "GGUFBytes.h"

using namespace edgellm;
using edgellm::testing::bytesOf;
using edgellm::testing::errorOf;
using edgellm::testing::ggufText;
using edgellm::testing::numberBytes;
using File = edgellm::testing::GGUFBytes;

// Types of tensors and values by their numbers in files.
static constexpr uint32_t kF32 = 0, kF16 = 1, kQ8_0 = 8, kI8 = 24;
static constexpr uint32_t kU8 = 0, kI32 = 5, kString = 8, kArray = 9;

static GGUFContent read(std::string_view bytes) {
  return parseGGUF(std::as_bytes(std::span(bytes)), "m.gguf");
}

/// The Error that reading gives, without the file's name before it.
static std::string errorOfBytes(std::string_view bytes) {
  std::string message = errorOf([&] { read(bytes); });
  EXPECT_TRUE(message.starts_with("m.gguf: ")) << message;
  return message.substr(8);
}

static std::string errorOfFile(const File &file) {
  return errorOfBytes(file.bytes());
}

TEST(GGUF, ReadsValuesOfEveryType) {
  std::string bytes =
      File()
          .key("u8", numberBytes<uint32_t>(0) + "\xFF")
          .key("i8", numberBytes<uint32_t>(1) + "\xFF")
          .key("u16", numberBytes<uint32_t>(2) + numberBytes<uint16_t>(65535))
          .key("i16", numberBytes<uint32_t>(3) + numberBytes<int16_t>(-2))
          .key("u32", File::u32(4'000'000'000))
          .key("i32", numberBytes<uint32_t>(5) + numberBytes<int32_t>(7))
          .key("f32", File::f32(0.5f))
          .key("bool", File::boolean(1))
          .key("text", File::text("\u00e6"))
          .key("array", File::array(kI32, 2, bytesOf<int32_t>({-1, 1})))
          .key("u64", numberBytes<uint32_t>(10) + numberBytes(~uint64_t(0)))
          .key("i64", numberBytes<uint32_t>(11) + numberBytes<int64_t>(-3))
          .key("f64", numberBytes<uint32_t>(12) + numberBytes(0.1))
          .bytes();
  nlohmann::json expected = {{"u8", 255u},
                             {"i8", -1},
                             {"u16", 65535u},
                             {"i16", -2},
                             {"u32", 4'000'000'000u},
                             {"i32", 7u},
                             {"f32", 0.5},
                             {"bool", true},
                             {"text", "\u00e6"},
                             {"array", {-1, 1u}},
                             {"u64", ~uint64_t(0)},
                             {"i64", -3},
                             {"f64", 0.1}};
  GGUFContent content = read(bytes);
  EXPECT_EQ(content.metadata, expected);
  EXPECT_TRUE(content.metadata["i32"].is_number_unsigned());
  EXPECT_TRUE(content.tensors.empty());
}

TEST(GGUF, ReadsTensorsWhereTheyLie) {
  File file;
  file.tensor("b.weight", kF32, {3, 2}, bytesOf<float>({1, 2, 3, 4, 5, 6}))
      .tensor("a", kF16, {1}, bytesOf<uint16_t>({0x3C00}))
      .tensor("q", kQ8_0, {64, 1, 2}, std::string(4 * 34, '\1'))
      .tensor("empty", kF32, {0}, "");
  std::string bytes = file.bytes();
  GGUFContent content = read(bytes);
  EXPECT_EQ(content.tensors.size(), 4u);
  const Tensor &matrix = content.tensors.at("b.weight");
  EXPECT_EQ(matrix.shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(matrix.where(), "m.gguf: tensor 'b.weight'");
  std::vector<float> row(3);
  readRow(matrix, 1, row);
  EXPECT_EQ(row, (std::vector<float>{4, 5, 6}));
  const Tensor &packed = content.tensors.at("q");
  EXPECT_EQ(packed.shape, (std::vector<int64_t>{2, 1, 64}));
  EXPECT_EQ(packed.dtype, DType::Q8_0);
  EXPECT_EQ(packed.data.size(), 4u * 34);
}

TEST(GGUF, TheAlignmentIsAKey) {
  File file;
  file.alignment = 64;
  file.key("general.alignment", File::u32(64))
      .tensor("a", kF32, {1}, bytesOf<float>({1}))
      .tensor("b", kF32, {1}, bytesOf<float>({2}));
  std::string bytes = file.bytes();
  std::vector<float> row(1);
  readRow(read(bytes).tensors.at("b"), 0, row);
  EXPECT_EQ(row[0], 2);
  // The last tensor needs no padding.
  read(std::string_view(bytes).substr(0, bytes.size() - 60));
}

TEST(GGUF, RefusesOtherFilesAndVersions) {
  EXPECT_EQ(errorOfBytes(""), "the head is cut off: 4 bytes from byte 0 of 0");
  EXPECT_EQ(errorOfBytes("GGUF\3"),
            "the head is cut off: 4 bytes from byte 4 of 5");
  EXPECT_EQ(errorOfBytes(std::string(24, 'x')), "does not begin with \"GGUF\"");
  File file;
  file.version = 1;
  EXPECT_EQ(errorOfFile(file), "GGUF version 1, expected 2 or 3");
  file.version = 4;
  EXPECT_EQ(errorOfFile(file), "GGUF version 4, expected 2 or 3");
  file.version = 0x03000000;
  EXPECT_EQ(errorOfFile(file),
            "GGUF version 50331648, expected 2 or 3; is the file big-endian?");
  file.version = 2;
  EXPECT_TRUE(read(file.bytes()).tensors.empty());
}

TEST(GGUF, RefusesCountsThatAreTooLarge) {
  File file;
  file.tensors = 65537;
  EXPECT_EQ(errorOfFile(file),
            "65537 tensors and 0 keys, at most 65536 of each are read");
  file.tensors = 0;
  file.keys = ~uint64_t(0);
  EXPECT_EQ(errorOfFile(file), "0 tensors and 18446744073709551615 keys, at "
                               "most 65536 of each are read");
  file.keys = 1; // which the file does not have
  EXPECT_EQ(errorOfBytes(file.bytes().substr(0, 24)),
            "a key is cut off: 8 bytes from byte 24 of 24");
}

TEST(GGUF, RefusesStringsBeyondTheEnd) {
  for (uint64_t length : {uint64_t(1000), ~uint64_t(0), ~uint64_t(0) - 23}) {
    File file;
    file.key("a", numberBytes<uint32_t>(kString) + numberBytes(length));
    std::string bytes = file.bytes();
    EXPECT_EQ(errorOfBytes(bytes),
              "key 'a' is cut off: " + std::to_string(length) +
                  " bytes from byte 45 of 64");
  }
}

TEST(GGUF, RefusesArraysThatAreTooLong) {
  auto errorOfArray = [](uint32_t type, uint64_t count) {
    return errorOfFile(File().key("a", File::array(type, count, "")));
  };
  EXPECT_EQ(errorOfArray(kU8, uint64_t(1) << 22),
            "key 'a': 4194304 elements, at most 4194304 values of a file are "
            "read");
  EXPECT_EQ(errorOfArray(kU8, ~uint64_t(0)),
            "key 'a': 18446744073709551615 elements, at most 4194304 values of "
            "a file are read");
  EXPECT_TRUE(errorOfArray(kU8, 1000).starts_with("key 'a' is cut off: "));
  EXPECT_EQ(errorOfArray(kArray, 1),
            "key 'a': arrays of arrays are not supported");
  EXPECT_EQ(errorOfArray(13, 1), "key 'a': value type 13, expected 0 to 12");
}

TEST(GGUF, ArraysShareTheBoundOnValues) {
  std::string half(uint64_t(1) << 21, '\0');
  File file;
  file.key("a", File::array(kU8, half.size(), half))
      .key("b", File::array(kU8, half.size(), half));
  EXPECT_EQ(errorOfFile(file),
            "key 'b': 2097152 elements, at most 4194304 values of a file are "
            "read");
}

TEST(GGUF, RefusesBadKeysAndValues) {
  EXPECT_EQ(errorOfFile(File().key("a", File::u32(1)).key("a", File::u32(1))),
            "key 'a' stands twice");
  std::string name = "a key must be 1 to 1024 bytes of UTF-8 without control "
                     "characters";
  for (std::string key : {std::string(), std::string("a\nb"),
                          std::string("\xC3"), std::string(1025, 'a')})
    EXPECT_EQ(errorOfFile(File().key(key, File::u32(1))), name);
  EXPECT_EQ(errorOfFile(File().key("a", numberBytes<uint32_t>(13))),
            "key 'a': value type 13, expected 0 to 12");
  EXPECT_EQ(errorOfFile(File().key("a", File::boolean(2))),
            "key 'a': found a boolean 2, expected 0 or 1");
  EXPECT_EQ(errorOfFile(File().key("a", File::text("\xFF"))),
            "key 'a' holds text that is not UTF-8");
  EXPECT_EQ(errorOfFile(File().key("a", File::texts({"a", "\xED\xA0\x80"}))),
            "key 'a' holds text that is not UTF-8");
}

TEST(GGUF, RefusesBadAlignments) {
  auto errorOfAlignment = [](uint32_t alignment) {
    return errorOfFile(File().key("general.alignment", File::u32(alignment)));
  };
  EXPECT_EQ(errorOfAlignment(0), "field 'general.alignment': found 0, expected "
                                 "an integer from 1 to 1073741824");
  EXPECT_EQ(errorOfAlignment(24),
            "field 'general.alignment': found 24, expected a power of two");
  EXPECT_EQ(errorOfAlignment(1u << 31),
            "field 'general.alignment': found 2147483648, expected an integer "
            "from 1 to 1073741824");
}

TEST(GGUF, RefusesBadNamesAndTypesOfTensors) {
  EXPECT_EQ(
      errorOfFile(File().tensor("a", kI8, {1}, "1").tensor("a", kI8, {1}, "1")),
      "tensor 'a' stands twice");
  EXPECT_EQ(errorOfFile(File().tensor("\xC3", kI8, {1}, "1")),
            "a tensor's name is not UTF-8");
  EXPECT_EQ(
      errorOfFile(File().tensor("", kI8, {1}, "1")),
      "a tensor's name must be 1 to 1024 bytes without control characters");
  EXPECT_EQ(errorOfFile(File().tensor("a", 4, {1}, "1")),
            "tensor 'a' is of type 4, which is unknown");
  EXPECT_EQ(errorOfFile(File().tensor("a", ~0u, {1}, "1")),
            "tensor 'a' is of type 4294967295, which is unknown");
}

TEST(GGUF, RefusesBadShapes) {
  auto errorOfShape = [](std::vector<uint64_t> dimensions,
                         uint32_t type = kF32) {
    return errorOfFile(File().tensor("a", type, dimensions, "1234"));
  };
  EXPECT_EQ(errorOfShape({}), "tensor 'a' has 0 dimensions, expected 1 to 4");
  EXPECT_EQ(errorOfShape({1, 1, 1, 1, 1}),
            "tensor 'a' has 5 dimensions, expected 1 to 4");
  EXPECT_EQ(errorOfShape({uint64_t(1) << 63}),
            "tensor 'a' has a dimension of 9223372036854775808, too large for "
            "64 bits");
  EXPECT_EQ(errorOfShape({uint64_t(1) << 32, uint64_t(1) << 30}),
            "tensor 'a' has shape [1073741824, 4294967296], too large for 64 "
            "bits");
  EXPECT_EQ(errorOfShape({33}, kQ8_0),
            "tensor 'a' has shape [33], a row of Q8_0 is a multiple of 32");
}

TEST(GGUF, RefusesTensorsOutsideOfTheFile) {
  std::string eight = bytesOf<float>({1, 2});
  auto errorOfOffset = [&](uint64_t offset, uint64_t elements) {
    File file;
    file.data = eight;
    return errorOfFile(file.tensorAt(offset, "a", kF32, {elements}));
  };
  EXPECT_EQ(errorOfOffset(0, 3),
            "tensor 'a' is 12 bytes from byte 0 of the data, which has 8");
  EXPECT_EQ(errorOfOffset(32, 0),
            "tensor 'a' is 0 bytes from byte 32 of the data, which has 8");
  EXPECT_EQ(errorOfOffset(~uint64_t(31), 1),
            "tensor 'a' is 4 bytes from byte 18446744073709551584 of the data, "
            "which has 8");
  EXPECT_EQ(errorOfOffset(4, 1), "tensor 'a' begins at byte 4 of the data, "
                                 "expected a multiple of 32");
  File file; // no data at all, and no padding before it
  file.tensorAt(0, "a", kF32, {1});
  std::string bytes = file.bytes();
  EXPECT_EQ(errorOfBytes(std::string_view(bytes).substr(0, 24 + 33)),
            "tensor 'a' is 4 bytes from byte 0 of the data, which has 0");
}

TEST(GGUF, RefusesOverlapAndGaps) {
  File file;
  file.data = std::string(128, '\0');
  EXPECT_EQ(
      errorOfFile(
          File(file).tensorAt(0, "a", kI8, {64}).tensorAt(32, "b", kI8, {96})),
      "tensor 'b' overlaps tensor 'a'");
  EXPECT_EQ(
      errorOfFile(
          File(file).tensorAt(0, "a", kI8, {32}).tensorAt(64, "b", kI8, {64})),
      "bytes 32 to 64 of the data belong to no tensor");
  EXPECT_EQ(errorOfFile(File(file).tensorAt(0, "a", kI8, {32})),
            "bytes 32 to 128 of the data belong to no tensor");
}

TEST(GGUF, EveryCutIsAnErrorOfOneLine) {
  std::string bytes = File()
                          .key("a", File::texts({"one", "two"}))
                          .key("b", File::u32(1))
                          .tensor("t", kF32, {2, 2}, std::string(16, '\0'))
                          .bytes();
  size_t end = bytes.size() - 16; // of the tensor, before its padding
  for (size_t size = 0; size < end; ++size)
    errorOfBytes(std::string_view(bytes).substr(0, size));
  read(std::string_view(bytes).substr(0, end));
}

TEST(GGUF, EveryChangedByteIsAnErrorOrAnotherFile) {
  std::string bytes = File()
                          .key("a", File::texts({"one", "two"}))
                          .key("b", File::u32(1))
                          .tensor("t", kF32, {2, 2}, std::string(16, '\0'))
                          .bytes();
  size_t errors = 0;
  for (size_t i = 0; i < bytes.size(); ++i)
    for (char value : {'\0', '\x01', '\x7F', '\xFF'}) {
      std::string changed = bytes;
      changed[i] = value;
      try {
        for (const auto &[name, tensor] : read(changed).tensors) {
          std::vector<float> row(size_t(tensor.columns()));
          readRow(tensor, 0, row);
        }
      } catch (const Error &) {
        ++errors;
      }
    }
  EXPECT_GT(errors, bytes.size());
}
