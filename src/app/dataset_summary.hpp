#pragma once

#include <cstdint>
#include <string>

#include "app/output.hpp"
#include "helmholtz/sweep.hpp"

/// How large the data set of a sweep is, for --dry-run.
namespace helmholtz::app {

/// Bytes of its splits and of the table that training rows are drawn by; 0 without data.
std::uint64_t data_bytes(const SweepSpec& spec);

/// Units, rows of each split, bytes. Undefined without data.
Json data_json(const SweepSpec& spec);

/// The same in a line. Undefined without data.
std::string data_text(const SweepSpec& spec);

}  // namespace helmholtz::app
