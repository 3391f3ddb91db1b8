//===- CacheTest.cpp - Rewinding, saving and loading ----------------------===//
#include "../Testing.h"
#include "AttendingModel.h"
#include "CacheFile.h"
#include "EdgeLLM/ISA/Caches.h"
#include "EdgeLLM/ISA/Instructions.h"
#include "EdgeLLM/Runtime/Session.h"

#include <cstring>
#include <map>
#include <numeric>

using namespace edgellm;
using namespace edgellm::testing;

namespace {

using Ids = std::vector<uint32_t>;
using Row = std::vector<uint16_t>;

/// `count` different ids.
Ids text(size_t count, uint32_t first = 3) {
  Ids ids(count);
  for (size_t i = 0; i < count; ++i)
    ids[i] = uint32_t(first + 17 * i) % TinyModel::vocabulary;
  return ids;
}

class CacheTest : public ::testing::Test {
protected:
  Session &open(const std::string &name = "a.pkg") {
    opened.reset(); // the accelerator is held by one session
    if (!std::filesystem::exists(folder / name))
      model.write(folder / name);
    opened = std::make_unique<Session>(Package(folder / name));
    return *opened;
  }
  static Row feed(Session &session, const Ids &ids) {
    session.forward(ids);
    std::span<const uint16_t> row = session.logits();
    return {row.begin(), row.end()};
  }
  static Ids idsOf(const Session &session) {
    return {session.ids().begin(), session.ids().end()};
  }
  /// The logits behind a text that a session reads from its start.
  Row fresh(const Ids &ids) { return feed(open(), ids); }

