#pragma once

#include <string>

namespace helmholtz::io {

/// A shared library that the program takes only where there is one: what it is called, and where
/// else it may be than beside this library and in the install's library folder.
struct PluginFile {
  const char* name;      ///< "libhelmholtz_cuda.so"
  const char* variable;  ///< an environment variable with its absolute path; if set, that alone
  const char* built;     ///< its path in the build that made this library; empty: none was built
  const char* without;   ///< "CUDA": what a build or an install lacks that has no such file
  const char* symbol;    ///< what it exports
};

struct OpenedPlugin {
  std::string path;
  void* symbol = nullptr;  ///< null: it exports no such thing
};

/// Opens it for as long as the process lives. @throws NoDevice with the reason
OpenedPlugin open_plugin(const PluginFile& plugin);

}  // namespace helmholtz::io
