#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/workers.hpp"
#include "helmholtz/ensemble.hpp"
#include "helmholtz/evaluation.hpp"
#include "helmholtz/trainer.hpp"

namespace helmholtz {

/// What a backend implements. Trainer owns one and checks arguments before it calls: ranges of
/// machines lie inside the ensemble, and spans have the right size.
class Backend {
 public:
  virtual ~Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  /// Steps [first, first + steps) of every machine.
  virtual void train(std::uint64_t first, std::uint64_t steps) = 0;
  /// Parameters of machines [first, first + count), as they are.
  virtual void read(std::size_t first, std::size_t count, std::span<float> out) const = 0;
  virtual void write(std::size_t first, std::size_t count, std::span<const float> in) = 0;

  /// Trainer::optimizer_state of machine m, where it has one. Default: there is none.
  virtual void read_state(std::size_t /*m*/, std::span<float> /*out*/) const {}
  virtual void write_state(std::size_t /*m*/, std::span<const float> /*in*/) {}

  /// Trainer::numpy_state, where random numbers are NumPy's. Default: they are not.
  [[nodiscard]] virtual std::optional<NumpyState> numpy_state() const { return {}; }
  virtual void write_numpy_state(const NumpyState& /*state*/) {}

  /// Trainer::evaluate of machines that have taken `step` steps, but for the log-likelihood
  /// (likelihood_evaluation.hpp). Default: evaluates on the host, parallel over machines and
  /// samples.
  virtual bool evaluate(const EvaluationOptions& options, std::uint64_t step, std::size_t first,
                        std::span<Evaluation> out);
  /// Trainer::kl_quantiles. Default: evaluates all machines, then sorts on this thread.
  virtual void kl_quantiles(std::span<const double> probabilities, std::span<double> out);
  [[nodiscard]] virtual std::uint64_t device_bytes() const { return 0; }
  /// Trainer::kernel().
  [[nodiscard]] virtual std::string kernel() const { return {}; }

  /// read(), but a machine with a parameter that is not finite is NaN throughout.
  void read_parameters(std::size_t first, std::size_t count, std::span<float> out) const;
  [[nodiscard]] const Ensemble& ensemble() const noexcept { return ensemble_; }
  [[nodiscard]] const Workers& workers() const noexcept { return workers_; }

 protected:
  /// @param threads  CPU threads for this backend's parallel work; 0: limits::default_threads()
  /// @throws what Ensemble::validate() throws
  Backend(Ensemble ensemble, int threads);
  /// Writes initial_parameters() of every machine; constructors end with it.
  void initialise();
  /// initial_parameters() of machines from `first` on, [machines x parameters], by all threads.
  void initialise(std::size_t first, std::span<float> out) const;

 private:
  Ensemble ensemble_;
  Workers workers_;
};

}  // namespace helmholtz
