#include "base/blas.hpp"

#include <mutex>
#include <string_view>

#include <cblas.h>
#include <fmt/format.h>

namespace helmholtz::blas {

namespace {

int count(std::size_t n) { return static_cast<int>(n); }

/// OpenBLAS has one thread count a process, so those who change it share a record of it.
struct SharedSetting {
  std::mutex mutex;
  int users = 0;
  int threads_before = 1;
};

SharedSetting& shared_setting() {
  static SharedSetting setting;
  return setting;
}

}  // namespace

void activities(const ConstMatrix& weights, const ConstMatrix& inputs, const Matrix& activities) {
  if (inputs.columns == 1) {
    cblas_sgemv(CblasRowMajor, CblasNoTrans, count(weights.rows), count(weights.columns), 1.0F,
                weights.data, count(weights.stride), inputs.data, count(inputs.stride), 0.0F,
                activities.data, count(activities.stride));
    return;
  }
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, count(weights.rows), count(inputs.columns),
              count(weights.columns), 1.0F, weights.data, count(weights.stride), inputs.data,
              count(inputs.stride), 0.0F, activities.data, count(activities.stride));
}

void learn(float rate, const ConstMatrix& errors, const ConstMatrix& inputs,
           const Matrix& weights) {
  if (errors.columns == 1) {
    cblas_sger(CblasRowMajor, count(weights.rows), count(weights.columns), rate, errors.data,
               count(errors.stride), inputs.data, count(inputs.stride), weights.data,
               count(weights.stride));
    return;
  }
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, count(weights.rows), count(weights.columns),
              count(errors.columns), rate, errors.data, count(errors.stride), inputs.data,
              count(inputs.stride), 1.0F, weights.data, count(weights.stride));
}

void learn_bias(float rate, const ConstMatrix& errors, const float* ones, float* bias) {
  cblas_sgemv(CblasRowMajor, CblasNoTrans, count(errors.rows), count(errors.columns), rate,
              errors.data, count(errors.stride), ones, 1, 1.0F, bias, 1);
}

SingleThreaded::SingleThreaded() {
  auto& setting = shared_setting();
  const std::lock_guard lock(setting.mutex);
  if (setting.users++ > 0) return;
  setting.threads_before = openblas_get_num_threads();
  openblas_set_num_threads(1);
}

SingleThreaded::~SingleThreaded() {
  auto& setting = shared_setting();
  const std::lock_guard lock(setting.mutex);
  if (--setting.users == 0) openblas_set_num_threads(setting.threads_before);
}

std::string name() {
  const std::string_view config = openblas_get_config();
  const auto version_end = config.find(' ', config.find(' ') + 1);
  return fmt::format("{} ({})", config.substr(0, version_end), openblas_get_corename());
}

}  // namespace helmholtz::blas
