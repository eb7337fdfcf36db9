#pragma once

namespace helmholtz::app {

/// From now on the first SIGINT, SIGTERM or SIGUSR1 asks the program to stop; the second one only
/// says so; the third kills it.
void catch_interrupts();

/// Whether the program was asked to stop.
bool interrupted() noexcept;

}  // namespace helmholtz::app
