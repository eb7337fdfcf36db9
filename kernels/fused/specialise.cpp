#include "kernels/fused/specialise.hpp"

#include <optional>
#include <utility>

#include "kernels/fused/group_machine.hpp"

namespace helmholtz::cuda {

namespace {

/// Parameters that stay in the registers of a thread beside what a step needs.
constexpr std::size_t kMostInRegisters = 190;
/// The widest layer that wake_sleep.inl unrolls: a partial sum, and a word of a pattern.
constexpr int kWidestUnrolled = 32;
/// The same of a lane of WarpRegisters.
constexpr int kMostInLane = 210;
constexpr std::uint32_t kLaneBlock = 128;

/// Parameters of the lane that has most.
int lane_parameters(const LayerShape& shape, int lanes) {
  int parameters = 0;
  const auto count = [&](const LayerView& layer) {
    parameters += (layer.outputs + lanes - 1) / lanes * (layer.inputs + 1);
  };
  for (int l = 0; l <= shape.last(); ++l) count(shape.generative(l));
  for (int l = 0; l < shape.last(); ++l) count(shape.recognition(l));
  return parameters;
}

/// As few lanes as hold the parameters; nothing if a warp does not.
std::optional<LaunchPlan> plan_warp_registers(const FusedTask& task, const DeviceLimits& limits) {
  for (int lanes = 4; lanes <= 32; lanes *= 2) {
    if (lane_parameters(task.shape, lanes) > kMostInLane) continue;
    const auto machines = kLaneBlock / static_cast<std::uint32_t>(lanes);
    const auto shared =
        machines * group_stride(task, lanes, false, task.reweighted()) * sizeof(float);
    if (task.batch > 1 || shared > limits.shared_per_block) return std::nullopt;
    return LaunchPlan{.variant = Variant::WarpRegisters,
                      .block = kLaneBlock,
                      .lanes = static_cast<std::uint32_t>(lanes),
                      .shared = shared};
  }
  return std::nullopt;
}

bool fits_in_registers(const FusedTask& task) {
  const auto& shape = task.shape;
  for (int l = 0; l <= shape.last(); ++l) {
    if (shape.size(l) > kWidestUnrolled) return false;
  }
  return task.batch == 1 && !task.reweighted() && !task.found_ahead() &&
         shape.parameters() <= kMostInRegisters;
}

std::string shape_text(const LayerShape& shape) {
  std::string text = "helmholtz::step::StaticShape<" + std::to_string(shape.size(0));
  for (int l = 1; l <= shape.last(); ++l) text += ", " + std::to_string(shape.size(l));
  return text + ">";
}

}  // namespace

std::optional<LaunchPlan> plan_specialised(const FusedTask& task, const DeviceLimits& limits,
                                           std::optional<Variant> forced) {
  const bool fits = fits_in_registers(task);
  const auto variant = forced.value_or(fits ? Variant::ThreadRegisters : Variant::WarpRegisters);
  if (variant == Variant::WarpRegisters) return plan_warp_registers(task, limits);
  return fits ? std::optional(plan_thread_registers(task, limits)) : std::nullopt;
}

std::string specialised_source(const FusedTask& task, const LaunchPlan& plan) {
  const auto shape = shape_text(task.shape);
  const auto flag = [](bool on) { return on ? "true" : "false"; };
  const bool registers = plan.variant == Variant::ThreadRegisters;
  std::string text = registers ? "#include \"kernels/fused/thread_machine.hpp\"\n"
                               : "#include \"kernels/fused/warp_group.hpp\"\n";
  text += std::string("extern \"C\" __global__ void __launch_bounds__(128)\n") +
          kSpecialisedKernel + "(const __grid_constant__ helmholtz::cuda::FusedTask task) {\n";
  if (registers) {
    text +=
        "  const unsigned m = blockIdx.x * blockDim.x + threadIdx.x;\n"
        "  if (m >= task.machines) return;\n"
        "  helmholtz::cuda::ThreadMachine<" +
        shape + ", " + flag(task.nonnegative) + ", " + flag(task.patterns.chained) +
        ">(task, m).train();\n";
  } else {
    text +=
        "  extern __shared__ float memory[];\n"
        "  helmholtz::cuda::train_block_in_lanes<" +
        shape + ", " + flag(task.reweighted()) + ", helmholtz::cuda::WarpGroup<" +
        std::to_string(plan.lanes) + ">>(task, memory);\n";
  }
  return text + "}\n";
}

std::vector<std::string> specialised_options(int architecture) {
  return {"--std=c++20", "--fmad=false", "--device-as-default-execution-space",
          "--gpu-architecture=sm_" + std::to_string(architecture)};
}

std::string specialised_cubin(const FusedTask& task, const LaunchPlan& plan, int architecture,
                              const Nvrtc& compiler, CubinCache& cache) {
  const auto source = specialised_source(task, plan);
  const auto options = specialised_options(architecture);
  auto all = compiler.version() + '\n' + source;
  for (const auto& option : options) all += option + '\n';
  for (const auto& header : embedded_sources()) all.append(header.name).append(header.text);
  const auto key = CubinCache::key(all);
  if (auto cubin = cache.read(key)) return *cubin;
  auto result = compiler.compile(source, embedded_sources(), options);
  if (!result.cubin.empty()) cache.write(key, result.cubin);
  return std::move(result.cubin);
}

}  // namespace helmholtz::cuda
