#include "CHints.h"

// Of a file of its own: the modules that ask are compiled for the vectors that they ask for.

#if defined(__x86_64__)

int processor_has_vectors_of_8(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

int processor_has_vectors_of_16(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl");
}

#else

int processor_has_vectors_of_8(void) { return 1; }
int processor_has_vectors_of_16(void) { return 0; }

#endif
