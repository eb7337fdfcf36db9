#include "app/success_flag.hpp"

#include <cmath>

#include <CLI/CLI.hpp>

#include "base/text.hpp"
#include "helmholtz/error.hpp"

namespace helmholtz::app {

SuccessFlag::SuccessFlag(CLI::App& command) {
  command
      .add_option("--success-below", text_,
                  "report the share of machines whose KL is below NATS; a diverged machine is none "
                  "of them")
      ->type_name("NATS")
      ->group("Output")
      ->configurable(false);
}

std::optional<double> SuccessFlag::parse() const {
  if (!text_) return std::nullopt;
  const auto value = text::number<double>(*text_);
  if (!value || !std::isfinite(*value) || *value <= 0) {
    throw InvalidArgument("success-below", *text_, "a finite number of nats above 0");
  }
  return value;
}

}  // namespace helmholtz::app
