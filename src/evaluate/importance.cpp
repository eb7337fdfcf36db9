#include "helmholtz/log_likelihood.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include <fmt/format.h>
#include <tbb/cache_aligned_allocator.h>

#include "base/blas.hpp"
#include "base/workers.hpp"
#include "evaluate/importance_simd.hpp"
#include "helmholtz/draw_layout.hpp"
#include "helmholtz/error.hpp"
#include "model/portable_math.hpp"

namespace helmholtz {

namespace {

template <class T>
using Aligned = std::vector<T, tbb::cache_aligned_allocator<T>>;

/// Particles that are worked on together at most, of one row or of several whole rows. No power of
/// two: the rows of a matrix with so many columns share few lines of a cache.
constexpr std::size_t kTile = 240;
/// Units whose activities stay in a core's cache until they are scored.
constexpr std::size_t kUnits = 256;

std::size_t index(int i) { return static_cast<std::size_t>(i); }

/// Weights of some of a row's particles. Weights are relative to the largest one.
struct WeightSums {
  double largest = -std::numeric_limits<double>::infinity();  ///< ln w
  double weights = 0;
  double squares = 0;
  double logarithms = 0;  ///< of ln w

  void add(const WeightSums& other) {
    const double most = std::max(largest, other.largest);
    const double own = portable::exp(largest - most);
    const double others = portable::exp(other.largest - most);
    weights = weights * own + other.weights * others;
    squares = squares * (own * own) + other.squares * (others * others);
    logarithms += other.logarithms;
    largest = most;
  }

  [[nodiscard]] RowLikelihood of(std::uint64_t particles) const {
    const auto k = static_cast<double>(particles);
    return {.log_likelihood = largest + portable::log(weights / k),
            .elbo = logarithms / k,
            .effective = weights * weights / squares / k};
  }
};

WeightSums sum_weights(std::span<const double> log_weights) {
  WeightSums sums{.largest = *std::ranges::max_element(log_weights)};
  for (const double log_weight : log_weights) {
    const double weight = portable::exp(log_weight - sums.largest);
    sums.weights += weight;
    sums.squares += weight * weight;
    sums.logarithms += log_weight;
  }
  return sums;
}

/// Particles [first_particle, first_particle + particles) of rows [first_row, first_row + rows).
struct Piece {
  std::size_t first_row = 0;
  std::size_t rows = 0;
  std::uint64_t first_particle = 0;
  std::size_t particles = 0;
};

/// How the particles of all rows are cut into pieces: one row's into tiles, or whole rows into one
/// tile. The cuts depend on the number of particles alone.
class Pieces {
 public:
  Pieces(std::size_t rows, std::uint64_t particles)
      : rows_(rows),
        particles_(particles),
        per_row_((particles + kTile - 1) / kTile),
        particles_per_piece_((particles + per_row_ - 1) / per_row_),
        rows_per_piece_(kTile / particles_per_piece_) {}

  [[nodiscard]] std::size_t rows_per_piece() const { return rows_per_piece_; }
  [[nodiscard]] std::size_t particles_per_piece() const { return particles_per_piece_; }
  [[nodiscard]] std::size_t size() const {
    return (rows_ + rows_per_piece_ - 1) / rows_per_piece_ * per_row_;
  }
  [[nodiscard]] Piece operator[](std::size_t i) const {
    const auto first_row = i / per_row_ * rows_per_piece_;
    const auto first_particle = i % per_row_ * particles_per_piece_;
    return {
        .first_row = first_row,
        .rows = std::min(rows_per_piece_, rows_ - first_row),
        .first_particle = first_particle,
        .particles = std::min<std::uint64_t>(particles_per_piece_, particles_ - first_particle)};
  }

