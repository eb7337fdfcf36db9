// Where libFuzzer comes in, for every fuzzer.
#include "fuzz/hostile_file.hpp"
#include "helmholtz/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  FuzzedDataProvider data(bytes, size);
  try {
    helmholtz::fuzz::fuzz_one(data);
  } catch (const helmholtz::BadData&) {
  }
  return 0;
}
