#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernels/runtime/owner.hpp"

namespace helmholtz::cuda {

/// A file that specialised kernels include, under the name that they include it by.
struct EmbeddedSource {
  const char* name;
  const char* text;
};

/// Made when the project is built, by embed.cmake.
std::span<const EmbeddedSource> embedded_sources();

/// NVIDIA's run-time compiler, opened when first needed. It compiles without a device.
class Nvrtc {
 public:
  /// Null if there is no libnvrtc of CUDA 12 or 13.
  static std::unique_ptr<Nvrtc> open();
  /// The same for the whole process: opened once, and never closed.
  static const Nvrtc* shared();
  ~Nvrtc();
  Nvrtc(const Nvrtc&) = delete;
  Nvrtc& operator=(const Nvrtc&) = delete;

  /// "13.0"
  [[nodiscard]] const std::string& version() const noexcept { return version_; }

  struct Result {
    std::string cubin;  ///< empty if it did not compile
    std::string log;
  };
  /// @param headers  what `source` may include
  [[nodiscard]] Result compile(const std::string& source, std::span<const EmbeddedSource> headers,
                               const std::vector<std::string>& options) const;

 private:
  struct Functions;
  Nvrtc(Library library, std::unique_ptr<Functions> functions);

  Library library_;
  std::unique_ptr<Functions> functions_;
  std::string version_;
  Library builtins_;  ///< what libnvrtc opens by name alone to compile
};

}  // namespace helmholtz::cuda
