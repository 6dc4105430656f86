#include "ctiff.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

typedef struct {
  const uint8_t *bytes;
  uint64_t count, position;
  char *error;
} source;

static void report(char *error, const char *text) { snprintf(error, CTIFF_ERROR_SIZE, "%s", text); }

static int on_error(TIFF *tif, void *user, const char *module, const char *format,
                    va_list arguments) {
  (void)tif;
  (void)module;
  source *from = user;
  // The first error is the cause; those after it are its consequences.
  if (from->error[0] == 0) vsnprintf(from->error, CTIFF_ERROR_SIZE, format, arguments);
  return 1;
}

static int on_warning(TIFF *tif, void *user, const char *module, const char *format,
                      va_list arguments) {
  (void)tif;
  (void)user;
  (void)module;
  (void)format;
  (void)arguments;
  return 1;
}

static tmsize_t read_bytes(thandle_t handle, void *target, tmsize_t count) {
  source *from = handle;
  if (count < 0 || from->position >= from->count) return 0;
  uint64_t left = from->count - from->position;
  if ((uint64_t)count > left) count = (tmsize_t)left;
  memcpy(target, from->bytes + from->position, (size_t)count);
  from->position += (uint64_t)count;
  return count;
}

static tmsize_t write_bytes(thandle_t handle, void *bytes, tmsize_t count) {
  (void)handle;
  (void)bytes;
  (void)count;
  return 0;
}

static toff_t seek(thandle_t handle, toff_t offset, int origin) {
  source *from = handle;
  if (origin == SEEK_CUR) offset += from->position;
  if (origin == SEEK_END) offset += from->count;
  from->position = offset;
  return offset;
}

static int close_source(thandle_t handle) {
  (void)handle;
  return 0;
}

static toff_t size_of(thandle_t handle) { return ((source *)handle)->count; }

/// What the tags say, checked.
typedef struct {
  uint32_t width, height;
  uint16_t bits, samples, photometric, planar;
  int tiled;
  uint32_t block_width, block_height;
} layout;

static int refuse(char *error, int status, const char *text) {
  report(error, text);
  return status;
}

static int read_layout(TIFF *tif, size_t count, int mode, layout *of, char *error) {
  uint16_t format = SAMPLEFORMAT_UINT, orientation = ORIENTATION_TOPLEFT, compression = 0;
  if (!TIFFGetField(tif, TIFFTAG_IMAGEWIDTH, &of->width) ||
      !TIFFGetField(tif, TIFFTAG_IMAGELENGTH, &of->height) || of->width == 0 || of->height == 0)
    return refuse(error, CTIFF_DAMAGED, "the file does not say how large its image is");
  uint64_t pixels = (uint64_t)of->width * of->height;
  if (of->width > CTIFF_MAX_SIDE || of->height > CTIFF_MAX_SIDE || pixels > CTIFF_MAX_PIXELS) {
    snprintf(error, CTIFF_ERROR_SIZE,
             "the header says %u x %u pixels; the limits are %d a side and %d in all", of->width,
             of->height, CTIFF_MAX_SIDE, CTIFF_MAX_PIXELS);
    return CTIFF_TOO_LARGE;
  }
  TIFFGetFieldDefaulted(tif, TIFFTAG_BITSPERSAMPLE, &of->bits);
  TIFFGetFieldDefaulted(tif, TIFFTAG_SAMPLESPERPIXEL, &of->samples);
  TIFFGetFieldDefaulted(tif, TIFFTAG_PLANARCONFIG, &of->planar);
  TIFFGetFieldDefaulted(tif, TIFFTAG_SAMPLEFORMAT, &format);
  TIFFGetFieldDefaulted(tif, TIFFTAG_ORIENTATION, &orientation);
  TIFFGetFieldDefaulted(tif, TIFFTAG_COMPRESSION, &compression);
  if (!TIFFGetField(tif, TIFFTAG_PHOTOMETRIC, &of->photometric))
    return refuse(error, CTIFF_DAMAGED, "the file does not say what its samples mean");
  if (format != SAMPLEFORMAT_UINT && format != SAMPLEFORMAT_VOID)
    return refuse(error, CTIFF_UNSUPPORTED,
                  "the samples are not unsigned whole numbers; save it with 8 or 16 bits");
  if (orientation != ORIENTATION_TOPLEFT)
    return refuse(error, CTIFF_UNSUPPORTED,
                  "the image is turned by its orientation tag; save it upright");
  if (compression == COMPRESSION_JPEG && of->photometric == PHOTOMETRIC_YCBCR &&
      of->planar == PLANARCONFIG_CONTIG) {
    // The codec then converts; its answer is RGB.
    if (!TIFFSetField(tif, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB))
      return refuse(error, CTIFF_UNSUPPORTED, "a JPEG inside that cannot be converted to RGB");
    of->photometric = PHOTOMETRIC_RGB;
  }
  int grey = of->photometric == PHOTOMETRIC_MINISBLACK ||
             of->photometric == PHOTOMETRIC_MINISWHITE;
  int palette = of->photometric == PHOTOMETRIC_PALETTE;
  int rgb = of->photometric == PHOTOMETRIC_RGB && of->samples >= 3;
  if (!(grey || palette || rgb))
    return refuse(error, CTIFF_UNSUPPORTED, "its colours are neither grey, palette nor RGB");
  if (of->samples == 0 || of->samples > 8)
    return refuse(error, CTIFF_UNSUPPORTED, "more than 8 samples a pixel");
  int whole = of->bits == 8 || of->bits == 16 || (of->bits == 32 && grey && mode == CTIFF_RAW);
  int packed = (of->bits == 1 || of->bits == 2 || of->bits == 4) && of->samples == 1 && !rgb;
  if (!(whole || packed) || (palette && of->bits > 8)) {
    snprintf(error, CTIFF_ERROR_SIZE,
             "%d bits a sample; grey and palettes of 1 to 8 bits, grey and RGB of 8 and 16 are read",
             of->bits);
    return CTIFF_UNSUPPORTED;
  }
  // Deflate shrinks to 1 : 1032 at most and LZW to 1 : 1300 (a table of 4,096 growing strings in codes of
  // 12 bits), so a shorter file is truncated or a trap, and its pixels need not be allocated to know it.
  if (pixels * of->samples * of->bits / 8 / 1400 > count)
    return refuse(error, CTIFF_DAMAGED, "the file is too short to hold its pixels");
  of->tiled = TIFFIsTiled(tif);
  if (of->tiled) {
    if (!TIFFGetField(tif, TIFFTAG_TILEWIDTH, &of->block_width) ||
        !TIFFGetField(tif, TIFFTAG_TILELENGTH, &of->block_height))
      return refuse(error, CTIFF_DAMAGED, "the file does not say how large its tiles are");
  } else {
    of->block_width = of->width;
    TIFFGetFieldDefaulted(tif, TIFFTAG_ROWSPERSTRIP, &of->block_height);
    if (of->block_height > of->height) of->block_height = of->height;
  }
  if (of->block_width == 0 || of->block_height == 0 || of->block_width > 2 * CTIFF_MAX_SIDE ||
      of->block_height > 2 * CTIFF_MAX_SIDE ||
      (uint64_t)of->block_width * of->block_height > 4 * pixels + (1 << 20))
    return refuse(error, CTIFF_DAMAGED, "the size of its tiles or strips makes no sense");
  return CTIFF_OK;
}

