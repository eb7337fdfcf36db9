#pragma once

#include <cstdint>

/// What the ranks of one job say to each other: rank 0, who deals, and the others.
namespace helmholtz::hosts {

/// How often those who are there say so within the time after which silence means a loss.
inline constexpr double kAlivePerSilence = 12;

enum class Kind : std::uint32_t {
  // To the dealer.
  ask,    ///< deal me up to `count` shards
  done,   ///< shard `first` is in the directory: `count` machines, `diverged` of them
  stop,   ///< a signal asked me to stop: end the job
  leave,  ///< I train no more; `count`: the exit code of what made me fail, 0 if nothing did
  bye,    ///< nothing more to say
  // From the dealer.
  begin,  ///< the directory is there; `count`: the dealer's process
  deal,   ///< train shards [first, first + count)
  end,    ///< train no more, and say goodbye
  close,  ///< all have said goodbye (`count` 1), or some are lost (0)
  // Both ways: I am here.
  alive,
};

struct Message {
  Kind kind = Kind::alive;
  std::uint32_t reserved = 0;
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  std::uint64_t diverged = 0;
};

}  // namespace helmholtz::hosts
