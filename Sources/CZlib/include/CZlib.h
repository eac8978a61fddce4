#pragma once
#include <stddef.h>
#include <stdint.h>

// One-shot gzip (RFC 1952) at the best level. The number of bytes written, or 0: they do not fit into `capacity`.
size_t pasted_gzip(const uint8_t *_Nonnull bytes, size_t count, uint8_t *_Nonnull output, size_t capacity);

// Raw deflate (RFC 1951) of whole messages, each on its own. A state is for one thread; a deflater takes 256 KB at 15
// bits of window, an inflater 40.
typedef struct pasted_deflater pasted_deflater;
// At a fast level. `window_bits` is 9 to 15. Null: there is no memory.
pasted_deflater *_Nullable pasted_deflater_make(int window_bits);
void pasted_deflater_free(pasted_deflater *_Nonnull deflater);
// One message, flushed to a byte boundary: it ends with 00 00 FF FF. The number of bytes written, or 0: they do not
// fit into `capacity`.
size_t pasted_deflate(pasted_deflater *_Nonnull deflater, const uint8_t *_Nonnull bytes, size_t count,
                      uint8_t *_Nonnull output, size_t capacity);

typedef struct pasted_inflater pasted_inflater;
// Any window. Null: there is no memory.
pasted_inflater *_Nullable pasted_inflater_make(void);
void pasted_inflater_free(pasted_inflater *_Nonnull inflater);
// Begins a message.
void pasted_inflater_begin(pasted_inflater *_Nonnull inflater);
enum {
    pasted_inflate_hungry = 0,   // all input is used, and a block has ended right there
    pasted_inflate_midway = 1,   // all input is used, in the middle of a block
    pasted_inflate_final = 2,    // all input is used, and its last block was marked as the last
    pasted_inflate_full = 3,     // the output is full, and there may be more
    pasted_inflate_broken = -1,  // not deflate, or there is no memory
};
// Goes on with the message: `used` bytes of input are used, `written` bytes of output written.
ptrdiff_t pasted_inflate(pasted_inflater *_Nonnull inflater, const uint8_t *_Nullable bytes, size_t count,
                         size_t *_Nonnull used, uint8_t *_Nonnull output, size_t capacity, size_t *_Nonnull written);
