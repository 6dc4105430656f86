#pragma once

#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

// Hints to the processor, to the compiler and to the allocator, and operations on whole vectors, for
// which Swift has no words.

/// Whether processor and system can run AVX2 with fused multiply-add, as the processor itself says: the
/// system's files name the host's vectors where another processor is emulated. Elsewhere than on
/// x86-64 the kernels need nothing.
int processor_has_vectors_of_8(void);

/// Whether they can run AVX-512 with its shorter vectors.
int processor_has_vectors_of_16(void);

/// Asks for a line of memory that will be read soon.
static inline void prefetch_line(const void *address) { __builtin_prefetch(address); }

/// Asks for a line of memory that will be read later: it comes into the second-level cache, and
/// leaves the first to what is read now.
static inline void prefetch_line_for_later(const void *address) {
  __builtin_prefetch(address, 0, 2);
}

/// The same index, of which the compiler then knows nothing: it would make a pointer of each address
/// that a loop computes from its index and increment all of them in every round, and it would gather
/// the loads of an unrolled loop's rounds, for which there are not registers enough.
static inline long kept_as_one_index(long index) {
  __asm__("" : "+r"(index));
  return index;
}

/// The same for a pointer.
static inline const float *kept_as_one_pointer(const float *pointer) {
  __asm__("" : "+r"(pointer));
  return pointer;
}

/// A vector as the tiles have it.
#ifdef WIDE
typedef float float_lanes __attribute__((ext_vector_type(16)));
#else
typedef float float_lanes __attribute__((ext_vector_type(8)));
#endif

// The same index and the same pointer, which the compiler knows only once a sum is known: it then
// reads nothing by them before, and no instruction is spent. Elsewhere no register is named.
#ifdef __AVX__
#define AFTER(sum) : "v"(sum)
#else
#define AFTER(sum)
#endif
static inline long index_behind(float_lanes sum, long index) {
  __asm__("" : "+r"(index) AFTER(sum));
  return index;
}
static inline const float *pointer_behind(float_lanes sum, const float *pointer) {
  __asm__("" : "+r"(pointer) AFTER(sum));
  return pointer;
}
#undef AFTER

// Three operations on whole vectors, which Swift's compiler takes apart where there are many of them.

/// `x * y + z`, rounded once.
static inline float_lanes multiply_add(float_lanes x, float_lanes y, float_lanes z) {
  return __builtin_elementwise_fma(x, y, z);
}

/// `x` where it is not negative, NaN too, and zero elsewhere.
static inline float_lanes rectify(float_lanes x) { return x < 0 ? 0 : x; }

/// `x` where `y` is positive, or NaN, and zero elsewhere.
static inline float_lanes pass_where_positive(float_lanes x, float_lanes y) { return y <= 0 ? 0 : x; }

/// The square roots of eight floats at once. Swift's are taken one by one, each with a test for a
/// negative value.
static inline void take_square_roots_of_8(float *values) {
  typedef float Lanes __attribute__((vector_size(32), aligned(4)));
  *(Lanes *)values = __builtin_elementwise_sqrt(*(Lanes *)values);
}

/// Tells the processor that this thread looks at memory until another one writes there.
static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// Has freed memory kept for what is allocated next, all but arrays over 32 MiB, the largest threshold
/// that glibc takes.
static inline void keep_freed_memory(void) {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 0x7fffffff);
#endif
}
