#include "cpng.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

typedef struct {
  jmp_buf jump;
  char *error;
} failure;

static void report(char *error, const char *text) { snprintf(error, CPNG_ERROR_SIZE, "%s", text); }

static void on_error(png_structp png, png_const_charp text) {
  failure *place = png_get_error_ptr(png);
  report(place->error, text);
  longjmp(place->jump, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

typedef struct {
  const uint8_t *next;
  size_t left;
} source;

static void read_bytes(png_structp png, png_bytep target, size_t count) {
  source *from = png_get_io_ptr(png);
  if (count > from->left) png_error(png, "the file ends too early");
  memcpy(target, from->next, count);
  from->next += count;
  from->left -= count;
}

static uint32_t big_endian(const uint8_t *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/// Looks at the 33 bytes of signature and header chunk by hand, before libpng allocates anything.
static int check_header(const uint8_t *bytes, size_t count, char *error) {
  if (count < 8 || png_sig_cmp(bytes, 0, 8) != 0) {
    report(error, "the file does not start with a PNG signature");
    return CPNG_NOT_PNG;
  }
  if (count < 33 || memcmp(bytes + 12, "IHDR", 4) != 0) {
    report(error, "the file ends too early");
    return CPNG_DAMAGED;
  }
  uint64_t width = big_endian(bytes + 16), height = big_endian(bytes + 20);
  if (width > CPNG_MAX_SIDE || height > CPNG_MAX_SIDE || width * height > CPNG_MAX_PIXELS) {
    snprintf(error, CPNG_ERROR_SIZE,
             "the header says %llu x %llu pixels; the limits are %d a side and %d in all",
             (unsigned long long)width, (unsigned long long)height, CPNG_MAX_SIDE, CPNG_MAX_PIXELS);
    return CPNG_TOO_LARGE;
  }
  // Bits a pixel in the file, by colour type. Deflate cannot shrink below 1 : 1032, so a file that is
  // shorter than that is truncated or a trap, and its pixels need not be allocated to know it.
  static const uint8_t channels[7] = {1, 0, 3, 1, 2, 0, 4};
  uint8_t depth = bytes[24], type = bytes[25];
  uint64_t bits = type < 7 ? (uint64_t)depth * channels[type] : 0;
  if (width * height * bits / 8 / 1032 > count) {
    report(error, "the file is too short to hold its pixels");
    return CPNG_DAMAGED;
  }
  return CPNG_OK;
}

int cpng_decode(const uint8_t *bytes, size_t count, int mode, cpng_image *image, void **samples,
                char error[CPNG_ERROR_SIZE]) {
  error[0] = 0;
  *samples = NULL;
  int status = check_header(bytes, count, error);
  if (status != CPNG_OK) return status;

  failure place = {.error = error};
  source from = {bytes, count};
  void *volatile pixels = NULL;
  volatile int result = CPNG_DAMAGED;
  png_infop info = NULL;
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &place, on_error, on_warning);
  if (png) info = png_create_info_struct(png);
  if (!info) {
    png_destroy_read_struct(&png, NULL, NULL);
    report(error, "out of memory");
    return CPNG_NO_MEMORY;
  }
  if (setjmp(place.jump)) {
    free(pixels);
    png_destroy_read_struct(&png, &info, NULL);
    return result;
  }
  png_set_read_fn(png, &from, read_bytes);
  png_set_user_limits(png, CPNG_MAX_SIDE, CPNG_MAX_SIDE);
  png_set_chunk_malloc_max(png, 8 << 20);
  // Gamma, profiles and texts mean nothing here, and a damaged one must not refuse an image.
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_read_info(png, info);

  int type = png_get_color_type(png, info), depth = png_get_bit_depth(png, info);
  int palette = type == PNG_COLOR_TYPE_PALETTE;
  if (mode == CPNG_RAW) {
    if (depth < 8) png_set_packing(png);
  } else if (palette) {
    png_set_palette_to_rgb(png);
  } else if (depth < 8) {
    png_set_expand_gray_1_2_4_to_8(png);
  }
  const uint16_t probe = 1;
  if (depth == 16 && *(const uint8_t *)&probe == 1) png_set_swap(png);
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);

  size_t height = png_get_image_height(png, info), row = png_get_rowbytes(png, info);
  image->width = png_get_image_width(png, info);
  image->height = (uint32_t)height;
  image->channels = png_get_channels(png, info);
  image->bytes_per_sample = png_get_bit_depth(png, info) == 16 ? 2 : 1;
  image->has_alpha = (png_get_color_type(png, info) & PNG_COLOR_MASK_ALPHA) != 0;
  image->has_palette = (uint8_t)palette;

  pixels = calloc(height, row);
  if (!pixels) {
    result = CPNG_NO_MEMORY;
    png_error(png, "out of memory");
  }
  for (int pass = 0; pass < passes; pass++)
    for (size_t y = 0; y < height; y++) png_read_row(png, (png_bytep)pixels + y * row, NULL);
  png_read_end(png, NULL);
  png_destroy_read_struct(&png, &info, NULL);
  *samples = pixels;
  return CPNG_OK;
}

typedef struct {
  uint8_t *bytes;
  size_t count, capacity;
} sink;

static void write_bytes(png_structp png, png_bytep bytes, size_t count) {
  sink *to = png_get_io_ptr(png);
  if (to->count + count > to->capacity) {
    size_t capacity = 2 * (to->count + count) + 4096;
    uint8_t *grown = realloc(to->bytes, capacity);
    if (!grown) png_error(png, "out of memory");
    to->bytes = grown;
    to->capacity = capacity;
  }
  memcpy(to->bytes + to->count, bytes, count);
  to->count += count;
}

static void flush_bytes(png_structp png) { (void)png; }

int cpng_encode(const void *samples, uint32_t width, uint32_t height, int channels,
                int bytes_per_sample, uint8_t **bytes, size_t *count, char error[CPNG_ERROR_SIZE]) {
  error[0] = 0;
  *bytes = NULL;
  *count = 0;
  failure place = {.error = error};
  sink to = {NULL, 0, 0};
  png_infop info = NULL;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &place, on_error, on_warning);
  if (png) info = png_create_info_struct(png);
  if (!info) {
    png_destroy_write_struct(&png, NULL);
    report(error, "out of memory");
    return CPNG_NO_MEMORY;
  }
  if (setjmp(place.jump)) {
    free(to.bytes);
    png_destroy_write_struct(&png, &info);
    return CPNG_NO_MEMORY;
  }
  png_set_write_fn(png, &to, write_bytes, flush_bytes);
  png_set_user_limits(png, CPNG_MAX_SIDE, CPNG_MAX_SIDE);
  png_set_IHDR(png, info, width, height, 8 * bytes_per_sample,
               channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_compression_level(png, 6);
  png_set_compression_mem_level(png, 8);
  png_set_compression_window_bits(png, 15);
  png_set_compression_strategy(png, channels == 3 ? Z_FILTERED : Z_DEFAULT_STRATEGY);
  png_set_filter(png, PNG_FILTER_TYPE_BASE, channels == 3 ? PNG_ALL_FILTERS : PNG_FILTER_NONE);
  png_write_info(png, info);
  const uint16_t probe = 1;
  if (bytes_per_sample == 2 && *(const uint8_t *)&probe == 1) png_set_swap(png);
  size_t row = (size_t)width * (size_t)channels * (size_t)bytes_per_sample;
  for (uint32_t y = 0; y < height; y++) png_write_row(png, (png_const_bytep)samples + y * row);
  png_write_end(png, NULL);
  png_destroy_write_struct(&png, &info);
  *bytes = to.bytes;
  *count = to.count;
  return CPNG_OK;
}

void cpng_free(void *memory) { free(memory); }

const char *cpng_versions(void) {
  return "libpng " PNG_LIBPNG_VER_STRING ", zlib " ZLIB_VERSION;
}
