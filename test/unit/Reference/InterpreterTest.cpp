//===- InterpreterTest.cpp - Operators by hand ----------------------------===//
#include "EdgeLLM/Reference/Interpreter.h"

#include "../Testing.h"
#include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLM.h"

#include "mlir/Parser/Parser.h"

#include <cmath>

using namespace edgellm;
using edgellm::testing::errorOf;

namespace {

/// A function of the edgellm dialect with literal weights.
class Graph {
public:
  explicit Graph(std::string_view text) {
    context.loadDialect<graph::EdgeLLMDialect, mlir::func::FuncDialect>();
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    if (!module)
      throw std::runtime_error("the test's function does not parse");
  }

  std::vector<InterpreterResult> run(const TokenSequences &sequences,
                                     const InterpreterOptions &options = {}) {
    auto function = *module->getOps<mlir::func::FuncOp>().begin();
    return interpret(function, nullptr, sequences, options);
  }

  std::vector<float> values(const TokenSequences &sequences,
                            const InterpreterOptions &options = {}) {
    return std::get<Matrix>(run(sequences, options).front()).values;
  }

private:
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// A function whose tokens 0, 1, 2 have the rows (1, 2), (3, -4), (0.5, 0).
std::string overTwoChannels(std::string_view body, std::string_view result) {
  std::string text =
      "func.func @f(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<1 x 4 x 2>,"
      "  %vc: !edgellm.kv_cache<1 x 4 x 2>) -> ";
  text.append(result);
  text +=
      "{ %x = edgellm.embedding %ids table(dense<[[1.0, 2.0], [3.0, -4.0],"
      "[0.5, 0.0]]> : tensor<3x2xf16>) : tensor<?xi32> -> tensor<?x2xf16>\n";
  text.append(body);
  text.append("\nreturn %y : ").append(result).append("\n}");
  return text;
}

std::vector<float> valuesOf(std::string_view body,
                            const TokenSequences &sequences) {
  return Graph(overTwoChannels(body, "tensor<?x2xf16>")).values(sequences);
}

void expectNear(const std::vector<float> &found,
                const std::vector<double> &expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i)
    EXPECT_NEAR(found[i], expected[i], 1e-6) << "element " << i;
}

TEST(Interpreter, LooksUpTheRowsOfAllSequences) {
  EXPECT_EQ(
      valuesOf("%y = edgellm.add %x, %x : tensor<?x2xf16>", {{2, 0}, {1}}),
      (std::vector<float>{1, 0, 2, 4, 6, -8}));
}

TEST(Interpreter, JoinsWhatALinearOpJoins) {
  EXPECT_EQ(valuesOf(R"(
    %y = edgellm.linear %x weight(dense<[[1.0, 1.0], [2.0, 0.0]]> :
      tensor<2x2xf16>) bias(dense<[10.0, 20.0]> : tensor<2xf32>) add(%x) :
      (tensor<?x2xf16>, tensor<?x2xf16>) -> tensor<?x2xf16>)",
                     {{0, 1}}),
            (std::vector<float>{3 + 10 + 1, 2 + 20 + 2, //
                                -1 + 10 + 3, 6 + 20 - 4}));
  EXPECT_EQ(valuesOf(R"(
    %y = edgellm.linear %x weight(dense<[[1.0, 1.0], [2.0, 0.0]]> :
      tensor<2x2xf16>) multiply(%x) :
      (tensor<?x2xf16>, tensor<?x2xf16>) -> tensor<?x2xf16>)",
                     {{0, 1}}),
            (std::vector<float>{3 * 1, 2 * 2, -1 * 3, 6 * -4}));
}

TEST(Interpreter, ComputesElementByElement) {
  EXPECT_EQ(valuesOf("%y = edgellm.multiply %x, %x : tensor<?x2xf16>", {{1}}),
            (std::vector<float>{9, 16}));
  auto silu = [](double x) { return x / (1 + std::exp(-x)); };
  expectNear(valuesOf("%y = edgellm.silu %x : tensor<?x2xf16>", {{1}}),
             {silu(3), silu(-4)});
  auto gelu = [](double x) {
    return x / 2 *
           (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) *
                          (x + 0.044715 * x * x * x)));
  };
  expectNear(valuesOf("%y = edgellm.gelu %x : tensor<?x2xf16>", {{1, 2}}),
             {gelu(3), gelu(-4), gelu(0.5), 0});
}

TEST(Interpreter, NormalisesRows) {
  double root = std::sqrt((9 + 16) / 2.0 + 0.5);
  expectNear(valuesOf(R"(
    %y = edgellm.rms_norm %x weight(dense<[1.0, 2.0]> : tensor<2xf16>)
      epsilon(5.0e-01) : tensor<?x2xf16>)",
                      {{1}}),
             {3 / root, -4 / root * 2});
}

