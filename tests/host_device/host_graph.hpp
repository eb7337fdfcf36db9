#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <random>
#include <utility>
#include <vector>

/// What streams capture, for host_runtime.hpp.
namespace helmholtz::testing {

/// Pieces of work, each after some of those before it.
class HostGraph {
 public:
  using Pieces = std::vector<std::size_t>;

  std::size_t add(std::function<void()> run, Pieces after) {
    work_.push_back({std::move(run), std::move(after)});
    return work_.size() - 1;
  }

  /// Does all of it, in an order drawn at random of those that it allows.
  void run(std::mt19937& random) const {
    std::vector<bool> done(work_.size());
    for (std::size_t i = 0; i < work_.size(); ++i) {
      Pieces ready;
      for (std::size_t k = 0; k < work_.size(); ++k) {
        if (!done[k] && all_of(work_[k].after, done)) ready.push_back(k);
      }
      const auto next = ready[random() % ready.size()];
      if (work_[next].run) work_[next].run();
      done[next] = true;
    }
  }

  /// Whether whoever comes after `last` comes after all of `pieces` too.
  [[nodiscard]] bool come_before(const Pieces& pieces, const Pieces& last) const {
    std::vector<bool> before(work_.size());
    for (const auto k : last) before[k] = true;
    for (auto k = work_.size(); k-- > 0;) {
      if (!before[k]) continue;
      for (const auto earlier : work_[k].after) before[earlier] = true;
    }
    return all_of(pieces, before);
  }

 private:
  struct Piece {
    std::function<void()> run;
    Pieces after;
  };

  static bool all_of(const Pieces& pieces, const std::vector<bool>& set) {
    return std::ranges::all_of(pieces, [&](auto k) { return set[k]; });
  }

  std::vector<Piece> work_;
};

/// What a stream that captures has come to, or an event that it has recorded.
struct HostCapture {
  std::shared_ptr<HostGraph> graph = nullptr;  ///< null: it does not capture
  HostGraph::Pieces last = {};                 ///< what comes next comes after these
  bool is_valid = true;

  void give(std::function<void()> run) { last = {graph->add(std::move(run), std::move(last))}; }
  /// What comes next comes after what the other has come to, too; joins the other's capture.
  void wait_for(const HostCapture& other) {
    graph = other.graph;
    last.insert(last.end(), other.last.begin(), other.last.end());
  }
};

}  // namespace helmholtz::testing
