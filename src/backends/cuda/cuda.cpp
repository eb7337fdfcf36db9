#include <algorithm>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "backends/backend.hpp"
#include "backends/cuda/ensemble_view.hpp"
#include "backends/cuda/plugin.hpp"
#include "backends/registry.hpp"
#include "helmholtz/error.hpp"

namespace helmholtz::plugin {

namespace {

/// Steps that one call of the plugin trains, at most: bounds the table of factors.
constexpr std::uint64_t kCallSteps = 4096;

/// The devices asked for, or the first one.
std::vector<std::int32_t> chosen_devices(const Plugin& plugin, const std::vector<int>& wanted) {
  const auto count = static_cast<int>(plugin.devices().size());
  const auto exists = [count](int ordinal) { return ordinal >= 0 && ordinal < count; };
  const std::set<int> distinct(wanted.begin(), wanted.end());
  if (distinct.size() != wanted.size() || !std::all_of(wanted.begin(), wanted.end(), exists)) {
    throw InvalidArgument("device", fmt::format("{}", fmt::join(wanted, ",")),
                          fmt::format("different numbers from 0 to {}", count - 1));
  }
  return wanted.empty() ? std::vector<std::int32_t>{0}
                        : std::vector<std::int32_t>(wanted.begin(), wanted.end());
}

/// helmholtz_evaluation::stop_requested of EvaluationOptions.
std::int32_t ask(void* options) {
  return static_cast<const EvaluationOptions*>(options)->stop_requested() ? 1 : 0;
}

/// A CUDA backend as libhelmholtz sees it: behind a plugin (kernels/plugin/plugin_abi.h).
class PluginTrainer final : public Backend {
 public:
  PluginTrainer(Ensemble ensemble, const TrainerOptions& options, const BackendEntry& entry,
                helmholtz_strategy strategy)
      : Backend(std::move(ensemble), options.threads),
        name_(entry.name),
        plugin_(Plugin::load()),
        factors_(this->ensemble()) {
    const auto devices = chosen_devices(*plugin_, options.devices);
    const helmholtz_placement placement{.devices = devices.data(),
                                        .device_count = static_cast<std::uint32_t>(devices.size()),
                                        .strategy = static_cast<std::uint32_t>(strategy),
                                        .math = static_cast<std::uint32_t>(options.math),
                                        .plain_launches = 0};
    const EnsembleView view(this->ensemble(), factors_);
    helmholtz_trainer* trainer = nullptr;
    Plugin::call(functions().create, &view.get(), &placement, &trainer);
    trainer_ = {trainer, functions().destroy};
    initialise_device();
  }

  [[nodiscard]] std::string_view name() const noexcept override { return name_; }

 private:
  /// Machines are zero at first. Others are written in blocks so large that a copy costs its bytes.
  void initialise_device() {
    constexpr std::size_t kFloats = std::size_t{1} << 22U;
    if (starts_at_zero(ensemble())) return;
    const auto parameters = ensemble().topology.parameters();
    const auto most = std::clamp<std::size_t>(kFloats / parameters, 1, ensemble().size());
    std::vector<float> block(most * parameters);
    for (std::size_t first = 0; first < ensemble().size(); first += most) {
      const auto count = std::min(most, ensemble().size() - first);
      initialise(first, std::span(block).first(count * parameters));
      write(first, count, std::span(block).first(count * parameters));
    }
  }

  void train(std::uint64_t first, std::uint64_t steps) override {
    for (std::uint64_t done = 0; done < steps; done += kCallSteps) {
      const auto count = std::min(kCallSteps, steps - done);
      factors_.fill(first + done, count);
      const helmholtz_steps some{.first = first + done,
                                 .count = static_cast<std::uint32_t>(count),
                                 .schedules = static_cast<std::uint32_t>(factors_.schedules()),
                                 .factors = factors_.factors().data(),
                                 .corrections = factors_.corrections().data()};
      Plugin::call(functions().train, trainer_.get(), &some);
    }
  }

