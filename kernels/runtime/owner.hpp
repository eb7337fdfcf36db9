#pragma once

#include <dlfcn.h>

#include <memory>

namespace helmholtz::cuda {

/// Deletes what a C function destroys.
template <auto destroy>
struct Destroy {
  template <class Handle>
  void operator()(Handle handle) const noexcept {
    static_cast<void>(destroy(handle));
  }
};

/// A shared library that is opened when it is first needed; null if it is not there.
using Library = std::unique_ptr<void, Destroy<dlclose>>;

inline Library open_library(const char* file) {
  return Library(dlopen(file, RTLD_NOW | RTLD_LOCAL));
}

/// Whether the library has a function of that name.
template <class Function>
bool find(const Library& library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library.get(), name));
  return function != nullptr;
}

}  // namespace helmholtz::cuda
