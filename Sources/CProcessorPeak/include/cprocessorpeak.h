#ifndef CPROCESSORPEAK_H
#define CPROCESSORPEAK_H

// A target attribute belongs to one function in C and to a whole module in Swift, and this figure
// must not depend on how our kernels were compiled.

/// Instruction sets in which multiply-adds can be counted.
enum {
  CPROCESSORPEAK_VECTOR_256 = 256,
  CPROCESSORPEAK_VECTOR_512 = 512,
};

/// Whether this processor has vectors of so many bits with fused multiply-add.
int cprocessorpeak_has(int bits);

/// Runs `rounds` rounds of independent multiply-adds in registers alone.
///
/// Returns the operations done, two for each multiply-add, or 0 where the processor cannot do it.
double cprocessorpeak_run(int bits, long rounds);

#endif
