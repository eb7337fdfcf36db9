#include "app/commands.hpp"
#include "helmholtz/world.hpp"
#include "report/draw.hpp"
#include "report/terminal.hpp"

namespace helmholtz::app {

namespace {

/// A world of the list, but for those that need a file.
std::optional<World> made(const WorldInfo& info) {
  if (info.name.starts_with("file:")) return std::nullopt;
  return make_world(info.name);
}

Json world_json(const WorldInfo& info) {
  Json json = {{"name", info.name}};
  if (const auto world = made(info)) {
    json["units"] = world->visible_units();
    json["rows"] = world->shape().rows;
    json["columns"] = world->shape().columns;
    json["patterns"] = world->size();
    json["entropy"] = world->entropy();
  }
  json["summary"] = info.summary;
  return json;
}

std::string world_row(const WorldInfo& info) {
  const auto world = made(info);
  if (!world)
    return fmt::format("{:<12}{:>6}{:>10}{:>10}  {}", info.name, "", "", "", info.summary);
  return fmt::format("{:<12}{:>6}{:>10}{:>10.4f}  {}", info.name, world->visible_units(),
                     world->size(), world->entropy(), info.summary);
}

ExitCode print_worlds(const OutputOptions& output) {
  if (!output.json) {
    print_line("{:<12}{:>6}{:>10}{:>10}  {}", "name", "units", "patterns", "entropy",
               "what (entropy in nats)");
  }
  for (const auto& info : list_worlds())
    print_line(output.json ? json_text(world_json(info)) : world_row(info));
  return ExitCode::ok;
}

ExitCode print_world(const World& world, const OutputOptions& output) {
  std::vector<report::Drawing> drawings;
  for (std::size_t k = 0; k < world.size(); ++k) {
    const double probability = world.probabilities()[k];
    drawings.push_back(
        {.bits = report::pattern_bits(world, k), .caption = fmt::format("{:.4g}", probability)});
    if (!output.json) continue;
    print_json({{"pattern", report::digits(drawings.back().bits)}, {"probability", probability}});
  }
  if (output.json) return ExitCode::ok;
  print_line("{}: {} patterns of {} units, entropy {:.4f} nats; probability below each\n",
             shown(world.name()), world.size(), world.visible_units(), world.entropy());
  print(report::draw_patterns(drawings, world.shape(), report::terminal_columns(stdout)));
  return ExitCode::ok;
}

struct WorldsFlags {
  explicit WorldsFlags(CLI::App& command) {
    command.add_option("WORLD", name, "draw this one: a name, or file:PATH");
    add_output_flags(command, output);
  }
  std::optional<std::string> name;
  OutputOptions output;
};

ExitCode run_worlds(const WorldsFlags& flags) {
  return flags.name ? print_world(make_world(*flags.name), flags.output)
                    : print_worlds(flags.output);
}

}  // namespace

Command add_worlds(CLI::App& program) {
  return make_command(program,
                      {.name = "worlds",
                       .summary = "list the worlds, or draw the patterns of one",
                       .footer = "Examples:\n"
                                 "  helmholtz worlds\n"
                                 "  helmholtz worlds bars4x4\n"
                                 "  helmholtz worlds file:my-patterns.txt\n"},
                      run_worlds);
}

}  // namespace helmholtz::app
