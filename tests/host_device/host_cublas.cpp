// cuBLAS for a device that is the host: the functions of CublasLibrary, products by plain loops.
//
// It is as unkind as it may be. An algorithm sums in pieces, and what it recommends depends on the
// number of machines: who lets a number of machines decide has other bits for another number. The
// first one that it recommends does not suit many machines. What real devices refuse is refused;
// and what some versions refuse to a thread whose stream captures: to recommend.
#include <algorithm>
#include <cstdint>
#include <cstring>

#include "host_device/host_runtime.hpp"
#include "kernels/layered/layered_machine.hpp"
#include "kernels/runtime/cublas_library.hpp"

namespace helmholtz::cuda {
namespace {

struct Layout {
  cudaDataType type;
  std::int64_t rows;
  std::int64_t columns;
  std::int64_t stride;
  std::int32_t count;
  std::int64_t machine;

  [[nodiscard]] std::int64_t size() const { return (columns - 1) * stride + rows; }
};

struct Operation {
  cublasComputeType_t sums;
  cublasOperation_t transpose_a;
};

struct Preference {
  std::uint64_t workspace;
  std::uint32_t reductions;
  std::uint32_t alignment;  // the least of all matrices
};

/// What is in cuBLAS's opaque structure.
struct Algorithm {
  std::int32_t piece;   // numbers of a partial sum
  std::int32_t splits;  // of the sums
  std::int32_t most;    // machines
};

template <class T, class Opaque>
T& in(Opaque* opaque) {
  static_assert(sizeof(T) <= sizeof(Opaque));
  return *reinterpret_cast<T*>(opaque);
}
template <class T, class Opaque>
const T& in(const Opaque* opaque) {
  static_assert(sizeof(T) <= sizeof(Opaque));
  return *reinterpret_cast<const T*>(opaque);
}

template <class Opaque, class T>
cublasStatus_t create(Opaque** out, const T& value) {
  *out = new Opaque{};
  in<T>(*out) = value;
  return CUBLAS_STATUS_SUCCESS;
}
template <class Opaque>
cublasStatus_t destroy_opaque(Opaque* opaque) {
  delete opaque;
  return CUBLAS_STATUS_SUCCESS;
}

/// Copies an attribute of exactly this size.
template <class T>
cublasStatus_t set(T& to, const void* from, std::size_t bytes) {
  if (bytes != sizeof(T)) return CUBLAS_STATUS_INVALID_VALUE;
  std::memcpy(&to, from, bytes);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t create_operation(cublasLtMatmulDesc_t* out, cublasComputeType_t sums,
                                cudaDataType scale) {
  if (scale != CUDA_R_32F) return CUBLAS_STATUS_NOT_SUPPORTED;
  return create(out, Operation{sums, CUBLAS_OP_N});
}
cublasStatus_t set_operation(cublasLtMatmulDesc_t operation,
                             cublasLtMatmulDescAttributes_t attribute, const void* value,
                             std::size_t bytes) {
  if (attribute != CUBLASLT_MATMUL_DESC_TRANSA) return CUBLAS_STATUS_INVALID_VALUE;
  return set(in<Operation>(operation).transpose_a, value, bytes);
}

cublasStatus_t create_layout(cublasLtMatrixLayout_t* out, cudaDataType type, std::uint64_t rows,
                             std::uint64_t columns, std::int64_t stride) {
  return create(out, Layout{type, static_cast<std::int64_t>(rows),
                            static_cast<std::int64_t>(columns), stride, 1, 0});
}
cublasStatus_t set_layout(cublasLtMatrixLayout_t layout, cublasLtMatrixLayoutAttribute_t attribute,
                          const void* value, std::size_t bytes) {
  auto& own = in<Layout>(layout);
  if (attribute == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT) return set(own.count, value, bytes);
  if (attribute == CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET) {
    return set(own.machine, value, bytes);
  }
  return CUBLAS_STATUS_INVALID_VALUE;
}

cublasStatus_t create_preference(cublasLtMatmulPreference_t* out) {
  return create(out, Preference{0, CUBLASLT_REDUCTION_SCHEME_MASK, 256});
}
cublasStatus_t set_preference(cublasLtMatmulPreference_t preference,
                              cublasLtMatmulPreferenceAttributes_t attribute, const void* value,
                              std::size_t bytes) {
  auto& own = in<Preference>(preference);
  switch (attribute) {
    case CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES:
      return set(own.workspace, value, bytes);
    case CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK:
      return set(own.reductions, value, bytes);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES:
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES:
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES:
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES: {
      std::uint32_t bound = 0;
      const auto status = set(bound, value, bytes);
      own.alignment = std::min(own.alignment, bound);
      return status;
    }
    default:
      return CUBLAS_STATUS_INVALID_VALUE;
  }
}

/// The matrices of a product.
struct Matrices {
  Operation operation;
  Layout a;
  Layout b;
  Layout c;

  [[nodiscard]] bool transposed() const { return operation.transpose_a == CUBLAS_OP_T; }
  [[nodiscard]] std::int64_t inner() const { return transposed() ? a.rows : a.columns; }
  [[nodiscard]] bool fit() const {
    const auto fits = [&](const Layout& one) {
      return one.rows > 0 && one.columns > 0 && one.stride >= one.rows && one.count == c.count;
    };
    const auto rows = transposed() ? a.columns : a.rows;
    const bool typed =
        operation.sums == CUBLAS_COMPUTE_32F ? a.type == CUDA_R_16BF : a.type == CUDA_R_32F;
    const bool disjoint = c.count == 1 || c.machine >= c.size();
    return fits(a) && fits(b) && fits(c) && disjoint && typed && a.type == b.type &&
           c.type == CUDA_R_32F && rows == c.rows && b.columns == c.columns && b.rows == inner();
  }
};

cublasStatus_t recommend(cublasLtHandle_t, cublasLtMatmulDesc_t operation, cublasLtMatrixLayout_t a,
                         cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c,
                         cublasLtMatrixLayout_t d, cublasLtMatmulPreference_t preference, int most,
                         cublasLtMatmulHeuristicResult_t* found, int* count) {
  const Matrices of{in<Operation>(operation), in<Layout>(a), in<Layout>(b), in<Layout>(c)};
  if (!of.fit() || c != d) return CUBLAS_STATUS_INVALID_VALUE;
  if (testing::thread_captures()) return CUBLAS_STATUS_INTERNAL_ERROR;
  const auto& wanted = in<Preference>(preference);
  *count = 0;
  const auto add = [&](const Algorithm& algorithm) {
    if (*count >= most) return;
    found[*count] = {};
    in<Algorithm>(&found[(*count)++].algo) = algorithm;
  };
  const int own = 3 + of.c.count % 4;
  if (wanted.reductions != CUBLASLT_REDUCTION_SCHEME_NONE) add({own, 2, 65'535});
  add({own + 4, 1, 2});
  add({own, 1, 65'535});
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t check_algorithm(cublasLtHandle_t, cublasLtMatmulDesc_t operation,
                               cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                               cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                               const cublasLtMatmulAlgo_t* algorithm,
                               cublasLtMatmulHeuristicResult_t* result) {
  const Matrices of{in<Operation>(operation), in<Layout>(a), in<Layout>(b), in<Layout>(c)};
  if (!of.fit() || c != d) return CUBLAS_STATUS_INVALID_VALUE;
  *result = {};
  return of.c.count <= in<Algorithm>(algorithm).most ? CUBLAS_STATUS_SUCCESS
                                                     : CUBLAS_STATUS_NOT_SUPPORTED;
}

cublasStatus_t get_of_algorithm(const cublasLtMatmulAlgo_t* algorithm,
                                cublasLtMatmulAlgoConfigAttributes_t attribute, void* value,
                                std::size_t bytes, std::size_t* written) {
  if (attribute != CUBLASLT_ALGO_CONFIG_SPLITK_NUM || bytes != sizeof(std::int32_t)) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  std::memcpy(value, &in<Algorithm>(algorithm).splits, *written = bytes);
  return CUBLAS_STATUS_SUCCESS;
}

float number(const void* data, cudaDataType type, std::int64_t at) {
  return type == CUDA_R_32F ? static_cast<const float*>(data)[at]
                            : from_bf16(static_cast<const std::uint16_t*>(data)[at]);
}

void multiply(const Matrices& of, std::int32_t piece, const void* a, const void* b, float beta,
              float* c) {  // NOLINT: results
  for (std::int64_t m = 0; m < of.c.count; ++m) {
    const auto term = [&](std::int64_t row, std::int64_t column, std::int64_t i) {
      const auto a_at = of.transposed() ? row * of.a.stride + i : i * of.a.stride + row;
      return number(a, of.a.type, m * of.a.machine + a_at) *
             number(b, of.b.type, m * of.b.machine + column * of.b.stride + i);
    };
    for (std::int64_t column = 0; column < of.c.columns; ++column) {
      for (std::int64_t row = 0; row < of.c.rows; ++row) {
        float sum = 0;
        for (std::int64_t first = 0; first < of.inner(); first += piece) {
          float partial = 0;
          const auto end = std::min(first + piece, of.inner());
          for (auto i = first; i < end; ++i) partial += term(row, column, i);
          sum += partial;
        }
        float& out = c[m * of.c.machine + column * of.c.stride + row];
        out = beta == 0 ? sum : sum + beta * out;
      }
    }
  }
}

cublasStatus_t give_product(cublasLtHandle_t, cublasLtMatmulDesc_t operation, const void* alpha,
                            const void* a, cublasLtMatrixLayout_t a_layout, const void* b,
                            cublasLtMatrixLayout_t b_layout, const void* beta, const void* c,
                            cublasLtMatrixLayout_t c_layout, void* d,
                            cublasLtMatrixLayout_t d_layout, const cublasLtMatmulAlgo_t* algorithm,
                            void* /*workspace*/, std::size_t /*bytes*/, cudaStream_t stream) {
  const Matrices of{in<Operation>(operation), in<Layout>(a_layout), in<Layout>(b_layout),
                    in<Layout>(c_layout)};
  const auto own = in<Algorithm>(algorithm);
  const auto misaligned = [](const void* data) {
    return reinterpret_cast<std::uintptr_t>(data) % 16 != 0;
  };
  if (!of.fit() || c != d || c_layout != d_layout || *static_cast<const float*>(alpha) != 1 ||
      of.c.count > own.most || misaligned(a) || misaligned(b) || misaligned(c)) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  testing::launch_on_host(stream, [=, beta = *static_cast<const float*>(beta)] {
    multiply(of, own.piece, a, b, beta, static_cast<float*>(d));
  });
  return CUBLAS_STATUS_SUCCESS;
}

}  // namespace

const CublasLibrary& CublasLibrary::get() {
  static const CublasLibrary library{
      .get_property =
          [](libraryPropertyType type, int* value) {
            *value = type == MAJOR_VERSION ? CUDART_VERSION / 1000 : CUDART_VERSION % 1000 / 10;
            return CUBLAS_STATUS_SUCCESS;
          },
      .status_string = [](cublasStatus_t) { return "the stand-in refuses"; },
      .create =
          [](cublasLtHandle_t* handle) {
            *handle = nullptr;
            return CUBLAS_STATUS_SUCCESS;
          },
      .destroy = [](cublasLtHandle_t) { return CUBLAS_STATUS_SUCCESS; },
      .matmul = give_product,
      .operation_create = create_operation,
      .operation_destroy = destroy_opaque,
      .operation_set = set_operation,
      .layout_create = create_layout,
      .layout_destroy = destroy_opaque,
      .layout_set = set_layout,
      .preference_create = create_preference,
      .preference_destroy = destroy_opaque,
      .preference_set = set_preference,
      .algorithms = recommend,
      .algorithm_check = check_algorithm,
      .algorithm_get = get_of_algorithm};
  return library;
}

}  // namespace helmholtz::cuda
