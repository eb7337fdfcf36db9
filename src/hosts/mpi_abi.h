/* The C interface between libhelmholtz and its MPI plugin, libhelmholtz_mpi.so: fixed-width types
 * and pointers only, as of the CUDA plugin (kernels/plugin/plugin_abi.h).
 *
 * The plugin exports one symbol, helmholtz_mpi_plugin(), which returns a table of functions. One
 * thread at a time calls them. */
#ifndef HELMHOLTZ_MPI_ABI_H
#define HELMHOLTZ_MPI_ABI_H

/* NOLINTBEGIN: C, not C++. */
#include <stdint.h>

#define HELMHOLTZ_MPI_ABI 1
#define HELMHOLTZ_MPI_SYMBOL "helmholtz_mpi_plugin"

#ifdef __cplusplus
extern "C" {
#endif

/* Where this process is: among all, and among those of its own host. */
typedef struct helmholtz_mpi_place {
  int32_t rank, ranks;
  int32_t local_rank, local_ranks;
  int32_t local_cores; /* that the local ranks may use, together */
  char library[252];   /* "Open MPI v4.1.4", ends with a zero */
} helmholtz_mpi_place;

typedef struct helmholtz_mpi {
  uint32_t abi;  /* HELMHOLTZ_MPI_ABI */
  uint32_t size; /* sizeof(helmholtz_mpi) */
  uint32_t place_size;
  uint32_t reserved;

  /* All ranks together. 0, or MPI's error code. */
  int32_t (*start)(helmholtz_mpi_place* place);
  /* Hands a message over, and does not wait; one that cannot be delivered is lost. */
  void (*send)(int32_t to, const void* bytes, uint64_t size);
  /* The rank that a message came from; -1: there is none. */
  int32_t (*receive)(void* bytes, uint64_t size);
  /* All ranks together. */
  void (*finish)(void);
  /* Ends all ranks; the job has this exit code. */
  void (*abort)(int32_t code);
} helmholtz_mpi;

typedef const helmholtz_mpi* (*helmholtz_mpi_function)(void);

#ifdef __cplusplus
}
#endif
/* NOLINTEND */

#endif
