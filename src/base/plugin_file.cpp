#include "base/plugin_file.hpp"

#include <dlfcn.h>
#include <sys/auxv.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "helmholtz/error.hpp"

namespace helmholtz::io {

namespace {

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

std::vector<std::filesystem::path> places(const PluginFile& plugin) {
  std::vector<std::filesystem::path> files;
  if (const auto own = own_folder(); !own.empty()) {
    files.push_back(own / plugin.name);
    files.push_back(own / HELMHOLTZ_PROGRAM_TO_LIBRARIES / plugin.name);
  }
  if (*plugin.built != '\0') files.emplace_back(plugin.built);
  return files;
}

std::string find(const PluginFile& plugin) {
  if (const char* const path = std::getenv(plugin.variable); path != nullptr && *path != '\0') {
    if (*path != '/') {
      throw NoDevice(fmt::format("{}={} is no absolute path", plugin.variable, path));
    }
    return path;
  }
  const auto files = places(plugin);
  const auto exists = [](const std::filesystem::path& file) {
    std::error_code ignored;
    return std::filesystem::exists(file, ignored);
  };
  const auto found = std::find_if(files.begin(), files.end(), exists);
  if (found == files.end()) {
    throw NoDevice(fmt::format("{} is not there: built without {}, or not installed", plugin.name,
                               plugin.without));
  }
  return found->string();
}

}  // namespace

OpenedPlugin open_plugin(const PluginFile& plugin) {
  auto path = find(plugin);
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) throw NoDevice(fmt::format("cannot load the plugin: {}", dlerror()));
  return {.path = std::move(path), .symbol = dlsym(library, plugin.symbol)};
}

}  // namespace helmholtz::io
