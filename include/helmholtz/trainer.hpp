#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "helmholtz/ensemble.hpp"
#include "helmholtz/evaluation.hpp"
#include "helmholtz/matrix_math.hpp"

namespace helmholtz {

class Backend;

/// Where random numbers come from: addressed Philox (random.hpp), or NumPy's legacy stream in the
/// notebook's order of calls, in double (backend `reference`, one machine, training from step 0).
enum class RandomScheme { philox, numpy };

/// All that a machine of RandomScheme::numpy goes on from, but for its step.
struct NumpyState {
  std::vector<double> parameters;  ///< unrounded, [topology.parameters()]
  std::string engine;              ///< its place in the stream: std::mt19937 as text
};

struct TrainerOptions {
  static constexpr int kMaxThreads = 1024;
  std::string backend = "auto";  ///< a name from list_backends(), or "auto": choose_backend()
  int threads = 0;               ///< CPU threads; 0: as many as this process may use
  /// Devices of a CUDA backend, by number: machines are split over them. Empty: the first one.
  std::vector<int> devices = {};
  MatrixMath math = MatrixMath::fp32;  ///< of backend cuda-layered; others have fp32 alone
  RandomScheme random = RandomScheme::philox;
};

/// Trains one ensemble by wake-sleep, all machines step by step. Not thread-safe: one thread calls
/// it; it uses several itself. Moved-from trainers can only be destroyed or assigned.
class Trainer final {
 public:
  static constexpr std::uint64_t kMaxSteps = 1'000'000'000'000;

  explicit Trainer(std::unique_ptr<Backend> backend) noexcept;
  ~Trainer();
  Trainer(Trainer&&) noexcept;
  Trainer& operator=(Trainer&&) noexcept;

  /// The backend's name, e.g. "cpu-fused"; never "auto".
  [[nodiscard]] std::string_view backend() const noexcept;
  [[nodiscard]] const Ensemble& ensemble() const noexcept;
  /// Steps taken so far.
  [[nodiscard]] std::uint64_t step() const noexcept { return step_; }

  /// Takes `steps` more steps with every machine.
  /// @throws InvalidArgument (field "steps") beyond kMaxSteps in all
  void train(std::uint64_t steps);

  /// Every machine as it is now.
  /// @return one evaluation per machine; empty if options.stop_requested ended it
  [[nodiscard]] std::vector<Evaluation> evaluate(const EvaluationOptions& options = {});
  /// Machines [first, first + out.size()) as they are now.
  /// @return false if options.stop_requested ended it: then `out` is not to be read
  /// @throws InvalidArgument (field "machines") beyond the last machine, (field "rows") for rows
  ///         that do not fit the world
  bool evaluate(const EvaluationOptions& options, std::size_t first, std::span<Evaluation> out);

  /// Quantiles of all machines' exact KL in nats as they are now, diverged ones left out; NaN if
  /// all have diverged. Interpolated between order statistics (type 7 of Hyndman & Fan 1996, as
  /// NumPy's default). Where the machines are on one device, their values are sorted there.
  /// @param probabilities  in [0, 1]
  /// @return one quantile per probability
  /// @throws InvalidArgument (fields "probabilities"; "layers" unless exact_is_feasible(topology))
  [[nodiscard]] std::vector<double> kl_quantiles(std::span<const double> probabilities);

  /// Patterns that machine m generates as it is now: the first `count` samples of the sampled
  /// evaluation at this step.
  /// @return [count x visible units], 0 or 1
  /// @throws InvalidArgument (field "machines") beyond the last machine
  [[nodiscard]] std::vector<std::uint8_t> sample(std::size_t m, std::uint64_t count) const;

  /// Bytes of devices' memory that the machines take; 0 for a backend without a device. Evaluations
  /// take more while they last.
  [[nodiscard]] std::uint64_t device_bytes() const;

  /// What trains the machines on a device, for people, e.g. "ThreadRegisters"; empty for a backend
  /// without one.
  [[nodiscard]] std::string kernel() const;

  /// One machine's parameters, [topology.parameters()], or NaN throughout if one is not finite.
  /// @throws InvalidArgument (field "machines") beyond the last machine
  [[nodiscard]] std::vector<float> parameters(std::size_t m) const;
  /// Copies parameters of machines [first, first + count) in or out, [count x parameters()].
  /// A machine with a parameter that is not finite reads as NaN throughout.
  /// @throws InvalidArgument (fields "machines", "parameters") beyond the last machine, or for a
  ///         span of another size
  void read_parameters(std::size_t first, std::size_t count, std::span<float> out) const;
  void write_parameters(std::size_t first, std::size_t count, std::span<const float> in);

  /// Machine m's optimiser state as it is now, [optimizer_state_floats(ensemble(), m)]: with the
  /// parameters and the step, all that its training goes on from.
  /// @throws InvalidArgument (field "machines") beyond the last machine
  [[nodiscard]] std::vector<float> optimizer_state(std::size_t m) const;
  /// @throws InvalidArgument (fields "machines", "optimizer") beyond the last machine, or for a
  /// span of another size
  void write_optimizer_state(std::size_t m, std::span<const float> in);

  /// Nothing unless the random numbers are NumPy's. With it, the parameters need not be kept.
  [[nodiscard]] std::optional<NumpyState> numpy_state() const;
  /// @throws InvalidArgument (fields "rng", "parameters") if the random numbers are not NumPy's,
  /// for text that is no engine's, or for parameters of another topology
  void write_numpy_state(const NumpyState& state);

  /// Continues from a saved state: the next step is number `step`.
  void set_step(std::uint64_t step) noexcept { step_ = step; }

 private:
  std::unique_ptr<Backend> backend_;
  std::uint64_t step_ = 0;
};

/// @throws InvalidArgument (fields "backend", "rng", "threads", "device", "math") for an unknown
///         name or an option that the backend does not support; what Ensemble::validate() throws
/// @throws NoDevice for a backend that cannot run here; never a silent fallback
Trainer make_trainer(Ensemble ensemble, const TrainerOptions& options = {});

}  // namespace helmholtz
