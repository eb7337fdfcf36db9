#pragma once

/// The whole library.
#include "helmholtz/backends.hpp"
#include "helmholtz/dataset.hpp"
#include "helmholtz/ensemble.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/evaluation.hpp"
#include "helmholtz/hyperparameters.hpp"
#include "helmholtz/log_likelihood.hpp"
#include "helmholtz/machine_file.hpp"
#include "helmholtz/metrics.hpp"
#include "helmholtz/optimizer.hpp"
#include "helmholtz/random.hpp"
#include "helmholtz/run_directory.hpp"
#include "helmholtz/sweep.hpp"
#include "helmholtz/topology.hpp"
#include "helmholtz/trainer.hpp"
#include "helmholtz/world.hpp"
