#include "app/best_so_far.hpp"

#include <cmath>

#include "report/numbers.hpp"

namespace helmholtz::app {

bool BestSoFar::add(std::uint64_t step, const Evaluation& evaluation) {
  ++since_;
  if (metric_ == nullptr) return false;
  const double value = evaluation.*metric_->value;
  if (std::isnan(value)) return false;
  if (best_ && !(metric_->cost(value) < metric_->cost(best_->value))) return false;
  best_ = {.step = step, .value = value};
  since_ = 0;
  return true;
}

std::string BestSoFar::text() const {
  if (!best_) return "no evaluation of a machine that has not diverged";
  return fmt::format("{} {} nats at step {}", metric_->title, report::decimal(best_->value),
                     report::grouped(best_->step));
}

Json BestSoFar::json() const {
  if (!best_) return {};
  return {{"metric", metric_->name}, {"value", best_->value}, {"step", best_->step}};
}

}  // namespace helmholtz::app
