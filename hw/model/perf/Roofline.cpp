//===- Roofline.cpp - The roofline picture --------------------------------===//
#include "Charts.h"
#include "Html.h"

#include <cmath>
#include <numbers>

using namespace edgellm;
using namespace edgellm::perf;
using model::PassTiming;
using Scale = Axis::Scale;

static constexpr double kWidth = 1000, kHeight = 430;
static constexpr double kLeft = 66, kRight = kWidth - 20;
static constexpr double kTop = 16, kBottom = kHeight - 52;

namespace {

struct Dot {
  std::string name;
  std::string_view unit;
  double intensity; // multiply-accumulates a byte
  double speed;     // multiply-accumulates a second
  double weight;    // share of the bytes of all dots
  Svg::Point at{};
  double radius = 0;
};

struct Box {
  double left, top, right, bottom;
  bool meets(const Box &other) const {
    return left < other.right && other.left < right && top < other.bottom &&
           other.top < bottom;
  }
};

struct Ceiling {
  const char *name;
  double speed;
};

class Roofline {
public:
  Roofline(const PassTiming &pass, std::vector<Dot> dots);
  std::string draw();

private:
  Axis intensityAxis() const;
  Axis speedAxis() const;
  void place();
  void drawGrid();
  void drawRoof();
  void drawCeiling(const Ceiling &ceiling);
  void drawDots();
  void drawLabel(const Dot &dot);
  std::optional<Box> freeBox(const Dot &dot, double width, bool toTheLeft);

  std::vector<Dot> dots;
  double bandwidth; // bytes a second
  std::vector<Ceiling> ceilings;
  Axis x, y;
  Svg svg{kWidth, kHeight,
          "Roofline: multiply-accumulates a second over multiply-accumulates "
          "a byte read from HBM"};
  std::vector<Box> taken; // by lines, dots and text: no label goes there
};

} // namespace

//===----------------------------------------------------------------------===//
// Dots
//===----------------------------------------------------------------------===//

/// The time of a step is that of its stream or that of its unit, whichever is
/// longer, so a dot cannot lie above the roof.
static std::vector<Dot> dotsOf(const PassTiming &pass) {
  std::vector<Dot> dots;
  double bytes = 0;
  for (const StepGroup &group : groupSteps(pass)) {
    if (group.macs == 0 || group.readBytes == 0 || !(group.busy > 0))
      continue;
    double cyclesPerSecond = pass.coreMHz * 1e6;
    dots.push_back({group.kind, isa::nameOf(group.unit),
                    double(group.macs) / double(group.readBytes),
                    double(group.macs) / group.busy * cyclesPerSecond,
                    double(group.readBytes)});
    if (group.unit != isa::Unit::matrix)
      dots.back().name += " " + group.mnemonic;
    bytes += double(group.readBytes);
  }
  for (Dot &dot : dots)
    dot.weight /= bytes;
  return dots;
}

//===----------------------------------------------------------------------===//
// Axes
//===----------------------------------------------------------------------===//

Roofline::Roofline(const PassTiming &pass, std::vector<Dot> points)
    : dots(std::move(points)), bandwidth(hbmPeakBytesPerSecond(pass)),
      ceilings{{"INT4 weights", pass.int4MacsPerCycle * pass.coreMHz * 1e6},
               {"FP16 weights, keys and values",
                pass.fp16MacsPerCycle * pass.coreMHz * 1e6}},
      x(intensityAxis()), y(speedAxis()) {}

/// From left of the lowest ridge or dot to right of the highest.
Axis Roofline::intensityAxis() const {
  double least = HUGE_VAL, most = 0;
  auto include = [&](double value) {
    least = std::min(least, value);
    most = std::max(most, value);
  };
  for (const Ceiling &ceiling : ceilings)
    include(ceiling.speed / bandwidth);
  for (const Dot &dot : dots)
    include(dot.intensity);
  return {Scale::logarithmic, least / 4, most * 6, kLeft, kRight};
}

Axis Roofline::speedAxis() const {
  double least = HUGE_VAL, most = 0;
  for (const Ceiling &ceiling : ceilings) {
    least = std::min(least, ceiling.speed / 3);
    most = std::max(most, ceiling.speed * 1.7);
  }
  for (const Dot &dot : dots)
    least = std::min(least, dot.speed / 1.6);
  return {Scale::logarithmic, least, most, kBottom, kTop};
}

//===----------------------------------------------------------------------===//
// Drawing
//===----------------------------------------------------------------------===//

void Roofline::drawGrid() {
  for (double tick : x.ticks(12)) {
    svg.line({x(tick), kTop}, {x(tick), kBottom}, "grid");
    svg.text({x(tick), kBottom + 18}, shownTick(tick), "tick", "middle");
  }
  for (double tick : y.ticks(9)) {
    svg.line({kLeft, y(tick)}, {kRight, y(tick)}, "grid");
    svg.text({kLeft - 8, y(tick) + 4}, shownTick(tick / 1e9), "tick", "end");
  }
  svg.text({(kLeft + kRight) / 2, kHeight - 10},
           "multiply-accumulates per byte read from HBM", "axis", "middle");
  svg.text({14, (kTop + kBottom) / 2}, "GMAC/s", "axis", "middle", -90);
}

