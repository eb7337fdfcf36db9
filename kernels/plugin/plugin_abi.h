/* The C interface between libhelmholtz and its CUDA plugin: fixed-width types and pointers only.
 *
 * A plugin exports one symbol, helmholtz_cuda_plugin(), which returns a table of functions. Both
 * sides compare the version and the sizes of the structures before anything else is read. Functions
 * return a status, 0 or one of helmholtz_status, and say in `error` what was needed and what was
 * found. None throws, none keeps a pointer that it was given. */
#ifndef HELMHOLTZ_PLUGIN_ABI_H
#define HELMHOLTZ_PLUGIN_ABI_H

#include <stdint.h>

#define HELMHOLTZ_PLUGIN_ABI 7
#define HELMHOLTZ_PLUGIN_SYMBOL "helmholtz_cuda_plugin"

#ifdef __cplusplus
extern "C" {
#endif

enum helmholtz_status {
  HELMHOLTZ_OK = 0,
  HELMHOLTZ_FAILED,
  HELMHOLTZ_NO_DEVICE,
  HELMHOLTZ_NO_MEMORY, /* on the device, now */
  /* Not errors: */
  HELMHOLTZ_ON_HOST, /* the host is to compute the same bits */
  HELMHOLTZ_STOPPED  /* evaluate() was asked to stop */
};

typedef struct helmholtz_error {
  char text[1024]; /* UTF-8, ends with a zero */
} helmholtz_error;

typedef struct helmholtz_text {
  char text[256]; /* UTF-8, ends with a zero */
} helmholtz_text;

typedef struct helmholtz_device {
  char name[256];
  int32_t major, minor; /* compute capability */
  int32_t multiprocessors;
  int32_t reserved;
  uint64_t memory; /* bytes */
} helmholtz_device;

/* What trains: weights on chip, or a layer of all machines at a time. */
enum helmholtz_strategy { HELMHOLTZ_FUSED = 0, HELMHOLTZ_LAYERED = 1 };

/* Machines of one topology, as helmholtz::Ensemble describes them. */
typedef struct helmholtz_ensemble {
  const int32_t* layer_sizes; /* [layers], top first */
  uint32_t layers;
  uint32_t batch;
  uint32_t nonnegative;
  uint32_t settings;
  uint32_t particles; /* of a batch row in the wake phase */
  uint32_t in_epochs; /* 1: the patterns are rows of a data set, each visited once per epoch
                         (helmholtz/random.hpp), and none is drawn */
  uint64_t machines;
  const uint64_t* seeds;       /* [machines] */
  const uint32_t* setting;     /* [machines], below `settings` */
  const float* rates;          /* [settings][2 L + 1]: generative 0 to L, recognition 0 to L-1 */
  const float* wake_rates;     /* [settings][L], recognition 0 to L-1 in the wake phase; or null */
  const uint32_t* schedule;    /* [settings], rows of helmholtz_steps.factors */
  const uint32_t* thresholds;  /* [threshold_count], ascending */
  const uint32_t* patterns;    /* [pattern_count][words_per_pattern], or null */
  const uint8_t* grey;         /* [pattern_count][visible units] in place of patterns, or null: k of
                                  P(unit = 1) = k/255, drawn at each visit (helmholtz/dataset.hpp) */
  const double* probabilities; /* [pattern_count]; null: rows of data, which no KL enumerates */
  const double* log_probabilities; /* [pattern_count] natural logarithms; null likewise */
  /* An optimiser that keeps means (helmholtz::Optimizer): how many of each parameter, the same in
     all settings; 0: sgd, and what follows is not looked at. */
  uint32_t means;
  float error_weight;      /* of an error in a gradient */
  const float* optimizers; /* [settings][3]: beta, beta2, epsilon */
  uint64_t threshold_count;
  uint64_t pattern_count;
  uint64_t words_per_pattern;
} helmholtz_ensemble;

/* How HELMHOLTZ_LAYERED multiplies, as helmholtz::MatrixMath. */
enum helmholtz_math { HELMHOLTZ_FP32 = 0, HELMHOLTZ_TF32 = 1, HELMHOLTZ_BF16X3 = 2 };

typedef struct helmholtz_placement {
  const int32_t* devices; /* [device_count] ordinals; machines are split over them */
  uint32_t device_count;
  uint32_t strategy;       /* enum helmholtz_strategy */
  uint32_t math;           /* enum helmholtz_math */
  uint32_t plain_launches; /* 1: HELMHOLTZ_LAYERED captures no graphs, to compare in tests */
} helmholtz_placement;

/* Steps [first, first + count) of every machine. */
typedef struct helmholtz_steps {
  uint64_t first;
  uint32_t count;
  uint32_t schedules;
  const float* factors; /* [schedules][count]: what the rates are multiplied with, rounded once */
  const float* corrections; /* [schedules][count][2]: of both means; null without means */
} helmholtz_steps;

/* What to find out of machines [first, first + count), as helmholtz::evaluate_machines does. A
 * value that is not computed is left as it is. */
typedef struct helmholtz_evaluation {
  uint64_t first, count;
  uint64_t step;
  uint64_t samples;   /* for the sampled KL */
  double* kl_exact;   /* [count], or null: not wanted */
  double* kl_sampled; /* [count], or null: not wanted, as `unseen` */
  uint32_t* unseen;
  uint8_t* diverged; /* [count], 0 or 1 */
  /* Called repeatedly from any thread, unless null; what was written is void once it says 1. */
  int32_t (*stop_requested)(void* context);
  void* stop_context;
} helmholtz_evaluation;

typedef struct helmholtz_trainer helmholtz_trainer;

typedef struct helmholtz_plugin {
  uint32_t abi;  /* HELMHOLTZ_PLUGIN_ABI */
  uint32_t size; /* sizeof(helmholtz_plugin) */
  uint32_t error_size, device_size, ensemble_size, placement_size, steps_size, evaluation_size;
  uint32_t reserved;
  int32_t runtime_version; /* CUDA, 1000 * major + 10 * minor */

  /* How many devices there are. Of this and describe() every failure is HELMHOLTZ_NO_DEVICE, with
     the reason: a driver that is out of order is none. */
  int32_t (*count)(int32_t* devices, int32_t* driver_version, helmholtz_error* error);
  int32_t (*describe)(int32_t ordinal, helmholtz_device* out, helmholtz_error* error);

  /* Version of cuBLAS, opened now; HELMHOLTZ_NO_DEVICE with the reason if there is none. */
  int32_t (*cublas)(int32_t* version, helmholtz_error* error);
  /* "13.0", the version of NVRTC, opened now; empty if there is none. */
  int32_t (*nvrtc)(helmholtz_text* version, helmholtz_error* error);

  int32_t (*create)(const helmholtz_ensemble* ensemble, const helmholtz_placement* placement,
                    helmholtz_trainer** out, helmholtz_error* error);
  void (*destroy)(helmholtz_trainer* trainer);
  int32_t (*train)(helmholtz_trainer* trainer, const helmholtz_steps* steps,
                   helmholtz_error* error);
  /* Parameters of machines [first, first + count), [count][parameters]. */
  int32_t (*read)(const helmholtz_trainer* trainer, uint64_t first, uint64_t count, float* out,
                  helmholtz_error* error);
  int32_t (*write)(helmholtz_trainer* trainer, uint64_t first, uint64_t count, const float* in,
                   helmholtz_error* error);
  /* One machine's optimiser state, [means][parameters]; with wake_rates, whosever they are, behind
     it [means][recognition parameters] of the wake phase. */
  int32_t (*read_state)(const helmholtz_trainer* trainer, uint64_t machine, float* out,
                        helmholtz_error* error);
  int32_t (*write_state)(helmholtz_trainer* trainer, uint64_t machine, const float* in,
                         helmholtz_error* error);
  /* HELMHOLTZ_ON_HOST where the device has no room for it; what was written then is void. */
  int32_t (*evaluate)(helmholtz_trainer* trainer, const helmholtz_evaluation* wanted,
                      helmholtz_error* error);
  /* Quantiles of all machines' exact KL, one of each probability, as helmholtz::Trainer has them;
     HELMHOLTZ_ON_HOST where they are not all on one device. */
  int32_t (*kl_quantiles)(helmholtz_trainer* trainer, const double* probabilities, uint64_t count,
                          double* out, helmholtz_error* error);
  /* Bytes that the trainer takes of its devices. */
  int32_t (*device_bytes)(const helmholtz_trainer* trainer, uint64_t* bytes,
                          helmholtz_error* error);
  /* What trains its machines, for people: "ThreadRegisters". */
  int32_t (*kernel)(const helmholtz_trainer* trainer, helmholtz_text* name, helmholtz_error* error);
} helmholtz_plugin;

typedef const helmholtz_plugin* (*helmholtz_plugin_function)(void);

#ifdef __cplusplus
}
#endif

#endif
