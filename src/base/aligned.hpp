#pragma once

#include <vector>

#include <boost/align/aligned_allocator.hpp>

namespace helmholtz {

/// Begins with a cache line. By the C library's memory: what threads hand over in oneTBB's own
/// pools looks like a race to ThreadSanitizer.
template <class T>
using Aligned = std::vector<T, boost::alignment::aligned_allocator<T, 64>>;

}  // namespace helmholtz
