#include "helmholtz/optimizer.hpp"

#include <array>
#include <limits>

#include <fmt/format.h>

#include "base/text.hpp"
#include "helmholtz/error.hpp"

namespace helmholtz {

namespace {

/// Rounds to a float below 1.
bool is_decay(double beta) { return beta >= 0 && beta < 1 && static_cast<float>(beta) < 1.0F; }

/// Rounds to a finite float above 0.
bool is_epsilon(double epsilon) {
  return epsilon <= std::numeric_limits<float>::max() && static_cast<float>(epsilon) > 0.0F;
}

bool is_valid(const Optimizer& optimizer) {
  switch (optimizer.kind) {
    case Optimizer::Kind::adam:
      return is_decay(optimizer.beta) && is_decay(optimizer.beta2) && is_epsilon(optimizer.epsilon);
    case Optimizer::Kind::momentum:
      return is_decay(optimizer.beta);
    case Optimizer::Kind::sgd:
      break;
  }
  return true;
}

[[noreturn]] void refuse_optimizer(std::string_view text) {
  throw InvalidArgument("optimizer", text,
                        "sgd, momentum:BETA, adam, adam:BETA,BETA2,EPSILON (0 <= BETA, BETA2 < 1; "
                        "EPSILON > 0; as float32 too)");
}

/// What adam:… says. @throws as refuse_optimizer, naming `text`
Optimizer parse_adam(std::string_view text, std::string_view values) {
  const auto parts = text::split(values, ',');
  if (parts.size() != 3) refuse_optimizer(text);
  std::array<double, 3> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = text::number<double>(parts[i]).value_or(-1);
  }
  return {Optimizer::Kind::adam, numbers[0], numbers[1], numbers[2]};
}

}  // namespace

Optimizer Optimizer::parse(std::string_view text) {
  constexpr std::string_view kMomentum = "momentum:";
  constexpr std::string_view kAdam = "adam:";
  Optimizer optimizer;
  if (text == "adam") {
    optimizer = {Kind::adam, 0.9, 0.999, 1e-8};
  } else if (text.starts_with(kAdam)) {
    optimizer = parse_adam(text, text.substr(kAdam.size()));
  } else if (text.starts_with(kMomentum)) {
    optimizer.kind = Kind::momentum;
    optimizer.beta = text::number<double>(text.substr(kMomentum.size())).value_or(-1);
  } else if (text != "sgd") {
    refuse_optimizer(text);
  }
  if (!is_valid(optimizer)) refuse_optimizer(text);
  return optimizer;
}

std::string Optimizer::to_string() const {
  switch (kind) {
    case Kind::momentum:
      return fmt::format("momentum:{}", text::shortest(beta));
    case Kind::adam:
      return fmt::format("adam:{},{},{}", text::shortest(beta), text::shortest(beta2),
                         text::shortest(epsilon));
    case Kind::sgd:
      break;
  }
  return "sgd";
}

void Optimizer::validate() const {
  if (!is_valid(*this)) refuse_optimizer(to_string());
}

}  // namespace helmholtz
