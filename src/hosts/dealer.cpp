#include "hosts/dealer.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace helmholtz::hosts {

namespace {

/// How many times the slowest shard so far one may take before it is dealt again.
constexpr double kPatience = 10;

}  // namespace

Dealer::Dealer(int ranks, Seconds silence, Seconds now)
    : silence_(silence), told_(now), ranks_(static_cast<std::size_t>(ranks), Rank{.heard = now}) {}

void Dealer::add(ShardRange shards) {
  const auto end = shards.first + shards.count;
  if (done_.size() < end) done_.resize(end, true);
  for (auto i = shards.first; i < end; ++i) {
    open_ += done_[i] ? 1 : 0;
    done_[i] = false;
  }
  waiting_.push_back(shards);
  undealt_ += shards.count;
}

void Dealer::begin(std::uint64_t process) {
  begun_ = Message{.kind = Kind::begin, .count = process};
  tell_all(*begun_);
}

void Dealer::end() {
  if (std::exchange(ended_, true)) return;
  tell_all({.kind = Kind::end});
}

void Dealer::tell_all(const Message& message) {
  for (int rank = 1; rank < static_cast<int>(ranks_.size()); ++rank) {
    // One that has said goodbye still waits to hear how all of it ended.
    const bool is_lost = ranks_[static_cast<std::size_t>(rank)].state == State::lost;
    if (!is_lost) letters_.push_back({rank, message});
  }
}

void Dealer::receive(int from, const Message& message, Seconds now) {
  auto& rank = ranks_.at(static_cast<std::size_t>(from));
  rank.heard = now;
  if (rank.state == State::lost) {  // it was silent, no more
    rank.state = rank.before;
    if (ended_) letters_.push_back({from, {.kind = Kind::end}});
    if (begun_ && !ended_) letters_.push_back({from, *begun_});
  }
  switch (message.kind) {
    case Kind::ask:
      wishes_.push_back({from, message.count});
      break;
    case Kind::done:
      finish(from, message, now);
      break;
    case Kind::stop:
      end();
      break;
    case Kind::leave:
      if (first_error_ == 0) first_error_ = static_cast<int>(message.count);
      part_with(from, State::left);
      break;
    case Kind::bye:
      part_with(from, State::gone);
      break;
    default:
      break;
  }
  serve(now);
}

void Dealer::look_at(Seconds now) {
  for (int i = 1; i < static_cast<int>(ranks_.size()); ++i) {
    auto& rank = ranks_[static_cast<std::size_t>(i)];
    const bool is_there = rank.state == State::trains || rank.state == State::left;
    if (!is_there || now <= rank.heard + silence_) continue;
    rank.before = rank.state;
    part_with(i, State::lost);
    lost_.push_back(i);
  }
  for (auto& deal : deals_) {
    if (deal.overdue || !is_overdue(deal, now)) continue;
    take_back(deal);
    deal.overdue = true;
  }
  serve(now);
  if (now < told_ + silence_ / kAlivePerSilence) return;
  told_ = now;
  tell_all({.kind = Kind::alive});
}

/// Without an experience of how long a shard takes, silence alone counts. Each rank that already
/// takes too long for a shard is a sign that it needs more: it doubles what the next one is given.
bool Dealer::is_overdue(const Deal& deal, Seconds now) const {
  if (slowest_ == 0) return false;
  const auto given =
      std::max(silence_, kPatience * slowest_ * static_cast<double>(deal.shards.count));
  const auto taken = now - deal.since;
  if (taken <= given) return false;
  const auto others = std::count_if(deals_.begin(), deals_.end(), [&](const Deal& other) {
    return other.overdue && other.shards.contains(deal.shards.first);
  });
  return taken > std::ldexp(given, static_cast<int>(others));
}

void Dealer::finish(int rank, const Message& done, Seconds now) {
  const auto shard = done.first;
  const auto deal = std::find_if(deals_.begin(), deals_.end(), [&](const Deal& candidate) {
    return candidate.rank == rank && candidate.shards.contains(shard);
  });
  if (deal != deals_.end() && --deal->left == 0) {
    slowest_ = std::max(slowest_, (now - deal->since) / static_cast<double>(deal->shards.count));
    deals_.erase(deal);
  }
  if (shard >= done_.size() || done_[shard]) return;  // someone else was faster
  done_[shard] = true;
  --open_;
  totals_.machines += done.count;
  totals_.diverged += done.diverged;
}

void Dealer::part_with(int rank, State state) {
  ranks_[static_cast<std::size_t>(rank)].state = state;
  std::erase_if(wishes_, [&](const Wish& wish) { return wish.rank == rank; });
  std::erase_if(deals_, [&](const Deal& deal) {
    if (deal.rank == rank && !deal.overdue) take_back(deal);
    return deal.rank == rank;
  });
}

void Dealer::take_back(const Deal& deal) {
  waiting_.push_back(deal.shards);
  undealt_ += deal.shards.count;
}

void Dealer::serve(Seconds now) {
  while (begun_ && !ended_ && !wishes_.empty()) {
    const auto wish = wishes_.front();
    const auto shards = next_shards(std::min(wish.most, fair_share()));
    if (shards.count == 0) return;
    wishes_.pop_front();
    deals_.push_back({.rank = wish.rank, .shards = shards, .left = shards.count, .since = now});
    letters_.push_back(
        {wish.rank, {.kind = Kind::deal, .first = shards.first, .count = shards.count}});
  }
}

/// So many that the last ones are dealt singly: the ranks end together.
std::uint64_t Dealer::fair_share() const {
  return std::max<std::uint64_t>(1, undealt_ / (2 * ranks_.size()));
}

ShardRange Dealer::next_shards(std::uint64_t most) {
  while (!waiting_.empty()) {
    auto& range = waiting_.front();
    ShardRange shards{.first = range.first};
    while (shards.count < std::min(most, range.count) && !done_[shards.first + shards.count]) {
      ++shards.count;
    }
    const auto passed = std::max<std::uint64_t>(shards.count, 1);  // or one that is done
    range = {.first = range.first + passed, .count = range.count - passed};
    undealt_ -= passed;
    if (range.count == 0) waiting_.pop_front();
    if (shards.count > 0) return shards;
  }
  return {};
}

std::vector<Dealer::Letter> Dealer::take_letters() { return std::exchange(letters_, {}); }

std::vector<int> Dealer::take_lost() { return std::exchange(lost_, {}); }

bool Dealer::others_train() const {
  return std::any_of(ranks_.begin() + 1, ranks_.end(),
                     [](const Rank& rank) { return rank.state == State::trains; });
}

bool Dealer::all_gone() const {
  return std::all_of(ranks_.begin() + 1, ranks_.end(), [](const Rank& rank) {
    return rank.state == State::gone || rank.state == State::lost;
  });
}

bool Dealer::is_gone(int rank) const {
  return ranks_[static_cast<std::size_t>(rank)].state == State::gone;
}

bool Dealer::all_said_bye() const {
  return std::all_of(ranks_.begin() + 1, ranks_.end(),
                     [](const Rank& rank) { return rank.state == State::gone; });
}

}  // namespace helmholtz::hosts