 private:
  std::size_t rows_;
  std::uint64_t particles_;
  std::size_t per_row_;
  std::size_t particles_per_piece_;
  std::size_t rows_per_piece_;
};

/// The weights of a piece's particles, column by column. A tile has the columns of a whole piece,
/// whatever is missing of its rows and particles, so that the bits of a product depend on no other
/// row: missing rows repeat the last one.
class Tile {
 public:
  Tile(const Topology& topology, const PackedRows& rows, const Pieces& pieces)
      : shape_(topology.shape()),
        rows_(rows),
        row_columns_(pieces.particles_per_piece()),
        row_slots_(pieces.rows_per_piece()),
        columns_((row_slots_ * row_columns_ + simd::kColumns - 1) / simd::kColumns *
                 simd::kColumns),
        activities_(kUnits * columns_),
        particles_(columns_),
        blocks_low_(columns_),
        blocks_high_(columns_) {
    for (int l = 0; l <= shape_.last(); ++l) {
      states_.emplace_back(index(shape_.size(l)) * columns_);
    }
  }

  /// @param out  [piece.rows]
  void run(const Piece& piece, const float* parameters, std::uint64_t seed,
           std::span<WeightSums> out) {
    parameters_ = parameters;
    piece_ = piece;
    const auto visible = visible_rows();
    copy_to_columns(visible, states_.back());
    Side recognition(columns_);
    recognise(visible, seed, recognition);
    Side generative(columns_);
    for (int l = 0; l <= shape_.last(); ++l) score(l, generative);
    std::vector<double> log_weights(columns_);
    for (std::size_t c = 0; c < columns_; ++c) {
      log_weights[c] = recognition.minus_log_ratio(generative, c);
    }
    for (std::size_t r = 0; r < piece.rows; ++r) {
      out[r] = sum_weights(std::span(log_weights).subspan(r * row_columns_, piece.particles));
    }
  }

 private:
  /// What one network gives the states of each column.
  struct Side {
    Aligned<float> mantissas;
    Aligned<std::uint32_t> exponents;
    Aligned<double> activities;

    explicit Side(std::size_t columns)
        : mantissas(columns, 1.0F), exponents(columns), activities(columns) {}
    simd::Scores scores() { return {mantissas.data(), exponents.data(), activities.data()}; }
    /// -ln of the probability over another network's.
    [[nodiscard]] double minus_log_ratio(const Side& other, std::size_t c) const {
      const auto exponent = static_cast<std::int32_t>(exponents[c] - other.exponents[c]);
      return portable::log(double{mantissas[c]} / double{other.mantissas[c]}) +
             exponent * std::numbers::ln2 + (activities[c] - other.activities[c]);
    }
  };

  [[nodiscard]] std::size_t row(std::size_t slot) const {
    return piece_.first_row + std::min(slot, piece_.rows - 1);
  }

  /// [visible units x row_slots_], 0 or 1
  [[nodiscard]] Aligned<float> visible_rows() const {
    const auto units = index(shape_.size(shape_.last()));
    Aligned<float> visible(units * row_slots_);
    for (std::size_t i = 0; i < units; ++i) {
      for (std::size_t slot = 0; slot < row_slots_; ++slot) {
        visible[i * row_slots_ + slot] = rows_.bit(row(slot), i) ? 1.0F : 0.0F;
      }
    }
    return visible;
  }

  /// Every row's value to the columns of its particles, unit by unit.
  void copy_to_columns(const Aligned<float>& of_rows, Aligned<float>& of_columns) const {
    for (std::size_t i = 0; i < of_rows.size() / row_slots_; ++i) {
      auto column = of_columns.begin() + static_cast<std::ptrdiff_t>(i * columns_);
      for (std::size_t slot = 0; slot < row_slots_; ++slot) {
        column = std::fill_n(column, row_columns_, of_rows[i * row_slots_ + slot]);
      }
    }
  }

