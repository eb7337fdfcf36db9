#include "app/memory.hpp"

#include <fmt/format.h>

#include "helmholtz/error.hpp"
#include "sweep/memory.hpp"

namespace helmholtz::app {

void require_memory(std::string_view backend, const Ensemble& ensemble) {
  const auto needed = training_memory(backend, ensemble);
  const auto available = available_memory();
  if (needed <= available) return;
  throw InvalidArgument("layers", ensemble.topology.to_string(),
                        fmt::format("what the memory holds: {:.0f} bytes needed, {:.0f} available",
                                    needed, available));
}

}  // namespace helmholtz::app