  bool evaluate(const EvaluationOptions& options, std::uint64_t step, std::size_t first,
                std::span<Evaluation> out) override {
    const bool sampled = options.samples > 0;
    constexpr double kNotComputed = std::numeric_limits<double>::quiet_NaN();
    std::vector<double> kl_exact(options.exact ? out.size() : 0, kNotComputed);
    std::vector<double> kl_sampled(sampled ? out.size() : 0, kNotComputed);
    std::vector<std::uint32_t> unseen(kl_sampled.size());
    std::vector<std::uint8_t> diverged(out.size());
    const helmholtz_evaluation wanted{.first = first,
                                      .count = out.size(),
                                      .step = step,
                                      .samples = options.samples,
                                      .kl_exact = options.exact ? kl_exact.data() : nullptr,
                                      .kl_sampled = sampled ? kl_sampled.data() : nullptr,
                                      .unseen = sampled ? unseen.data() : nullptr,
                                      .diverged = diverged.data(),
                                      .stop_requested = options.stop_requested ? ask : nullptr,
                                      .stop_context = const_cast<EvaluationOptions*>(  // NOLINT: C
                                          &options)};
    helmholtz_error error{};
    const auto status = functions().evaluate(trainer_.get(), &wanted, &error);
    if (status == HELMHOLTZ_STOPPED) return false;
    if (status == HELMHOLTZ_ON_HOST) return Backend::evaluate(options, step, first, out);
    Plugin::check(status, error);
    for (std::size_t m = 0; m < out.size(); ++m) {
      out[m] = {.kl_exact = options.exact ? kl_exact[m] : kNotComputed,
                .kl_sampled = sampled ? kl_sampled[m] : kNotComputed,
                .unseen = sampled && diverged[m] == 0 ? unseen[m] : kNotComputed,
                .diverged = diverged[m] != 0};
    }
    return true;
  }

  void kl_quantiles(std::span<const double> probabilities, std::span<double> out) override {
    helmholtz_error error{};
    const auto status = functions().kl_quantiles(trainer_.get(), probabilities.data(),
                                                 probabilities.size(), out.data(), &error);
    if (status == HELMHOLTZ_ON_HOST) return Backend::kl_quantiles(probabilities, out);
    Plugin::check(status, error);
  }

  [[nodiscard]] std::uint64_t device_bytes() const override {
    std::uint64_t bytes = 0;
    Plugin::call(functions().device_bytes, trainer_.get(), &bytes);
    return bytes;
  }

  [[nodiscard]] std::string kernel() const override {
    helmholtz_text name{};
    Plugin::call(functions().kernel, trainer_.get(), &name);
    return name.text;
  }

  void read(std::size_t first, std::size_t count, std::span<float> out) const override {
    Plugin::call(functions().read, trainer_.get(), first, count, out.data());
  }

  void write(std::size_t first, std::size_t count, std::span<const float> in) override {
    Plugin::call(functions().write, trainer_.get(), first, count, in.data());
  }

  void read_state(std::size_t m, std::span<float> out) const override {
    std::vector<float> whole(state_floats());
    Plugin::call(functions().read_state, trainer_.get(), m, whole.data());
    std::copy_n(whole.begin(), out.size(), out.begin());
  }

  void write_state(std::size_t m, std::span<const float> in) override {
    std::vector<float> whole(in.begin(), in.end());
    whole.resize(state_floats());
    Plugin::call(functions().write_state, trainer_.get(), m, whole.data());
  }

  /// Of any machine on a device: where a setting learns awake, all have the means of that phase,
  /// behind the others.
  [[nodiscard]] std::size_t state_floats() const {
    const auto& topology = ensemble().topology;
    const auto all = topology.parameters();
    const bool awake = ensemble().recognition_learns_awake();
    return static_cast<std::size_t>(ensemble().settings.front().optimizer.means()) *
           (all + (awake ? all - topology.generative_parameters() : 0));
  }

