#pragma once
#include <stddef.h>
#include <stdint.h>

// One-shot gzip (RFC 1952) at the best level. The number of bytes written, or 0: they do not fit into `capacity`.
size_t pasted_gzip(const uint8_t *_Nonnull bytes, size_t count, uint8_t *_Nonnull output, size_t capacity);
