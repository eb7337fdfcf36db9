// libhelmholtz_mpi.so: messages over MPI. Two-sided ones alone, and after the start nothing that
// all ranks must take part in: so the end of one does not hold up the others.
#include <mpi.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <list>
#include <string>

#include "hosts/mpi_abi.h"

namespace {

constexpr int kTag = 1;

/// A message on its way: MPI reads it until it is sent.
struct Sending {
  std::string bytes;
  MPI_Request request = MPI_REQUEST_NULL;
};
std::list<Sending> sendings;  // MPI itself is there but once in a process

/// A bit for each CPU that any rank of this host may use.
int cores_of(MPI_Comm host) {
  cpu_set_t own;
  CPU_ZERO(&own);
  sched_getaffinity(0, sizeof own, &own);
  cpu_set_t all;
  MPI_Allreduce(&own, &all, sizeof own, MPI_BYTE, MPI_BOR, host);
  const int cores = CPU_COUNT(&all);
  // More CPUs than a cpu_set_t has bits: none is known.
  return cores > 0 ? cores : static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
}

void describe(helmholtz_mpi_place& place) {
  MPI_Comm_rank(MPI_COMM_WORLD, &place.rank);
  MPI_Comm_size(MPI_COMM_WORLD, &place.ranks);
  MPI_Comm host = MPI_COMM_NULL;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, place.rank, MPI_INFO_NULL, &host);
  MPI_Comm_rank(host, &place.local_rank);
  MPI_Comm_size(host, &place.local_ranks);
  place.local_cores = cores_of(host);
  MPI_Comm_free(&host);
  char text[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  MPI_Get_library_version(text, &length);
  const auto end = std::string(text).find_first_of(",\n");
  std::string(text).substr(0, end).copy(place.library, sizeof place.library - 1);
}

int32_t start(helmholtz_mpi_place* place) {
  *place = {};
  int level = MPI_THREAD_SINGLE;
  const int error = MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &level);
  if (error != MPI_SUCCESS) return error;
  if (level < MPI_THREAD_SERIALIZED) return MPI_ERR_UNSUPPORTED_OPERATION;
  describe(*place);
  // From here on a rank may end, and the others go on.
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  return 0;
}

void forget_what_is_sent() {
  sendings.remove_if([](Sending& sending) {
    int done = 0;
    return MPI_Test(&sending.request, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS || done != 0;
  });
}

void send(int32_t to, const void* bytes, uint64_t size) {
  forget_what_is_sent();
  auto& sending = sendings.emplace_back(Sending{{static_cast<const char*>(bytes), size}});
  MPI_Isend(sending.bytes.data(), static_cast<int>(size), MPI_BYTE, to, kTag, MPI_COMM_WORLD,
            &sending.request);
}  // NOLINT: forget_what_is_sent() tests the request

int32_t receive(void* bytes, uint64_t size) {
  int found = 0;
  MPI_Status status;
  if (MPI_Iprobe(MPI_ANY_SOURCE, kTag, MPI_COMM_WORLD, &found, &status) != MPI_SUCCESS ||
      found == 0) {
    return -1;
  }
  const int error = MPI_Recv(bytes, static_cast<int>(size), MPI_BYTE, status.MPI_SOURCE, kTag,
                             MPI_COMM_WORLD, &status);
  return error == MPI_SUCCESS ? status.MPI_SOURCE : -1;
}

/// MPI waits for all ranks here, also for one that a cut link keeps away. Before, what is under way
/// has to arrive: whatever else others still say is read, so that nobody waits for a reader.
void finish() {
  constexpr unsigned kSeconds = 60;
  alarm(kSeconds);
  for (std::array<char, 256> unread{}; !sendings.empty(); forget_what_is_sent()) {
    receive(unread.data(), unread.size());
    sched_yield();  // to ranks on the same core
  }
  MPI_Finalize();
  alarm(0);
}

void abort_all(int32_t code) { MPI_Abort(MPI_COMM_WORLD, code); }

constexpr helmholtz_mpi kPlugin = {.abi = HELMHOLTZ_MPI_ABI,
                                   .size = sizeof(helmholtz_mpi),
                                   .place_size = sizeof(helmholtz_mpi_place),
                                   .reserved = 0,
                                   .start = start,
                                   .send = send,
                                   .receive = receive,
                                   .finish = finish,
                                   .abort = abort_all};

}  // namespace

extern "C" __attribute__((visibility("default"))) const helmholtz_mpi* helmholtz_mpi_plugin() {
  return &kPlugin;
}
