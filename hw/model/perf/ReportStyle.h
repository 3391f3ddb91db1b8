//===- ReportStyle.h - The style sheet of the report ------------*- C++ -*-===//
//
// Colours are named by what they stand for, once for light and once for dark.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_PERF_REPORTSTYLE_H
#define EDGELLM_PERF_REPORTSTYLE_H

namespace edgellm::perf {

/// Colours for losses, --loss0 and on; further ones start again.
inline constexpr unsigned kLossColours = 12;

inline constexpr const char *kReportStyle = R"css(
:root {
  color-scheme: light dark;
  --paper: #fbfbf9; --panel: #ffffff; --ink: #191c20; --soft: #59616a;
  --faint: #8b929a; --line: #e3e4e0; --grid: #eceeea;
  --matrix: #2d6593; --attention: #7a5aa5; --vector: #c5832b; --dma: #2f8f7f;
  --sequencer: #8b929a;
  --loss0: #d3a548; --loss1: #c9744f; --loss2: #a9526b; --loss3: #7d6a9f;
  --loss4: #6f8599; --loss5: #9dac5f; --loss6: #b98ba0; --loss7: #8a6b4f;
  --loss8: #89b3b8; --loss9: #d9b9a0; --loss10: #a3aba1; --loss11: #c9ccd0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #121417; --panel: #191c20; --ink: #e8e9ea; --soft: #a3abb4;
    --faint: #737b84; --line: #2b2f35; --grid: #24282d;
    --matrix: #5b9bd0; --attention: #a98bd6; --vector: #dfa455; --dma: #54b8a6;
    --sequencer: #737b84;
    --loss0: #d9b465; --loss1: #d58a68; --loss2: #c0708a; --loss3: #9785bb;
    --loss4: #8299ae; --loss5: #a9b86c; --loss6: #c79bb0; --loss7: #a1805f;
    --loss8: #7fa9ae; --loss9: #b89a84; --loss10: #7b837b; --loss11: #565c63;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.55 Inter, -apple-system, "Segoe UI", Roboto, "Helvetica Neue",
        "Liberation Sans", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
main { max-width: 1080px; margin: 0 auto; padding: 56px 32px 40px; }
h1 { font-size: 36px; line-height: 1.15; letter-spacing: -.022em; font-weight: 650; margin: 10px 0 8px; }
h2 { font-size: 19px; letter-spacing: -.01em; font-weight: 620; margin: 0 0 4px; }
p { margin: 0; }
.eyebrow { color: var(--soft); font-size: 12px; letter-spacing: .09em; text-transform: uppercase; }
.eyebrow b { color: var(--paper); background: var(--ink); padding: 2px 8px; border-radius: 99px; font-weight: 600; margin-left: 8px; }
.request { color: var(--soft); font-size: 16px; }
.figures { display: grid; grid-template-columns: repeat(4, 1fr); margin: 34px 0 8px; border-top: 2px solid var(--ink); }
.figures div { padding: 16px 20px 4px 0; }
.figures strong { display: block; font-size: 40px; line-height: 1.1; letter-spacing: -.03em; font-weight: 620; }
.figures strong small { font-size: 17px; letter-spacing: 0; font-weight: 500; color: var(--soft); margin-left: 5px; }
.figures span { color: var(--soft); font-size: 13px; }
section { margin-top: 30px; background: var(--panel); border: 1px solid var(--line); border-radius: 10px; padding: 24px 26px 22px; break-inside: avoid; }
section > p { color: var(--soft); font-size: 13.5px; max-width: 98ch; margin-bottom: 18px; }
.scroll { overflow-x: auto; }
.stack { display: flex; height: 40px; gap: 2px; margin-bottom: 16px; }
.stack i { min-width: 1px; }
.stack i:first-child { border-radius: 5px 0 0 5px; }
.stack i:last-child { border-radius: 0 5px 5px 0; }
.legend { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 5px 34px; list-style: none; margin: 0; padding: 0; font-size: 13.5px; }
.legend li { display: flex; align-items: baseline; gap: 9px; }
.legend span { flex: 1; }
.legend em { font-style: normal; color: var(--soft); min-width: 62px; text-align: right; }
.swatch { flex: none; display: inline-block; width: 10px; height: 10px; border-radius: 2px; }
.keys { display: flex; gap: 20px; font-size: 12.5px; color: var(--soft); margin: 12px 0 0; flex-wrap: wrap; }
.keys .swatch { margin-right: 7px; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
th { text-align: left; font-weight: 500; color: var(--soft); font-size: 12.5px; padding: 0 14px 7px 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
td { padding: 6px 14px 6px 0; border-bottom: 1px solid var(--grid); white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
th.number, td.number { text-align: right; }
th:last-child, td:last-child { padding-right: 0; }
td.meter { width: 34%; min-width: 150px; }
td.meter i { display: block; height: 13px; border-radius: 2px; min-width: 1px; }
td small, .faint { color: var(--faint); font-size: 12.5px; }
td small { margin-left: 7px; }
code { font: 12.5px/1.4 ui-monospace, "SF Mono", "JetBrains Mono", "DejaVu Sans Mono", monospace; }
svg { display: block; width: 100%; min-width: 720px; height: auto; overflow: visible; }
svg text { font-family: inherit; fill: var(--ink); }
svg .tick { font-size: 12px; fill: var(--soft); }
svg .axis { font-size: 12.5px; fill: var(--soft); }
svg .lane { font-size: 13px; }
svg .grid { stroke: var(--grid); stroke-width: 1; }
svg .roof { stroke: var(--ink); stroke-width: 1.6; stroke-linecap: round; }
svg .note { font-size: 12.5px; fill: var(--soft); paint-order: stroke; stroke: var(--panel); stroke-width: 4px; }
svg .label, svg .value { font-size: 12.5px; paint-order: stroke; stroke: var(--panel); stroke-width: 4px; stroke-linejoin: round; }
svg .leader { stroke: var(--faint); stroke-width: .8; }
svg .dot { stroke: var(--panel); stroke-width: 1.5; fill-opacity: .88; }
svg .curve { fill: none; stroke: var(--matrix); stroke-width: 2.2; stroke-linejoin: round; }
svg .area { fill: var(--matrix); opacity: .09; }
svg .point { fill: var(--panel); stroke: var(--matrix); stroke-width: 2; }
svg .inside { font-size: 11.5px; fill: var(--panel); font-weight: 500; pointer-events: none; }
svg .neighbour { font-size: 11.5px; fill: var(--soft); pointer-events: none; }
svg .drain { opacity: .45; }
svg .other { opacity: .28; }
.matrix { background: var(--matrix); fill: var(--matrix); }
.attention { background: var(--attention); fill: var(--attention); }
.vector { background: var(--vector); fill: var(--vector); }
.dma { background: var(--dma); fill: var(--dma); }
.sequencer { background: var(--sequencer); fill: var(--sequencer); }
footer { margin-top: 30px; padding-top: 16px; border-top: 1px solid var(--line); color: var(--soft); font-size: 13px; }
@media (max-width: 760px) {
  main { padding: 28px 16px; }
  .figures { grid-template-columns: repeat(2, 1fr); }
  section { padding: 18px 16px; }
}
@media print { section { border: 0; padding: 0; } body { background: none; } }
)css";

} // namespace edgellm::perf

#endif // EDGELLM_PERF_REPORTSTYLE_H
