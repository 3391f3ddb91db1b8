//===- Html.cpp - Text and pictures for the report ------------------------===//
#include "Html.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

using namespace edgellm;
using namespace edgellm::perf;

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

/// The JSON library repairs UTF-8 when it writes.
static std::string validUtf8(std::string_view text) {
  using nlohmann::json;
  std::string quoted =
      json(text).dump(-1, ' ', false, json::error_handler_t::replace);
  return json::parse(quoted).get<std::string>();
}

std::string perf::escaped(std::string_view text) {
  std::string result;
  for (char c : validUtf8(text)) {
    switch (c) {
    case '&':
      result += "&amp;";
      break;
    case '<':
      result += "&lt;";
      break;
    case '>':
      result += "&gt;";
      break;
    case '"':
      result += "&quot;";
      break;
    case '\'':
      result += "&#39;";
      break;
    default:
      bool isControl = (c >= 0 && c < ' ') || c == 0x7F;
      result += isControl ? ' ' : c;
    }
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Svg
//===----------------------------------------------------------------------===//

static std::string attribute(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + escaped(value) + "\"";
}

static std::string attribute(std::string_view name, double value) {
  return attribute(name, fixed(value, 2));
}

static std::string titleOf(std::string_view title) {
  return title.empty() ? "" : "<title>" + escaped(title) + "</title>";
}

Svg::Svg(double width, double height, std::string_view label) {
  os << "<svg role=\"img\"" << attribute("aria-label", label)
     << attribute("viewBox", "0 0 " + fixed(width, 0) + " " + fixed(height, 0))
     << ">\n";
}

void Svg::line(Point from, Point to, std::string_view style) {
  os << "<line" << attribute("class", style) << attribute("x1", from.x)
     << attribute("y1", from.y) << attribute("x2", to.x)
     << attribute("y2", to.y) << "/>\n";
}

void Svg::path(const std::vector<Point> &points, std::string_view style,
               bool closed) {
  std::string data;
  for (const Point &point : points)
    data += (data.empty() ? "M" : "L") + fixed(point.x, 2) + " " +
            fixed(point.y, 2);
  os << "<path" << attribute("class", style)
     << attribute("d", data + (closed ? "Z" : "")) << "/>\n";
}

void Svg::rect(Point corner, double width, double height,
               std::string_view style, std::string_view title) {
  os << "<rect" << attribute("class", style) << attribute("x", corner.x)
     << attribute("y", corner.y) << attribute("width", std::max(width, 0.0))
     << attribute("height", height) << attribute("rx", 2.0) << ">"
     << titleOf(title) << "</rect>\n";
}

void Svg::circle(Point centre, double radius, std::string_view style,
                 std::string_view title) {
  os << "<circle" << attribute("class", style) << attribute("cx", centre.x)
     << attribute("cy", centre.y) << attribute("r", radius) << ">"
     << titleOf(title) << "</circle>\n";
}

void Svg::text(Point at, std::string_view content, std::string_view style,
               std::string_view anchor, double degrees) {
  os << "<text" << attribute("class", style) << attribute("x", at.x)
     << attribute("y", at.y) << attribute("text-anchor", anchor);
  if (degrees != 0)
    os << attribute("transform", "rotate(" + fixed(degrees, 2) + " " +
                                     fixed(at.x, 2) + " " + fixed(at.y, 2) +
                                     ")");
  os << ">" << escaped(content) << "</text>\n";
}

//===----------------------------------------------------------------------===//
// Axis
//===----------------------------------------------------------------------===//

/// An empty range would map every value to nowhere.
Axis::Axis(Scale scale, double least, double most, double pixelOfLeast,
           double pixelOfMost)
    : scale(scale), low(least), high(most), pixelLow(pixelOfLeast),
      pixelHigh(pixelOfMost) {
  if (scale == Scale::logarithmic && !(low > 0))
    low = 1;
  if (!(high > low))
    high = scale == Scale::logarithmic ? low * 10 : low + 1;
}

double Axis::operator()(double value) const {
  double part = (value - low) / (high - low);
  if (scale == Scale::logarithmic)
    part = std::log(value / low) / std::log(high / low);
  return pixelLow + part * (pixelHigh - pixelLow);
}

std::vector<double> Axis::ticks(unsigned wanted) const {
  return scale == Scale::linear ? linearTicks(wanted)
                                : logarithmicTicks(wanted);
}

/// Steps of 1, 2 or 5 times a power of ten.
std::vector<double> Axis::linearTicks(unsigned wanted) const {
  double least = (high - low) / wanted;
  double step = std::pow(10, std::floor(std::log10(least)));
  for (double factor : {2.0, 2.5, 2.0}) // 2, 5, 10
    if (step < least)
      step *= factor;
  std::vector<double> result;
  double first = std::ceil(low / step);
  for (double i = first; i * step <= high * (1 + 1e-9); ++i)
    result.push_back(i * step);
  return result;
}

/// 1, 2 and 5 of each decade, or 1 alone when that is too many.
std::vector<double> Axis::logarithmicTicks(unsigned wanted) const {
  std::vector<double> all, powers;
  for (double decade = std::pow(10, std::floor(std::log10(low)));
       decade <= high; decade *= 10)
    for (double digit : {1.0, 2.0, 5.0}) {
      double value = decade * digit;
      if (value < low * (1 - 1e-9) || value > high * (1 + 1e-9))
        continue;
      all.push_back(value);
      if (digit == 1)
        powers.push_back(value);
    }
  return all.size() <= wanted ? all : powers;
}