  void recognise(const Aligned<float>& visible, std::uint64_t seed, Side& side) {
    const auto blocks_per_row = static_cast<std::uint64_t>(draws::blocks_per_particle(shape_));
    for (std::size_t c = 0; c < columns_; ++c) {
      const auto block = row(c / row_columns_) * blocks_per_row;
      particles_[c] = static_cast<std::uint32_t>(piece_.first_particle + c % row_columns_);
      blocks_low_[c] = static_cast<std::uint32_t>(block);
      blocks_high_[c] = static_cast<std::uint32_t>(block >> 32U);
    }
    for (int l = shape_.last() - 1; l >= 0; --l) {
      const auto& layer = shape_.recognition(l);
      const auto outputs = index(layer.outputs);
      auto& units = states_[index(l)];
      if (l + 1 == shape_.last()) {  // the same for all particles of a row
        Aligned<float> activities(outputs * row_slots_);
        multiply(layer, {0, outputs}, visible, row_slots_, activities.data());
        copy_to_columns(activities, units);
      } else {
        multiply(layer, {0, outputs}, states_[index(l + 1)], columns_, units.data());
      }
      simd::sample_columns({.units = outputs,
                            .columns = columns_,
                            .bias = parameters_ + layer.bias,
                            .activities = units.data()},
                           {seed, particles_.data(), blocks_low_.data(), blocks_high_.data()},
                           index(draws::particle(shape_, l)), side.scores());
    }
  }

  /// Adds generative layer l's scores, kUnits units after the other.
  void score(int l, Side& side) {
    const auto& layer = shape_.generative(l);
    for (std::size_t begin = 0; begin < index(layer.outputs); begin += kUnits) {
      const auto units = std::min(kUnits, index(layer.outputs) - begin);
      if (l == 0) {
        std::fill_n(activities_.begin(), units * columns_, 0.0F);
      } else {
        multiply(layer, {begin, units}, states_[index(l - 1)], columns_, activities_.data());
      }
      simd::score_columns({.units = units,
                           .columns = columns_,
                           .bias = parameters_ + layer.bias + begin,
                           .activities = activities_.data(),
                           .states = &states_[index(l)][begin * columns_]},
                          side.scores());
    }
  }

  struct Outputs {
    std::size_t begin, count;
  };
  /// Activities without bias of some of a layer's units.
  void multiply(const LayerView& layer, Outputs outputs, const Aligned<float>& inputs,
                std::size_t columns, float* activities) const {
    const auto fan_in = index(layer.inputs);
    blas::activities(
        {parameters_ + layer.weights + outputs.begin * fan_in, outputs.count, fan_in, fan_in},
        {inputs.data(), fan_in, columns, columns}, {activities, outputs.count, columns, columns});
  }

