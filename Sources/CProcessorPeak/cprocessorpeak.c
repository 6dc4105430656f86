#include "cprocessorpeak.h"

#if defined(__x86_64__)

#include <immintrin.h>

// Two units with a latency of four or five cycles need eight to ten chains. With the factor they fit
// the 16 registers of AVX2 and the 32 of AVX-512. No chain starts at 1, where x / 2 + 1 / 2 stays: the
// compiler would drop it, and operations be counted that never ran.
#define CHAINS_256 12
#define CHAINS_512 16

static volatile float sink;

__attribute__((target("avx2,fma"), noinline)) static double run256(long rounds) {
  __m256 sums[CHAINS_256];
  const __m256 factor = _mm256_set1_ps(0.5f);
  for (int i = 0; i < CHAINS_256; i++) sums[i] = _mm256_set1_ps((float)(i + 2));
  for (long r = 0; r < rounds; r++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < CHAINS_256; i++) sums[i] = _mm256_fmadd_ps(sums[i], factor, factor);
  }
  float total = 0;
  for (int i = 0; i < CHAINS_256; i++) total += _mm256_cvtss_f32(sums[i]);
  sink = total;
  return 2.0 * 8 * CHAINS_256 * (double)rounds;
}

__attribute__((target("avx512f"), noinline)) static double run512(long rounds) {
  __m512 sums[CHAINS_512];
  const __m512 factor = _mm512_set1_ps(0.5f);
  for (int i = 0; i < CHAINS_512; i++) sums[i] = _mm512_set1_ps((float)(i + 2));
  for (long r = 0; r < rounds; r++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < CHAINS_512; i++) sums[i] = _mm512_fmadd_ps(sums[i], factor, factor);
  }
  float total = 0;
  for (int i = 0; i < CHAINS_512; i++) total += _mm512_cvtss_f32(sums[i]);
  sink = total;
  return 2.0 * 16 * CHAINS_512 * (double)rounds;
}

int cprocessorpeak_has(int bits) {
  __builtin_cpu_init();
  if (bits == CPROCESSORPEAK_VECTOR_256)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return bits == CPROCESSORPEAK_VECTOR_512 && __builtin_cpu_supports("avx512f");
}

double cprocessorpeak_run(int bits, long rounds) {
  if (!cprocessorpeak_has(bits)) return 0;
  return bits == CPROCESSORPEAK_VECTOR_512 ? run512(rounds) : run256(rounds);
}

#else

int cprocessorpeak_has(int bits) { return 0; }

double cprocessorpeak_run(int bits, long rounds) { return 0; }

#endif