  [[nodiscard]] const helmholtz_plugin& functions() const { return plugin_->functions(); }

  std::string_view name_;
  std::shared_ptr<const Plugin> plugin_;  // outlives what it made
  step::FactorTable factors_;
  std::unique_ptr<helmholtz_trainer, void (*)(helmholtz_trainer*)> trainer_{nullptr, nullptr};
};

/// Of cuda-layered.
std::optional<std::string> layered_limits(const Ensemble& ensemble) {
  const auto means = ensemble.settings.front().optimizer.means();
  const auto as_first = [&](const auto& own) { return own.optimizer.means() == means; };
  if (!std::all_of(ensemble.settings.begin(), ensemble.settings.end(), as_first)) {
    return "another one for machines of several optimisers: cuda-layered takes one kind";
  }
  // Its kernels number the Philox blocks of a layer's draws, over all rows, with 32 bits.
  const auto& sizes = ensemble.topology.layer_sizes();
  const auto units = *std::max_element(sizes.begin(), sizes.end());
  const auto most = std::numeric_limits<std::uint32_t>::max() / (units / 4U + 2U);
  const auto rows =
      static_cast<std::uint64_t>(ensemble.batch) * static_cast<std::uint64_t>(ensemble.particles);
  if (rows <= most) return std::nullopt;
  return fmt::format(
      "another one for batch {} and particles {}: with a layer of {} units, cuda-layered takes 1 "
      "to "
      "{} in all",
      ensemble.batch, ensemble.particles, units, most);
}

std::size_t bytes(const Ensemble& ensemble) {
  // The parameters once more, in case the devices cannot hold all machines at a time.
  constexpr std::size_t kOfMachine = 2 * sizeof(Machine);
  return optimizer_state_bytes(ensemble) +
         ensemble.size() * (kOfMachine + ensemble.topology.parameters() * sizeof(float));
}

std::string fused_detail() {
  const auto plugin = Plugin::load();
  const auto devices = plugin->describe();  // first: where there is none, NVRTC stays closed
  const auto compiler = plugin->nvrtc();
  return fmt::format("{}, {}", devices,
                     compiler.empty() ? "no NVRTC: generic kernels alone" : "NVRTC " + compiler);
}

std::string layered_detail() {
  const auto plugin = Plugin::load();
  const auto devices = plugin->describe();  // first: where there is none, cuBLAS stays closed
  return fmt::format("{}, cuBLAS {}", devices, plugin->cublas());
}

}  // namespace

constinit const BackendEntry fused_entry{
    .name = "cuda-fused",
    .summary = "thousands of steps a launch, weights on chip: sweeps on a GPU",
    .strategy = Strategy::fused,
    .on_gpu = true,
    .detail = fused_detail,
    .bytes = bytes,
    .make = [](Ensemble ensemble, const TrainerOptions& options) -> std::unique_ptr<Backend> {
      return std::make_unique<PluginTrainer>(std::move(ensemble), options, fused_entry,
                                             HELMHOLTZ_FUSED);
    },
    .features = {.particles = true, .epochs = true, .grey = true},
};

constinit const BackendEntry layered_entry{
    .name = "cuda-layered",
    .summary = "a layer of all machines at a time, by cuBLAS: large layers on a GPU",
    .strategy = Strategy::layered,
    .on_gpu = true,
    .detail = layered_detail,
    .bytes = bytes,
    .make = [](Ensemble ensemble, const TrainerOptions& options) -> std::unique_ptr<Backend> {
      return std::make_unique<PluginTrainer>(std::move(ensemble), options, layered_entry,
                                             HELMHOLTZ_LAYERED);
    },
    .features = {.particles = true, .optimizers = true, .epochs = true, .grey = true},
    .limits = layered_limits,
};

}  // namespace helmholtz::plugin
