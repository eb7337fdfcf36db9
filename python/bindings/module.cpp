#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "bindings.hpp"
#include "helmholtz/backends.hpp"

namespace {

using BackendRow = std::tuple<std::string, std::string, bool, bool, std::string>;

std::vector<BackendRow> backends() {
  std::vector<BackendRow> rows;
  for (const auto& backend : helmholtz::list_backends()) {
    rows.emplace_back(backend.name, backend.summary, backend.exact, backend.available,
                      backend.detail);
  }
  return rows;
}

}  // namespace

NB_MODULE(_core, m) {
  using namespace helmholtz::python;
  register_errors();
  bind_worlds(m);
  bind_machines(m);
  bind_trainer(m);
  bind_sweep(m);
  m.def("backends", backends);
  m.attr("version") = HELMHOLTZ_VERSION;
}
