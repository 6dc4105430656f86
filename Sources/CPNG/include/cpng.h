#ifndef CPNG_H
#define CPNG_H

#include <stddef.h>
#include <stdint.h>

// libpng reports errors by longjmp, which Swift cannot cross. These functions keep every jump inside
// and answer with a status and a text.

enum {
  CPNG_OK = 0,
  CPNG_NOT_PNG = 1,
  CPNG_TOO_LARGE = 2,
  CPNG_DAMAGED = 3,
  CPNG_NO_MEMORY = 4,
};

enum { CPNG_MAX_SIDE = 32768, CPNG_MAX_PIXELS = 1 << 28, CPNG_ERROR_SIZE = 160 };

/// How samples come out. Neither applies gamma or a colour profile.
enum {
  /// Palettes become RGB (with alpha if the file says so); grey of 1, 2 and 4 bits is scaled to 0..255.
  CPNG_COLOURS = 0,
  /// Palettes give their index and grey of 1, 2 and 4 bits its raw value: what a label mask means.
  CPNG_RAW = 1,
};

typedef struct {
  uint32_t width;
  uint32_t height;
  /// 1 grey or index, 2 grey and alpha, 3 RGB, 4 RGB and alpha.
  uint8_t channels;
  /// 1, or 2 in the processor's byte order.
  uint8_t bytes_per_sample;
  /// Whether the last channel is alpha.
  uint8_t has_alpha;
  /// Whether the file has a palette.
  uint8_t has_palette;
} cpng_image;

/// Decodes a PNG. On CPNG_OK `*samples` holds height * width * channels samples, row-major and
/// interleaved; release them with `cpng_free`. On any other status nothing is to be released and
/// `error` says why. Limits are checked against the header before anything is allocated.
int cpng_decode(const uint8_t *bytes, size_t count, int mode, cpng_image *image, void **samples,
                char error[CPNG_ERROR_SIZE]);

/// Encodes RGB of 8 bits (3 channels) or grey of 8 or 16 bits (1 channel) with fixed settings: zlib
/// level 6, all filters for RGB and none for grey, no ancillary chunk.
int cpng_encode(const void *samples, uint32_t width, uint32_t height, int channels,
                int bytes_per_sample, uint8_t **bytes, size_t *count, char error[CPNG_ERROR_SIZE]);

void cpng_free(void *memory);

/// The versions of libpng and zlib that this was built against: "libpng 1.6.39, zlib 1.2.13".
const char *cpng_versions(void);

#endif
