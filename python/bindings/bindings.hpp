#pragma once

#include <nanobind/nanobind.h>

/// The extension `helmholtz._core`: the public API with as little as possible on top. What users
/// see, with its documentation, is written in Python in ../helmholtz.
namespace helmholtz::python {

namespace nb = nanobind;

void register_errors();
void bind_worlds(nb::module_& m);
void bind_machines(nb::module_& m);
void bind_trainer(nb::module_& m);
void bind_sweep(nb::module_& m);

}  // namespace helmholtz::python
