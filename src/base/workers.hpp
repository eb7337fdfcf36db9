#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace helmholtz {

/// The CPU threads that one trainer uses.
class Workers {
 public:
  /// @param threads  0: limits::default_threads(); more than there are cores is allowed
  explicit Workers(int threads);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  [[nodiscard]] int threads() const noexcept { return threads_; }

  /// body(i) for i in [0, count), each index once, in any order on any thread.
  /// An exception from a body comes out here, after the bodies that run have ended.
  void for_each(std::size_t count, const std::function<void(std::size_t)>& body) const;

 private:
  struct Pool;
  int threads_;
  std::unique_ptr<Pool> pool_;
};

}  // namespace helmholtz