  AttendingModel model;
  TemporaryFolder folder;
  std::unique_ptr<Session> opened;
};

/// What the tests below rely on.
TEST_F(CacheTest, LogitsDependOnEveryTokenBefore) {
  Row row = fresh({1, 2, 3, 4});
  for (size_t i = 0; i < 4; ++i) {
    Ids other = {1, 2, 3, 4};
    other[i] += 20;
    EXPECT_NE(fresh(other), row) << i;
  }
  Session &session = open();
  feed(session, {1});
  EXPECT_EQ(feed(session, {2, 3, 4}), row);
}

//===----------------------------------------------------------------------===//
// Several texts at a time
//===----------------------------------------------------------------------===//

class SequencesTest : public CacheTest {
protected:
  SequencesTest() { model.sequences = 3; }
};

TEST_F(SequencesTest, TextsThatTakeTurnsDoNotTouchEachOther) {
  Ids texts[] = {text(20), text(20, 33), text(20, 51)};
  std::vector<Row> expected[3];
  for (int i = 0; i < 3; ++i)
    for (size_t end : {5u, 6u, 13u, 20u}) {
      open().forward(std::span(texts[i]).first(end));
      std::span<const uint16_t> row = opened->logits();
      expected[i].emplace_back(row.begin(), row.end());
    }

  Session &session = open();
  EXPECT_EQ(session.sequences(), 3u);
  size_t begin = 0, step = 0;
  for (size_t end : {5u, 6u, 13u, 20u}) {
    for (uint32_t i : {2u, 0u, 1u}) {
      session.select(i);
      Ids part(texts[i].begin() + begin, texts[i].begin() + end);
      EXPECT_EQ(feed(session, part), expected[i][step]) << i << ", " << end;
      EXPECT_EQ(session.past(), end);
    }
    begin = end;
    ++step;
  }
}

TEST_F(SequencesTest, EachIsRewoundAndResetByItself) {
  Session &session = open();
  session.forward(text(4));
  session.select(1);
  EXPECT_EQ(session.past(), 0u);
  session.forward(text(9, 5));
  session.rewind(3);
  session.select(0);
  EXPECT_EQ(idsOf(session), text(4));
  session.reset();
  session.select(1);
  EXPECT_EQ(idsOf(session), text(3, 5));
}

TEST_F(SequencesTest, LogitsAreThoseOfTheSelected) {
  Session &session = open();
  session.forward(text(4));
  session.select(0); // no change
  EXPECT_NO_THROW(session.logits());
  session.select(1);
  EXPECT_THROW(session.logits(), Error);
  session.select(0);
  EXPECT_THROW(session.logits(), Error);
}

TEST_F(SequencesTest, AnyCacheIsLoadedIntoAny) {
  Ids ids = text(11, 7), longer = ids;
  longer.push_back(2);
  Row expected = fresh(longer);
  Session &session = open();
  session.select(2);
  session.forward(ids);
  session.save(folder / "saved.cache");
  Row other = fresh(text(13));
  for (uint32_t i : {0u, 1u, 2u}) {
    Session &reader = open();
    reader.select((i + 1) % 3);
    reader.forward(text(12));
    reader.select(i);
    reader.load(folder / "saved.cache");
    EXPECT_EQ(feed(reader, {2}), expected) << i;
    reader.select((i + 1) % 3); // what was there before
    EXPECT_EQ(feed(reader, {text(13).back()}), other) << i;
  }
}

TEST_F(SequencesTest, ThereAreAsManyAsThePackageSays) {
  Session &session = open();
  session.select(2);
  EXPECT_EQ(errorOf([&] { session.select(3); }),
            "sequence 3: the package is compiled for 3, counted from 0");
  EXPECT_EQ(session.selected(), 2u);
}

//===----------------------------------------------------------------------===//
// Rewinding
//===----------------------------------------------------------------------===//

TEST_F(CacheTest, RewindingForgetsWhatFollows) {
  Ids kept = text(7), replaced = text(9, 30);
  Ids whole = kept;
  whole.insert(whole.end(), replaced.begin(), replaced.end());
  Row expected = fresh(whole);

  Session &session = open();
  session.forward(text(TinyModel::context));
  session.rewind(kept.size());
  EXPECT_EQ(idsOf(session), kept);
  EXPECT_EQ(feed(session, replaced), expected);
  EXPECT_EQ(idsOf(session), whole);
}

TEST_F(CacheTest, RewindsToAnyPositionThatIsCached) {
  Session &session = open();
  session.forward(text(6));
  session.rewind(6); // nothing is forgotten
  EXPECT_EQ(session.past(), 6u);
  EXPECT_NO_THROW(session.logits());
  EXPECT_EQ(errorOf([&] { session.rewind(7); }),
            "cannot rewind to position 7, 6 are cached");
  session.rewind(5);
  EXPECT_EQ(session.past(), 5u);
  EXPECT_EQ(errorOf([&] { session.logits(); }),
            "no pass has run since the cache was last set, so there are no "
            "logits");
  session.rewind(0);
  EXPECT_EQ(session.past(), 0u);
  EXPECT_EQ(feed(session, {9, 8}), fresh({9, 8}));
}

//===----------------------------------------------------------------------===//
// Saving and loading
//===----------------------------------------------------------------------===//

TEST_F(CacheTest, LoadingIsAsGoodAsFeeding) {
  for (size_t length : {1u, 2u, 7u, 8u, 9u, 19u}) {
    Ids ids = text(length), longer = ids;
    longer.push_back(5);
    Row expected = fresh(longer);

    std::filesystem::path file = folder / "saved.cache";
    Session &writer = open();
    writer.forward(ids);
    writer.save(file);
    EXPECT_EQ(feed(writer, {5}), expected) << "after saving " << length;
    EXPECT_EQ(std::filesystem::file_size(file),
              64 + (length * 4 + 63) / 64 * 64 +
                  length * AttendingModel::bytesPerToken + 8);

    Session &reader = open();
    reader.forward(text(TinyModel::context, 40));
    reader.load(file);
    EXPECT_EQ(idsOf(reader), ids);
    EXPECT_EQ(feed(reader, {5}), expected) << "after loading " << length;
  }
}

TEST_F(CacheTest, SavesAnEmptyCacheAndAFullOne) {
  for (size_t length : {0u, TinyModel::context}) {
    Session &session = open();
    if (length)
      session.forward(text(length));
    session.save(folder / "saved.cache");
    session.reset();
    session.load(folder / "saved.cache");
    EXPECT_EQ(idsOf(session), text(length));
  }
  EXPECT_EQ(errorOf([&] { opened->forward(Ids{1}); }),
            "1 tokens after the 20 cached ones exceed the package's context of "
            "20");
}

TEST_F(CacheTest, ALoadedCacheCanBeRewound) {
  Session &session = open();
  session.forward(text(12));
  session.save(folder / "saved.cache");
  session.load(folder / "saved.cache");
  EXPECT_THROW(session.logits(), Error);
  session.rewind(4);
  Ids whole = text(4);
  whole.push_back(66);
  EXPECT_EQ(feed(session, {66}), fresh(whole));
}

TEST_F(CacheTest, AFileThatCannotBeWrittenIsNamed) {
  std::filesystem::path file = folder / "absent/saved.cache";
  EXPECT_EQ(errorOf([&] { open().save(file); }),
            file.string() + ": cannot write: No such file or directory");
}

//===----------------------------------------------------------------------===//
// What is refused
//===----------------------------------------------------------------------===//

/// A file of five positions that a test then damages.
class CacheFileTest : public CacheTest {
protected:
  CacheFileTest() {
    open().forward(text(5));
    opened->save(file);
    content = readFile(file);
  }
  template <typename Number> void set(size_t offset, Number value) {
    std::memcpy(&content.at(offset), &value, sizeof value);
  }
  /// With a checksum that is right.
  void sign() {
    Checksum checksum;
    std::string_view summed(content.data(), content.size() - 8);
    checksum.update(std::as_bytes(std::span(summed)));
    set(content.size() - 8, checksum.value());
  }
  /// What loading the damaged file says, without its name. The session keeps
  /// what it had.
  std::string refusal() {
    writeFile(file, content);
    Ids before = idsOf(*opened);
    std::string message = errorOf([&] { opened->load(file); });
    EXPECT_EQ(idsOf(*opened), before);
    std::string prefix = file.string() + ": ";
    EXPECT_TRUE(message.starts_with(prefix)) << message;
    return message.substr(std::min(prefix.size(), message.size()));
  }

