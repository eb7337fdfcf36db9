#include "backends/cuda/plugin.hpp"

#include <dlfcn.h>
#include <sys/auxv.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "helmholtz/error.hpp"

namespace helmholtz::plugin {

namespace {

constexpr const char* kFile = "libhelmholtz_cuda.so";
constexpr const char* kVariable = "HELMHOLTZ_CUDA_PLUGIN";

/// Where the file begins that holds an address.
const void* base_of(const void* address) {
  Dl_info info{};
  return dladdr(address, &info) == 0 ? nullptr : info.dli_fbase;
}

/// The folder of the file that holds this code: the shared library, or the program.
std::filesystem::path own_folder() {
  const auto* const here = reinterpret_cast<const void*>(&own_folder);
  const auto* const program = reinterpret_cast<const void*>(getauxval(AT_PHDR));  // NOLINT
  std::error_code ignored;
  // A program's own name is what it was started by: perhaps relative to a folder that it has left,
  // or to PATH, or a script's.
  if (base_of(here) == base_of(program)) {
    return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
  }
  Dl_info info{};
  if (dladdr(here, &info) == 0) return {};
  return std::filesystem::canonical(info.dli_fname, ignored).parent_path();
}

std::vector<std::filesystem::path> places() {
  std::vector<std::filesystem::path> files;
  if (const auto own = own_folder(); !own.empty()) {
    files.push_back(own / kFile);
    files.push_back(own / HELMHOLTZ_PROGRAM_TO_LIBRARIES / kFile);
  }
#ifdef HELMHOLTZ_CUDA_BUILT_PLUGIN
  files.emplace_back(HELMHOLTZ_CUDA_BUILT_PLUGIN);
#endif
  return files;
}

std::string find() {
  if (const char* const path = std::getenv(kVariable); path != nullptr && *path != '\0') {
    if (*path != '/') throw NoDevice(fmt::format("{}={} is no absolute path", kVariable, path));
    return path;
  }
  const auto files = places();
  const auto exists = [](const std::filesystem::path& file) {
    std::error_code ignored;
    return std::filesystem::exists(file, ignored);
  };
  const auto found = std::find_if(files.begin(), files.end(), exists);
  if (found == files.end()) {
    throw NoDevice(fmt::format("{} is not there: built without CUDA, or not installed", kFile));
  }
  return found->string();
}

bool fits(const helmholtz_plugin& plugin) {
  return plugin.abi == HELMHOLTZ_PLUGIN_ABI && plugin.size == sizeof(helmholtz_plugin) &&
         plugin.error_size == sizeof(helmholtz_error) &&
         plugin.device_size == sizeof(helmholtz_device) &&
         plugin.ensemble_size == sizeof(helmholtz_ensemble) &&
         plugin.placement_size == sizeof(helmholtz_placement) &&
         plugin.steps_size == sizeof(helmholtz_steps) &&
         plugin.evaluation_size == sizeof(helmholtz_evaluation);
}

std::string version(std::int32_t number) {
  return fmt::format("{}.{}", number / 1000, number % 1000 / 10);
}

}  // namespace

std::shared_ptr<const Plugin> Plugin::load() {
  return std::shared_ptr<const Plugin>(new Plugin(find()));
}

Plugin::Plugin(const std::string& path)
    : library_(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)) {
  if (library_ == nullptr) throw NoDevice(fmt::format("cannot load the plugin: {}", dlerror()));
  void* const symbol = dlsym(library_, HELMHOLTZ_PLUGIN_SYMBOL);
  if (symbol != nullptr) functions_ = reinterpret_cast<helmholtz_plugin_function>(symbol)();
  if (functions_ == nullptr || !fits(*functions_)) {
    const auto found = functions_ == nullptr ? "none" : std::to_string(functions_->abi);
    dlclose(library_);
    throw NoDevice(fmt::format("{} is of another version: needed interface {}, found {}", path,
                               HELMHOLTZ_PLUGIN_ABI, found));
  }
}

Plugin::~Plugin() { dlclose(library_); }

void Plugin::check(std::int32_t status, const helmholtz_error& error) {
  if (status == HELMHOLTZ_OK) return;
  if (status == HELMHOLTZ_NO_MEMORY) throw OutOfDeviceMemory(error.text);
  if (status == HELMHOLTZ_NO_DEVICE) throw NoDevice(error.text);
  throw DeviceFailure(error.text);
}

std::vector<helmholtz_device> Plugin::devices() const {
  std::int32_t count = 0;
  std::int32_t driver = 0;
  call(functions_->count, &count, &driver);
  std::vector<helmholtz_device> found(static_cast<std::size_t>(count));
  for (std::int32_t i = 0; i < count; ++i) {
    call(functions_->describe, i, &found[static_cast<std::size_t>(i)]);
  }
  return found;
}

std::string Plugin::describe() const {
  constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;
  std::string text;
  for (const auto& device : devices()) {
    text += fmt::format("{}, compute capability {}.{}, {:.0f} GiB; ", device.name, device.major,
                        device.minor, static_cast<double>(device.memory) / kGiB);
  }
  std::int32_t count = 0;
  std::int32_t driver = 0;
  call(functions_->count, &count, &driver);
  return fmt::format("{}CUDA {}, driver for {}", text, version(functions_->runtime_version),
                     version(driver));
}

std::string Plugin::nvrtc() const {
  helmholtz_text number{};
  call(functions_->nvrtc, &number);
  return number.text;
}

std::string Plugin::cublas() const {
  std::int32_t number = 0;
  call(functions_->cublas, &number);
  return version(number);
}

}  // namespace helmholtz::plugin