/// Copies one decoded block into planes of `kept` interleaved channels, unpacking 1, 2 and 4 bits.
static void place(const layout *of, const uint8_t *block, size_t row_size, uint32_t left,
                  uint32_t top, int channel, int kept, int bytes, uint8_t *pixels) {
  int in_block = of->planar == PLANARCONFIG_SEPARATE ? 1 : of->samples;
  int copied = of->planar == PLANARCONFIG_SEPARATE ? 1 : kept;
  for (uint32_t y = 0; y < of->block_height && top + y < of->height; y++) {
    const uint8_t *row = block + (size_t)y * row_size;
    uint8_t *target = pixels + ((size_t)(top + y) * of->width + left) * (size_t)(kept * bytes) +
                      (size_t)(channel * bytes);
    for (uint32_t x = 0; x < of->block_width && left + x < of->width; x++) {
      if (of->bits < 8) {
        uint32_t bit = x * of->bits;
        target[x] = row[bit / 8] >> (8 - of->bits - bit % 8) & ((1 << of->bits) - 1);
      } else {
        memcpy(target + (size_t)x * (size_t)(kept * bytes), row + (size_t)x * (size_t)(in_block * bytes),
               (size_t)(copied * bytes));
      }
    }
  }
}

static int read_pixels(TIFF *tif, const layout *of, int kept, int bytes, uint8_t *pixels,
                       char *error) {
  tmsize_t size = of->tiled ? TIFFTileSize(tif) : TIFFStripSize(tif);
  tmsize_t row_size = of->tiled ? TIFFTileRowSize(tif) : TIFFScanlineSize(tif);
  int in_block = of->planar == PLANARCONFIG_SEPARATE ? 1 : of->samples;
  uint64_t needed = ((uint64_t)of->block_width * in_block * of->bits + 7) / 8;
  if (size <= 0 || row_size <= 0 || (uint64_t)row_size < needed ||
      (uint64_t)size < (uint64_t)row_size * of->block_height)
    return refuse(error, CTIFF_DAMAGED, "the size of its tiles or strips makes no sense");
  uint8_t *block = calloc(1, (size_t)size);
  if (!block) return refuse(error, CTIFF_NO_MEMORY, "out of memory");
  int planes = of->planar == PLANARCONFIG_SEPARATE ? kept : 1;
  int status = CTIFF_OK;
  for (int plane = 0; plane < planes && status == CTIFF_OK; plane++)
    for (uint32_t top = 0; top < of->height && status == CTIFF_OK; top += of->block_height)
      for (uint32_t left = 0; left < of->width && status == CTIFF_OK; left += of->block_width) {
        tmsize_t got, wanted;
        if (of->tiled) {
          wanted = size;
          got = TIFFReadEncodedTile(
              tif, TIFFComputeTile(tif, left, top, 0, (uint16_t)plane), block, size);
        } else {
          uint32_t rows = of->height - top < of->block_height ? of->height - top : of->block_height;
          wanted = row_size * (tmsize_t)rows;
          got = TIFFReadEncodedStrip(
              tif, TIFFComputeStrip(tif, top, (uint16_t)plane), block, size);
        }
        if (got < wanted) {
          if (error[0] == 0) report(error, "the file ends too early");
          status = CTIFF_DAMAGED;
        } else {
          place(of, block, (size_t)row_size, left, top, plane, kept, bytes, pixels);
        }
      }
  free(block);
  return status;
}

