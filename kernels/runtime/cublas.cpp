#include "kernels/runtime/cublas.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "kernels/runtime/stream.hpp"

namespace helmholtz::cuda {

namespace {

/// Machines that an algorithm is chosen for, whatever their number: few, so that a lone large
/// machine is spread over a device too. To be measured.
constexpr int kNominalMachines = 4;
/// Machines of a launch: kernels have them along a dimension of the grid, which ends here.
constexpr int kMostMachines = 65'535;
constexpr std::uint32_t kAlignment = 16;  // bytes, of every matrix: the widest loads there are

struct Types {
  cudaDataType inputs;
  cublasComputeType_t sums;
};

/// fp32 is pedantic, so that no setting of cuBLAS's environment turns it into something else.
Types types_of(Math math) {
  switch (math) {
    case Math::fp32:
      return {CUDA_R_32F, CUBLAS_COMPUTE_32F_PEDANTIC};
    case Math::tf32:
      return {CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32};
    case Math::bf16x3:
      return {CUDA_R_16BF, CUBLAS_COMPUTE_32F};
  }
  return {};
}

/// Owns what a function of the library destroys.
template <class T>
using Owned = std::unique_ptr<T, cublasStatus_t (*)(T*)>;

/// The arguments of a product in cuBLAS, but for the pointers.
class Description {
 public:
  Description(const CublasLibrary& library, const Product& product, Math math)
      : library_(library),
        operation_(operation(product, types_of(math).sums)),
        a_(product.transpose_a
               ? layout(types_of(math).inputs, product.inner, product.rows, product.a_stride)
               : layout(types_of(math).inputs, product.rows, product.inner, product.a_stride)),
        b_(layout(types_of(math).inputs, product.inner, product.columns, product.b_stride)),
        c_(layout(CUDA_R_32F, product.rows, product.columns, product.c_stride)) {
    set(a_, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, product.a_machine);
    set(b_, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, product.b_machine);
    set(c_, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, product.c_machine);
  }

  /// The first that suits any number of machines, of those that cuBLAS recommends for the nominal
  /// one: without a reduction, a product is one sequence of sums.
  cublasLtMatmulAlgo_t algorithm(cublasLtHandle_t handle) {
    std::array<cublasLtMatmulHeuristicResult_t, 64> found{};
    int count = 0;
    set_machines(kNominalMachines);
    const auto wanted = preference();
    library_.check(
        library_.algorithms(handle, operation_.get(), a_.get(), b_.get(), c_.get(), c_.get(),
                            wanted.get(), static_cast<int>(found.size()), found.data(), &count),
        "cublasLtMatmulAlgoGetHeuristic");
    for (const auto& one : std::span(found).first(static_cast<std::size_t>(count))) {
      if (suits_all(handle, one.algo)) return one.algo;
    }
    throw CudaError(HELMHOLTZ_FAILED, "cuBLAS: none of the " + std::to_string(count) +
                                          " algorithms that it recommends suits every number of "
                                          "machines");
  }

  void multiply(cublasLtHandle_t handle, const cublasLtMatmulAlgo_t& algorithm, const void* a,
                const void* b, float beta, float* c, int machines, cudaStream_t stream) {
    const float alpha = 1;
    set_machines(machines);
    library_.check(library_.matmul(handle, operation_.get(), &alpha, a, a_.get(), b, b_.get(),
                                   &beta, c, c_.get(), c, c_.get(), &algorithm, nullptr, 0, stream),
                   "cublasLtMatmul");
  }

 private:
  using Operation = Owned<cublasLtMatmulDescOpaque_t>;
  using Layout = Owned<cublasLtMatrixLayoutOpaque_t>;
  using Preference = Owned<cublasLtMatmulPreferenceOpaque_t>;

  [[nodiscard]] Operation operation(const Product& product, cublasComputeType_t sums) const {
    cublasLtMatmulDesc_t raw = nullptr;
    library_.check(library_.operation_create(&raw, sums, CUDA_R_32F), "cublasLtMatmulDescCreate");
    Operation operation(raw, library_.operation_destroy);
    const auto transpose = product.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N;
    library_.check(
        library_.operation_set(raw, CUBLASLT_MATMUL_DESC_TRANSA, &transpose, sizeof(transpose)),
        "cublasLtMatmulDescSetAttribute");
    return operation;
  }

  [[nodiscard]] Layout layout(cudaDataType type, int rows, int columns, int stride) const {
    cublasLtMatrixLayout_t raw = nullptr;
    library_.check(library_.layout_create(&raw, type, static_cast<std::uint64_t>(rows),
                                          static_cast<std::uint64_t>(columns), stride),
                   "cublasLtMatrixLayoutCreate");
    return {raw, library_.layout_destroy};
  }

