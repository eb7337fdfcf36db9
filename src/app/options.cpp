#include "app/options.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <type_traits>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "app/parse.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/evaluation.hpp"
#include "helmholtz/trainer.hpp"
#include "model/text.hpp"

namespace helmholtz::app {

/// The flags as the user wrote them: numbers are read by parse(), so that every mistake is reported
/// the same way and nothing wraps silently.
struct RunFlags::Text {
  std::vector<std::string> layers = {"1,6,9"};
  std::vector<std::string> lr = {"0.05"};
  std::vector<std::string> batch = {"1"};
  std::vector<std::string> schedule = {"constant"};
  std::vector<std::string> init = {"zero"};
  std::string world = "kirby3x3";
  std::string lr_generative;
  std::string lr_recognition;
  std::string lr_layer;
  bool mean = false;
  bool nonnegative = false;
  std::string steps = "50000";
  std::string eval_every;
  std::string samples = "0";
  std::string backend = "auto";
  std::string threads = "0";
  std::string device;
  std::string math = "fp32";
  OutputOptions output;
};

void add_output_flags(CLI::App& command, OutputOptions& options) {
  const auto add = [&](const char* flag, bool& value, const char* help) {
    command.add_flag(flag, value, help)->disable_flag_override()->group("Output");
  };
  add("--json", options.json, "JSON lines on stdout, nothing else there");
  add("--quiet", options.quiet, "nothing on stderr but errors");
  add("--no-color", options.no_color, "no colours (as with NO_COLOR set)");
}

namespace {

using Lists = std::vector<std::string>;

/// Adds the flags of one help group to a command.
class Group {
 public:
  Group(CLI::App& command, RunFlags::Arity arity, std::string name)
      : command_(command), arity_(arity), name_(std::move(name)) {}

  void one(const char* flag, std::string& value, const char* type, const char* help) const {
    auto* option = command_.add_option(flag, value, help)->type_name(type)->group(name_);
    if (!value.empty()) option->default_str(value);
  }

  /// @param repeat  how a sweep gets several values
  void list(const char* flag, Lists& values, const char* type, std::string help,
            const char* repeat) const {
    const bool sweeps = arity_ == RunFlags::Arity::list;
    if (sweeps) help += fmt::format("; {}", repeat);
    auto* option = command_.add_option(flag, values, help)->type_name(type)->group(name_);
    option->default_str(values.front())->allow_extra_args(false);
    if (!sweeps) option->expected(1);
  }

  void flag(const char* flag, bool& value, const char* help) const {
    command_.add_flag(flag, value, help)->disable_flag_override()->group(name_);
  }

