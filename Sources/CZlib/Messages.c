#include <stdlib.h>
#include <zlib.h>

#include "CZlib.h"

struct pasted_deflater {
    z_stream stream;
};

pasted_deflater *pasted_deflater_make(int window_bits) {
    pasted_deflater *deflater = calloc(1, sizeof *deflater);
    if (!deflater) return NULL;
    // Level 3 is the best of those that are as quick as level 1. The hash table is swept whenever the window moves on,
    // which a small one does all the time: memory level 5 makes it twice as quick there. Negative bits: raw.
    const int memory_level = window_bits == 15 ? 8 : 5;
    if (deflateInit2(&deflater->stream, 3, Z_DEFLATED, -window_bits, memory_level, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(deflater);
        return NULL;
    }
    return deflater;
}

void pasted_deflater_free(pasted_deflater *deflater) {
    deflateEnd(&deflater->stream);
    free(deflater);
}

size_t pasted_deflate(pasted_deflater *deflater, const uint8_t *bytes, size_t count, uint8_t *output, size_t capacity) {
    z_stream *stream = &deflater->stream;
    if (count > UINT32_MAX || capacity > UINT32_MAX || deflateReset(stream) != Z_OK) return 0;
    stream->next_in = (uint8_t *)bytes;
    stream->avail_in = (uInt)count;
    stream->next_out = output;
    stream->avail_out = (uInt)capacity;
    // Room that is left says that the flush is complete.
    return deflate(stream, Z_SYNC_FLUSH) == Z_OK && stream->avail_in == 0 && stream->avail_out > 0 ? stream->total_out
                                                                                                   : 0;
}

struct pasted_inflater {
    z_stream stream;
};

pasted_inflater *pasted_inflater_make(void) {
    pasted_inflater *inflater = calloc(1, sizeof *inflater);
    if (!inflater) return NULL;
    if (inflateInit2(&inflater->stream, -15) != Z_OK) {
        free(inflater);
        return NULL;
    }
    return inflater;
}

void pasted_inflater_free(pasted_inflater *inflater) {
    inflateEnd(&inflater->stream);
    free(inflater);
}

void pasted_inflater_begin(pasted_inflater *inflater) {
    inflateReset(&inflater->stream);
}

ptrdiff_t pasted_inflate(pasted_inflater *inflater, const uint8_t *bytes, size_t count, size_t *used, uint8_t *output,
                         size_t capacity, size_t *written) {
    z_stream *stream = &inflater->stream;
    *used = *written = 0;
    if (count > UINT32_MAX || capacity > UINT32_MAX) return pasted_inflate_broken;
    stream->next_in = (uint8_t *)bytes;
    stream->avail_in = (uInt)count;
    stream->next_out = output;
    stream->avail_out = (uInt)capacity;
    int answer;
    // A block that is marked as the last (RFC 7692 section 7.2.3.4) may be followed by others.
    while ((answer = inflate(stream, Z_SYNC_FLUSH)) == Z_STREAM_END && stream->avail_in > 0) inflateReset(stream);
    *used = count - stream->avail_in;
    *written = capacity - stream->avail_out;
    if (answer == Z_STREAM_END) return pasted_inflate_final;
    if (answer != Z_OK && answer != Z_BUF_ERROR) return pasted_inflate_broken;
    if (stream->avail_out == 0) return pasted_inflate_full;
    // Bit 7: inflate stands between two blocks.
    return stream->avail_in == 0 ? (stream->data_type & 128 ? pasted_inflate_hungry : pasted_inflate_midway)
                                 : pasted_inflate_broken;
}
