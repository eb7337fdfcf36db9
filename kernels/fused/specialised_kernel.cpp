#include "kernels/fused/specialised_kernel.hpp"

#include <utility>

#include "kernels/fused/specialise.hpp"
#include "kernels/runtime/cuda_status.hpp"
#include "kernels/runtime/owner.hpp"
#include "kernels/runtime/register_shapes.hpp"

namespace helmholtz::cuda {

namespace {

/// Machines that are worth a second of compiling.
constexpr std::uint32_t kManyMachines = 256;

int architecture_of(int device) {
  int major = 0;
  int minor = 0;
  HELMHOLTZ_CUDA_CHECK(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device));
  HELMHOLTZ_CUDA_CHECK(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device));
  return 10 * major + minor;
}

}  // namespace

/// The driver's own functions, for code that the runtime was not linked with.
struct SpecialisedKernel::Driver {
  Library library = open_library("libcuda.so.1");
  decltype(&cuModuleLoadData) load = nullptr;
  decltype(&cuModuleUnload) unload = nullptr;
  decltype(&cuModuleGetFunction) function = nullptr;
  decltype(&cuFuncSetAttribute) set_attribute = nullptr;
  decltype(&cuLaunchKernel) launch = nullptr;

  bool open() {
    return library && find(library, "cuModuleLoadData", load) &&
           find(library, "cuModuleUnload", unload) &&
           find(library, "cuModuleGetFunction", function) &&
           find(library, "cuFuncSetAttribute", set_attribute) &&
           find(library, "cuLaunchKernel", launch);
  }
};

std::unique_ptr<SpecialisedKernel> SpecialisedKernel::make(const FusedTask& task,
                                                           const DeviceLimits& limits, int device,
                                                           std::optional<Variant> forced) {
  const bool worthwhile = !fits_register_kernel(task) && task.machines >= kManyMachines;
  const auto plan = plan_specialised(task, limits, forced);
  if (!plan || !(forced || worthwhile)) return nullptr;
  const auto* const compiler = Nvrtc::shared();
  auto driver = std::make_unique<Driver>();
  if (compiler == nullptr || !driver->open()) return nullptr;
  const auto cubin =
      specialised_cubin(task, *plan, architecture_of(device), *compiler, CubinCache::of_user());
  std::unique_ptr<SpecialisedKernel> kernel(
      new SpecialisedKernel(device, plan->variant, std::move(driver)));
  return !cubin.empty() && kernel->load(cubin) ? std::move(kernel) : nullptr;
}

SpecialisedKernel::SpecialisedKernel(int device, Variant variant,
                                     std::unique_ptr<Driver> driver) noexcept
    : device_(device), variant_(variant), driver_(std::move(driver)) {}

SpecialisedKernel::~SpecialisedKernel() {
  if (module_ == nullptr) return;
  static_cast<void>(cudaSetDevice(device_));  // a module is unloaded from its own device
  static_cast<void>(driver_->unload(module_));
}

bool SpecialisedKernel::load(const std::string& cubin) {
  return driver_->load(&module_, cubin.data()) == CUDA_SUCCESS &&
         driver_->function(&function_, module_, kSpecialisedKernel) == CUDA_SUCCESS;
}

void SpecialisedKernel::launch(const FusedTask& task, const DeviceLimits& limits,
                               cudaStream_t stream) const {
  const auto plan = plan_specialised(task, limits, variant_).value();
  const auto shared = static_cast<unsigned>(plan.shared);
  auto argument = task;
  void* arguments[] = {&argument};
  auto status = driver_->set_attribute(function_, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                                       static_cast<int>(shared));
  if (status == CUDA_SUCCESS) {
    status = driver_->launch(function_, plan.blocks(task.machines), 1, 1, plan.block, 1, 1, shared,
                             stream, arguments, nullptr);
  }
  if (status != CUDA_SUCCESS) {
    throw CudaError(HELMHOLTZ_FAILED,
                    "CUDA: a specialised kernel cannot be launched (driver's "
                    "error " +
                        std::to_string(static_cast<int>(status)) + ")");
  }
}

}  // namespace helmholtz::cuda
