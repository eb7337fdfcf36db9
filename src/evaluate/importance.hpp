#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/workers.hpp"
#include "evaluate/importance_tile.hpp"
#include "evaluate/stop_request.hpp"
#include "helmholtz/dataset.hpp"
#include "helmholtz/evaluation.hpp"
#include "helmholtz/log_likelihood.hpp"

namespace helmholtz::importance {

/// @throws InvalidArgument (fields "rows", also if there is none, "parameters")
void require_fitting(const Topology& topology, std::span<const float> parameters,
                     const PackedRows& rows);

/// What an evaluation's log-likelihood is of: rows of data, or a world's patterns by their
/// probabilities.
class LikelihoodRows {
 public:
  /// The options' rows, grey ones drawn once (binarised()); without any, those of the world, which
  /// must outlive this.
  /// @throws InvalidArgument (field "rows") for rows of other units than the world's, or more than
  ///         there are
  LikelihoodRows(const World& world, const EvaluationOptions& options);

  [[nodiscard]] const PackedRows& rows() const noexcept { return rows_; }
  /// @param rows  their estimates, with as many particles per row as the options say
  [[nodiscard]] LogLikelihood mean(std::span<const RowLikelihood> rows) const;

 private:
  std::uint64_t particles_;
  std::shared_ptr<const Rows> owner_;  // of the next, but for a world's patterns
  PackedRows rows_;
  std::span<const double> probabilities_;  // of a world's patterns; empty: rows of data
};

/// How the particles of all rows are cut into pieces: one row's into tiles, or whole rows into one
/// tile. The cuts depend on the number of particles alone.
class Pieces {
 public:
  Pieces(std::size_t rows, std::uint64_t particles);

  [[nodiscard]] std::uint64_t particles() const { return particles_; }  ///< per row
  [[nodiscard]] const TileSize& largest() const { return largest_; }
  [[nodiscard]] std::size_t size() const {
    return (rows_ + largest_.rows - 1) / largest_.rows * per_row_;
  }
  [[nodiscard]] Piece operator[](std::size_t i) const;

 private:
  std::size_t rows_;
  std::uint64_t particles_;
  std::size_t per_row_;
  TileSize largest_;
};

/// One machine.
struct MachineView {
  const float* parameters = nullptr;  ///< [topology.parameters()]
  std::uint64_t seed = 0;
};

/// What row_likelihoods() does, for machine after machine of one topology: a single large one on
/// all threads, or many small ones on a thread each, with the same bits.
class RowEstimator {
 public:
  /// Keeps references to all.
  RowEstimator(const Topology& topology, const PackedRows& rows, std::uint64_t particles,
               const Workers& workers);

  /// Memory that one takes, about, without the rows as they are: grey ones become bits.
  static double bytes(const Topology& topology, const EvaluationOptions& options,
                      const World& world, int threads);

  /// Multiply-adds of one machine, about.
  [[nodiscard]] double work() const;
  /// Multiply-adds that are shared out among the threads at a time, at least: some tenths of a
  /// second of one core.
  static constexpr double kWork = 1U << 28U;

  /// One machine on all threads.
  /// @param stop      asked for each piece
  /// @param advanced  told several times: the share of the work that is done; may be empty
  /// @param out       [rows] @return false if it is to stop
  bool run(const MachineView& machine, StopRequest& stop,
           const std::function<void(double)>& advanced, std::span<RowLikelihood> out);
  /// Machines [0, count), each on one thread.
  /// @param machine_of  (m) its view
  /// @param stop        asked for each piece; then machines are left out
  /// @param done        (m, rows' estimates), on any thread
  template <class MachineOf, class Done>
  void run_each(std::size_t count, const MachineOf& machine_of, StopRequest& stop,
                const Done& done) {
    for_each(count, [&](ParticleTile& tile, std::size_t m) {
      std::vector<RowLikelihood> rows(rows_.size());
      if (run_alone(machine_of(m), tile, stop, rows)) done(m, std::span<const RowLikelihood>(rows));
    });
  }

 private:
  /// A row's sums on their way through its pieces.
  class RowSums;

  bool run_alone(const MachineView& machine, ParticleTile& tile, StopRequest& stop,
                 std::span<RowLikelihood> out) const;
  /// A machine's parameters as tiles take them.
  [[nodiscard]] Aligned<float> by_input(const float* parameters) const;
  [[nodiscard]] std::size_t pieces_per_round() const;
  /// body(tile, i) for i in [0, count) on all threads, each with a tile of its own.
  template <class Body>
  void for_each(std::size_t count, const Body& body) {
    std::atomic<std::size_t> next = 0;
    workers_.for_each(std::min(tiles_.size(), count), [&](std::size_t t) {
      if (!tiles_[t]) {
        tiles_[t] = std::make_unique<ParticleTile>(shape_, order_, rows_, pieces_.largest());
      }
      for (auto i = next++; i < count; i = next++) body(*tiles_[t], i);
    });
  }

  const LayerShape& shape_;
  products::WeightOrder order_;
  std::size_t parameters_;
  const PackedRows& rows_;
  const Workers& workers_;
  Pieces pieces_;
  std::vector<std::unique_ptr<ParticleTile>> tiles_;  // [threads]
};

}  // namespace helmholtz::importance
