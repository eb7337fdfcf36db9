#include "base/workers.hpp"

#include <algorithm>

#include <oneapi/tbb/info.h>

#include "base/limits.hpp"

#ifdef __SANITIZE_THREAD__
#include <atomic>
#include <future>
#include <vector>
#else
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>
#endif

namespace helmholtz {

#ifdef __SANITIZE_THREAD__

// ThreadSanitizer cannot see how a TBB that was built without it orders its threads, and would
// report every hand-over as a race. Plain threads show it the races of the bodies themselves.
struct Workers::Pool {
  explicit Pool(int count) : threads(count) {}

  void for_each(std::size_t count, const std::function<void(std::size_t)>& body) const {
    std::atomic<std::size_t> next = 0;
    std::vector<std::future<void>> running;
    for (std::size_t t = 0; t < std::min(static_cast<std::size_t>(threads), count); ++t) {
      running.push_back(std::async(std::launch::async, [&] {
        for (auto i = next++; i < count; i = next++) body(i);
      }));
    }
    for (auto& thread : running) thread.get();
  }

  int threads;
};

#else

struct Workers::Pool {
  explicit Pool(int threads)
      : limit(tbb::global_control::max_allowed_parallelism,
              static_cast<std::size_t>(std::max(threads, tbb::info::default_concurrency()))),
        arena(threads) {}

  void for_each(std::size_t count, const std::function<void(std::size_t)>& body) {
    arena.execute([&] { tbb::parallel_for(std::size_t{0}, count, body); });
  }

  tbb::global_control limit;  // without it, TBB refuses more threads than cores
  tbb::task_arena arena;
};

#endif

Workers::Workers(int threads)
    : threads_(threads > 0 ? threads : limits::default_threads().count),
      pool_(std::make_unique<Pool>(threads_)) {}

Workers::~Workers() = default;

void Workers::for_each(std::size_t count, const std::function<void(std::size_t)>& body) const {
  pool_->for_each(count, body);
}

}  // namespace helmholtz
