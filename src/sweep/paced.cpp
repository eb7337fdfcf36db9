#include "sweep/paced.hpp"

namespace helmholtz {

bool train_to(std::uint64_t step, Trainer& trainer, Pace& pace, const PacedCallbacks& callbacks) {
  while (trainer.step() < step) {
    if (callbacks.stop_requested()) return false;
    const auto piece = pace.next(step - trainer.step());
    pace.took(piece, seconds_of([&] { trainer.train(piece); }));
    callbacks.advanced(static_cast<double>(piece) * static_cast<double>(trainer.ensemble().size()));
  }
  return true;
}

bool evaluate_all(Trainer& trainer, EvaluationOptions options, Pace& pace,
                  const PacedCallbacks& callbacks, std::vector<Evaluation>& out) {
  options.stop_requested = callbacks.stop_requested;
  out.resize(trainer.ensemble().size());
  for (std::size_t first = 0; first < out.size();) {
    if (callbacks.stop_requested()) return false;
    const auto piece = static_cast<std::size_t>(pace.next(out.size() - first));
    const auto part = std::span(out).subspan(first, piece);
    bool evaluated = false;
    pace.took(piece, seconds_of([&] { evaluated = trainer.evaluate(options, first, part); }));
    if (!evaluated) return false;
    callbacks.advanced(0);
    first += piece;
  }
  return true;
}

}  // namespace helmholtz
