#include "report/interval.hpp"

#include <boost/math/distributions/binomial.hpp>

namespace helmholtz::report {

Share share_of(std::uint64_t count, std::uint64_t n) {
  if (n == 0) return {};
  using Binomial = boost::math::binomial_distribution<double>;
  const auto successes = static_cast<double>(count);
  const auto trials = static_cast<double>(n);
  const double tail = (1 - kConfidence) / 2;
  return {.value = successes / trials,
          .interval = {.low = Binomial::find_lower_bound_on_p(trials, successes, tail),
                       .high = Binomial::find_upper_bound_on_p(trials, successes, tail)}};
}

}  // namespace helmholtz::report
