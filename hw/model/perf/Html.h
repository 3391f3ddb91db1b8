//===- Html.h - Text and pictures for the report ----------------*- C++ -*-===//
#ifndef EDGELLM_PERF_HTML_H
#define EDGELLM_PERF_HTML_H

#include "Format.h"

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace edgellm::perf {

/// Text as the content of an element or of a quoted attribute. Bytes that are
/// no UTF-8 become U+FFFD and control characters spaces.
std::string escaped(std::string_view text);

/// A picture. Colours and strokes come from the page's style by class.
class Svg {
public:
  struct Point {
    double x, y;
  };

  /// `label` says what the picture shows, for readers that do not see it.
  Svg(double width, double height, std::string_view label);

  void line(Point from, Point to, std::string_view style);
  void path(const std::vector<Point> &points, std::string_view style,
            bool closed = false);
  /// `title` appears when the pointer rests on it.
  void rect(Point corner, double width, double height, std::string_view style,
            std::string_view title);
  void circle(Point centre, double radius, std::string_view style,
              std::string_view title);
  /// `anchor` is start, middle or end; `degrees` turns it about `at`.
  void text(Point at, std::string_view content, std::string_view style,
            std::string_view anchor = "start", double degrees = 0);

  std::string finish() const { return os.str() + "</svg>\n"; }

private:
  std::ostringstream os;
};

/// Maps values to pixels, linearly or by their logarithms.
class Axis {
public:
  enum class Scale { linear, logarithmic };
  Axis(Scale scale, double least, double most, double pixelOfLeast,
       double pixelOfMost);

  double operator()(double value) const;
  double least() const { return low; }
  double most() const { return high; }
  /// Round values in the range, at most about `wanted` of them.
  std::vector<double> ticks(unsigned wanted) const;

private:
  std::vector<double> linearTicks(unsigned wanted) const;
  std::vector<double> logarithmicTicks(unsigned wanted) const;

  Scale scale;
  double low, high, pixelLow, pixelHigh;
};

} // namespace edgellm::perf

#endif // EDGELLM_PERF_HTML_H