  std::filesystem::path file = folder / "saved.cache";
  std::string content;
};

TEST_F(CacheFileTest, RefusesAFileThatIsNotThere) {
  EXPECT_EQ(errorOf([&] { opened->load(folder / "none"); }),
            (folder / "none").string() + ": No such file or directory");
}

TEST_F(CacheFileTest, RefusesWhatIsNoCache) {
  content.resize(63);
  EXPECT_EQ(refusal(), "63 bytes are no saved cache, the header has 64");
  content.resize(64, '\0');
  content[0] = 'e';
  EXPECT_EQ(refusal(), "not a saved cache (wrong magic)");
  content.clear();
  EXPECT_EQ(refusal(), "0 bytes are no saved cache, the header has 64");
}

TEST_F(CacheFileTest, RefusesAnotherFormat) {
  set<uint32_t>(8, 2);
  EXPECT_EQ(refusal(), "cache format 2, this version reads 1");
}

TEST_F(CacheFileTest, RefusesAnotherModel) {
  model.weights[0] ^= 1;
  open("b.pkg").forward(Ids{1, 2});
  EXPECT_NE(refusal().find("; a cache is good for the program and weights that "
                           "computed it"),
            std::string::npos);
  feed(*opened, {3}); // goes on
}

TEST_F(CacheFileTest, RefusesMoreThanTheContext) {
  set<uint32_t>(12, TinyModel::context + 1);
  EXPECT_EQ(refusal(), "21 positions exceed the package's context of 20");
  set<uint32_t>(12, 0xFFFFFFFF);
  EXPECT_EQ(refusal(),
            "4294967295 positions exceed the package's context of 20");
}

TEST_F(CacheFileTest, RefusesASizeThatIsNotThatOfItsPositions) {
  size_t whole = content.size();
  content.resize(whole - 1);
  EXPECT_EQ(refusal(), "found 1415 bytes, 5 positions take 1416");
  content.resize(whole + 1);
  EXPECT_EQ(refusal(), "found 1417 bytes, 5 positions take 1416");
  content.resize(64);
  EXPECT_EQ(refusal(), "found 64 bytes, 5 positions take 1416");
  content.resize(whole);
  set<uint32_t>(12, 4);
  EXPECT_EQ(refusal(), "found 1416 bytes, 4 positions take 1160");
}

TEST_F(CacheFileTest, FindsDamageAnywhere) {
  for (size_t at : {size_t(30), size_t(64), size_t(100), size_t(128),
                    size_t(700), content.size() - 9, content.size() - 1}) {
    content[at] ^= 1;
    std::string message = refusal();
    EXPECT_TRUE(message.starts_with("found checksum ") &&
                message.ends_with(": the file is damaged"))
        << at << ": " << message;
    content[at] ^= 1;
  }
  writeFile(file, content);
  opened->load(file);
}

TEST_F(CacheFileTest, RefusesIdsThatAreNoTokens) {
  set<uint32_t>(64 + 4 * 4, TinyModel::vocabulary);
  sign();
  EXPECT_EQ(refusal(), "token id 70 is not in the vocabulary of 0 to 69");
}

/// Everything that keys and values are computed from, and nothing else.
TEST(IdentityOf, DependsOnTheProgramAndAllWeights) {
  Manifest manifest = AttendingModel().manifest();
  manifest.positions = "positions.bin";
  manifest.tokenizer = "tokenizer.model";
  std::vector<std::string> names = manifest.ports;
  names.insert(names.end(), {manifest.program, manifest.embedding, manifest.ddr,
                             manifest.positions, manifest.tokenizer});
  for (const std::string &name : names)
    manifest.files.push_back({name, 1, names.size()});
  uint64_t identity = identityOf(manifest);
  for (PackageFile &file : manifest.files) {
    ++file.checksum;
    EXPECT_EQ(identityOf(manifest) == identity, file.path == manifest.tokenizer)
        << file.path;
    --file.checksum;
  }
}

//===----------------------------------------------------------------------===//
// Where caches lie
//===----------------------------------------------------------------------===//

TEST(CachesOf, AreWhatAttentionReadsEachOnce) {
  EXPECT_EQ(cachesOf(AttendingModel().program(), "p"),
            (std::vector<Cache>{{192, 2, 32}, {256, 2, 32}}));
  EXPECT_TRUE(cachesOf(TinyModel().program(), "p").empty());
}

TEST(CachesOf, MustHoldTheContext) {
  Program program = AttendingModel().program();
  program.context = 33;
  EXPECT_EQ(errorOf([&] { cachesOf(program, "p"); }),
            "p: the cache at packet 256 of hbm, 2 blocks 32 packets apart, "
            "does not hold the context of 33 before packet 320, which is not "
            "its own");
  program.context = 32;
  EXPECT_EQ(cachesOf(program, "p").size(), 2u);
  program.sequencePackets = 15;
  program.hbmPackets = 39;
  EXPECT_THROW(cachesOf(program, "p"), Error);
}

/// What lies between the rows of a cache is its own, too.
TEST(CachesOf, MustNotReachIntoEachOther) {
  Program program = AttendingModel().program();
  isa::DecodeError error;
  for (size_t at = 0; at < program.code.size(); at += isa::kPacketWords)
    if (isa::AttentionScores scores; decode(&program.code[at], scores, error)) {
      scores.keys += 32;
      ASSERT_TRUE(encode(scores, &program.code[at], error));
    }
  EXPECT_EQ(errorOf([&] { cachesOf(program, "p"); }),
            "p: the cache at packet 224 of hbm, 2 blocks 32 packets apart, "
            "does not hold the context of 20 before packet 256, which is not "
            "its own");
}

} // namespace
