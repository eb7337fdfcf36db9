#include "sweep/replay.hpp"

#include "sweep/paced.hpp"

namespace helmholtz {

std::vector<float> replay(const SweepSpec& spec, std::span<const std::uint64_t> machines,
                          const std::function<bool()>& stop_requested) {
  const auto configurations = spec.configurations();
  const auto configuration = spec.configuration(machines.front() % configurations);
  std::vector<std::uint64_t> seeds;
  for (const auto machine : machines) seeds.push_back(spec.seeds[machine / configurations]);
  const auto trainer =
      make_trainer(spec.resolved_backend(configuration), spec.ensemble(configuration, seeds),
                   {.threads = spec.threads, .devices = spec.devices});
  Pace pace(1);
  const PacedCallbacks callbacks{.stop_requested = stop_requested, .advanced = [](double) {}};
  if (!train_to(spec.steps, *trainer, pace, callbacks)) return {};
  std::vector<float> parameters(machines.size() * trainer->ensemble().topology.parameters());
  trainer->read_parameters(0, machines.size(), parameters);
  return parameters;
}

}  // namespace helmholtz
