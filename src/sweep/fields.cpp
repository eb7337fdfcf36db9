#include "sweep/fields.hpp"

#include <algorithm>
#include <iterator>

#include "sweep/field_groups.hpp"

namespace helmholtz {

const std::vector<Field>& fields() {
  static const auto all = [] {
    auto rows = model_fields();
    std::ranges::move(data_fields(), std::back_inserter(rows));
    std::ranges::move(run_fields(), std::back_inserter(rows));
    return rows;
  }();
  return all;
}

}  // namespace helmholtz
