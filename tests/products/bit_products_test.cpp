// The products of floats and units, against plain double loops, and their bits on every instruction
// set.
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "helmholtz/ensemble.hpp"
#include "helmholtz/random.hpp"
#include "products/bit_products.hpp"
#include "products/packed_units.hpp"
#include "simd/target.hpp"
#include "support/forced_target.hpp"

namespace helmholtz::products {
namespace {

using testing::ForcedTarget;

struct Shape {
  std::size_t outputs;
  std::size_t inputs;
  std::size_t columns;
};

/// A matrix with room for whole vectors behind its rows; there it holds NaN.
struct Floats {
  Floats(std::size_t rows, std::size_t columns, std::size_t stride)
      : values(rows * stride + 16, NAN), view{{values.data(), rows, columns, stride}} {}

  float& operator()(std::size_t r, std::size_t c) { return values[r * view.stride + c]; }
  std::vector<float> used() {
    std::vector<float> all;
    for (std::size_t r = 0; r < view.rows; ++r) {
      for (std::size_t c = 0; c < view.columns; ++c) all.push_back((*this)(r, c));
    }
    return all;
  }

  std::vector<float> values;
  Matrix view;
};

/// A layer of units that feeds another, and random numbers of the shapes that its products take.
class Layer {
 public:
  explicit Layer(const Shape& shape)
      : shape_(shape),
        stride_(shape.columns == 1 ? 1 : padded(shape.columns)),
        weights_(shape.inputs, shape.outputs, padded(shape.outputs)),
        units_(shape.inputs, shape.columns, stride_),
        errors_(shape.outputs, shape.columns, stride_),
        bits_(shape.inputs, shape.columns) {
    fill(weights_, [](std::uint32_t word) { return static_cast<float>(word) * 0x1p-31F - 1; });
    fill(errors_, [](std::uint32_t word) { return static_cast<float>(word) * 0x1p-31F - 1; });
    fill(units_, [](std::uint32_t word) { return word % 3 == 0 ? 1.0F : 0.0F; });
    pack_units();
  }

  std::vector<float> activities() {
    Floats out(shape_.outputs, shape_.columns, stride_);
    for (const auto& columns : cut(shape_.columns, kTileColumns, 32)) {
      products::activities(weights_.view, bits_.columns(columns.begin),
                           part(out, {0, shape_.outputs}, columns));
    }
    return out.used();
  }

  std::vector<float> moved_weights(float rate) {
    auto out = weights_;
    out.view.data = out.values.data();
    for (const auto& outputs : cut(shape_.outputs, kTileRows, 32)) {
      for (const auto& inputs : cut(shape_.inputs, kTileColumns, 32)) {
        products::learn(rate, part(errors_, outputs, {0, shape_.columns}),
                        bits_.units(inputs.begin), part(out, inputs, outputs));
      }
    }
    for (std::size_t i = 0; i < shape_.inputs; ++i) {
      for (auto j = shape_.outputs; j < out.view.stride; ++j) EXPECT_TRUE(std::isnan(out(i, j)));
    }
    return out.used();
  }

  [[nodiscard]] std::vector<float> moved_biases(float rate) const {
    std::vector<float> bias(shape_.outputs, 1.0F);
    products::learn_bias(rate, errors_.view, bias.data());
    return bias;
  }

  void check() {
    constexpr float kRate = 0.5F;
    const auto sums = activities();
    const auto weights = moved_weights(kRate);
    const auto biases = moved_biases(kRate);
    for (std::size_t j = 0; j < shape_.outputs; ++j) {
      for (std::size_t b = 0; b < shape_.columns; ++b) {
        double sum = 0;
        for (std::size_t i = 0; i < shape_.inputs; ++i)
          sum += product(weights_(i, j), units_(i, b));
        expect(sums[j * shape_.columns + b], sum, shape_.inputs);
      }
      for (std::size_t i = 0; i < shape_.inputs; ++i) {
        double sum = 0;
        for (std::size_t b = 0; b < shape_.columns; ++b)
          sum += product(errors_(j, b), units_(i, b));
        expect(weights[i * shape_.outputs + j], product(1, weights_(i, j)) + 0.5 * sum,
               shape_.columns);
      }
      double sum = 0;
      for (std::size_t b = 0; b < shape_.columns; ++b) sum += product(1, errors_(j, b));
      expect(biases[j], 1 + 0.5 * sum, shape_.columns);
    }
  }

