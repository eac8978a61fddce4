#pragma once
#include <stddef.h>
#include <stdint.h>

// QR codes by libqrencode.

// The widest code there is has 177 modules a side.
enum { pasted_qr_widest = 177 };
// The smallest code with these bytes at error correction M: one byte a module, 1 for dark, row by row. Answers the
// modules a side, or 0 when the bytes do not fit into a code.
int pasted_qr(const uint8_t *_Nonnull bytes, size_t count, uint8_t modules[_Nonnull pasted_qr_widest * pasted_qr_widest]);
