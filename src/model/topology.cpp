#include "helmholtz/topology.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.hpp"
#include "helmholtz/draw_layout.hpp"
#include "helmholtz/error.hpp"

namespace helmholtz {

namespace {

const std::string& allowed_layers() {
  static const auto text = fmt::format("2 to {} layer sizes from 1 to {}, top first, e.g. 1,6,9",
                                       Topology::kMaxLayers, Topology::kMaxUnits);
  return text;
}

/// Counted in 64 bits: a shape counts in 32, which suffice for as many as are allowed.
std::uint64_t count_parameters(const std::vector<int>& sizes) {
  std::uint64_t count = 0;
  std::uint64_t above = 0;
  for (const int size : sizes) {
    const auto units = static_cast<std::uint64_t>(size);
    count += units * (above + 1) + (above == 0 ? 0 : above * (units + 1));
    above = units;
  }
  return count;
}

}  // namespace

Topology::Topology(std::vector<int> layer_sizes) : sizes_(std::move(layer_sizes)) {
  const auto layers = static_cast<int>(sizes_.size());
  bool valid = layers >= 2 && layers <= kMaxLayers;
  for (const int size : sizes_) valid = valid && size >= 1 && size <= kMaxUnits;
  if (!valid) throw InvalidArgument("layers", to_string(), allowed_layers());
  if (count_parameters(sizes_) > kMaxParameters) {
    throw InvalidArgument("layers", to_string(),
                          fmt::format("at most {} parameters per machine", kMaxParameters));
  }
  shape_ = LayerShape(sizes_.data(), layers);
}

Topology Topology::parse(std::string_view text) {
  std::vector<int> sizes;
  for (const auto part : text::split(text, ',')) {
    const auto size = text::number<int>(part);
    if (!size || sizes.size() > kMaxLayers) throw InvalidArgument("layers", text, allowed_layers());
    sizes.push_back(*size);
  }
  return Topology(std::move(sizes));
}

std::uint64_t Topology::draws_per_step() const noexcept {
  return std::uint64_t{Philox4x32::kWords} *
         static_cast<std::uint64_t>(draws::blocks_per_step(shape_));
}

std::uint64_t Topology::draws_per_sample() const noexcept {
  return std::uint64_t{Philox4x32::kWords} *
         static_cast<std::uint64_t>(draws::blocks_per_sample(shape_));
}

std::string Topology::to_string() const { return fmt::format("{}", fmt::join(sizes_, ",")); }

}  // namespace helmholtz
