#pragma once

#include <cstddef>
#include <string>

#include "app/exit_code.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/world.hpp"

namespace helmholtz::testing {

/// Pattern k as 0 and 1.
inline std::string drawn(const World& world, std::size_t k) {
  std::string text;
  for (int unit = 0; unit < world.visible_units(); ++unit) text += world.bit(k, unit) ? '1' : '0';
  return text;
}

/// What f throws, as "exit code: message".
template <class F>
std::string error_of(const F& f) {
  try {
    f();
  } catch (const Error& error) {
    return std::to_string(static_cast<int>(app::exit_code_of(error))) + ": " + error.what();
  }
  return "nothing thrown";
}

}  // namespace helmholtz::testing
