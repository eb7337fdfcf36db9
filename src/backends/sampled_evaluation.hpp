#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <vector>

#include "backends/backend.hpp"
#include "evaluate/sampled.hpp"

namespace helmholtz {

/// The sampled evaluation of some machines on all threads, in pieces of the samples of one machine,
/// of a part of it or of several. Counts are integers: the pieces change nothing.
class SampledEvaluation {
 public:
  /// Keeps references to all.
  /// @param out  of machines [first, first + out.size()); diverged ones are passed over
  SampledEvaluation(const Backend& backend, std::uint64_t step, std::size_t first,
                    std::uint64_t samples, std::span<Evaluation> out);

  /// @param stop_requested  asked several times a second, on the calling thread; may be empty
  /// @return false after a stop request
  bool run(const std::function<bool()>& stop_requested);

 private:
  struct Counts {
    std::vector<std::uint64_t> of_patterns;
    std::uint64_t samples = 0;
  };

  /// Machines begin_ to begin_+count-1 of out, whose parameters are there.
  bool run_group(std::size_t count, const std::function<bool()>& stop_requested);
  /// Of the samples of the group's machines one after the other, those from `begin` to `end`.
  void count_piece(std::uint64_t begin, std::uint64_t end);
  void add(std::size_t m, Counts&& counts);

  const Backend& backend_;
  std::uint64_t step_;
  std::size_t first_;
  std::uint64_t samples_;
  std::span<Evaluation> out_;
  PatternCounter counter_;
  std::size_t begin_ = 0;                     // of the group
  std::vector<float> parameters_;             // [the group's machines x parameters]
  std::mutex mutex_;                          // of the next
  std::map<std::size_t, Counts> unfinished_;  // by position in the group
};

}  // namespace helmholtz
