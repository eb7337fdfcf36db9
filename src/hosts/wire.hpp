#pragma once

#include <optional>

#include "hosts/message.hpp"

namespace helmholtz::hosts {

/// Where a rank is: among all, and among those of its own host.
struct Place {
  int rank = 0;
  int ranks = 1;
  int local_rank = 0;
  int local_ranks = 1;
  int local_cores = 1;  ///< that the local ranks may use, together
};

struct Received {
  int from = 0;
  Message message;
};

/// Carries messages between ranks. One thread at a time uses it, and nothing of it waits. A message
/// may be lost with its receiver: who is silent is noticed by others.
class Wire {
 public:
  virtual ~Wire() = default;

  [[nodiscard]] virtual const Place& place() const = 0;
  virtual void send(int to, const Message& message) = 0;
  virtual std::optional<Received> receive() = 0;
  /// Together with all ranks, when each has said goodbye.
  virtual void close() = 0;
  /// Where some did not: ends this process with the code, and with rank 0 the job.
  [[noreturn]] virtual void abandon(int code) = 0;
};

}  // namespace helmholtz::hosts
