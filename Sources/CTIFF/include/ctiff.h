#ifndef CTIFF_H
#define CTIFF_H

#include <stddef.h>
#include <stdint.h>

// libtiff takes variadic arguments and error handlers that Swift cannot give. This one function reads
// from memory, prints nothing and answers with a status and a text.

enum {
  CTIFF_OK = 0,
  CTIFF_TOO_LARGE = 2,
  CTIFF_DAMAGED = 3,
  CTIFF_NO_MEMORY = 4,
  CTIFF_UNSUPPORTED = 5,
};

enum { CTIFF_MAX_SIDE = 32768, CTIFF_MAX_PIXELS = 1 << 28, CTIFF_ERROR_SIZE = 160 };

/// How samples come out.
enum {
  /// Palettes become RGB; grey of 1, 2 and 4 bits is scaled to 0..255; white-is-zero is inverted.
  CTIFF_COLOURS = 0,
  /// Palettes give their index and grey its raw value: what a label mask means.
  CTIFF_RAW = 1,
};

typedef struct {
  uint32_t width;
  uint32_t height;
  /// 1 grey or index; 3 RGB. Alpha and other extra samples are dropped.
  uint8_t channels;
  /// 1, 2 or 4, in the processor's byte order; 4 only in the raw mode.
  uint8_t bytes_per_sample;
} ctiff_image;

/// Decodes the first image of a TIFF. On CTIFF_OK `*samples` holds height * width * channels samples,
/// row-major and interleaved; release them with `ctiff_free`. On any other status nothing is to be
/// released and `error` says why. Limits are checked before pixels are allocated.
int ctiff_decode(const uint8_t *bytes, size_t count, int mode, ctiff_image *image, void **samples,
                 char error[CTIFF_ERROR_SIZE]);

void ctiff_free(void *memory);

#endif
