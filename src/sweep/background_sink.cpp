#include "sweep/background_sink.hpp"

#include <utility>

namespace helmholtz {

void BackgroundSink::write(std::vector<Shard> block) {
  finish();
  in_flight_ = std::async(std::launch::async, [this, block = std::move(block)] { hand_on(block); });
}

void BackgroundSink::finish() {
  if (in_flight_.valid()) in_flight_.get();
}

void BackgroundSink::hand_on(const std::vector<Shard>& block) {
  try {
    for (auto* const sink : sinks_) sink->write_all(block);
  } catch (...) {
    failed_ = true;
    throw;
  }
}

}  // namespace helmholtz
