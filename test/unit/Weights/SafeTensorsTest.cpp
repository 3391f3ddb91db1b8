//===- SafeTensorsTest.cpp - Good and hostile safetensors files -----------===//
#include "EdgeLLM/Weights/SafeTensors.h"

#include "TestFiles.h"

using namespace edgellm;
using edgellm::testing::bytesOf;
using edgellm::testing::errorOf;
using edgellm::testing::safeTensorsBytes;

namespace {

class SafeTensorsTest : public edgellm::testing::FilesTest {
protected:
  /// The Error that a file of these bytes gives, without the path before it.
  std::string errorOfBytes(std::string_view bytes) {
    std::filesystem::path path = write("m", bytes);
    std::string message = errorOf([&] { openSafeTensors(path); });
    std::string prefix = path.string() + ": ";
    EXPECT_TRUE(message.starts_with(prefix)) << message;
    return message.substr(prefix.size());
  }

  std::string errorOfHeader(std::string_view header,
                            std::string_view data = "") {
    return errorOfBytes(safeTensorsBytes(header, data));
  }
};

} // namespace

TEST_F(SafeTensorsTest, ReadsTensorsInAnyOrder) {
  auto path =
      write("m", safeTensorsBytes(
                     R"({"__metadata__": {"format": "pt"},
                         "b": {"dtype": "F32", "shape": [2, 1],
                               "data_offsets": [6, 14]},
                         "empty": {"dtype": "F32", "shape": [0, 7],
                                   "data_offsets": [6, 6]},
                         "a": {"dtype": "BF16", "shape": [3],
                               "data_offsets": [0, 6]},
                         "mask": {"dtype": "I64", "shape": [],
                                  "data_offsets": [14, 22]}}   )",
                     bytesOf<uint16_t>({0x3F80, 0x4000, 0x4040}) +
                         bytesOf<float>({4, 5}) + std::string(8, '\0')));
  TensorFile moved = openSafeTensors(path);
  TensorFile file = std::move(moved);
  EXPECT_EQ(file.path(), path);
  EXPECT_EQ(file.tensors().size(), 4u);
  EXPECT_EQ(file.find("c"), nullptr);
  EXPECT_EQ(file.find("__metadata__"), nullptr);
  EXPECT_EQ(file.find("mask")->dtype, DType::I64);

  const Tensor &a = *file.find("a");
  EXPECT_EQ(a.name, "a");
  EXPECT_EQ(a.dtype, DType::BF16);
  EXPECT_EQ(a.where(), path.string() + ": tensor 'a'");
  std::vector<float> row(3);
  readRow(a, 0, row);
  EXPECT_EQ(row, (std::vector<float>{1, 2, 3}));

  const Tensor &b = *file.find("b");
  EXPECT_EQ(b.shape, (std::vector<int64_t>{2, 1}));
  row.resize(1);
  readRow(b, 1, row);
  EXPECT_EQ(row[0], 5);
}

TEST_F(SafeTensorsTest, AFileWithoutTensorsIsEmpty) {
  TensorFile file = openSafeTensors(write("m", safeTensorsBytes("{}", "")));
  EXPECT_TRUE(file.tensors().empty());
}

TEST_F(SafeTensorsTest, RefusesBadLengths) {
  EXPECT_EQ(errorOfBytes(""), "0 bytes, a safetensors file has at least 8");
  EXPECT_EQ(errorOfBytes("1234567"),
            "7 bytes, a safetensors file has at least 8");
  EXPECT_EQ(errorOfBytes(bytesOf<uint64_t>({3}) + "{}"),
            "header of 3 bytes, only 2 follow its length");
  EXPECT_EQ(errorOfBytes(bytesOf<uint64_t>({100'000'001}) + "{}"),
            "header of 100000001 bytes, at most 100000000 are read");
  EXPECT_EQ(errorOfBytes(bytesOf<uint64_t>({~uint64_t(0)}) + "{}"),
            "header of 18446744073709551615 bytes, at most 100000000 are read");
  EXPECT_EQ(errorOf([&] { openSafeTensors(folder / "none"); }),
            (folder / "none").string() + ": No such file or directory");
}

