#pragma once

namespace helmholtz::app {

/// From now on the first SIGINT or SIGTERM asks the program to stop; a second one kills it.
void catch_interrupts();

/// Whether the program was asked to stop.
bool interrupted() noexcept;

}  // namespace helmholtz::app
