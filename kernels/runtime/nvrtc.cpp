#include "kernels/runtime/nvrtc.hpp"

#include <array>
#include <filesystem>
#include <utility>

namespace helmholtz::cuda {

namespace {

using Program = void*;
constexpr int kSuccess = 0;

}  // namespace

/// The part of nvrtc.h that is used: the same in CUDA 12 and 13.
struct Nvrtc::Functions {
  int (*version)(int* major, int* minor) = nullptr;
  int (*create)(Program*, const char* source, const char* name, int headers,
                const char* const* texts, const char* const* names) = nullptr;
  int (*compile)(Program, int options, const char* const* texts) = nullptr;
  int (*destroy)(Program*) = nullptr;
  int (*cubin_size)(Program, std::size_t*) = nullptr;
  int (*cubin)(Program, char*) = nullptr;
  int (*log_size)(Program, std::size_t*) = nullptr;
  int (*log)(Program, char*) = nullptr;

  bool load(const Library& library) {
    return find(library, "nvrtcVersion", version) && find(library, "nvrtcCreateProgram", create) &&
           find(library, "nvrtcCompileProgram", compile) &&
           find(library, "nvrtcDestroyProgram", destroy) &&
           find(library, "nvrtcGetCUBINSize", cubin_size) &&
           find(library, "nvrtcGetCUBIN", cubin) &&
           find(library, "nvrtcGetProgramLogSize", log_size) &&
           find(library, "nvrtcGetProgramLog", log);
  }
};

std::unique_ptr<Nvrtc> Nvrtc::open() {
  constexpr std::array kNames = {"libnvrtc.so.13", "libnvrtc.so.12",
                                 "/usr/local/cuda/lib64/libnvrtc.so.13",
                                 "/usr/local/cuda/lib64/libnvrtc.so.12"};
  for (const auto* const name : kNames) {
    auto library = open_library(name);
    auto functions = std::make_unique<Functions>();
    if (library && functions->load(library)) {
      return std::unique_ptr<Nvrtc>(new Nvrtc(std::move(library), std::move(functions)));
    }
  }
  return nullptr;
}

const Nvrtc* Nvrtc::shared() {
  static const auto* const compiler = open().release();
  return compiler;
}

Nvrtc::Nvrtc(Library library, std::unique_ptr<Functions> functions)
    : library_(std::move(library)), functions_(std::move(functions)) {
  int major = 0;
  int minor = 0;
  static_cast<void>(functions_->version(&major, &minor));
  version_ = std::to_string(major) + "." + std::to_string(minor);
  Dl_info own{};
  if (dladdr(reinterpret_cast<const void*>(functions_->version), &own) == 0) return;
  // Beside libnvrtc, where the loader need not look; once open, its name is enough.
  const auto folder = std::filesystem::path(own.dli_fname).parent_path();
  builtins_ = open_library((folder / ("libnvrtc-builtins.so." + version_)).c_str());
}

Nvrtc::~Nvrtc() = default;

Nvrtc::Result Nvrtc::compile(const std::string& source, std::span<const EmbeddedSource> headers,
                             const std::vector<std::string>& options) const {
  std::vector<const char*> texts;
  std::vector<const char*> names;
  for (const auto& header : headers) {
    texts.push_back(header.text);
    names.push_back(header.name);
  }
  std::vector<const char*> words;
  for (const auto& option : options) words.push_back(option.c_str());
  Result result;
  Program program = nullptr;
  if (functions_->create(&program, source.c_str(), "kernel.cu", static_cast<int>(headers.size()),
                         texts.data(), names.data()) != kSuccess) {
    return result;
  }
  const bool compiled =
      functions_->compile(program, static_cast<int>(words.size()), words.data()) == kSuccess;
  std::size_t size = 0;
  if (functions_->log_size(program, &size) == kSuccess) {
    result.log.resize(size);
    static_cast<void>(functions_->log(program, result.log.data()));
  }
  if (compiled && functions_->cubin_size(program, &size) == kSuccess) {
    result.cubin.resize(size);
    if (functions_->cubin(program, result.cubin.data()) != kSuccess) result.cubin.clear();
  }
  static_cast<void>(functions_->destroy(&program));
  return result;
}

}  // namespace helmholtz::cuda
