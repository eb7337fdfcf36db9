#include "hosts/team.hpp"

#include <unistd.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/waiting.hpp"

namespace helmholtz::hosts {

namespace {

using std::chrono::milliseconds;

/// How often messages are looked for: MPI would wait for them at the cost of a core.
constexpr milliseconds kWaiting{1};
constexpr milliseconds kTraining{20};
constexpr milliseconds kStopChecks{50};
constexpr int kFailed = 74;

}  // namespace

Team::Team(std::unique_ptr<Wire> wire, Options options)
    : wire_(std::move(wire)), options_(std::move(options)), place_(wire_->place()) {
  if (place_.rank == 0) dealer_.emplace(place_.ranks, options_.silence, now());
  postman_ = std::thread([this] { run(); });
}

Team::~Team() {
  if (postman_.joinable()) finish(kFailed);
}

/// Of a suspension so much counts that `alive` is due to all at once.
double Team::now() {
  const auto time = Clock::now();
  const std::chrono::duration<double> passed = time - std::exchange(looked_, time);
  now_ += std::min(passed.count(), options_.silence / kAlivePerSilence);
  return now_;
}

void Team::run() {
  for (Lock lock(state_); !over_;) {
    exchange();
    const auto lost = std::exchange(lost_, {});
    const bool is_awaited = dealer_ || !wishes_.empty() || ended_;
    changed_.notify_all();
    lock.unlock();
    for (const int rank : lost) options_.lost(rank);
    std::this_thread::sleep_for(is_awaited ? kWaiting : kTraining);
    lock.lock();
  }
}

/// All messages first: who was not asked for long may have been heard of in time.
void Team::exchange() {
  while (const auto received = wire_->receive()) {
    if (dealer_) {
      dealer_->receive(received->from, received->message, now());
    } else {
      heard_ = now();
      obey(received->message);
    }
  }
  if (!dealer_) return look_at_dealer();
  dealer_->look_at(now());
  for (const int rank : dealer_->take_lost()) lost_.push_back(rank);
  pass_on_letters();
}

void Team::look_at_dealer() {
  if (now() > heard_ + options_.silence && !dealer_is_lost_) {
    dealer_is_lost_ = ended_ = true;
    whole_ = false;
    lost_.push_back(0);
  }
  if (now() < told_ + options_.silence / kAlivePerSilence) return;
  told_ = now();
  tell_dealer({.kind = Kind::alive});
}

void Team::obey(const Message& message) {
  if (message.kind == Kind::begin) {
    // Once more, if the dealer had given this rank up, and forgotten what it wished.
    if (std::exchange(dealing_process_, message.count)) {
      for (const auto most : wishes_) tell_dealer({.kind = Kind::ask, .count = most});
    }
  } else if (message.kind == Kind::deal) {
    dealt_.push_back({.first = message.first, .count = message.count});
    if (!wishes_.empty()) wishes_.pop_front();
  } else if (message.kind == Kind::end) {
    ended_ = true;
  } else if (message.kind == Kind::close) {
    whole_ = message.count == 1;
  }
}

void Team::tell_dealer(const Message& message) {
  if (!dealer_) return wire_->send(0, message);
  dealer_->receive(0, message, now());
  pass_on_letters();
}

void Team::pass_on_letters() {
  for (const auto& [to, message] : dealer_->take_letters()) {
    to == 0 ? obey(message) : wire_->send(to, message);
  }
  ended_ = dealer_->is_ended();
}

void Team::stop_if_requested() {
  if (ended_ || !options_.stop_requested()) return;
  tell_dealer({.kind = Kind::stop});
  ended_ = true;
}

bool Team::wait(Lock& lock, const std::function<bool()>& is_over,
                const std::function<void()>& meanwhile) {
  auto asked = Clock::now();
  while (!is_over()) {
    if (ended_) return false;
    changed_.wait_for(lock, kStopChecks);
    if (Clock::now() < asked + kStopChecks) continue;
    asked = Clock::now();
    stop_if_requested();
    lock.unlock();
    meanwhile();
    lock.lock();
  }
  return true;
}

void Team::deal_out(std::uint64_t shards, const std::function<bool(std::uint64_t)>& wanted) {
  const Lock lock(state_);
  for (std::uint64_t i = 0, end = 0; i < shards; i = end + 1) {
    for (end = i; end < shards && wanted(end);) ++end;
    if (end > i) dealer_->add({.first = i, .count = end - i});
  }
  const auto process = static_cast<std::uint64_t>(getpid());
  if (!std::exchange(dealing_process_, process)) dealer_->begin(process);
  pass_on_letters();
}

Dealer::Totals Team::totals() {
  const Lock lock(state_);
  return dealer_->totals();
}

bool Team::wait_for_others(const std::function<void()>& meanwhile) {
  Lock lock(state_);
  const auto is_over = [&] { return dealer_->is_done() || !dealer_->others_train(); };
  wait(lock, is_over, meanwhile);
  // Where the job ends, they write what they have.
  changed_.wait_for(lock, std::chrono::duration<double>(options_.silence), is_over);
  return dealer_->is_done();
}

std::optional<std::uint64_t> Team::wait_for_directory() {
  Lock lock(state_);
  wait(
      lock, [&] { return dealing_process_.has_value(); }, [] {});
  return dealing_process_;
}

std::optional<ShardRange> Team::deal(std::uint64_t most, const std::function<bool()>& given_up,
                                     const std::function<void()>& meanwhile) {
  Lock lock(state_);
  if (dealt_.empty()) {
    wishes_.push_back(most);
    tell_dealer({.kind = Kind::ask, .count = most});
  }
  const auto is_over = [&] {
    return !dealt_.empty() || (dealer_ && dealer_->is_done()) || given_up();
  };
  if (!wait(lock, is_over, meanwhile) || dealt_.empty()) return std::nullopt;
  const auto shards = dealt_.front();
  dealt_.pop_front();
  return shards;
}

void Team::report_done(std::span<const Shard> shards, std::uint64_t shard_machines) {
  const Lock lock(state_);
  for (const auto& shard : shards) {
    tell_dealer({.kind = Kind::done,
                 .first = shard.first / shard_machines,
                 .count = shard.machines(),
                 .diverged = shard.count_diverged()});
  }
}

void Team::leave(int error) {
  const Lock lock(state_);
  tell_dealer({.kind = Kind::leave, .count = static_cast<std::uint64_t>(error)});
}

int Team::first_error() {
  const Lock lock(state_);
  return dealer_->first_error();
}

bool Team::is_ended() {
  const Lock lock(state_);
  stop_if_requested();
  return ended_;
}

void Team::finish(int code) {
  {
    Lock lock(state_);
    dealer_ ? wait_for_goodbyes(lock) : say_goodbye(lock);
    over_ = true;
  }
  postman_.join();
  if (dealer_is_lost_) code = kFailed;
  *whole_ ? wire_->close() : wire_->abandon(code);
}

/// A rank may live, and yet never come to an end.
void Team::wait_for_goodbyes(Lock& lock) {
  dealer_->end();
  pass_on_letters();
  changed_.wait_for(lock, std::chrono::duration<double>(options_.silence),
                    [&] { return dealer_->all_gone(); });
  whole_ = dealer_->all_said_bye();
  const Message close{.kind = Kind::close, .count = *whole_ ? 1U : 0U};
  for (int rank = 1; rank < place_.ranks; ++rank) {
    if (dealer_->is_gone(rank)) wire_->send(rank, close);
  }
}

void Team::say_goodbye(Lock& lock) {
  tell_dealer({.kind = Kind::leave});
  wait(
      lock, [&] { return ended_; }, [] {});
  tell_dealer({.kind = Kind::bye});
  told_ = std::numeric_limits<double>::infinity();  // no more: rank 0 may read no further
  wait_until(changed_, lock, [&] { return whole_.has_value(); });
}

}  // namespace helmholtz::hosts