  const LayerShape& shape_;
  const PackedRows& rows_;
  std::size_t row_columns_;  ///< columns per row
  std::size_t row_slots_;    ///< rows
  std::size_t columns_;      ///< padded to whole vectors
  Piece piece_;
  const float* parameters_ = nullptr;
  std::vector<Aligned<float>> states_;  ///< [L+1][n_l x columns], 0 or 1
  Aligned<float> activities_;           ///< [kUnits x columns]
  Aligned<std::uint32_t> particles_;    ///< [columns]
  Aligned<std::uint32_t> blocks_low_;   ///< [columns]
  Aligned<std::uint32_t> blocks_high_;  ///< [columns]
};

/// Pieces between two questions whether to stop: some tenths of a second, and some for each thread.
std::size_t pieces_per_round(const Topology& topology, const Pieces& pieces, std::size_t threads) {
  constexpr std::size_t kWork = std::size_t{1} << 28U;  // multiply-adds
  constexpr std::size_t kRows = std::size_t{1} << 18U;  // whose sums are kept
  const auto worth = std::max(4 * threads, kWork / (kTile * topology.parameters()));
  const auto kept = std::max<std::size_t>(kRows / pieces.rows_per_piece(), 1);
  return std::min({worth, kept, pieces.size()});
}

void require_fitting(const Topology& topology, std::span<const float> parameters,
                     const PackedRows& rows, const LogLikelihoodOptions& options) {
  constexpr auto kMost = LogLikelihoodOptions::kMaxParticles;
  if (options.particles == 0 || options.particles > kMost) {
    throw InvalidArgument("log-likelihood", fmt::format("{}", options.particles),
                          fmt::format("1 to {}", kMost));
  }
  if (rows.words.empty()) throw InvalidArgument("rows", "0", "one row or more");
  const auto units = index(topology.visible_units());
  const auto words = (units + 31) / 32;
  if (rows.words_per_row != words || rows.words.size() % words != 0) {
    throw InvalidArgument("rows", fmt::format("{} words of 32 units per row", rows.words_per_row),
                          fmt::format("{} for {} visible units", words, units));
  }
  if (parameters.size() != topology.parameters()) {
    throw InvalidArgument("parameters", fmt::format("{} floats", parameters.size()),
                          fmt::format("{} of one machine", topology.parameters()));
  }
}

}  // namespace

std::vector<RowLikelihood> row_likelihoods(const Topology& topology,
                                           std::span<const float> parameters,
                                           const PackedRows& rows, std::uint64_t seed,
                                           const LogLikelihoodOptions& options) {
  require_fitting(topology, parameters, rows, options);
  const Workers workers(options.threads);
  const blas::SingleThreaded single_threaded_blas;
  const Pieces pieces(rows.size(), options.particles);
  const auto threads = index(std::min(workers.threads(), blas::kMaxThreads));
  const auto round = pieces_per_round(topology, pieces, threads);
  std::vector<WeightSums> sums(round * pieces.rows_per_piece());
  const auto sums_of = [&](std::size_t i) {
    return std::span(sums).subspan(i * pieces.rows_per_piece(), pieces.rows_per_piece());
  };
  std::vector<RowLikelihood> out(rows.size());
  WeightSums row;
  for (std::size_t begin = 0; begin < pieces.size(); begin += round) {
    if (options.stop_requested && options.stop_requested()) return {};
    const auto count = std::min(round, pieces.size() - begin);
    std::atomic<std::size_t> next = 0;
    workers.for_each(std::min(threads, count), [&](std::size_t) {
      Tile tile(topology, rows, pieces);
      for (auto i = next++; i < count; i = next++) {
        tile.run(pieces[begin + i], parameters.data(), seed, sums_of(i));
      }
    });
    for (std::size_t i = 0; i < count; ++i) {
      const auto piece = pieces[begin + i];
      for (std::size_t r = 0; r < piece.rows; ++r) {
        if (piece.first_particle == 0) row = {};
        row.add(sums_of(i)[r]);
        if (piece.first_particle + piece.particles == options.particles) {
          out[piece.first_row + r] = row.of(options.particles);
        }
      }
    }
    if (options.advanced) {
      options.advanced(static_cast<double>(begin + count) / static_cast<double>(pieces.size()));
    }
  }
  return out;
}

LogLikelihood mean_likelihood(std::span<const RowLikelihood> rows) {
  const auto n = static_cast<double>(rows.size());
  LogLikelihood mean;
  for (const auto& row : rows) {
    mean.mean += row.log_likelihood / n;
    mean.elbo += row.elbo / n;
    mean.effective += row.effective / n;
  }
  mean.standard_error = std::numeric_limits<double>::quiet_NaN();
  if (rows.size() < 2) return mean;
  double squares = 0;
  for (const auto& row : rows) {
    squares += (row.log_likelihood - mean.mean) * (row.log_likelihood - mean.mean);
  }
  mean.standard_error = std::sqrt(squares / (n - 1) / n);
  return mean;
}

LogLikelihood mean_likelihood(std::span<const RowLikelihood> rows,
                              std::span<const double> probabilities, std::uint64_t particles) {
  if (rows.size() != probabilities.size()) {
    throw InvalidArgument("rows", fmt::format("{}", rows.size()),
                          fmt::format("{}, one per probability", probabilities.size()));
  }
  LogLikelihood mean;
  double variance = particles > 1 ? 0 : std::numeric_limits<double>::quiet_NaN();
  for (std::size_t n = 0; n < rows.size(); ++n) {
    const double p = probabilities[n];
    mean.mean += p * rows[n].log_likelihood;
    mean.elbo += p * rows[n].elbo;
    mean.effective += p * rows[n].effective;
    variance += p * p * (1 / rows[n].effective - 1) / static_cast<double>(particles);
  }
  mean.standard_error = std::sqrt(variance < 0 ? 0 : variance);  // NaN stays
  return mean;
}

}  // namespace helmholtz
