#pragma once

#include <string>
#include <string_view>

namespace helmholtz::report {

/// Text as it stands in an element or an attribute of HTML: whatever it holds, it stays text.
/// Control characters and what is no UTF-8 become U+FFFD.
std::string escaped(std::string_view text);

/// A whole page with its style: light or dark as the reader's system is, narrow or wide, for paper
/// too. No script, nothing from the network.
/// @param title  plain text; @param body  HTML
std::string page(std::string_view title, std::string_view body);

}  // namespace helmholtz::report