/// Indices become RGB of 8 bits; palettes hold 16 bits, or 8 where an old program wrote them so.
static int apply_palette(TIFF *tif, const layout *of, uint8_t **pixels, char *error) {
  uint16_t *map[3];
  if (!TIFFGetField(tif, TIFFTAG_COLORMAP, &map[0], &map[1], &map[2]))
    return refuse(error, CTIFF_DAMAGED, "the palette is missing");
  int wide = 0;
  for (int i = 0; i < 1 << of->bits; i++)
    for (int c = 0; c < 3; c++) wide |= map[c][i] > 255;
  size_t count = (size_t)of->width * of->height;
  uint8_t *colours = malloc(3 * count);
  if (!colours) return refuse(error, CTIFF_NO_MEMORY, "out of memory");
  for (size_t i = 0; i < count; i++)
    for (int c = 0; c < 3; c++) {
      uint32_t value = map[c][(*pixels)[i]];
      colours[3 * i + (size_t)c] = (uint8_t)(wide ? (value + 128) / 257 : value);
    }
  free(*pixels);
  *pixels = colours;
  return CTIFF_OK;
}

static void scale_grey(const layout *of, int bytes, uint8_t *pixels) {
  size_t count = (size_t)of->width * of->height;
  if (of->bits < 8)
    for (size_t i = 0; i < count; i++) pixels[i] = (uint8_t)(pixels[i] * (255 / ((1 << of->bits) - 1)));
  if (of->photometric == PHOTOMETRIC_MINISWHITE)
    for (size_t i = 0; i < count * (size_t)bytes; i++) pixels[i] = (uint8_t)~pixels[i];
}

static int decode(TIFF *tif, size_t count, int mode, ctiff_image *image, void **samples,
                  char *error) {
  layout of = {0};
  int status = read_layout(tif, count, mode, &of, error);
  if (status != CTIFF_OK) return status;
  int kept = of.photometric == PHOTOMETRIC_RGB ? 3 : 1;
  int bytes = of.bits <= 8 ? 1 : of.bits / 8;
  uint8_t *pixels = calloc((size_t)of.width * of.height, (size_t)(kept * bytes));
  if (!pixels) return refuse(error, CTIFF_NO_MEMORY, "out of memory");
  status = read_pixels(tif, &of, kept, bytes, pixels, error);
  if (status == CTIFF_OK && mode == CTIFF_COLOURS) {
    if (of.photometric == PHOTOMETRIC_PALETTE) {
      status = apply_palette(tif, &of, &pixels, error);
      kept = 3;
    } else if (kept == 1) {
      scale_grey(&of, bytes, pixels);
    }
  }
  if (status != CTIFF_OK) {
    free(pixels);
    return status;
  }
  *image = (ctiff_image){of.width, of.height, (uint8_t)kept, (uint8_t)bytes};
  *samples = pixels;
  return CTIFF_OK;
}

int ctiff_decode(const uint8_t *bytes, size_t count, int mode, ctiff_image *image, void **samples,
                 char error[CTIFF_ERROR_SIZE]) {
  error[0] = 0;
  *samples = NULL;
  source from = {bytes, count, 0, error};
  TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
  if (!options) return refuse(error, CTIFF_NO_MEMORY, "out of memory");
  TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, &from);
  TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, &from);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)1 << 30);
  // Without memory mapping: the bytes stay ours, and every read is checked.
  TIFF *tif = TIFFClientOpenExt("memory", "rm", &from, read_bytes, write_bytes, seek, close_source,
                                size_of, NULL, NULL, options);
  TIFFOpenOptionsFree(options);
  if (!tif) {
    if (error[0] == 0) report(error, "the file is not a TIFF");
    return CTIFF_DAMAGED;
  }
  int status = decode(tif, count, mode, image, samples, error);
  TIFFClose(tif);
  return status;
}

void ctiff_free(void *memory) { free(memory); }
