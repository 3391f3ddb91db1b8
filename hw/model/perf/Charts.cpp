//===- Charts.cpp - The curve and the timeline ----------------------------===//
#include "Charts.h"
#include "Html.h"

#include <set>

using namespace edgellm;
using namespace edgellm::perf;
using model::PassTiming, model::StepTiming;
using Scale = Axis::Scale;

//===----------------------------------------------------------------------===//
// Speed over cached tokens
//===----------------------------------------------------------------------===//

/// Above every point; the curve starts from zero, so that its slope is honest.
static double fastest(const Study &study) {
  double most = 0;
  for (const SpeedPoint &point : study.speeds)
    most = std::max(most, point.tokensPerSecond);
  return most;
}

static void drawCurve(Svg &svg, const Study &study, const Axis &x,
                      const Axis &y) {
  std::vector<Svg::Point> curve;
  for (const SpeedPoint &point : study.speeds)
    curve.push_back({x(point.past), y(point.tokensPerSecond)});
  std::vector<Svg::Point> area = curve;
  area.push_back({curve.back().x, y(0)});
  area.push_back({curve.front().x, y(0)});
  svg.path(area, "area", /*closed=*/true);
  svg.path(curve, "curve");
  for (size_t i = 0; i < curve.size(); ++i) {
    const SpeedPoint &point = study.speeds[i];
    std::string speed = shown(point.tokensPerSecond);
    svg.circle(curve[i], 4, "point",
               std::to_string(point.past) + " cached: " + speed + " token/s");
    std::string_view anchor = i == 0                  ? "start"
                              : i + 1 == curve.size() ? "end"
                                                      : "middle";
    svg.text({curve[i].x, curve[i].y - 11}, speed, "value", anchor);
  }
}

std::string perf::speedChart(const Study &study) {
  if (study.speeds.size() < 2)
    return {};
  constexpr double width = 1000, height = 300, left = 66, right = width - 20;
  constexpr double top = 14, bottom = height - 52;
  Axis x(Scale::linear, study.speeds.front().past, study.speeds.back().past,
         left, right);
  Axis y(Scale::linear, 0, fastest(study) * 1.18, bottom, top);
  Svg svg(width, height, "Decode speed over the number of cached tokens");
  for (double tick : y.ticks(6)) {
    svg.line({left, y(tick)}, {right, y(tick)}, "grid");
    svg.text({left - 8, y(tick) + 4}, shownTick(tick), "tick", "end");
  }
  for (const SpeedPoint &point : study.speeds)
    svg.text({x(point.past), bottom + 18}, std::to_string(point.past), "tick",
             point.past == study.speeds.back().past ? "end" : "middle");
  drawCurve(svg, study, x, y);
  svg.text({(left + right) / 2, height - 10}, "cached tokens", "axis",
           "middle");
  svg.text({14, (top + bottom) / 2}, "token/s", "axis", "middle", -90);
  return svg.finish();
}

//===----------------------------------------------------------------------===//
// Timeline
//===----------------------------------------------------------------------===//

namespace {

struct Window {
  double begin, end; // cycles
  bool meets(double from, double to) const { return from < end && to > begin; }
};

/// The unit of a time axis.
struct TimeUnit {
  const char *name;
  double perSecond;
};

class Timeline {
public:
  Timeline(const PassTiming &pass, std::optional<uint64_t> layer,
           Window window);
  std::string draw();

private:
  static constexpr double kWidth = 1000, kLane = 40, kBar = 28;
  static constexpr double kLeft = 104, kRight = kWidth - 20, kTop = 6;
  static constexpr double kBottom = kTop + kLane * isa::kUnits;
  static constexpr double kHeight = kBottom + 52;

  void drawGrid();
  void drawStep(const StepTiming &step);
  void drawBar(const StepTiming &step, isa::Unit lane, double from, double to,
               std::string_view style, bool named);
  double top(isa::Unit lane) const;

  const PassTiming &pass;
  std::optional<uint64_t> layer;
  Window window;
  TimeUnit unit;
  Axis x;
  Svg svg{kWidth, kHeight, "What each unit does over time"};
};

} // namespace