/// Of heads of one channel only the sign is left, but for epsilon.
TEST(Interpreter, NormalisesHeads) {
  expectNear(valuesOf(R"(
    %y = edgellm.rms_norm %x head_size(1) weight(dense<2.0> : tensor<1xf16>)
      epsilon(1.0) : tensor<?x2xf16>)",
                      {{1, 2}}),
             {2 * 3 / std::sqrt(10.0), 2 * -4 / std::sqrt(17.0),
              2 * 0.5 / std::sqrt(1.25), 0});
}

TEST(Interpreter, NormalisesByMeanAndVariance) {
  double root = std::sqrt(3.5 * 3.5 + 0.5); // 3 and -4 are -0.5 +- 3.5
  double other = std::sqrt(0.5 * 0.5 + 0.5);
  expectNear(
      valuesOf(R"(
    %y = edgellm.layer_norm %x weight(dense<[1.0, 2.0]> : tensor<2xf16>)
      bias(dense<[0.0, -1.0]> : tensor<2xf16>) epsilon(5.0e-01)
      : tensor<?x2xf16>)",
               {{1, 0}}),
      {3.5 / root, -3.5 / root * 2 - 1, -0.5 / other, 0.5 / other * 2 - 1});
}

/// Positions count from the start of each sequence.
TEST(Interpreter, TurnsByThePosition) {
  double c = std::cos(1.0), s = std::sin(1.0);
  expectNear(valuesOf(R"(
    %y = edgellm.rope %x pairing(adjacent) head_size(2) rotary(2)
      theta(1.000000e+04) : tensor<?x2xf16>)",
                      {{0, 1}, {0}}),
             {1, 2, 3 * c + 4 * s, -4 * c + 3 * s, 1, 2});
}

/// Slower by the factor of a linear scaling; YaRN makes the result larger. A
/// pair that turns often in the original context is left alone.
TEST(Interpreter, TurnsByTheScaledAngle) {
  double c = std::cos(0.25), s = std::sin(0.25);
  expectNear(valuesOf(R"(
    %y = edgellm.rope %x pairing(adjacent) head_size(2) rotary(2)
      theta(1.0e+04) scaling(<linear, factor = 4.0>) : tensor<?x2xf16>)",
                      {{0, 1}}),
             {1, 2, 3 * c + 4 * s, -4 * c + 3 * s});
  c = 1.5 * std::cos(1.0), s = 1.5 * std::sin(1.0);
  expectNear(valuesOf(R"(
    %y = edgellm.rope %x pairing(adjacent) head_size(2) rotary(2)
      theta(1.0e+04) scaling(<yarn, factor = 4.0, original = 1000.0, low = 1.0,
      high = 32.0, attention = 1.5, truncate = true>) : tensor<?x2xf16>)",
                      {{0, 1}}),
             {1.5, 3, 3 * c + 4 * s, -4 * c + 3 * s});
}

TEST(Interpreter, AddsPositionsFromTheStartOfEachSequence) {
  const char *text = R"(
    func.func @f(%ids: tensor<?xi32>) -> tensor<?x2xf16> {
      %x = edgellm.embedding %ids table(dense<[[1.0, 2.0], [3.0, -4.0]]> :
        tensor<2x2xf16>) positions(dense<[[10.0, 20.0], [30.0, 40.0]]> :
        tensor<2x2xf32>) : tensor<?xi32> -> tensor<?x2xf16>
      return %x : tensor<?x2xf16>
    })";
  EXPECT_EQ(Graph(text).values({{0, 1}, {1}}),
            (std::vector<float>{11, 22, 33, 36, 13, 16}));
  EXPECT_EQ(errorOf([&] {
              Graph(text).run({{0}, {0, 1, 1}});
            }),
            "sequence 1 has 3 tokens, there are 2 positions");
}

/// Channels 0 to 3 of (1, 2, 3, 4, 5, 6) turn: 0 with 2 and 1 with 3, or 0 with
/// 1 and 2 with 3; the second pair by 1 / 10 of the angle of the first.
TEST(Interpreter, PairsChannels) {
  auto turned = [](std::string_view pairing) {
    std::string text = R"(func.func @f(%ids: tensor<?xi32>) -> tensor<?x6xf16> {
      %x = edgellm.embedding %ids table(dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]>
        : tensor<1x6xf16>) : tensor<?xi32> -> tensor<?x6xf16>
      %y = edgellm.rope %x pairing()";
    text.append(pairing).append(R"() head_size(6) rotary(4)
        theta(1.000000e+02) : tensor<?x6xf16>
      return %y : tensor<?x6xf16> })");
    std::vector<float> values = Graph(text).values({{0, 0}});
    return std::vector<float>(values.begin() + 6, values.end());
  };
  double c = std::cos(1.0), s = std::sin(1.0);
  double d = std::cos(0.1), t = std::sin(0.1);
  expectNear(turned("half"), {1 * c - 3 * s, 2 * d - 4 * t, 3 * c + 1 * s,
                              4 * d + 2 * t, 5, 6});
  expectNear(turned("adjacent"), {1 * c - 2 * s, 2 * c + 1 * s, 3 * d - 4 * t,
                                  4 * d + 3 * t, 5, 6});
}

