#include "report/paired.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <boost/math/distributions/binomial.hpp>

namespace helmholtz::report {

namespace {

bool is_better(double a, double b) { return a < b || (!std::isnan(a) && std::isnan(b)); }

double sign_test(std::uint64_t a_better, std::uint64_t b_better) {
  const auto n = static_cast<double>(a_better + b_better);
  if (n == 0) return std::numeric_limits<double>::quiet_NaN();
  const boost::math::binomial_distribution<double> fair(n, 0.5);
  const auto fewer = static_cast<double>(std::min(a_better, b_better));
  return std::min(1.0, 2 * boost::math::cdf(fair, fewer));
}

}  // namespace

PairedComparison compare(std::span<const double> a, std::span<const double> b,
                         const Bootstrap& bootstrap) {
  PairedComparison out{.pairs = std::min(a.size(), b.size())};
  std::vector<double> differences;
  for (std::size_t i = 0; i < out.pairs; ++i) {
    if (is_better(a[i], b[i])) ++out.a_better;
    if (is_better(b[i], a[i])) ++out.b_better;
    if (std::isnan(a[i]) || std::isnan(b[i])) {
      ++out.diverged;
    } else if (std::isinf(a[i]) || std::isinf(b[i])) {
      ++out.infinite;
    } else {
      differences.push_back(a[i] - b[i]);
    }
  }
  std::sort(differences.begin(), differences.end());
  out.difference = describe_sorted(differences);
  out.interquartile_mean = interquartile_mean(differences);
  out.interquartile_mean_interval = bootstrap.interquartile_mean_interval(differences);
  out.a_share = share_of(out.a_better, out.a_better + out.b_better);
  out.p_value = sign_test(out.a_better, out.b_better);
  return out;
}

}  // namespace helmholtz::report
