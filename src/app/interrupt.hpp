#pragma once

namespace helmholtz::app {

/// From now on the first SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 or SIGXCPU asks the program to
/// stop; the second one only says so; the third kills it. A SIGXCPU counts only as the first; a
/// SIGHUP that was ignored, as under nohup, stays ignored.
void catch_interrupts();

/// Whether the program was asked to stop.
bool interrupted() noexcept;

}  // namespace helmholtz::app