std::optional<uint64_t> perf::timelineLayer(const PassTiming &pass) {
  std::set<uint64_t> layers;
  for (const StepTiming &step : pass.steps)
    if (std::optional<uint64_t> layer = layerOf(step.source))
      layers.insert(*layer);
  if (layers.empty())
    return std::nullopt;
  return *std::next(layers.begin(), ptrdiff_t(layers.size() / 2));
}

/// From the first start of the layer's steps to their last end.
static Window windowOf(const PassTiming &pass, std::optional<uint64_t> layer) {
  if (!layer)
    return {0, pass.cycles};
  Window window{pass.cycles, 0};
  for (const StepTiming &step : pass.steps)
    if (layerOf(step.source) == layer) {
      window.begin = std::min(window.begin, step.start);
      window.end = std::max(window.end, step.end);
    }
  return window;
}

static TimeUnit unitFor(double seconds) {
  return seconds < 2e-3 ? TimeUnit{"µs", 1e6} : TimeUnit{"ms", 1e3};
}

Timeline::Timeline(const PassTiming &pass, std::optional<uint64_t> layer,
                   Window window)
    : pass(pass), layer(layer), window(window),
      unit(unitFor(seconds(pass, window.end - window.begin).value_or(0))),
      x(Scale::linear, 0,
        seconds(pass, window.end - window.begin).value_or(0) * unit.perSecond,
        kLeft, kRight) {}

/// The stream stands on top: everything else exists to keep it full.
double Timeline::top(isa::Unit lane) const {
  unsigned place = lane == isa::Unit::dma ? 0 : unsigned(lane) + 1;
  return kTop + kLane * place + (kLane - kBar) / 2;
}

void Timeline::drawGrid() {
  for (double tick : x.ticks(10)) {
    svg.line({x(tick), kTop}, {x(tick), kBottom}, "grid");
    svg.text({x(tick), kBottom + 18}, shownTick(tick), "tick", "middle");
  }
  for (unsigned i = 0; i < isa::kUnits; ++i) {
    isa::Unit lane = isa::Unit(i);
    std::string name =
        lane == isa::Unit::dma ? "HBM stream" : isa::nameOf(lane);
    svg.text({kLeft - 12, top(lane) + kBar / 2 + 4}, name, "lane", "end");
  }
  svg.text({(kLeft + kRight) / 2, kHeight - 10}, unit.name, "axis", "middle");
}

void Timeline::drawBar(const StepTiming &step, isa::Unit lane, double from,
                       double to, std::string_view style, bool named) {
  if (!window.meets(from, to))
    return;
  auto pixel = [&](double cycle) {
    double inside = std::clamp(cycle, window.begin, window.end) - window.begin;
    return x(seconds(pass, inside).value_or(0) * unit.perSecond);
  };
  double left = pixel(from), right = pixel(to);
  bool isOther = layer && layerOf(step.source) != layer;
  svg.rect({left, top(lane)}, std::max(right - left - 0.8, 0.6), kBar,
           "bar " + std::string(isa::nameOf(lane)) + " " + std::string(style) +
               (isOther ? " other" : ""),
           nameOf(step) + ", " + step.mnemonic + ": " +
               shownTime(seconds(pass, to - from)));
  std::string kind = step.source.empty() ? step.mnemonic : kindOf(step.source);
  std::string name = kind.substr(kind.rfind('.') + 1);
  if (named && right - left > 6.4 * double(name.size()) + 8)
    svg.text({(left + right) / 2, top(lane) + kBar / 2 + 4}, name,
             isOther ? "neighbour" : "inside", "middle");
}

void Timeline::drawStep(const StepTiming &step) {
  if (step.streams)
    drawBar(step, isa::Unit::dma, step.streamStart, step.streamEnd, "", true);
  if (step.isControl)
    return;
  double issued = std::clamp(step.issued, step.start, step.end);
  drawBar(step, step.unit, issued, step.end, "drain", false);
  drawBar(step, step.unit, step.start, issued, "", true);
}

std::string Timeline::draw() {
  drawGrid();
  for (const StepTiming &step : pass.steps)
    drawStep(step);
  return svg.finish();
}

std::string perf::timelineChart(const Study &study) {
  std::optional<uint64_t> layer = timelineLayer(study.pass);
  Window window = windowOf(study.pass, layer);
  if (study.pass.steps.empty() || !(window.end > window.begin))
    return {};
  return Timeline(study.pass, layer, window).draw();
}