TEST_F(SafeTensorsTest, RefusesBadJson) {
  EXPECT_TRUE(errorOfHeader("").starts_with("not JSON: parse error at line 1"));
  EXPECT_TRUE(errorOfHeader("{\"a\": nul}").starts_with("not JSON: parse "));
  EXPECT_TRUE(errorOfHeader("{\"a\\").starts_with("not JSON: parse "));
  EXPECT_TRUE(errorOfHeader("{\"\xFF\": 1}").starts_with("not JSON: parse "));
  EXPECT_TRUE(errorOfHeader("]]]}").starts_with("not JSON: parse "));
  EXPECT_EQ(errorOfHeader("[]"), "found [], expected an object");
}

TEST_F(SafeTensorsTest, RefusesJsonBombs) {
  std::string deep = "{\"a\": " + std::string(1'000'000, '[');
  EXPECT_EQ(errorOfHeader(deep), "JSON nests deeper than 64 levels");
  std::string wide = "{\"a\": [0";
  for (int i = 0; i < 5'000'000; ++i)
    wide += ",0";
  EXPECT_EQ(errorOfHeader(wide + "]}"), "JSON has more than 4194304 values");
}

TEST_F(SafeTensorsTest, BracketsInNamesDoNotNest) {
  std::string name = std::string(100, '[') + "\"{{";
  std::string header = R"(": {"dtype": "F16", "shape": [0],
                          "data_offsets": [0, 0]}})";
  header = "{\"" + std::string(100, '[') + "\\\"{{" + header;
  TensorFile file = openSafeTensors(write("m", safeTensorsBytes(header, "")));
  EXPECT_NE(file.find(name), nullptr);
}

TEST_F(SafeTensorsTest, RefusesDuplicates) {
  std::string entry =
      R"("a": {"dtype": "F16", "shape": [1], "data_offsets": [0, 2]})";
  EXPECT_EQ(errorOfHeader("{" + entry + "," + entry + "}", "12"),
            "field \"a\" stands twice in one object");
}

TEST_F(SafeTensorsTest, RefusesBadNames) {
  std::string entry =
      R"({"dtype": "F16", "shape": [0], "data_offsets": [0, 0]})";
  std::string message =
      "a tensor's name must be 1 to 1024 bytes without control characters";
  EXPECT_EQ(errorOfHeader("{\"\": " + entry + "}"), message);
  EXPECT_EQ(errorOfHeader("{\"a\\nb\": " + entry + "}"), message);
  EXPECT_EQ(
      errorOfHeader("{\"" + std::string(1025, 'a') + "\": " + entry + "}"),
      message);
}

TEST_F(SafeTensorsTest, RefusesMissingAndUnknownFields) {
  EXPECT_EQ(errorOfHeader(R"({"a": 3})"),
            "tensor 'a': found 3, expected an object");
  EXPECT_EQ(errorOfHeader(R"({"a": {"shape": [], "data_offsets": [0, 0]}})"),
            "tensor 'a': field 'dtype' is missing");
  EXPECT_EQ(errorOfHeader(R"({"a": {"dtype": "F16", "data_offsets": [0, 0]}})"),
            "tensor 'a': field 'shape' is missing");
  EXPECT_EQ(errorOfHeader(R"({"a": {"dtype": "F16", "shape": []}})"),
            "tensor 'a': field 'data_offsets' is missing");
  EXPECT_EQ(errorOfHeader(R"({"a": {"dtype": "F16", "shape": [0],
                             "data_offsets": [0, 0], "strides": [1]}})"),
            "tensor 'a': field \"strides\" is unknown");
}

TEST_F(SafeTensorsTest, RefusesUnknownTypes) {
  EXPECT_EQ(errorOfHeader(R"({"a": {"dtype": "Q4", "shape": [0],
                             "data_offsets": [0, 0]}})"),
            "tensor 'a': field 'dtype': found \"Q4\", expected one of BOOL, "
            "U8, I8, F8_E5M2, F8_E4M3, I16, U16, F16, BF16, I32, U32, F32, "
            "I64, U64, F64");
}

