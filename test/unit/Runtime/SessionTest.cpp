//===- SessionTest.cpp - on the device model ------------------------------===//
#include "EdgeLLM/Runtime/Session.h"

#include "../Testing.h"
#include "EdgeLLM/ISA/Instructions.h"
#include "EdgeLLM/Support/Half.h"
#include "EdgeLLM/Support/Installation.h"
#include "TinyModel.h"

#include <numeric>
#include <thread>
#include <tuple>

using namespace edgellm;
using namespace edgellm::testing;

namespace {

using Ids = std::vector<uint32_t>;
using Row = std::vector<uint16_t>;

class SessionTest : public ::testing::Test {
protected:
  std::unique_ptr<Session> open() {
    return std::make_unique<Session>(Package(path));
  }
  std::unique_ptr<Session> openTiny() {
    model.write(path);
    return open();
  }
  std::string errorOfOpening() {
    return errorOf([&] { open(); });
  }
  static Row copy(std::span<const uint16_t> row) {
    return {row.begin(), row.end()};
  }

  TinyModel model;
  TemporaryFolder folder;
  std::filesystem::path path = folder / "tiny.pkg";
};

TEST_F(SessionTest, ComputesTheLastPosition) {
  auto session = openTiny();
  EXPECT_TRUE(session->isDeviceModel());
  EXPECT_EQ(session->deviceName(), "device model");
  Pass pass = session->forward(Ids{5, 69});
  EXPECT_EQ(pass.argmax, model.next(69));
  EXPECT_EQ(pass.argmaxLogit, model.logits(69)[pass.argmax]);
  EXPECT_EQ(pass.instructions, 3u);
  EXPECT_EQ(copy(session->logits()), model.logits(69));
  EXPECT_EQ(session->past(), 2u);
}

TEST_F(SessionTest, FeedsLongPromptsInChunks) {
  auto session = openTiny();
  Ids ids(TinyModel::context);
  std::iota(ids.begin(), ids.end(), 11);
  Pass pass = session->forward(ids);
  EXPECT_EQ(pass.instructions, 7u * 3); // passes of three tokens
  EXPECT_EQ(session->past(), TinyModel::context);
  EXPECT_EQ(copy(session->logits()), model.logits(ids.back()));
}

TEST_F(SessionTest, ScoresEveryPosition) {
  auto session = openTiny();
  Ids ids = {3, 1, 4, 1, 5, 9, 2, 6};
  std::vector<Row> rows;
  session->score(
      ids, [&](std::span<const uint16_t> row) { rows.push_back(copy(row)); });
  ASSERT_EQ(rows.size(), ids.size());
  for (size_t i = 0; i < ids.size(); ++i)
    EXPECT_EQ(rows[i], model.logits(ids[i])) << i;
  EXPECT_EQ(session->past(), ids.size());
  EXPECT_EQ(copy(session->logits()), rows.back());
}

/// Positions go on after the cached tokens, through chunks and passes. Sums
/// that FP16 does not hold are rounded once, to even, and end at 65504 (N21).
TEST_F(SessionTest, AddsLearnedPositions) {
  constexpr uint16_t one = 0x3C00, half = 0x1000, most = 0x7BFF; // 2^-11
  model.positions.assign(TinyModel::context * TinyModel::hidden, 0);
  auto expected = [&](uint32_t id, uint32_t position) {
    Row sum;
    for (uint32_t c = 0; c < TinyModel::hidden; ++c)
      sum.push_back(floatToHalf(
          halfToFloat(model.embedding[id * TinyModel::hidden + c]) +
          halfToFloat(model.positions[position * TinyModel::hidden + c])));
    return model.logits(sum);
  };
  for (size_t i = 0; i < model.positions.size(); ++i)
    model.positions[i] = uint16_t(0x3000 + 7 * i % 0x1000);
  uint16_t *row = &model.embedding[7 * TinyModel::hidden];
  uint16_t *position = &model.positions[4 * TinyModel::hidden];
  std::tie(row[0], position[0]) = std::pair(one, half);
  std::tie(row[1], position[1]) = std::pair(most, most);

  auto session = openTiny();
  session->forward(Ids{3, 9, 5, 7, 7}); // passes of three tokens
  EXPECT_EQ(copy(session->logits()), expected(7, 4));
  session->forward(Ids{7});
  EXPECT_EQ(copy(session->logits()), expected(7, 5));
  session->reset();
  session->forward(Ids{7});
  EXPECT_EQ(copy(session->logits()), expected(7, 0));
}

TEST_F(SessionTest, RefusesMoreThanTheContext) {
  auto session = openTiny();
  session->forward(Ids(18, 1));
  EXPECT_EQ(errorOf([&] { session->forward(Ids(3, 1)); }),
            "3 tokens after the 18 cached ones exceed the package's context of "
            "20");
  EXPECT_EQ(session->past(), 18u);
  session->reset();
  EXPECT_EQ(session->past(), 0u);
  session->forward(Ids(20, 1));
}

TEST_F(SessionTest, RefusesWrongIdsBeforeFeedingAny) {
  auto session = openTiny();
  EXPECT_EQ(errorOf([&] {
              session->forward(Ids{1, 2, 3, 4, 70});
            }),
            "token id 70 is not in the vocabulary of 0 to 69");
  EXPECT_EQ(errorOf([&] { session->score({}, {}); }), "no token to feed");
  EXPECT_EQ(session->past(), 0u);
}

TEST_F(SessionTest, WithoutAPassThereAreNoLogits) {
  auto session = openTiny();
  std::string expected =
      "no pass has run since the cache was last set, so there are no logits";
  EXPECT_EQ(errorOf([&] { session->logits(); }), expected);
  session->forward(Ids{1});
  session->reset();
  EXPECT_EQ(errorOf([&] { session->logits(); }), expected);
}

TEST_F(SessionTest, SessionsFollowEachOther) {
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(openTiny()->forward(Ids{7}).argmax, model.next(7));
}

TEST_F(SessionTest, SessionsShareTheDevice) {
  auto first = openTiny(), second = openTiny();
  first->forward(Ids{1, 2});
  second->forward(Ids{7});
  EXPECT_EQ(copy(first->logits()), model.logits(2));
  EXPECT_EQ(copy(second->logits()), model.logits(7));
  EXPECT_EQ(first->past(), 2u);
  EXPECT_EQ(second->past(), 1u);
  first.reset();
  EXPECT_EQ(second->forward(Ids{8}).argmax, model.next(8));
}

TEST_F(SessionTest, SessionsRunInThreadsOfTheirOwn) {
  model.write(path);
  std::vector<Row> found(4);
  {
    std::vector<std::jthread> threads;
    for (uint32_t i = 0; i < found.size(); ++i)
      threads.emplace_back([&, i] {
        Session session{Package(path)};
        for (uint32_t id = 0; id < TinyModel::context; ++id)
          session.forward(Ids{id + i});
        found[i] = copy(session.logits());
      });
  }
  for (uint32_t i = 0; i < found.size(); ++i)
    EXPECT_EQ(found[i], model.logits(TinyModel::context - 1 + i)) << i;
}

//===----------------------------------------------------------------------===//
// What cannot be opened
//===----------------------------------------------------------------------===//

TEST_F(SessionTest, FindsDamageInWeights) {
  model.write(path);
  std::string image = readFile(path / "hbm/port03.bin");
  image[100] ^= 1;
  writeFile(path / "hbm/port03.bin", image);
  EXPECT_EQ(errorOfOpening().find((path / "hbm/port03.bin").string() +
                                  ": found checksum "),
            0u);
}

TEST_F(SessionTest, NeedsWeights) {
  Manifest manifest = model.manifest();
  manifest.embedding.clear();
  manifest.ddr.clear();
  manifest.ports.clear();
  model.write(path, model.program(), manifest);
  EXPECT_EQ(errorOfOpening(),
            path.string() + ": holds the program alone and no weights to run "
                            "it with; compile the checkpoint without "
                            "--program-only");
}

TEST_F(SessionTest, ProgramAndManifestMustAgree) {
  Manifest manifest = model.manifest();
  manifest.context = 21;
  model.write(path, model.program(), manifest);
  EXPECT_EQ(errorOfOpening(), (path / "program.bin").string() +
                                  ": the context is 20, manifest.json says 21");
}

TEST_F(SessionTest, NamesAMissingXclbin) {
  Manifest manifest = model.manifest();
  manifest.target = "unheard-of";
  model.write(path, model.program(), manifest);
  EXPECT_EQ(errorOfOpening(),
            (shareDirectory() / "xclbin/unheard-of.xclbin").string() +
                ": no such xclbin; --xclbin names another one");
}

TEST_F(SessionTest, NamesWhatIsNoXclbin) {
  model.write(path);
  writeFile(folder / "x.xclbin", "not an xclbin");
  EXPECT_EQ(errorOf([&] {
              Session(Package(path), folder / "x.xclbin");
            }).find((folder / "x.xclbin").string() + ": cannot load: "),
            0u);
}

TEST_F(SessionTest, PortsMustBeAsManyAsTheAccelerators) {
  Manifest manifest = model.manifest();
  manifest.target = "u280";
  model.write(path, model.program(), manifest);
  EXPECT_EQ(errorOfOpening(), "the accelerator has 32 HBM ports, the package "
                              "is compiled for 8 (target u280)");
}

TEST_F(SessionTest, TheDeviceHasOneXclbinAtATime) {
  auto session = openTiny();
  Manifest manifest = model.manifest();
  manifest.target = "u280";
  model.write(path, model.program(), manifest);
  EXPECT_EQ(errorOfOpening(),
            (shareDirectory() / "xclbin/u280.xclbin").string() +
                ": cannot load: the device has another xclbin, which an open "
                "session uses");
  EXPECT_EQ(session->forward(Ids{7}).argmax, model.next(7)); // not disturbed
}

TEST_F(SessionTest, BuffersMustFitTheirBanks) {
  Program program = model.program();
  // More than any port has; the ports' limit stands in `begin` as well.
  program.hbmPackets = uint64_t(1) << 31;
  for (const Entry &entry : program.entries) {
    size_t word =
        size_t(entry.firstPacket - program.codePacket()) * isa::kPacketWords;
    isa::Begin begin;
    isa::DecodeError error;
    ASSERT_TRUE(decode(&program.code[word], begin, error));
    begin.hbm_packets = int64_t(program.hbmPackets);
    ASSERT_TRUE(encode(begin, &program.code[word], error));
  }
  model.write(path, program, model.manifest());
  std::string message = errorOfOpening();
  EXPECT_EQ(message.find("buffer 'hbm00' of 137438953472 bytes does not fit "
                         "into bank HBM[0] of "),
            0u)
      << message;
}

TEST_F(SessionTest, DeviceErrorsNameTheInstruction) {
  Program program = model.program();
  // The second instruction of "generate": writes over what it reads.
  isa::Vmm vmm;
  isa::DecodeError error;
  ASSERT_TRUE(decode(&program.code[isa::kPacketWords], vmm, error));
  vmm.dst.offset = vmm.src.offset + 1;
  ASSERT_TRUE(encode(vmm, &program.code[isa::kPacketWords], error));
  model.write(path, program, model.manifest());
  auto session = open();
  std::string message = errorOf([&] { session->forward(Ids{1, 2}); });
  EXPECT_EQ(message.find("device: entry 'generate': instruction 1 "), 0u)
      << message;
  EXPECT_NE(message.find("'dst' starts at packet "), message.npos) << message;
  EXPECT_EQ(session->past(), 0u);
}

} // namespace
