#include "app/evaluation_output.hpp"

#include <cmath>

#include <fmt/format.h>

#include "app/json.hpp"

namespace helmholtz::app {

namespace {

/// Wide enough to compare two programs by; "-" where there is no value.
std::string nats(double value) { return std::isnan(value) ? "-" : fmt::format("{:.12f}", value); }

}  // namespace

std::string evaluation_json(std::uint64_t step, const Evaluation& evaluation,
                            std::uint64_t samples) {
  const bool sampled = samples > 0 && !evaluation.diverged;
  Json json = {{"step", step},
               {"kl_exact", evaluation.kl_exact},
               {"kl_sampled", evaluation.kl_sampled},
               {"unseen", sampled ? Json(evaluation.unseen) : Json(nullptr)}};
  if (std::isinf(evaluation.kl_sampled)) json["infinite"] = true;
  if (evaluation.diverged) json["diverged"] = true;
  return json_text(json);
}

std::string evaluation_header() {
  return fmt::format("{:>15}{:>18}{:>18}{:>8}", "step", "KL exact", "KL sampled", "unseen");
}

std::string evaluation_row(std::uint64_t step, const Evaluation& evaluation,
                           std::uint64_t samples) {
  if (evaluation.diverged) return fmt::format("{:>15}{:>18}", step, "diverged");
  const auto unseen = samples > 0 ? std::to_string(evaluation.unseen) : "-";
  return fmt::format("{:>15}{:>18}{:>18}{:>8}", step, nats(evaluation.kl_exact),
                     nats(evaluation.kl_sampled), unseen);
}

}  // namespace helmholtz::app
