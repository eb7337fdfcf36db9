#include "helmholtz/topology.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "helmholtz/error.hpp"
#include "model/text.hpp"

namespace helmholtz {

namespace {

const std::string& allowed_layers() {
  static const auto text = fmt::format("2 to {} layer sizes from 1 to {}, top first, e.g. 1,6,9",
                                       Topology::kMaxLayers, Topology::kMaxUnits);
  return text;
}

constexpr std::uint64_t padded_to_blocks(std::uint64_t draws) { return (draws + 3) / 4 * 4; }

/// Lays a layer's weights and biases behind the parameters so far.
LayerView append_layer(std::size_t& offset, int outputs, int inputs) {
  LayerView view{.weights = offset, .bias = 0, .outputs = outputs, .inputs = inputs};
  view.bias = offset + static_cast<std::size_t>(outputs) * static_cast<std::size_t>(inputs);
  offset = view.bias + static_cast<std::size_t>(outputs);
  return view;
}

}  // namespace

Topology::Topology(std::vector<int> layer_sizes) : sizes_(std::move(layer_sizes)) {
  const auto layers = static_cast<int>(sizes_.size());
  bool valid = layers >= 2 && layers <= kMaxLayers;
  for (const int size : sizes_) valid = valid && size >= 1 && size <= kMaxUnits;
  if (!valid) throw InvalidArgument("layers", to_string(), allowed_layers());

  std::size_t offset = 0;
  for (int l = 0; l < layers; ++l) {
    generative_.push_back(append_layer(offset, size(l), l == 0 ? 0 : size(l - 1)));
  }
  generative_parameters_ = offset;
  recognition_.resize(sizes_.size() - 1);
  for (int l = last() - 1; l >= 0; --l) {
    recognition_[static_cast<std::size_t>(l)] = append_layer(offset, size(l), size(l + 1));
    hidden_units_ += size(l);
  }
  parameters_ = offset;
  if (parameters_ > kMaxParameters) {
    throw InvalidArgument("layers", to_string(),
                          fmt::format("at most {} parameters a machine", kMaxParameters));
  }
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
  return padded_to_blocks(1 + static_cast<std::uint64_t>(hidden_units_) +
                          static_cast<std::uint64_t>(units()));
}

std::uint64_t Topology::draws_per_sample() const noexcept {
  return padded_to_blocks(static_cast<std::uint64_t>(units()));
}

std::string Topology::to_string() const { return fmt::format("{}", fmt::join(sizes_, ",")); }

}  // namespace helmholtz