TEST_F(SafeTensorsTest, RefusesBadShapes) {
  auto errorOfShape = [&](std::string shape) {
    return errorOfHeader(R"({"a": {"dtype": "F16", "shape": )" + shape +
                             R"(, "data_offsets": [0, 2]}})",
                         "12");
  };
  EXPECT_EQ(errorOfShape("1"),
            "tensor 'a': field 'shape': found 1, expected an array");
  EXPECT_EQ(errorOfShape("[-1]"),
            "tensor 'a': field 'shape': found [-1], expected integers from 0");
  EXPECT_EQ(errorOfShape("[1.5]"),
            "tensor 'a': field 'shape': found [1.5], expected integers from 0");
  EXPECT_EQ(errorOfShape("[9223372036854775808]"),
            "tensor 'a': field 'shape': found [9223372036854775808], expected "
            "integers from 0");
  EXPECT_EQ(errorOfShape("[2]"),
            "tensor 'a' has 2 bytes of data, shape [2] of F16 takes 4");
}

TEST_F(SafeTensorsTest, RefusesShapesThatOverflow) {
  EXPECT_EQ(errorOfHeader(R"({"a": {"dtype": "F16",
                             "shape": [4294967296, 4294967296, 2],
                             "data_offsets": [0, 0]}})"),
            "tensor 'a' has shape [4294967296, 4294967296, 2], too large for "
            "64 bits");
  EXPECT_EQ(errorOfHeader(R"({"a": {"dtype": "F32",
                             "shape": [4611686018427387905],
                             "data_offsets": [0, 4]}})",
                          "1234"),
            "tensor 'a' has shape [4611686018427387905], too large for 64 "
            "bits");
}

TEST_F(SafeTensorsTest, RefusesBadOffsets) {
  auto errorOfOffsets = [&](std::string offsets) {
    return errorOfHeader(R"({"a": {"dtype": "F16", "shape": [2],
                            "data_offsets": )" +
                             offsets + "}}",
                         "1234");
  };
  auto expected = [](std::string found) {
    return "tensor 'a': field 'data_offsets': found " + found +
           ", expected [begin, end] within the file's 4 bytes of data";
  };
  EXPECT_EQ(errorOfOffsets("[0, 5]"), expected("[0,5]")); // truncated file
  EXPECT_EQ(errorOfOffsets("[4, 0]"), expected("[4,0]"));
  EXPECT_EQ(errorOfOffsets("[-4, 0]"), expected("[-4,0]"));
  EXPECT_EQ(errorOfOffsets("[0]"), expected("[0]"));
  EXPECT_EQ(errorOfOffsets("[0, 4, 4]"), expected("[0,4,4]"));
  EXPECT_EQ(errorOfOffsets("[0, 4.0]"), expected("[0,4.0]"));
  EXPECT_EQ(errorOfOffsets("[18446744073709551612, 18446744073709551615]"),
            expected("[18446744073709551612,18446744073709551615]"));
}

TEST_F(SafeTensorsTest, RefusesOverlapAndGaps) {
  auto errorOfTwo = [&](std::string second, std::string data) {
    return errorOfHeader(R"({"a": {"dtype": "F16", "shape": [2],
                                   "data_offsets": [0, 4]},
                             "b": {"dtype": "F16", "shape": [1],
                                   "data_offsets": )" +
                             second + "}}",
                         data);
  };
  EXPECT_EQ(errorOfTwo("[2, 4]", "1234"), "tensor 'b' overlaps tensor 'a'");
  EXPECT_EQ(errorOfTwo("[0, 2]", "1234"), "tensor 'a' overlaps tensor 'b'");
  EXPECT_EQ(errorOfTwo("[6, 8]", "12345678"),
            "bytes 4 to 6 of the data belong to no tensor");
  EXPECT_EQ(errorOfTwo("[4, 6]", "1234567"),
            "bytes 6 to 7 of the data belong to no tensor");
}
