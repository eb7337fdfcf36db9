#pragma once

#include <fuzzer/FuzzedDataProvider.h>

#include <array>
#include <cstdlib>

#include "helmholtz/dataset.hpp"

namespace helmholtz::fuzz {

inline Binarize any_binarize(FuzzedDataProvider& data) {
  constexpr std::array kTexts = {"none", "sample", "0.5", "0.001"};
  return Binarize::parse(data.PickValueInArray(kTexts));
}

/// Aborts unless a data set that was read is one.
inline void require_sound(const Dataset& data, const Binarize& binarize) {
  const auto is_sound = [&](const Rows& rows) {
    return rows.size() > 0 && rows.units() == data.train.units() &&
           rows.is_grey() == (binarize.kind == Binarize::Kind::sample) &&
           rows.words().size_bytes() + rows.grey().size() ==
               bytes_of(rows.size(), rows.units(), binarize);
  };
  const bool all = is_sound(data.train) && (!data.valid || is_sound(*data.valid)) &&
                   (!data.test || is_sound(*data.test));
  if (!all) std::abort();
}

}  // namespace helmholtz::fuzz
