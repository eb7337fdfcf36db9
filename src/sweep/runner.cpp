#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <future>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/waiting.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/sweep.hpp"
#include "sweep/memory.hpp"
#include "sweep/shard.hpp"
#include "sweep/validate.hpp"

namespace helmholtz {

namespace {

/// The shards of a sweep as the options want them.
class Plan {
 public:
  Plan(const SweepSpec& spec, const SweepOptions& options)
      : machines_(spec.machines()),
        size_(options.shard_machines > 0 ? options.shard_machines : spec.shard_machines()),
        at_once_(machines_at_once(spec, size_) / size_),
        wanted_(spec.shards(size_)) {
    for (std::uint64_t i = 0; i < shards(); ++i) wanted_[i] = !options.wanted || options.wanted(i);
  }

  [[nodiscard]] std::uint64_t shards() const { return wanted_.size(); }
  [[nodiscard]] bool wants(std::uint64_t i) const { return wanted_[i]; }
  [[nodiscard]] std::uint64_t each() const { return size_; }
  /// Shards that are trained at once.
  [[nodiscard]] std::uint64_t at_once() const { return at_once_; }
  [[nodiscard]] std::uint64_t first(std::uint64_t i) const { return i * size_; }
  /// The wanted shards from i on that are trained at once. @return nothing if there are none
  [[nodiscard]] std::optional<ShardRange> block_from(std::uint64_t i) const {
    while (i < shards() && !wants(i)) ++i;
    auto end = i;
    while (end < std::min(shards(), i + at_once_) && wants(end)) ++end;
    return end > i ? std::optional(ShardRange{.first = i, .count = end - i}) : std::nullopt;
  }
  [[nodiscard]] std::uint64_t machines(const ShardRange& range) const {
    return std::min(first(range.first + range.count), machines_) - first(range.first);
  }
  [[nodiscard]] std::uint64_t machines() const {
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < shards(); ++i) sum += wants(i) ? machines({i, 1}) : 0;
    return sum;
  }

 private:
  std::uint64_t machines_;
  std::uint64_t size_;
  std::uint64_t at_once_;
  std::vector<bool> wanted_;  // asked once: a sink's thread may be changing what is wanted
};

/// Consecutive shards that are trained at once.
struct ShardBlock {
  std::uint64_t number = 0;  ///< in the order of writing
  ShardRange shards;
};

/// Trains the blocks of a plan, each by the next thread that is free, and writes them in order: one
/// block on a thread of its own, while the next one is trained.
class BlockRun {
 public:
  BlockRun(const SweepSpec& spec, const SweepOptions& options, std::span<ShardSink* const> sinks)
      : spec_(spec), options_(options), plan_(spec, options), sinks_(sinks) {
    progress_.machine_steps_total =
        static_cast<double>(plan_.machines()) * static_cast<double>(spec.steps);
  }

  SweepOutcome run() {
    std::vector<std::future<void>> others;
    for (std::uint64_t i = 1; i < blocks_at_once(spec_); ++i) {
      others.push_back(std::async(std::launch::async, [this] { train_blocks(); }));
    }
    train_blocks();
    for (auto& other : others) other.get();
    if (failure_) std::rethrow_exception(failure_);
    finish_writing();
    return {.machines = progress_.machines,
            .diverged = progress_.diverged,
            .machine_steps = progress_.machine_steps,
            .stopped = ended_,
            .kernels = std::move(kernels_)};
  }

 private:
  /// What one thread does.
  void train_blocks() {
    ShardTrainer trainer(spec_,
                         {.stop_requested = [this] { return is_to_stop(); },
                          .advanced = [this](double machine_steps) { advance(machine_steps); }});
    while (const auto block = next()) {
      std::optional<std::vector<Shard>> shards;
      try {
        shards = train(trainer, *block);
      } catch (...) {
        fail();
      }
      leave();
      hand_on(*block, std::move(shards));
    }
    const std::scoped_lock lock(order_);
    kernels_.insert(trainer.kernels().begin(), trainer.kernels().end());
  }

  /// A block for which the others leave too little of a device's memory is trained after them, and
  /// from then on every block is alone.
  std::optional<std::vector<Shard>> train(ShardTrainer& trainer, const ShardBlock& block) {
    const auto first = plan_.first(block.shards.first);
    const auto machines = plan_.machines(block.shards);
    try {
      return trainer.train(first, machines, plan_.each());
    } catch (const OutOfDeviceMemory&) {
      if (!wait_until_alone()) throw;
    }
    return trainer.train(first, machines, plan_.each());
  }

