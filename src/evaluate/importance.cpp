#include "evaluate/importance.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "helmholtz/error.hpp"
#include "helmholtz/world.hpp"
#include "simd/target.hpp"

namespace helmholtz {

namespace {

void require_in_range(std::uint64_t particles) {
  constexpr auto kMost = LogLikelihoodOptions::kMaxParticles;
  if (particles >= 1 && particles <= kMost) return;
  throw InvalidArgument("log-likelihood", fmt::format("{}", particles),
                        fmt::format("1 to {}", kMost));
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

void importance::require_fitting(const Topology& topology, std::span<const float> parameters,
                                 const PackedRows& rows) {
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

std::vector<RowLikelihood> row_likelihoods(const Topology& topology,
                                           std::span<const float> parameters,
                                           const PackedRows& rows, std::uint64_t seed,
                                           const LogLikelihoodOptions& options) {
  require_in_range(options.particles);
  importance::require_fitting(topology, parameters, rows);
  const Workers workers(options.threads);
  std::vector<RowLikelihood> out(rows.size());
  importance::RowEstimator estimator(topology, rows, options.particles, workers);
  StopRequest stop(options.stop_requested);
  if (!estimator.run({parameters.data(), seed}, stop, options.advanced, out)) out.clear();
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

std::size_t evaluated_rows(const EvaluationOptions& options, const World& world) {
  if (options.row_count > 0) return options.row_count;
  return options.rows ? options.rows->size() : world.size();
}

namespace importance {

namespace {

/// Particles that are worked on together at most, of one row or of several whole rows. No power of
/// two: the rows of a matrix with so many columns share few lines of a cache.
constexpr std::size_t kTile = 240;

/// The options' rows as bits, or those of a world of data; null: a world's patterns.
std::shared_ptr<const Rows> bits_of(const World& world, const EvaluationOptions& options) {
  const auto& rows = options.rows || !world.is_data() ? options.rows : world.data().rows;
  if (!rows && world.is_data()) {
    throw InvalidArgument("rows", "rows that are not in memory", "the rows of " + world.name());
  }
  return rows && rows->is_grey() ? std::make_shared<const Rows>(binarised(*rows)) : rows;
}

}  // namespace

LikelihoodRows::LikelihoodRows(const World& world, const EvaluationOptions& options)
    : particles_(options.particles), owner_(bits_of(world, options)) {
  if (!owner_) {
    if (options.row_count > 0) {
      throw InvalidArgument("rows", fmt::format("{}", options.row_count),
                            "0, all patterns of world " + world.name());
    }
    rows_ = {world.words(), world.words_per_pattern()};
    probabilities_ = world.probabilities();
    return;
  }
  if (owner_->units() != world.visible_units()) {
    throw InvalidArgument(
        "rows", fmt::format("rows of {} units", owner_->units()),
        fmt::format("{} units, as world {} has", world.visible_units(), world.name()));
  }
  if (options.row_count > owner_->size()) {
    throw InvalidArgument("rows", fmt::format("{}", options.row_count),
                          fmt::format("1 to {}", owner_->size()));
  }
  const auto count = evaluated_rows(options, world);
  const auto stride = owner_->words_per_row();
  rows_ = {owner_->words().first(count * stride), stride};
}

LogLikelihood LikelihoodRows::mean(std::span<const RowLikelihood> rows) const {
  return probabilities_.empty() ? mean_likelihood(rows)
                                : mean_likelihood(rows, probabilities_, particles_);
}

Pieces::Pieces(std::size_t rows, std::uint64_t particles)
    : rows_(rows),
      particles_(particles),
      per_row_((particles + kTile - 1) / kTile),
      largest_{.rows = 0, .particles = (particles + per_row_ - 1) / per_row_} {
  largest_.rows = kTile / largest_.particles;
}

Piece Pieces::operator[](std::size_t i) const {
  const auto first_row = i / per_row_ * largest_.rows;
  const auto first_particle = i % per_row_ * largest_.particles;
  return {.first_row = first_row,
          .rows = std::min(largest_.rows, rows_ - first_row),
          .first_particle = first_particle,
          .particles = std::min<std::uint64_t>(largest_.particles, particles_ - first_particle)};
}

/// Of a piece that holds whole rows, or a part of one.
class RowEstimator::RowSums {
 public:
  explicit RowSums(const Pieces& pieces) : pieces_(pieces) {}

  /// The next piece's. @param out  gets the rows that end with it
  void add(const Piece& piece, std::span<const WeightSums> sums, std::span<RowLikelihood> out) {
    for (std::size_t r = 0; r < piece.rows; ++r) {
      if (piece.first_particle == 0) row_ = {};
      row_.add(sums[r]);
      if (piece.first_particle + piece.particles == pieces_.particles()) {
        out[piece.first_row + r] = row_.estimate(pieces_.particles());
      }
    }
  }

 private:
  const Pieces& pieces_;
  WeightSums row_;
};

RowEstimator::RowEstimator(const Topology& topology, const PackedRows& rows,
                           std::uint64_t particles, const Workers& workers)
    : shape_(topology.shape()),
      order_(shape_),
      parameters_(topology.parameters()),
      rows_(rows),
      workers_(workers),
      pieces_(rows.size(), particles),
      tiles_(static_cast<std::size_t>(workers.threads())) {
  simd::apply_environment();
}

double RowEstimator::bytes(const Topology& topology, const EvaluationOptions& options,
                           const World& world, int threads) {
  const auto rows = static_cast<double>(evaluated_rows(options, world));
  // States, activities, and those of the rows alone, of as many units at most, with one particle
  // of as many columns too; bits of states, draws and scores are little.
  const double tile = static_cast<double>(kTile) * 3 * topology.units() * sizeof(float);
  const bool is_grey = options.rows && options.rows->is_grey();
  const auto words = static_cast<double>(packed_words(world.visible_units()));
  return threads * tile +
         rows * (sizeof(RowLikelihood) + (is_grey ? words * sizeof(std::uint32_t) : 0));
}

double RowEstimator::work() const {
  return static_cast<double>(rows_.size()) * static_cast<double>(pieces_.particles()) *
         static_cast<double>(parameters_);
}

std::size_t RowEstimator::pieces_per_round() const {
  constexpr std::size_t kRows = std::size_t{1} << 18U;  // whose sums are kept
  const auto worth = static_cast<std::size_t>(kWork) / (kTile * parameters_);
  const auto kept = std::max<std::size_t>(kRows / pieces_.largest().rows, 1);
  return std::min({std::max(4 * tiles_.size(), worth), kept, pieces_.size()});
}

Aligned<float> RowEstimator::by_input(const float* parameters) const {
  Aligned<float> ordered(order_.floats());
  order_.to_input(products::WeightOrder::Part::machine, parameters, ordered.data());
  return ordered;
}

bool RowEstimator::run(const MachineView& machine, StopRequest& stop,
                       const std::function<void(double)>& advanced, std::span<RowLikelihood> out) {
  const auto parameters = by_input(machine.parameters);
  const auto round = pieces_per_round();
  std::vector<WeightSums> sums(round * pieces_.largest().rows);
  const auto sums_of = [&](std::size_t i) {
    return std::span(sums).subspan(i * pieces_.largest().rows, pieces_.largest().rows);
  };
  RowSums rows(pieces_);
  for (std::size_t begin = 0; begin < pieces_.size(); begin += round) {
    const auto count = std::min(round, pieces_.size() - begin);
    for_each(count, [&](ParticleTile& tile, std::size_t i) {
      if (!stop()) tile.run(pieces_[begin + i], parameters.data(), machine.seed, sums_of(i));
    });
    if (stop()) return false;
    for (std::size_t i = 0; i < count; ++i) rows.add(pieces_[begin + i], sums_of(i), out);
    if (advanced) {
      advanced(static_cast<double>(begin + count) / static_cast<double>(pieces_.size()));
    }
  }
  return true;
}

bool RowEstimator::run_alone(const MachineView& machine, ParticleTile& tile, StopRequest& stop,
                             std::span<RowLikelihood> out) const {
  const auto parameters = by_input(machine.parameters);
  std::vector<WeightSums> sums(pieces_.largest().rows);
  RowSums rows(pieces_);
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    if (stop()) return false;
    tile.run(pieces_[i], parameters.data(), machine.seed, sums);
    rows.add(pieces_[i], sums, out);
  }
  return true;
}

}  // namespace importance

}  // namespace helmholtz
