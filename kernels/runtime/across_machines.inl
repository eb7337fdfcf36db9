// What across_machines.hpp promises, for any execution policy of Thrust: tests run it on Thrust's
// host system.
//
// No include guard: included into a namespace, after the headers of Thrust that it uses
// and portable.hpp.

struct IsZero {
  HELMHOLTZ_DEVICE_HOST bool operator()(std::uint8_t flag) const { return flag == 0; }
};

template <class Policy>
std::uint32_t select_unflagged(const Policy& policy, const std::uint8_t* flags,
                               std::uint32_t machines, std::uint32_t* numbers) {
  const thrust::counting_iterator<std::uint32_t> first(0);
  const auto* const end =
      thrust::copy_if(policy, first, first + machines, flags, numbers, IsZero());
  return static_cast<std::uint32_t>(end - numbers);
}

template <class Policy>
std::size_t sort_unflagged(const Policy& policy, const std::uint8_t* flags, const double* values,
                           std::uint32_t machines, double* sorted) {
  auto* const end = thrust::copy_if(policy, values, values + machines, flags, sorted, IsZero());
  thrust::sort(policy, sorted, end);
  return static_cast<std::size_t>(end - sorted);
}
