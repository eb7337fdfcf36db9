#include "kernels/layered/layered_evaluator.hpp"

#include <algorithm>

#include "kernels/fused/task_view.hpp"
#include "kernels/layered/layered_kernels.hpp"
#include "kernels/layered/layered_plan.hpp"

namespace helmholtz::cuda {

LayeredEvaluator::LayeredEvaluator(const helmholtz_ensemble& ensemble, const LayeredShape& shape,
                                   const DeviceLimits& limits)
    : shape_(shape), evaluator_(ensemble, task_of(ensemble).shape, limits) {}

void LayeredEvaluator::evaluate(const float* parameters, const std::uint64_t* seeds,
                                std::uint32_t machines, const helmholtz_evaluation& wanted,
                                cudaStream_t stream) {
  const std::size_t each = shape_.parameters();
  const auto most = gathered_machines(shape_, machines);
  try {
    gathered_.reserve(most * each);
  } catch (const AllocationFailure&) {
    throw NotOnDevice();
  }
  const ParameterView view{.data = gathered_.get(), .parameter_stride = 1, .machine_stride = each};
  for (std::uint32_t first = 0; first < machines; first += most) {
    const auto some = std::min(most, machines - first);
    launch_gather({.shape = shape_,
                   .parameters = parameters + first * shape_.floats(),
                   .out = gathered_.get(),
                   .machines = some},
                  stream);
    evaluator_.evaluate(view, seeds + first, some, shifted(wanted, first), stream);
  }
}

}  // namespace helmholtz::cuda