/// The first token of a sequence sees itself alone; the second weighs both.
TEST(Interpreter, AttendsToWhatCameBefore) {
  double own = std::exp(25 * 0.1), other = std::exp((3 - 8) * 0.1);
  double share = own / (own + other);
  expectNear(valuesOf(R"(
    %y = edgellm.attention %x, %x, %x keys(%kc) values(%vc)
      scale(1.000000e-01) : (tensor<?x2xf16>, tensor<?x2xf16>, tensor<?x2xf16>,
      !edgellm.kv_cache<1 x 4 x 2>, !edgellm.kv_cache<1 x 4 x 2>)
      -> tensor<?x2xf16>)",
                      {{0, 1}, {2}}),
             {1, 2, share * 3 + (1 - share) * 1, share * -4 + (1 - share) * 2,
              0.5, 0});
}

/// Four query heads of one channel over two KV heads: 0 and 1 read the first.
TEST(Interpreter, GroupsQueries) {
  EXPECT_EQ(Graph(R"(
    func.func @f(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<2 x 4 x 1>,
                 %vc: !edgellm.kv_cache<2 x 4 x 1>) -> tensor<?x4xf16> {
      %q = edgellm.embedding %ids table(dense<1.0> : tensor<1x4xf16>)
        : tensor<?xi32> -> tensor<?x4xf16>
      %k = edgellm.embedding %ids table(dense<[[5.0, 7.0]]> : tensor<1x2xf16>)
        : tensor<?xi32> -> tensor<?x2xf16>
      %y = edgellm.attention %q, %k, %k keys(%kc) values(%vc)
        scale(1.000000e+00) : (tensor<?x4xf16>, tensor<?x2xf16>,
        tensor<?x2xf16>, !edgellm.kv_cache<2 x 4 x 1>,
        !edgellm.kv_cache<2 x 4 x 1>) -> tensor<?x4xf16>
      return %y : tensor<?x4xf16> })")
                .values({{0}}),
            (std::vector<float>{5, 5, 7, 7}));
}

/// More tokens than queries are worked on together, with any thread count.
TEST(Interpreter, AttendsOverLongSequences) {
  Graph graph(R"(
    func.func @f(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<1 x 256 x 1>,
                 %vc: !edgellm.kv_cache<1 x 256 x 1>) -> tensor<?x1xf16> {
      %q = edgellm.embedding %ids table(dense<0.0> : tensor<2x1xf16>)
        : tensor<?xi32> -> tensor<?x1xf16>
      %v = edgellm.embedding %ids table(dense<[[0.0], [1.0]]> : tensor<2x1xf16>)
        : tensor<?xi32> -> tensor<?x1xf16>
      %y = edgellm.attention %q, %q, %v keys(%kc) values(%vc)
        scale(1.000000e+00) : (tensor<?x1xf16>, tensor<?x1xf16>,
        tensor<?x1xf16>, !edgellm.kv_cache<1 x 256 x 1>,
        !edgellm.kv_cache<1 x 256 x 1>) -> tensor<?x1xf16>
      return %y : tensor<?x1xf16> })");
  TokenSequences sequences = {std::vector<uint32_t>(200, 0)};
  sequences[0][0] = 1; // of equal scores, the first token's share is 1 / seen
  std::vector<float> shares = graph.values(sequences, {.threads = 1});
  for (size_t t = 0; t < 200; ++t)
    EXPECT_FLOAT_EQ(shares[t], 1 / float(t + 1));
  EXPECT_EQ(graph.values(sequences, {.threads = 3}), shares);
}

TEST(Interpreter, TakesTheLastTokenOfEverySequence) {
  Graph graph(overTwoChannels(R"(
    %l = edgellm.last_token %x : tensor<?x2xf16> -> tensor<1x2xf16>
    %y = edgellm.argmax %l : tensor<1x2xf16> -> tensor<1xi32>)",
                              "tensor<1xi32>"));
  EXPECT_EQ(std::get<std::vector<uint32_t>>(graph.run({{2, 0}, {1}})[0]),
            (std::vector<uint32_t>{1, 0}));
}

