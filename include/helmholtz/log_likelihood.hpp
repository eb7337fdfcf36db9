#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "helmholtz/evaluation.hpp"
#include "helmholtz/topology.hpp"

/// ln p(x) of data rows by importance sampling from the recognition network, in nats (Rezende,
/// Mohamed & Wierstra 2014; Bornschein & Bengio 2015): ln 1/K sum_k w_k with w_k = p(x, h_k) /
/// q(h_k | x) and h_k ~ q(. | x). Its expectation is a lower bound that rises with K.
///
/// Particle k of row n draws from the same address at every step (random.hpp), so that checkpoints
/// are compared on common random numbers. Layers are float32, about 1e-6 nats per unit from double
/// for activities within 80 of 0, where training clamps them too; weights are added up in double in
/// the order of the particles. Values depend on no other row, on no number of threads and on no
/// instruction set.
namespace helmholtz {

/// Rows of visible units, packed as in World: unit i in bit i % 32 of word i / 32 of its row.
struct PackedRows {
  std::span<const std::uint32_t> words;  ///< [rows x words_per_row]
  std::size_t words_per_row = 1;

  [[nodiscard]] std::size_t size() const noexcept { return words.size() / words_per_row; }
  [[nodiscard]] bool bit(std::size_t row, std::size_t unit) const {
    return ((words[row * words_per_row + unit / 32] >> (unit % 32)) & 1U) != 0;
  }
};

/// One row's estimate.
struct RowLikelihood {
  double log_likelihood = 0;  ///< ln 1/K sum_k w_k, nats
  double elbo = 0;            ///< 1/K sum_k ln w_k, nats
  double effective = 0;       ///< effective sample size (sum w)^2 / sum w^2, as a share of K
};

/// A machine's estimate over rows.
struct LogLikelihood {
  double mean = 0;            ///< of the rows' log_likelihood, nats per row
  double standard_error = 0;  ///< of the mean, nats
  double elbo = 0;            ///< mean over rows, nats per row
  double effective = 0;       ///< mean over rows
};

struct LogLikelihoodOptions {
  static constexpr std::uint64_t kMaxParticles = EvaluationOptions::kMaxParticles;
  std::uint64_t particles = 100;              ///< K, per row
  int threads = 0;                            ///< CPU threads; 0: as many as this process may use
  std::function<bool()> stop_requested = {};  ///< asked many times per second; true ends it
  std::function<void(double)> advanced = {};  ///< told at times: the share of the work that is done
};

/// Every row's estimate. Memory, whatever the number of particles: a tile of 240 per thread, and
/// 32 bytes each for up to 2^18 rows in work.
/// @param parameters  [topology.parameters()], finite
/// @return one per row; empty if stop_requested ended it
/// @throws InvalidArgument (fields "rows", also if there is none, "log-likelihood", "parameters")
std::vector<RowLikelihood> row_likelihoods(const Topology& topology,
                                           std::span<const float> parameters,
                                           const PackedRows& rows, std::uint64_t seed,
                                           const LogLikelihoodOptions& options = {});

/// The hidden units that the recognition network draws for rows: those of each row's first
/// particle, up to units whose float32 activities are within rounding of their draw.
/// @param parameters      [topology.parameters()], finite
/// @param stop_requested  asked for each row; true ends it
/// @return [rows x topology.hidden_units()], 0 or 1, the top layer's first; of the first rows alone
///         if stop_requested ended it
/// @throws InvalidArgument (fields "rows", "parameters") for rows or parameters of another topology
std::vector<std::uint8_t> recognise_rows(const Topology& topology,
                                         std::span<const float> parameters, const PackedRows& rows,
                                         std::uint64_t seed,
                                         const std::function<bool()>& stop_requested = {});

/// The mean over rows that are a sample of what the machine models: standard_error is that of
/// their mean (NaN for one row).
LogLikelihood mean_likelihood(std::span<const RowLikelihood> rows);

/// The mean over all patterns of a world, by their probabilities: standard_error is that of the
/// particles alone, by the delta method: the variance of ln of a mean of K weights is about
/// (1 / effective - 1) / K. NaN for one particle.
/// @throws InvalidArgument (field "rows") unless there are as many rows as probabilities
LogLikelihood mean_likelihood(std::span<const RowLikelihood> rows,
                              std::span<const double> probabilities, std::uint64_t particles);

/// The members of an evaluation that hold it.
void set_likelihood(const LogLikelihood& likelihood, Evaluation& evaluation);

}  // namespace helmholtz
