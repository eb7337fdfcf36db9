// Optimisers that keep means: updates worked by hand, and whole runs against an oracle in double.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "backends/reference/means.hpp"
#include "backends/registry.hpp"
#include "helmholtz/backends.hpp"
#include "helmholtz/trainer.hpp"
#include "model/exact_scalar.hpp"
#include "step/update_at.hpp"
#include "support/one_step.hpp"
#include "support/random_ensemble.hpp"

namespace helmholtz {
namespace {

#define HELMHOLTZ_FN inline
#include "step/update.inl"
#undef HELMHOLTZ_FN

using exact::Scalar;
using testing::random_ensemble;

struct Worked {
  const char* optimizer;
  std::vector<float> gradients;   // of updates 1, 2, …
  std::vector<double> parameter;  // after each, from 0 at rate 1/2
};

// momentum, beta 1/2: v = 1/2, then 1/4 - 1/4 = 0, then 1/2.
//
// adam, beta 1/2, beta2 3/4, epsilon 1:
// 1. m = 1/2, m^ = m / (1 - 1/2) = 1; v = 1/4, v^ = v / (1 - 3/4) = 1; direction 1 / (1 + 1).
// 2. m = 1/4 - 1 = -3/4, m^ = m / (1 - 1/4) = -1; v = 3/16 + 1 = 19/16, v^ = v / (1 - 9/16) =
//    19/7, whose root is 1.6475089; direction -1 / 2.6475089 = -0.3777135.
const std::vector<Worked>& worked() {
  static const std::vector<Worked> all = {
      {"momentum:0.5", {1, -0.5F, 1}, {0.25, 0.25, 0.5}},
      {"adam:0.5,0.75,1", {1, -2}, {0.25, 0.25 - 0.3777135 / 2}}};
  return all;
}

TEST(Optimizer, FollowsTheWorkedGradientsInTheReference) {
  for (const auto& [optimizer, gradients, parameter] : worked()) {
    std::array<float, 2> state = {};
    const auto parsed = Optimizer::parse(optimizer);
    const auto floats = static_cast<std::size_t>(parsed.means());
    reference::Means<float> means(parsed, std::span(state).first(floats), 0);
    float w = 0;
    for (std::size_t t = 0; t < gradients.size(); ++t) {
      means.begin_step(t);
      w += 0.5F * means.direction(0, gradients[t]);
      EXPECT_NEAR(w, parameter[t], 1e-7) << optimizer << " step " << t;
    }
  }
}

TEST(Optimizer, FollowsTheWorkedGradientsInEveryOtherBackendsFormula) {
  for (const auto& [optimizer, gradients, parameter] : worked()) {
    float w = 0;
    float mean = 0;
    float square = 0;
    for (std::size_t t = 0; t < gradients.size(); ++t) {
      const auto update = step::update_at(Optimizer::parse(optimizer), t);
      w = update.means == 1 ? moved_by_momentum<Scalar>(update, 0.5F, w, gradients[t], mean)
                            : moved_by_adam<Scalar>(update, 0.5F, w, gradients[t], mean, square);
      EXPECT_NEAR(w, parameter[t], 1e-7) << optimizer << " step " << t;
    }
  }
}

TEST(Optimizer, CorrectsMeansUntilNothingIsLeftToCorrect) {
  const auto adam = Optimizer::parse("adam");
  const double beta2 = 0.999F;
  EXPECT_FLOAT_EQ(step::update_at(adam, 0).correction, 1 / (1 - 0.9F));
  EXPECT_EQ(step::update_at(adam, 1).correction2, static_cast<float>(1 / (1 - beta2 * beta2)));
  EXPECT_EQ(step::update_at(adam, Trainer::kMaxSteps).correction2, 1.0F);
}

/// Networks that learn one after the other in a step.
struct Part {
  std::size_t begin;
  std::size_t end;
  bool generative;
};

/// A machine whose optimiser is written here again, in double. Gradients come from the reference by
/// the delta rule alone: what a step of sgd at rate 1 adds to the parameters.
class Oracle {
 public:
  explicit Oracle(Ensemble ensemble) : ensemble_(std::move(ensemble)) {
    std::vector<float> start(ensemble_.topology.parameters());
    initial_parameters(ensemble_, 0, start);
    w_.assign(start.begin(), start.end());
    m_.assign(start.size(), 0);
    v_.assign(start.size(), 0);
  }

