#include "hosts/mpi_wire.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <optional>

#include <fmt/format.h>

#include "base/plugin_file.hpp"
#include "base/text.hpp"
#include "helmholtz/error.hpp"
#include "hosts/mpi_abi.h"

namespace helmholtz::hosts {

namespace {

#ifndef HELMHOLTZ_MPI_BUILT_PLUGIN
#define HELMHOLTZ_MPI_BUILT_PLUGIN ""
#endif

constexpr io::PluginFile kFile = {.name = "libhelmholtz_mpi.so",
                                  .variable = "HELMHOLTZ_MPI_PLUGIN",
                                  .built = HELMHOLTZ_MPI_BUILT_PLUGIN,
                                  .without = "MPI",
                                  .symbol = HELMHOLTZ_MPI_SYMBOL};

/// How many ranks a launcher has started: Open MPI's, and those that speak PMI (MPICH's, srun).
std::optional<int> launched_ranks() {
  for (const auto* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
    if (const char* value = std::getenv(name)) return text::number<int>(value).value_or(0);
  }
  return std::nullopt;
}

const helmholtz_mpi& functions() {
  const auto [path, symbol] = io::open_plugin(kFile);
  const auto* const table =
      symbol == nullptr ? nullptr : reinterpret_cast<helmholtz_mpi_function>(symbol)();
  if (table == nullptr || table->abi != HELMHOLTZ_MPI_ABI || table->size != sizeof *table ||
      table->place_size != sizeof(helmholtz_mpi_place)) {
    throw NoDevice(fmt::format("{} is of another version", path));
  }
  return *table;
}

class MpiWire final : public Wire {
 public:
  explicit MpiWire(const helmholtz_mpi& mpi) : mpi_(mpi) {
    helmholtz_mpi_place place{};
    if (const auto error = mpi_.start(&place); error != 0) {
      throw NoDevice(fmt::format("MPI does not start: error {}", error));
    }
    place_ = {.rank = place.rank,
              .ranks = place.ranks,
              .local_rank = place.local_rank,
              .local_ranks = place.local_ranks,
              .local_cores = place.local_cores};
    const int launched = launched_ranks().value_or(place_.ranks);
    if (launched != place_.ranks) {
      throw NoDevice(
          fmt::format("{} ranks were started, and {} sees {}: is the launcher of another "
                      "MPI? --shard auto needs none",
                      launched, place.library, place_.ranks));
    }
  }

  [[nodiscard]] const Place& place() const override { return place_; }
  void send(int to, const Message& message) override { mpi_.send(to, &message, sizeof message); }
  std::optional<Received> receive() override {
    Received received;
    received.from = mpi_.receive(&received.message, sizeof received.message);
    return received.from < 0 ? std::nullopt : std::optional(received);
  }
  void close() override { mpi_.finish(); }
  void abandon(int code) override {
    constexpr unsigned kSeconds = 2;
    std::fflush(nullptr);
    if (place_.rank == 0) mpi_.abort(code);
    sleep(kSeconds);  // rank 0 ends all, unless the launcher lets the others go on
    _exit(code);
  }

 private:
  const helmholtz_mpi& mpi_;
  Place place_;
};

}  // namespace

std::unique_ptr<Wire> launched_wire() {
  // PMIX_RANK: srun --mpi=pmix, which says in no variable of its own how many there are.
  if (launched_ranks().value_or(std::getenv("PMIX_RANK") != nullptr ? 2 : 1) == 1) return nullptr;
  auto wire = std::make_unique<MpiWire>(functions());
  if (wire->place().ranks > 1) return wire;
  wire->close();
  return nullptr;
}

}  // namespace helmholtz::hosts