 private:
  CLI::App& command_;
  RunFlags::Arity arity_;
  std::string name_;
};

}  // namespace

RunFlags::RunFlags(CLI::App& command, Arity arity)
    : command_(command), arity_(arity), text_(std::make_unique<Text>()) {
  auto& t = *text_;
  const Group model(command, arity, "Model");
  model.list("--layers", t.layers, "N,N,...", "units of each layer, top first, the last visible",
             "repeat to sweep");
  model.one("--world", t.world, "WORLD", "what to learn; see helmholtz worlds, or file:PATH");
  model.list("--init", t.init, "INIT",
             "zero, normal:SCALE, visible-bias:marginal, visible-bias:VALUE, joined by +",
             "repeat to sweep");
  model.flag("--nonnegative", t.nonnegative, "keep generative weights into the visible layer >= 0");

  const Group learning(command, arity, "Learning");
  learning.list("--lr", t.lr, "RATE", "learning rate", "a list A,B,... sweeps");
  learning.one("--lr-generative", t.lr_generative, "RATE", "of the generative network alone");
  learning.one("--lr-recognition", t.lr_recognition, "RATE", "of the recognition network alone");
  learning.one("--lr-layer", t.lr_layer, "A,B,...",
               "one rate a layer, top first, for both networks");
  learning.list("--schedule", t.schedule, "S",
                "constant, inverse:DECAY: rate / (1 + DECAY * step), "
                "exponential:GAMMA[:EVERY]: rate * GAMMA^(step/EVERY)",
                "repeat to sweep");
  learning.list("--batch", t.batch, "B", "patterns a step", "a list A,B,... sweeps");
  learning.flag("--mean", t.mean, "average over the batch; without it, the sum");

  const Group run(command, arity, "Run");
  run.one("--steps", t.steps, "N", "training steps; 0 evaluates only");
  run.one("--eval-every", t.eval_every, "N", "steps between evaluations (default: steps / 10)");
  run.one("--samples", t.samples, "N", "generated samples for the sampled KL; 0: exact KL only");
  run.one("--backend", t.backend, "NAME", "see helmholtz backends; auto chooses");
  run.one("--device", t.device, "N,N,...", "GPUs to split the machines over (default: the first)");
  run.one("--math", t.math, "NAME",
          "of cuda-layered: fp32, tf32 (weights rounded to 11 bits), bf16x3 (as exact as fp32)");
  run.one("--threads", t.threads, "N", "CPU threads; 0: all cores");
  add_output_flags(command, t.output);
}

RunFlags::~RunFlags() = default;

bool RunFlags::given(std::string_view flag) const {
  return command_.get_option(fmt::format("--{}", flag))->count() > 0;
}

namespace {

/// A value as it can be sorted.
template <class Value>
auto order_of(const Value& value) {
  if constexpr (std::is_arithmetic_v<Value>) {
    return value;
  } else {
    return value.to_string();
  }
}

/// Every value of a list flag, read by `read`; none twice.
template <class Value>
std::vector<Value> read_each(std::string_view flag, const Lists& texts,
                             const std::function<Value(std::string_view)>& read) {
  std::vector<Value> values;
  std::set<decltype(order_of(std::declval<Value>()))> known;
  for (const auto& text : texts) {
    values.push_back(read(text));
    if (!known.insert(order_of(values.back())).second) {
      throw InvalidArgument(flag, text, "each value once");
    }
  }
  return values;
}

/// A sweep's list flag also takes commas; a single machine has one value.
Lists elements(RunFlags::Arity arity, const Lists& texts) {
  if (arity == RunFlags::Arity::one) return texts;
  Lists parts;
  for (const auto& text : texts) {
    for (const auto part : text::split(text, ',')) parts.emplace_back(part);
  }
  return parts;
}

std::vector<int> parse_devices(std::string_view text) {
  constexpr std::uint64_t kMost = 1023;
  std::vector<int> devices;
  for (const auto part : text::split(text, ',')) {
    devices.push_back(static_cast<int>(parse_integer("device", part, 0, kMost)));
  }
  return devices;
}

std::uint64_t default_eval_every(std::uint64_t steps) {
  return std::max<std::uint64_t>(1, steps / 10);
}

}  // namespace

LearningRateOptions RunFlags::parse_rate_overrides() const {
  LearningRateOptions rates;
  if (given("lr-generative")) rates.generative = parse_rate("lr-generative", text_->lr_generative);
  if (given("lr-recognition")) {
    rates.recognition = parse_rate("lr-recognition", text_->lr_recognition);
  }
  if (given("lr-layer")) {
    for (const auto part : text::split(text_->lr_layer, ',')) {
      rates.per_layer.push_back(parse_rate("lr-layer", part));
    }
  }
  return rates;
}

RunOptions RunFlags::parse() const {
  const auto& t = *text_;
  const auto rate = [](std::string_view s) { return parse_rate("lr", s); };
  const auto batch = [](std::string_view s) {
    return static_cast<int>(parse_integer("batch", s, 1, Ensemble::kMaxBatch));
  };
  const auto steps = parse_integer("steps", t.steps, 0, Trainer::kMaxSteps);
  return {
      .topologies = read_each<Topology>("layers", t.layers, Topology::parse),
      .world = make_world(t.world),
      .rates = read_each<double>("lr", elements(arity_, t.lr), rate),
      .rate_overrides = parse_rate_overrides(),
      .schedules = read_each<Schedule>("schedule", t.schedule, Schedule::parse),
      .initialisations = read_each<Initialisation>("init", t.init, Initialisation::parse),
      .batches = read_each<int>("batch", elements(arity_, t.batch), batch),
      .reduction = t.mean ? BatchReduction::mean : BatchReduction::sum,
      .nonnegative = t.nonnegative,
      .steps = steps,
      .eval_every = given("eval-every")
                        ? parse_integer("eval-every", t.eval_every, 1, Trainer::kMaxSteps)
                        : default_eval_every(steps),
      .samples = parse_integer("samples", t.samples, 0, EvaluationOptions::kMaxSamples),
      .backend = t.backend,
      .threads =
          static_cast<int>(parse_integer("threads", t.threads, 0, TrainerOptions::kMaxThreads)),
      .devices = given("device") ? parse_devices(t.device) : std::vector<int>(),
      .math = parse_matrix_math(t.math),
      .output = t.output,
  };
}

}  // namespace helmholtz::app
