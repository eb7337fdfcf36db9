#include <algorithm>
#include <cstdio>
#include <unordered_map>

#include "app/commands.hpp"
#include "app/interrupt.hpp"
#include "helmholtz/evaluation.hpp"
#include "helmholtz/machine_file.hpp"
#include "report/draw.hpp"
#include "report/terminal.hpp"

namespace helmholtz::app {

namespace {

using report::Bits;
using report::digits;

struct SampleFlags {
  explicit SampleFlags(CLI::App& command) {
    add_text(command, "--from", from, {"a machine that helmholtz train --save wrote", "FILE"});
    add_text(command, "--count", count, {"how many patterns", "N"});
    add_switch(command, "--plain", plain,
               {.help = "one line of 0 and 1 per pattern, nothing else", .group = "Output"});
    add_output_flags(command, output);
  }

  std::string from;
  std::string count = "10";
  bool plain = false;
  OutputOptions output;
};

/// Counts how often each of the world's patterns comes; rows of data are none.
class Tally {
 public:
  explicit Tally(const World& world) : world_(world), counts_(world.is_data() ? 0 : world.size()) {
    for (std::size_t k = 0; k < counts_.size(); ++k)
      index_[digits(report::pattern_bits(world, k))] = k;
  }

  /// @return the pattern's number in the world, if it has one
  std::optional<std::size_t> add(const Bits& bits) {
    ++samples_;
    const auto known = index_.find(digits(bits));
    if (known == index_.end()) return std::nullopt;
    ++counts_[known->second];
    ++on_support_;
    return known->second;
  }

  [[nodiscard]] Json to_json(bool stopped) const {
    Json json = {{"done", true}, {"samples", samples_}};
    if (!world_.is_data()) {
      json["off_support"] = samples_ - on_support_;
      json["counts"] = counts_;
    }
    if (stopped) json["stopped"] = true;
    return json;
  }

  [[nodiscard]] std::string summary() const {
    const auto seen = counts_.size() - static_cast<std::size_t>(std::ranges::count(counts_, 0U));
    return fmt::format("{} of {} samples are patterns of {}; {} of its {} patterns were seen",
                       on_support_, samples_, world_.name(), seen, counts_.size());
  }

  /// The world's patterns, each with its share of the samples and its probability.
  [[nodiscard]] std::string drawn() const {
    std::vector<report::Drawing> drawings;
    for (std::size_t k = 0; k < counts_.size(); ++k) {
      const double share = static_cast<double>(counts_[k]) / static_cast<double>(samples_);
      drawings.push_back(
          {.bits = report::pattern_bits(world_, k),
           .caption = fmt::format("{:.3f} ({:.3f})", share, world_.probabilities()[k])});
    }
    return report::draw_patterns(drawings, world_.shape(), report::terminal_columns(stdout));
  }

 private:
  const World& world_;
  std::unordered_map<std::string, std::size_t> index_;
  std::vector<std::uint64_t> counts_;
  std::uint64_t samples_ = 0;
  std::uint64_t on_support_ = 0;
};

void print_samples(const std::vector<Bits>& samples, std::uint64_t first, const SampleFlags& flags,
                   ImageShape shape, Tally& tally) {
  std::string lines;
  std::vector<report::Drawing> drawings;
  for (const auto& bits : samples) {
    const auto k = tally.add(bits);
    if (flags.output.json) {
      lines += json_text(
          {{"sample", first++}, {"pattern", digits(bits)}, {"world_pattern", json_or_null(k)}});
      lines += '\n';
    } else if (flags.plain) {
      lines += digits(bits) + '\n';
    } else {
      drawings.push_back({.bits = bits, .caption = {}});
    }
  }
  print(lines + report::draw_patterns(drawings, shape, report::terminal_columns(stdout)));
}

void print_summary(const Tally& tally, bool stopped, const SampleFlags& flags, const World& world) {
  constexpr std::size_t kMostDrawn = 64;
  if (flags.output.json) {
    print_json(tally.to_json(stopped));
  } else if (!flags.plain && !world.is_data()) {
    print_line("\n{}", tally.summary());
    if (world.size() > kMostDrawn) return;
    print_line("share of the samples (probability in the world):\n");
    print(tally.drawn());
  }
}

ExitCode sample(const SampleFlags& flags) {
  if (flags.plain && flags.output.json) {
    throw InvalidArgument("plain", "true", "--plain or --json, not both");
  }
  constexpr std::uint64_t kBlock = 1024;
  constexpr std::uint64_t kWork = std::uint64_t{1} << 28U;  // multiply-adds between signals' checks
  const auto count = parse_integer("count", flags.count, 1, EvaluationOptions::kMaxSamples);
  if (flags.from.empty()) {
    throw InvalidArgument("from", "", "a file that helmholtz train --save has written");
  }
  const auto machine = load_machine(flags.from);
  if (has_diverged(machine.parameters)) throw BadData(flags.from, "holds a diverged machine");
  const auto& world = machine.ensemble.world;
  const auto& topology = machine.ensemble.topology;
  const auto block = std::clamp<std::uint64_t>(kWork / topology.generative_parameters(), 1, kBlock);
  catch_interrupts();
  Tally tally(world);
  std::uint64_t first = 0;
  do {
    const auto samples =
        generate_patterns(topology, machine.parameters, machine.ensemble.machines.front().seed,
                          machine.step, first, std::min(block, count - first));
    print_samples(report::split_patterns(samples, topology.visible_units()), first, flags,
                  world.shape(), tally);
    first += block;
  } while (first < count && !interrupted());
  const bool stopped = first < count;
  print_summary(tally, stopped, flags, world);
  return stopped ? ExitCode::stopped : ExitCode::ok;
}

}  // namespace

Command add_sample(CLI::App& program) {
  return make_command(
      program,
      {.name = "sample",
       .summary = "print patterns that a trained machine generates",
       .footer = "The samples are those that the machine's sampled KL is computed from.\n\n"
                 "Examples:\n"
                 "  helmholtz sample --from machine.h5 --count 1000\n"
                 "  helmholtz sample --from machine.h5 --count 100000 --plain > patterns.txt\n"},
      sample);
}

}  // namespace helmholtz::app
