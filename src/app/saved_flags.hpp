#pragma once

#include "app/options.hpp"
#include "helmholtz/machine_file.hpp"

namespace helmholtz::app {

/// A saved machine is resumed as it began: flags may repeat what it was trained with, not change
/// it.
/// @param spec  what the flags say
/// @throws InvalidArgument naming the first flag that says otherwise
void require_same_machine(const SpecFlags& flags, const SweepSpec& spec, const SavedMachine& saved);

}  // namespace helmholtz::app