  /// No workspace, no reduction.
  [[nodiscard]] Preference preference() const {
    cublasLtMatmulPreference_t raw = nullptr;
    library_.check(library_.preference_create(&raw), "cublasLtMatmulPreferenceCreate");
    Preference preference(raw, library_.preference_destroy);
    const auto set = [&](cublasLtMatmulPreferenceAttributes_t attribute, auto value) {
      library_.check(library_.preference_set(raw, attribute, &value, sizeof(value)),
                     "cublasLtMatmulPreferenceSetAttribute");
    };
    set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{0});
    set(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, std::uint32_t{CUBLASLT_REDUCTION_SCHEME_NONE});
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, kAlignment);
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, kAlignment);
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, kAlignment);
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, kAlignment);
    return preference;
  }

  bool suits_all(cublasLtHandle_t handle, const cublasLtMatmulAlgo_t& algorithm) {
    std::int32_t splits = 0;
    std::size_t written = 0;
    library_.check(library_.algorithm_get(&algorithm, CUBLASLT_ALGO_CONFIG_SPLITK_NUM, &splits,
                                          sizeof(splits), &written),
                   "cublasLtMatmulAlgoConfigGetAttribute");
    return splits == 1 && suits(handle, algorithm, 1) && suits(handle, algorithm, kMostMachines);
  }

  bool suits(cublasLtHandle_t handle, const cublasLtMatmulAlgo_t& algorithm, int machines) {
    cublasLtMatmulHeuristicResult_t needs{};
    set_machines(machines);
    return library_.algorithm_check(handle, operation_.get(), a_.get(), b_.get(), c_.get(),
                                    c_.get(), &algorithm, &needs) == CUBLAS_STATUS_SUCCESS &&
           needs.workspaceSize == 0;
  }

  void set_machines(int count) {
    for (const auto* const layout : {&a_, &b_, &c_}) {
      set(*layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, std::int32_t{count});
    }
  }

  template <class Value>
  void set(const Layout& layout, cublasLtMatrixLayoutAttribute_t attribute, Value value) const {
    library_.check(library_.layout_set(layout.get(), attribute, &value, sizeof(value)),
                   "cublasLtMatrixLayoutSetAttribute");
  }

  const CublasLibrary& library_;
  Operation operation_;
  Layout a_;
  Layout b_;
  Layout c_;
};

}  // namespace

int CublasLibrary::version() const {
  int major = 0;
  int minor = 0;
  check(get_property(MAJOR_VERSION, &major), "cublasLtGetProperty");
  check(get_property(MINOR_VERSION, &minor), "cublasLtGetProperty");
  return 1000 * major + 10 * minor;
}

void CublasLibrary::check(cublasStatus_t status, const char* call) const {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  const bool no_device =
      status == CUBLAS_STATUS_NOT_INITIALIZED || status == CUBLAS_STATUS_ARCH_MISMATCH;
  throw CudaError(no_device ? HELMHOLTZ_NO_DEVICE : HELMHOLTZ_FAILED,
                  std::string("cuBLAS: ") + status_string(status) + " (" + call + ")");
}

Cublas::Cublas(int device, Math math)
    : library_(CublasLibrary::get()), device_(device), math_(math) {
  const std::scoped_lock lock(capture_mutex());
  library_.check(library_.create(&handle_), "cublasLtCreate");
}

Cublas::~Cublas() {
  const std::scoped_lock lock(capture_mutex());  // it waits for the device
  static_cast<void>(cudaSetDevice(device_));
  static_cast<void>(library_.destroy(handle_));
}

void Cublas::multiply(const Product& product, cudaStream_t stream) {
  Description description(library_, product, math_);
  auto known = algorithms_.find(form_of(product));
  if (known == algorithms_.end()) {
    known = algorithms_.emplace(form_of(product), description.algorithm(handle_)).first;
  }
  const auto bytes = std::int64_t{math_ == Math::bf16x3 ? 2 : 4};
  for (std::int64_t first = 0; first < product.count; first += kMostMachines) {
    const auto count =
        static_cast<int>(std::min<std::int64_t>(product.count - first, kMostMachines));
    description.multiply(
        handle_, known->second,
        static_cast<const std::byte*>(product.a) + first * product.a_machine * bytes,
        static_cast<const std::byte*>(product.b) + first * product.b_machine * bytes, product.beta,
        product.c + first * product.c_machine, count, stream);
  }
}

}  // namespace helmholtz::cuda
