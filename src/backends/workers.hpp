#pragma once

#include <cstddef>
#include <functional>

#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

namespace helmholtz {

/// The CPU threads that one trainer uses.
class Workers {
 public:
  /// @param threads  0: all cores
  explicit Workers(int threads)
      : arena_(threads > 0 ? threads : tbb::task_arena::automatic),
        threads_(arena_.max_concurrency()) {}

  [[nodiscard]] int threads() const noexcept { return threads_; }

  /// body(i) for i in [0, count), each index once, in any order on any thread.
  void for_each(std::size_t count, const std::function<void(std::size_t)>& body) const {
    arena_.execute([&] { tbb::parallel_for(std::size_t{0}, count, body); });
  }

 private:
  mutable tbb::task_arena arena_;
  int threads_;
};

}  // namespace helmholtz