/// A value that is read again is not changed in place.
TEST(Interpreter, KeepsWhatIsStillRead) {
  EXPECT_EQ(valuesOf(R"(
    %s = edgellm.add %x, %x : tensor<?x2xf16>
    %y = edgellm.add %s, %x : tensor<?x2xf16>)",
                     {{0}}),
            (std::vector<float>{3, 6}));
}

//===----------------------------------------------------------------------===//
// Hooks
//===----------------------------------------------------------------------===//

/// Two products; the second reads the first's result.
std::string twoProducts() {
  return overTwoChannels(R"(
    %h = edgellm.linear %x weight(dense<[[1.0, 0.0], [0.0, 1.0]]> :
      tensor<2x2xf16>) : (tensor<?x2xf16>) -> tensor<?x2xf16> loc("first")
    %y = edgellm.linear %h weight(dense<[[1.0, 0.0], [0.0, 1.0]]> :
      tensor<2x2xf16>) : (tensor<?x2xf16>) -> tensor<?x2xf16> loc("second"))",
                         "tensor<?x2xf16>");
}

TEST(LinearHook, GoesOnWithWhatItLeaves) {
  std::vector<std::string> names;
  std::vector<float> secondInputs;
  InterpreterOptions options;
  options.hook = [&](const LinearVisit &visit) {
    names.push_back(visit.name);
    secondInputs = visit.inputs.values;
    for (float &weight : visit.weights)
      weight *= 10;
  };
  EXPECT_EQ(Graph(twoProducts()).values({{0, 1}}, options),
            (std::vector<float>{100, 200, 300, -400}));
  EXPECT_EQ(names, (std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(secondInputs, (std::vector<float>{10, 20, 30, -40}));
}

TEST(LinearHook, SeesEveryProductWithoutResultsToo) {
  int visits = 0;
  InterpreterOptions options;
  options.results = false;
  options.hook = [&](const LinearVisit &) { ++visits; };
  EXPECT_TRUE(Graph(twoProducts()).run({{0, 1}}, options).empty());
  EXPECT_EQ(visits, 2);
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

TEST(Interpreter, RefusesSequencesThatDoNotFit) {
  Graph graph(overTwoChannels("%y = edgellm.silu %x : tensor<?x2xf16>",
                              "tensor<?x2xf16>"));
  EXPECT_EQ(errorOf([&] { graph.run({}); }),
            "function 'f' has no tokens to run on");
  EXPECT_EQ(errorOf([&] { graph.run({{1}, {}}); }), "sequence 1 has no tokens");
  EXPECT_EQ(errorOf([&] {
              graph.run({{0, 0, 0, 0, 0}});
            }),
            "sequence 0 has 5 tokens, the cache holds 4");
  EXPECT_EQ(errorOf([&] {
              graph.run({{0, 3}});
            }),
            "token id 3 is outside the vocabulary of 3");
}

TEST(Interpreter, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(errorOf([] {
              Graph("func.func @f(%x: tensor<?x2xf16>) { return }").run({{0}});
            }),
            "function 'f' takes no token ids");
  EXPECT_EQ(errorOf([] {
              Graph(R"(func.func @f(%ids: tensor<?xi32>) -> tensor<?xi32> {
                %y = func.call @f(%ids) : (tensor<?xi32>) -> tensor<?xi32>
                return %y : tensor<?xi32> })")
                  .run({{0}});
            }),
            "func.call: the reference has no operator func.call");
  EXPECT_EQ(errorOf([] {
              valuesOf(R"(%y = edgellm.linear %x weight(#edgellm.external<"",
                "some.weight"> : tensor<2x2xf16>) : (tensor<?x2xf16>)
                -> tensor<?x2xf16>)",
                       {{0}});
            }),
            "tensor 'some.weight' is known by its shape alone, there are no "
            "numbers to read");
  EXPECT_EQ(errorOf([] {
              valuesOf("%y = edgellm.linear %x weight(dense<0x7C00> : "
                       "tensor<2x2xf16>) : (tensor<?x2xf16>) "
                       "-> tensor<?x2xf16>",
                       {{0}});
            }),
            "literal weight element 0 is inf, expected a finite number");
}

TEST(Interpreter, RefusesPositionsAfterLastToken) {
  Graph graph(overTwoChannels(R"(
    %l = edgellm.last_token %x : tensor<?x2xf16> -> tensor<1x2xf16>
    %y = edgellm.rope %l pairing(half) head_size(2) rotary(2)
      theta(1.000000e+04) : tensor<1x2xf16> loc("late"))",
                              "tensor<1x2xf16>"));
  EXPECT_EQ(errorOf([&] {
              graph.run({{0, 1}});
            }),
            "late: 1 rows for 2 tokens; edgellm.rope cannot follow last_token");
}

} // namespace
