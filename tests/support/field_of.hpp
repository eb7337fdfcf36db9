#pragma once

#include <functional>
#include <string>

#include "helmholtz/error.hpp"

namespace helmholtz::testing {

/// The field that an InvalidArgument names.
inline std::string field_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const InvalidArgument& error) {
    return error.field();
  }
  return "nothing thrown";
}

}  // namespace helmholtz::testing
