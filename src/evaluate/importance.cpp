#include "helmholtz/log_likelihood.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/blas.hpp"
#include "base/workers.hpp"
#include "evaluate/importance_tile.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/world.hpp"

namespace helmholtz {

namespace {

using importance::Piece;
using importance::Tile;
using importance::TileSize;
using importance::WeightSums;

/// Particles that are worked on together at most, of one row or of several whole rows. No power of
/// two: the rows of a matrix with so many columns share few lines of a cache.
constexpr std::size_t kTile = 240;

/// How the particles of all rows are cut into pieces: one row's into tiles, or whole rows into one
/// tile. The cuts depend on the number of particles alone.
class Pieces {
 public:
  Pieces(std::size_t rows, std::uint64_t particles)
      : rows_(rows),
        particles_(particles),
        per_row_((particles + kTile - 1) / kTile),
        largest_{.rows = 0, .particles = (particles + per_row_ - 1) / per_row_} {
    largest_.rows = kTile / largest_.particles;
  }

  [[nodiscard]] const TileSize& largest() const { return largest_; }
  [[nodiscard]] std::size_t size() const {
    return (rows_ + largest_.rows - 1) / largest_.rows * per_row_;
  }
  [[nodiscard]] Piece operator[](std::size_t i) const {
    const auto first_row = i / per_row_ * largest_.rows;
    const auto first_particle = i % per_row_ * largest_.particles;
    return {.first_row = first_row,
            .rows = std::min(largest_.rows, rows_ - first_row),
            .first_particle = first_particle,
            .particles = std::min<std::uint64_t>(largest_.particles, particles_ - first_particle)};
  }

 private:
  std::size_t rows_;
  std::uint64_t particles_;
  std::size_t per_row_;
  TileSize largest_;
};

/// Pieces between two questions whether to stop: some tenths of a second, and some for each thread.
std::size_t pieces_per_round(const Topology& topology, const Pieces& pieces, std::size_t threads) {
  constexpr std::size_t kWork = std::size_t{1} << 28U;  // multiply-adds
  constexpr std::size_t kRows = std::size_t{1} << 18U;  // whose sums are kept
  const auto worth = std::max(4 * threads, kWork / (kTile * topology.parameters()));
  const auto kept = std::max<std::size_t>(kRows / pieces.largest().rows, 1);
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
  const auto words = packed_words(topology.visible_units());
  if (rows.words_per_row != words || rows.words.size() % words != 0) {
    throw InvalidArgument("rows", fmt::format("{} words of 32 units per row", rows.words_per_row),
                          fmt::format("{} for {} visible units", words, topology.visible_units()));
  }
  if (parameters.size() != topology.parameters()) {
    throw InvalidArgument("parameters", fmt::format("{} floats", parameters.size()),
                          fmt::format("{} of one machine", topology.parameters()));
  }
}

/// @param weight  of row n; they add up to 1
/// @return without a standard error: NaN
template <class Weight>
LogLikelihood weighted_mean(std::span<const RowLikelihood> rows, const Weight& weight) {
  LogLikelihood mean{.standard_error = std::numeric_limits<double>::quiet_NaN()};
  for (std::size_t n = 0; n < rows.size(); ++n) {
    mean.mean += weight(n) * rows[n].log_likelihood;
    mean.elbo += weight(n) * rows[n].elbo;
    mean.effective += weight(n) * rows[n].effective;
  }
  return mean;
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
  const auto threads = static_cast<std::size_t>(std::min(workers.threads(), blas::kMaxThreads));
  const auto round = pieces_per_round(topology, pieces, threads);
  std::vector<WeightSums> sums(round * pieces.largest().rows);
  const auto sums_of = [&](std::size_t i) {
    return std::span(sums).subspan(i * pieces.largest().rows, pieces.largest().rows);
  };
  std::vector<RowLikelihood> out(rows.size());
  WeightSums row;
  for (std::size_t begin = 0; begin < pieces.size(); begin += round) {
    if (options.stop_requested && options.stop_requested()) return {};
    const auto count = std::min(round, pieces.size() - begin);
    std::atomic<std::size_t> next = 0;
    workers.for_each(std::min(threads, count), [&](std::size_t) {
      Tile tile(topology.shape(), rows, pieces.largest());
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
          out[piece.first_row + r] = row.estimate(options.particles);
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
  auto mean = weighted_mean(rows, [&](std::size_t) { return 1 / n; });
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
  auto mean = weighted_mean(rows, [&](std::size_t n) { return probabilities[n]; });
  if (particles < 2) return mean;
  double variance = 0;
  for (std::size_t n = 0; n < rows.size(); ++n) {
    const double p = probabilities[n];
    variance += p * p * (1 / rows[n].effective - 1) / static_cast<double>(particles);
  }
  mean.standard_error = std::sqrt(std::max(variance, 0.0));
  return mean;
}

}  // namespace helmholtz