  void step(std::uint64_t t) {
    const auto middle = ensemble_.topology.generative_parameters();
    for (const auto& part : {Part{0, middle, true}, Part{middle, w_.size(), false}}) {
      const auto gradients = gradient(t, part.generative);
      for (auto k = part.begin; k < part.end; ++k) w_[k] += rate() * direction(k, gradients[k], t);
    }
  }

  [[nodiscard]] const std::vector<double>& parameters() const { return w_; }

 private:
  [[nodiscard]] double rate() const { return ensemble_.settings[0].rates.generative[0]; }

  double direction(std::size_t k, double g, std::uint64_t t) {
    const auto& o = ensemble_.settings[0].optimizer;
    m_[k] = o.beta * m_[k] + (1 - o.beta) * g;
    if (o.kind == Optimizer::Kind::momentum) return m_[k];
    v_[k] = o.beta2 * v_[k] + (1 - o.beta2) * g * g;
    const auto n = static_cast<double>(t + 1);
    const double m = m_[k] / (1 - std::pow(o.beta, n));
    const double v = v_[k] / (1 - std::pow(o.beta2, n));
    return m / (std::sqrt(v) + o.epsilon);
  }

  [[nodiscard]] std::vector<double> gradient(std::uint64_t t, bool generative) const {
    auto sgd = ensemble_;
    auto& setting = sgd.settings[0];
    setting.optimizer = {};
    for (auto& rate : setting.rates.generative) rate = generative ? 1 : 0;
    for (auto& rate : setting.rates.recognition) rate = generative ? 0 : 1;
    auto trainer = make_trainer(sgd, {.backend = "reference", .threads = 1});
    const std::vector<float> before(w_.begin(), w_.end());
    trainer.write_parameters(0, 1, before);
    trainer.set_step(t);
    trainer.train(1);
    const auto after = trainer.parameters(0);
    std::vector<double> difference(w_.size());
    for (std::size_t k = 0; k < difference.size(); ++k) {
      difference[k] = static_cast<double>(after[k]) - before[k];
    }
    return difference;
  }

  Ensemble ensemble_;
  std::vector<double> w_;
  std::vector<double> m_;
  std::vector<double> v_;
};

// If the same units fire, a run's distance e from the oracle grows per step by
// - 2^-25, the rounding of a parameter below 1;
// - rate (1 + |direction|) / epsilon times the gradients' distance: the mean of g and the root of
// the
//   mean of g^2 are both off by at most as much, and a direction, for these betas, is below 3;
// - and gradients, three rows' errors, are off by 2^-21 for their roundings, and for parameters off
//   by e by 3 * 7 / 4 e, with up to seven parameters behind a probability.
// With rate 0.01 and epsilon 1, e' < 1.21 e + 2^-25 + 0.04 * 2^-21: below 2^-16 after 20 steps.
// Momentum's directions are means, with 1 in place of (1 + |direction|) / epsilon.
TEST(Optimizer, FollowsTheOracleOverARun) {
  constexpr double kTolerance = 0x1p-16;
  for (const auto* const optimizer : {"momentum:0.9", "adam:0.9,0.99,1"}) {
    for (const auto reduction : {BatchReduction::sum, BatchReduction::mean}) {
      auto ensemble = random_ensemble({2, 5, 6}, 3, 1);
      ensemble.reduction = reduction;
      ensemble.settings[0].optimizer = Optimizer::parse(optimizer);
      ensemble.settings[0].rates = LearningRateOptions{.rate = 0.01}.resolve(ensemble.topology);
      Oracle oracle(ensemble);
      auto trainer = make_trainer(ensemble, {.backend = "reference", .threads = 1});
      trainer.train(20);
      const auto start = oracle.parameters();
      for (std::uint64_t t = 0; t < 20; ++t) oracle.step(t);
      const auto off = testing::distance(trainer.parameters(0), oracle.parameters());
      fmt::print("{}: {:.1e} off after a way of {:.2f}\n", optimizer, off,
                 testing::distance(start, oracle.parameters()));
      EXPECT_TRUE(off <= kTolerance) << optimizer << ": " << off;
    }
  }
}

}  // namespace
}  // namespace helmholtz
