#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "helmholtz/ensemble.hpp"

/// What is measured: the ensembles that all benchmarks share, and how a benchmark gives up.
namespace helmholtz::bench {

struct Case {
  Topology topology;
  int batch = 1;
  std::size_t machines = 1;  ///< fills every SIMD lane and thread, and stays in cache
  int particles = 1;         ///< several: reweighted wake-sleep, its three rates alike
};

/// Four topologies from the notebook's [1,6,9] to [10,100,200,784], each with batches 1, 16, 256;
/// and the notebook's with 5 particles.
std::vector<Case> training_cases();

/// Topologies from 143 to 357,004 parameters, batches 1 to 256; one machine, and 64.
std::vector<Case> choice_cases();

Case make_case(std::string_view layers, int batch);

/// Machines with seeds 0, 1, …, weights drawn from normal(0, 0.1^2), rate 0.05, the mean over the
/// batch, in the world of that size: kirby3x3, bars4x4, or 256 random patterns.
Ensemble make_ensemble(const Case& c);

/// Log-likelihoods of some rows by importance sampling, from 2,400 particles in all.
struct LikelihoodCase {
  std::string layers;
  std::size_t particles = 1;  ///< per row

  [[nodiscard]] std::string name() const;
  [[nodiscard]] std::size_t rows() const { return std::max<std::size_t>(2400 / particles, 1); }
};

std::vector<LikelihoodCase> likelihood_cases();

/// 1, 2, 4, … and as many as this process may use.
std::vector<int> thread_counts();

/// A wrong result must not be timed: prints what was wrong and ends the program with status 1.
[[noreturn]] void abort_run(std::string_view benchmark, std::string_view problem);

void register_training();
/// One benchmark that is asked for instead of all others, with a flag
/// --train=BACKEND/LAYERS/batch:B[/particles:K]/machines:M/threads:T; T = 0: as many threads as
/// this process may use.
/// @throws InvalidArgument for another form
void register_training(std::string_view flag);
void register_choice();
void register_evaluation();
void register_gemm();
void register_storage();
/// What fills a GPU: asked for by --benchmark_filter=^device/.
void register_device_training();
void register_device_evaluation();

}  // namespace helmholtz::bench
