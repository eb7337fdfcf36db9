#pragma once

#include <memory>

#include "helmholtz/dataset.hpp"

namespace helmholtz::python {

/// A data set in memory, and where its rows were read; no files: arrays.
struct LoadedData {
  std::shared_ptr<const Dataset> dataset;
  DataSource source;
};

}  // namespace helmholtz::python
