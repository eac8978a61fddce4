#include "CZlib.h"

#include <zlib.h>

size_t pasted_gzip(const uint8_t *bytes, size_t count, uint8_t *output, size_t capacity) {
    z_stream stream = {0};
    // 16 asks for gzip's wrapper; without a header of ours its time is 0, so equal files give equal bytes.
    if (count > UINT32_MAX || capacity > UINT32_MAX
        || deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        return 0;
    stream.next_in = (uint8_t *)bytes;
    stream.avail_in = (uInt)count;
    stream.next_out = output;
    stream.avail_out = (uInt)capacity;
    const int answer = deflate(&stream, Z_FINISH);
    const size_t written = stream.total_out;
    deflateEnd(&stream);
    return answer == Z_STREAM_END ? written : 0;
}
