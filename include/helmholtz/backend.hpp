#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "helmholtz/ensemble.hpp"
#include "helmholtz/evaluation.hpp"
#include "helmholtz/matrix_math.hpp"

namespace helmholtz {

class Workers;

/// Trains one ensemble by wake-sleep, a step of every machine at a time. Not thread-safe: one
/// thread calls it; it uses several itself.
class Trainer {
 public:
  static constexpr std::uint64_t kMaxSteps = 1'000'000'000'000;

  virtual ~Trainer();
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  [[nodiscard]] virtual std::string_view backend() const noexcept = 0;
  [[nodiscard]] const Ensemble& ensemble() const noexcept { return ensemble_; }
  /// Steps taken so far.
  [[nodiscard]] std::uint64_t step() const noexcept { return step_; }

  /// Takes `steps` more steps with every machine.
  void train(std::uint64_t steps);

  /// Machines first to first+out.size()-1, as they are now.
  /// @return false if options.stop_requested ended it: then `out` is not to be read
  /// @throws InvalidArgument (field "machines") beyond the last machine
  bool evaluate(const EvaluationOptions& options, std::size_t first, std::span<Evaluation> out);

  /// Quantiles of all machines' exact KL in nats as they are now, diverged ones left out; NaN if
  /// all have diverged. Interpolated between order statistics (type 7 of Hyndman & Fan 1996, as
  /// NumPy's default). Where the machines are on one device, their values are sorted there.
  /// @param probabilities  in [0, 1]
  /// @return one quantile a probability
  /// @throws InvalidArgument (fields "probabilities"; "layers" unless exact_is_feasible(topology))
  [[nodiscard]] std::vector<double> kl_quantiles(std::span<const double> probabilities);

  /// Bytes of devices' memory that the machines take; 0 for a backend without a device. What an
  /// evaluation takes for its time comes on top.
  [[nodiscard]] std::uint64_t device_bytes() const { return do_device_bytes(); }

  /// Copies parameters of machines first to first+count-1 in or out, [count x parameters()].
  /// A machine with a parameter that is not finite reads as NaN throughout.
  /// @throws InvalidArgument (fields "machines", "parameters") beyond the last machine, or for a
  ///         span of another size
  void read_parameters(std::size_t first, std::size_t count, std::span<float> out) const;
  void write_parameters(std::size_t first, std::size_t count, std::span<const float> in);

  /// Goes on from a saved state: the next step is number `step`.
  void set_step(std::uint64_t step) noexcept { step_ = step; }

 protected:
  /// @param threads  CPU threads for this trainer's parallel work; 0: all cores
  Trainer(Ensemble ensemble, int threads);

  /// As it stands: reads the parameters and evaluates on all threads, also the samples of a single
  /// machine.
  virtual bool do_evaluate(const EvaluationOptions& options, std::size_t first,
                           std::span<Evaluation> out);
  /// As it stands: evaluates all machines and sorts on this thread.
  virtual void do_kl_quantiles(std::span<const double> probabilities, std::span<double> out);
  [[nodiscard]] virtual std::uint64_t do_device_bytes() const { return 0; }
  /// Steps first to first+steps-1 of every machine.
  virtual void do_train(std::uint64_t first, std::uint64_t steps) = 0;
  virtual void do_read(std::size_t first, std::size_t count, std::span<float> out) const = 0;
  virtual void do_write(std::size_t first, std::size_t count, std::span<const float> in) = 0;
  /// Writes initial_parameters() of every machine; constructors end with it.
  void initialise();
  [[nodiscard]] const Workers& workers() const noexcept { return *workers_; }

 private:
  Ensemble ensemble_;
  std::unique_ptr<Workers> workers_;
  std::uint64_t step_ = 0;
};

/// Where random numbers come from: addressed Philox (random.hpp), or NumPy's legacy stream in the
/// notebook's order of calls, in double (backend `reference`, one machine, training from step 0).
enum class RandomScheme { philox, numpy };

struct TrainerOptions {
  static constexpr int kMaxThreads = 1024;
  int threads = 0;  ///< CPU threads; 0: all cores
  /// Devices of a CUDA backend, by number: machines are split over them. Empty: the first one.
  std::vector<int> devices = {};
  MatrixMath math = MatrixMath::fp32;  ///< of backend cuda-layered; others have fp32 alone
  RandomScheme random = RandomScheme::philox;
};

/// One line of `helmholtz backends`.
struct BackendInfo {
  std::string name;
  std::string summary;  ///< what it is for
  bool exact = false;   ///< of the exact class: the same bits as every other exact backend
  bool available = false;
  std::string detail;  ///< what it runs on, or why it cannot run
};

/// The backends there are, in the order of the registry.
std::vector<BackendInfo> list_backends();

/// The backend that `auto` stands for: cpu-layered if the parameters of a machine times the batch
/// are 50,000 or more, else cpu-fused (measurements in src/backends/registry.cpp).
std::string choose_backend(const Ensemble& ensemble);

/// Bytes that a trainer of this ensemble takes, at most 10 % above its parameters for many
/// machines.
std::size_t trainer_bytes(std::string_view backend, const Ensemble& ensemble);

/// @param backend  a name from list_backends(), or "auto"
/// @throws InvalidArgument (fields "backend", "rng", "threads", "device", "math") for an unknown
///         name or an option that the backend does not support; what Ensemble::validate() throws
/// @throws Error (ExitCode::no_device) for a backend that cannot run here; never a silent fallback
std::unique_ptr<Trainer> make_trainer(std::string_view backend, Ensemble ensemble,
                                      const TrainerOptions& options = {});

}  // namespace helmholtz