  std::optional<ShardBlock> next() {
    std::unique_lock lock(order_);
    if (ended_ || (alone_ && at_work_ > 0)) return std::nullopt;
    const auto shards = options_.deal ? dealt(lock) : plan_.block_from(next_shard_);
    if (!shards) return std::nullopt;
    next_shard_ = shards->first + shards->count;
    ++at_work_;
    return ShardBlock{next_block_++, *shards};
  }

  /// It may wait: meanwhile others work.
  std::optional<ShardRange> dealt(std::unique_lock<std::mutex>& lock) {
    lock.unlock();
    const auto shards =
        options_.deal(plan_.at_once(), [this] { return write_failed_ || ended_.load(); });
    const bool is_stopped = !shards && is_to_stop();
    lock.lock();
    ended_ = ended_ || is_stopped;
    wait_until(changed_, lock, [&] { return !alone_ || at_work_ == 0; });
    return shards;
  }

  void leave() {
    const std::scoped_lock lock(order_);
    --at_work_;
    changed_.notify_all();
  }

  /// @return false if there was no other block at work
  bool wait_until_alone() {
    std::unique_lock lock(order_);
    if (alone_ && at_work_ == 1) return false;
    alone_ = true;
    --at_work_;
    changed_.notify_all();
    wait_until(changed_, lock, [&] { return at_work_ == 0; });
    ++at_work_;
    return true;
  }

  /// In its turn. @param shards  nothing if training ended early: then no further block begins
  void hand_on(const ShardBlock& block, std::optional<std::vector<Shard>> shards) {
    {
      std::unique_lock lock(order_);
      ended_ = ended_ || !shards;
      wait_until(changed_, lock, [&] { return turn_ == block.number; });
    }
    try {
      if (shards) write(std::move(*shards));
    } catch (...) {
      fail();
    }
    const std::scoped_lock lock(order_);
    ++turn_;
    changed_.notify_all();
  }

  void write(std::vector<Shard> shards) {
    {
      const std::scoped_lock lock(callbacks_);
      for (const auto& shard : shards) {
        progress_.machines += shard.machines();
        progress_.diverged += shard.count_diverged();
      }
    }
    finish_writing();
    writing_ = std::async(std::launch::async, [this, shards = std::move(shards)] {
      try {
        for (auto* const sink : sinks_) sink->write_all(shards);
      } catch (...) {
        write_failed_ = true;
        throw;
      }
    });
    advance(0);
  }

  /// Waits until all is written. @throws what a sink threw
  void finish_writing() {
    if (writing_.valid()) writing_.get();
  }

  /// Keeps the exception at hand, if it is the first.
  void fail() {
    const std::scoped_lock lock(order_);
    if (!failure_) failure_ = std::current_exception();
    ended_ = true;
  }

  bool is_to_stop() {
    if (write_failed_ || ended_) return true;
    const std::scoped_lock lock(callbacks_);
    return options_.stop_requested && options_.stop_requested();
  }

  void advance(double machine_steps) {
    const std::scoped_lock lock(callbacks_);
    progress_.machine_steps += machine_steps;
    if (options_.progress) options_.progress(progress_);
  }

  const SweepSpec& spec_;
  const SweepOptions& options_;
  const Plan plan_;

  std::mutex callbacks_;  // guards progress_, and the options' functions
  SweepProgress progress_;

  std::mutex order_;  // guards what follows
  std::condition_variable changed_;
  std::uint64_t next_shard_ = 0;
  std::uint64_t next_block_ = 0;
  std::uint64_t turn_ = 0;  ///< number of the block that is written next
  int at_work_ = 0;         ///< blocks that are being trained
  bool alone_ = false;      ///< one block at a time is all that a device has room for
  std::atomic<bool> ended_ = false;
  std::exception_ptr failure_;
  std::set<std::string> kernels_;

  const std::span<ShardSink* const> sinks_;
  std::atomic<bool> write_failed_ = false;
  std::future<void> writing_;  // of the thread whose turn it is; last: its destructor waits
};

}  // namespace

SweepOutcome run_sweep(const SweepSpec& spec, const SweepOptions& options,
                       std::span<ShardSink* const> sinks) {
  auto here = spec;
  if (options.threads > 0) here.threads = options.threads;
  if (!options.devices.empty()) here.devices = options.devices;
  validate(here, options.shard_machines);
  return BlockRun(here, options, sinks).run();
}

Shard run_sweep(const SweepSpec& spec, const SweepOptions& options) {
  struct Collector : ShardSink {
    explicit Collector(const SweepSpec& spec)
        : all(0, 0, spec.evaluations(), spec.evaluation_options()) {}
    void write(const Shard& shard) override { all.append(shard); }
    Shard all;
  } collector(spec);
  const std::array<ShardSink*, 1> sinks = {&collector};
  run_sweep(spec, options, sinks);
  return std::move(collector.all);
}

}  // namespace helmholtz
