#pragma once

#include <span>

namespace helmholtz::cuda {

/// A file that specialised kernels include, under the name that they include it by.
struct EmbeddedSource {
  const char* name;
  const char* text;
};

/// Made when the project is built, by embed.cmake.
std::span<const EmbeddedSource> embedded_sources();

}  // namespace helmholtz::cuda