void Roofline::drawCeiling(const Ceiling &ceiling) {
  double height = y(ceiling.speed), ridge = x(ceiling.speed / bandwidth);
  svg.line({ridge, height}, {kRight, height}, "roof");
  taken.push_back({ridge, height - 2, kRight, height + 2});
  std::string label =
      std::string(ceiling.name) + ", " + shown(ceiling.speed, "MAC/s");
  svg.text({kRight - 6, height - 7}, label, "note", "end");
  double width = 6.6 * double(label.size());
  taken.push_back({kRight - 6 - width, height - 20, kRight, height + 3});
}

/// The slope of the memory, up to the highest ceiling.
void Roofline::drawRoof() {
  double highest = 0;
  for (const Ceiling &ceiling : ceilings) {
    drawCeiling(ceiling);
    highest = std::max(highest, ceiling.speed);
  }
  double from = std::max(x.least(), y.least() / bandwidth);
  double to = highest / bandwidth;
  Svg::Point start{x(from), y(from * bandwidth)}, end{x(to), y(highest)};
  svg.line(start, end, "roof");
  double angle = std::atan2(end.y - start.y, end.x - start.x);
  constexpr double above = 9; // of the baseline over the slope
  double part = 0.3;
  Svg::Point at{start.x + part * (end.x - start.x) + above * std::sin(angle),
                start.y + part * (end.y - start.y) - above * std::cos(angle)};
  svg.text(at, "HBM, " + shown(bandwidth, "B/s"), "note", "middle",
           angle * 180 / std::numbers::pi);
  taken.push_back({at.x - 60, at.y - 60, at.x + 60, at.y + 60});
  constexpr double pieces = 100;
  for (double i = 0; i < pieces; ++i)
    taken.push_back({start.x + i / pieces * (end.x - start.x),
                     start.y + (i + 1) / pieces * (end.y - start.y) - 2,
                     start.x + (i + 1) / pieces * (end.x - start.x),
                     start.y + i / pieces * (end.y - start.y) + 2});
}

void Roofline::place() {
  for (Dot &dot : dots) {
    dot.at = {x(dot.intensity), y(dot.speed)};
    dot.radius = 4.5 + 9 * std::sqrt(dot.weight);
    taken.push_back({dot.at.x - dot.radius, dot.at.y - dot.radius,
                     dot.at.x + dot.radius, dot.at.y + dot.radius});
  }
  std::ranges::sort(dots, {}, [](const Dot &dot) { return dot.at.y; });
}

/// The place nearest to the dot's height where a label meets no dot and no
/// other text; nothing when that side is full.
std::optional<Box> Roofline::freeBox(const Dot &dot, double width,
                                     bool toTheLeft) {
  constexpr double height = 16, gap = 34;
  double left = toTheLeft ? dot.at.x - gap - width : dot.at.x + gap;
  if (left < kLeft || left + width > kRight)
    return std::nullopt;
  for (double away = 0; away < kBottom - kTop; away += 2)
    for (double top :
         {dot.at.y - height / 2 + away, dot.at.y - height / 2 - away}) {
      Box box{left, top, left + width, top + height};
      bool inside = top >= kTop && top + height <= kBottom - 2;
      if (inside && std::ranges::none_of(
                        taken, [&](const Box &b) { return b.meets(box); }))
        return box;
    }
  return std::nullopt;
}

/// Without a free place the name is still in the dot's title.
void Roofline::drawLabel(const Dot &dot) {
  double width = 6.7 * double(dot.name.size()) + 8;
  auto distance = [&](const std::optional<Box> &box) {
    return box ? std::fabs((box->top + box->bottom) / 2 - dot.at.y) : HUGE_VAL;
  };
  std::optional<Box> right = freeBox(dot, width, false);
  std::optional<Box> left = freeBox(dot, width, true);
  bool toTheLeft = distance(left) < distance(right);
  std::optional<Box> box = toTheLeft ? left : right;
  if (!box)
    return;
  taken.push_back(*box);
  double middle = (box->top + box->bottom) / 2;
  double edge = toTheLeft ? box->right - 2 : box->left + 2;
  svg.line(dot.at, {edge, middle}, "leader");
  svg.text({toTheLeft ? edge - 3 : edge + 3, middle + 4}, dot.name, "label",
           toTheLeft ? "end" : "start");
}

void Roofline::drawDots() {
  for (const Dot &dot : dots)
    drawLabel(dot);
  for (const Dot &dot : dots)
    svg.circle(dot.at, dot.radius, "dot " + std::string(dot.unit),
               dot.name + ": " + shown(dot.speed, "MAC/s") + " at " +
                   shown(dot.intensity) + " MAC/byte, " +
                   shownShare(dot.weight) + " of the bytes");
}

std::string Roofline::draw() {
  drawGrid();
  place();
  drawRoof();
  drawDots();
  return svg.finish();
}

std::string perf::rooflineChart(const Study &study) {
  const PassTiming &pass = study.pass;
  bool hasRoof = hbmPeakBytesPerSecond(pass) > 0 && pass.int4MacsPerCycle > 0 &&
                 pass.fp16MacsPerCycle > 0;
  if (!hasRoof)
    return {};
  return Roofline(pass, dotsOf(pass)).draw();
}
