#pragma once

#include <cstdint>

/// Elementary functions by IEEE double operations alone, so that every platform gets the same bits
/// (libm's differ in the last place between versions).
namespace helmholtz::portable {

/// exp(x) for x <= 709; relative error below 3e-16. Below -708 it stays at exp(-708).
double exp(double x);

/// ln x for finite x > 0; relative error below 3e-16.
double log(double x);

/// x^n by squaring.
double power(double x, std::uint64_t n);

/// The standard normal quantile at p in (0, 1): algorithm AS 241, PPND16 (Wichura 1988).
double normal_quantile(double p);

}  // namespace helmholtz::portable
