#pragma once

// Hints to the processor, for which Swift has no words.

/// Asks for a line of memory that will be read soon.
static inline void prefetch_line(const void *address) { __builtin_prefetch(address); }

/// Asks for a line of memory that will be read later: it comes into the second-level cache, and
/// leaves the first to what is read now.
static inline void prefetch_line_for_later(const void *address) {
  __builtin_prefetch(address, 0, 2);
}

/// Tells the processor that this thread looks at memory until another one writes there.
static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}
