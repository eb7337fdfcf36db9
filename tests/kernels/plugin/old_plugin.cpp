// A plugin of another version, which nobody may call.
#include "kernels/plugin/plugin_abi.h"

extern "C" const helmholtz_plugin* helmholtz_cuda_plugin() {
  static helmholtz_plugin plugin{};
  plugin.abi = HELMHOLTZ_PLUGIN_ABI + 1;
  plugin.size = sizeof(helmholtz_plugin);
  return &plugin;
}
