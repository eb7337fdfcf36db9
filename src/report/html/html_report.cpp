#include "report/html/html_report.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "report/html/sections.hpp"
#include "report/numbers.hpp"

namespace helmholtz::report {

namespace {

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --soft: #5c6570; --line: #d5dae0;
  --panel: #f6f8fa; --on: #1b1f24; --off: #e8ebef; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ec; --paper: #14171b; --soft: #9aa4ae;
  --line: #363c44; --panel: #1c2026; --on: #f2f4f6; --off: #333941; } }
@media screen and (prefers-color-scheme: dark) {
  .plot [fill^="rgb(  0, 114, 178"] { fill: #56b4e9; }
  .plot [stroke^="rgb(  0, 114, 178"] { stroke: #56b4e9; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem; max-width: 84rem; color: var(--ink); background: var(--paper);
  font: 16px/1.5 system-ui, sans-serif; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .2rem 0 .6rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .3rem; border-bottom: 1px solid var(--line); }
h2::first-letter { text-transform: uppercase; }
h3 { font-size: 1rem; margin: 1rem 0 .2rem; }
p { margin: .3rem 0 .7rem; max-width: 48rem; overflow-wrap: anywhere; }
p.note, figcaption, .tiles figcaption { color: var(--soft); font-size: .88rem; }
dl { display: grid; grid-template-columns: fit-content(34%) 1fr; gap: .1rem .9rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
code { white-space: nowrap; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { padding: .22rem .5rem; text-align: right; border-bottom: 1px solid var(--line); }
td { white-space: nowrap; }
th { color: var(--soft); font-weight: 600; vertical-align: bottom; } td.text, th.text { text-align: left; }
.figures { display: grid; gap: 1rem; margin-top: .6rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 22rem), 1fr)); }
.figures.wide { grid-template-columns: minmax(0, 40rem); }
figure { margin: 0; min-width: 0; } .figures > figure { background: var(--panel);
  border: 1px solid var(--line); border-radius: 6px; padding: .6rem; }
figure > .title { font-weight: 600; font-size: .92rem; overflow-wrap: anywhere; }
svg.plot { display: block; width: 100%; height: auto; max-width: 44rem; font-family: inherit; }
.tiles { display: flex; flex-wrap: wrap; gap: .5rem; margin: .3rem 0 .8rem; }
.tiles figure { text-align: center; } .tiles figcaption { font-size: .74rem; line-height: 1.3; }
svg.tile { display: block; margin: 0 auto; outline: 1px solid var(--line); }
.on { fill: var(--on); } .off { fill: var(--off); }
.scale { display: flex; align-items: center; gap: .5rem; font-size: .8rem; color: var(--soft); }
.scale svg { width: 10rem; height: .8rem; }
@media print { :root { color-scheme: light; --ink: #000; --paper: #fff; --soft: #444; --line: #bbb;
  --panel: #fff; --on: #000; --off: #e8ebef; font-size: 10pt; }
body { padding: 0; max-width: none; font-size: 1rem; }
h1, h2, h3, h2 + p, h3 + p, .scale { break-after: avoid; }
h2 { margin-top: 1.4rem; }
dl, figure, tr, .tiles { break-inside: avoid; }
.scroll { overflow: visible; }
table { width: 100%; font-size: 7.5pt; }
th, td { padding: .15rem .25rem; } td.text { white-space: normal; }
.figures { grid-template-columns: 1fr 1fr; } }
)";

/// What is missing of the page's pictures, and why; empty if nothing is.
std::string missing_pictures(const Gnuplot& gnuplot) {
  constexpr std::string_view kAll =
      "Missing are the pictures: KL or log-likelihood over the steps, histograms, medians over the "
      "settings, probabilities of patterns.";
  const auto& failure = gnuplot.failure();
  if (gnuplot.is_there() && failure.empty()) return "";
  if (gnuplot.is_there()) {
    return fmt::format("<p class=\"note\">Pictures are missing: {}</p>\n", escaped(failure));
  }
  return fmt::format(
      "<p class=\"note\">{}. {} {}, <code>helmholtz report DIR</code> adds them.</p>\n",
      failure.empty() ? "gnuplot was not found where this page was made" : escaped(failure), kAll,
      failure.empty() ? "With gnuplot installed" : "With a gnuplot that draws SVG");
}

/// A whole page with its style: light or dark as the reader's system is, narrow or wide, for paper
/// too. No script, nothing from the network.
/// @param title  plain text; @param body  HTML
std::string page(std::string_view title, std::string_view body) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n{}</body>\n</html>\n",
      escaped(title), kStyle, body);
}

}  // namespace

std::string escaped(std::string_view text) {
  constexpr std::string_view kSpecial = "&<>\"'";
  constexpr std::array kEntities = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
  std::string out;
  for (const char c : text::printable(text)) {
    const auto i = kSpecial.find(c);
    i < kEntities.size() ? out += kEntities[i] : out += c;
  }
  return out;
}

std::string figure(const std::string& title, const std::string& picture, const std::string& note) {
  return fmt::format(
      "<figure>\n<div class=\"title\">{}</div>\n{}<figcaption>{}</figcaption>\n</figure>\n", title,
      picture, note);
}

std::string html_report(const Statistics& statistics, const HtmlReportOptions& options,
                        const Gnuplot& gnuplot) {
  auto body = table_section(statistics);
  if (options.compare) {
    body += comparison_section(statistics, options.compare->first, options.compare->second);
  }
  if (gnuplot.is_there()) {
    body += fan_section(statistics, gnuplot) + histogram_section(statistics, gnuplot) +
            settings_section(statistics, gnuplot);
    if (const auto* const likelihood = statistics.likelihood()) {
      body += fan_section(*likelihood, gnuplot) + histogram_section(*likelihood, gnuplot);
    }
  }
  body += machines_section(statistics.spec(), options.machines, gnuplot);
  // What failed is known when all is drawn.
  body = header_section(statistics) + missing_pictures(gnuplot) + body;
  const auto title = "Helmholtz sweep of " + counted(statistics.spec().machines(), "machine") +
                     ", " + statistics.spec().world.name();
  return page(title, body);
}

}  // namespace helmholtz::report
