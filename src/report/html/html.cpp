#include "report/html/html.hpp"

#include <cstddef>

#include <fmt/format.h>

namespace helmholtz::report {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

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

/// Bytes of the UTF-8 sequence at the start of `text`, 0 if there is none (RFC 3629).
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (length == 0 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return 0;
  }
  const auto second = byte(1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool outside = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
  return overlong || outside ? 0 : length;
}

void append_character(std::string& out, std::string_view character) {
  const char c = character.front();
  if (c == '&') {
    out += "&amp;";
  } else if (c == '<') {
    out += "&lt;";
  } else if (c == '>') {
    out += "&gt;";
  } else if (c == '"') {
    out += "&quot;";
  } else if (c == '\'') {
    out += "&#39;";
  } else if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') {
    out += kReplacement;
  } else {
    out += character;
  }
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto length = sequence_length(text);
    if (length == 0) {
      out += kReplacement;
      text.remove_prefix(1);
    } else {
      append_character(out, text.substr(0, length));
      text.remove_prefix(length);
    }
  }
  return out;
}

std::string page(std::string_view title, std::string_view body) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n{}</body>\n</html>\n",
      escaped(title), kStyle, body);
}

}  // namespace helmholtz::report