 private:
  /// Behind the last unit and the last column bits are on.
  void pack_units() {
    const auto packed = bits_.tile({0, shape_.inputs}, {0, shape_.columns});
    for (std::size_t i = 0; i < padded(shape_.inputs); ++i) {
      for (std::size_t b = 0; b < padded(shape_.columns); ++b) {
        const bool is_unit = i < shape_.inputs && b < shape_.columns;
        if (is_unit && units_(i, b) == 0) continue;
        packed.by_column[i / 32 * packed.column_stride + b] |= 1U << i % 32;
        packed.by_unit[b / 32 * packed.unit_stride + i] |= 1U << b % 32;
      }
    }
  }

  static double product(float a, float b) {
    return static_cast<double>(a) * static_cast<double>(b);
  }

  /// Every addition of terms below 1 rounds by at most half an ulp of the sum of their sizes.
  static void expect(float got, double expected, std::size_t terms) {
    const auto n = static_cast<double>(terms) + 2;
    ASSERT_TRUE(std::abs(static_cast<double>(got) - expected) <= n * n * 0x1p-24)
        << got << " instead of " << expected;
  }

  template <class Value>
  void fill(Floats& floats, Value value) {
    ++streams_;
    for (std::size_t r = 0; r < floats.view.rows; ++r) {
      for (std::size_t c = 0; c < floats.view.columns; ++c) {
        floats(r, c) = value(random_word({.seed = streams_, .row = static_cast<std::uint32_t>(r)},
                                         0, static_cast<std::uint64_t>(c)));
      }
    }
  }

  static Matrix part(Floats& floats, const Range& rows, const Range& columns) {
    const auto stride = floats.view.stride;
    return {{floats.values.data() + rows.begin * stride + columns.begin, rows.size(),
             columns.size(), stride}};
  }

  Shape shape_;
  std::size_t stride_;
  std::uint64_t streams_ = 0;
  Floats weights_;
  Floats units_;
  Floats errors_;
  PackedUnits bits_;
};

std::vector<Shape> shapes() {
  std::vector<Shape> all;
  for (const std::size_t outputs : {1, 3, 17, 31, 64, 150}) {
    for (const std::size_t inputs : {1, 2, 5, 16, 31, 33, 64, 70, 150}) {
      for (const std::size_t columns : {1, 2, 8, 9, 16, 17, 32, 33, 128, 300}) {
        all.push_back({outputs, inputs, columns});
      }
    }
  }
  return all;
}

TEST(BitProducts, AreThoseOfDoubleLoops) {
  for (const auto& shape : shapes()) {
    SCOPED_TRACE(::testing::Message()
                 << shape.outputs << " x " << shape.inputs << " x " << shape.columns);
    Layer(shape).check();
    if (HasFatalFailure()) return;
  }
}

TEST(BitProducts, OfNothingAreNothing) {
  for (const auto& shape : {Shape{0, 5, 40}, Shape{5, 0, 40}, Shape{5, 0, 3}, Shape{5, 0, 1}}) {
    Layer(shape).check();
  }
}

std::uint64_t digest_of(Layer layer) {
  std::uint64_t digest = 0;
  for (const auto& floats :
       {layer.activities(), layer.moved_weights(0.3F), layer.moved_biases(0.3F)}) {
    digest = digest * 1'000'003 + parameters_digest(floats);
  }
  return digest;
}

// The order of the additions is part of what a version of the program promises on every host.
TEST(BitProducts, HaveTheSameBitsOnEveryInstructionSet) {
  for (const auto& target : simd::available_targets()) {
    const ForcedTarget forced(target);
    std::uint64_t digest = 0;
    for (const auto& shape : shapes()) digest = digest * 31 + digest_of(Layer(shape));
    EXPECT_EQ(digest, 5846744886711907001U) << target;
  }
}

}  // namespace
}  // namespace helmholtz::products
