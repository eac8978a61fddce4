#include "CQREncode.h"

#include <limits.h>
#include <qrencode.h>

int pasted_qr(const uint8_t *bytes, size_t count, uint8_t modules[pasted_qr_widest * pasted_qr_widest]) {
    if (count == 0 || count > INT_MAX) return 0;
    QRcode *code = QRcode_encodeData((int)count, bytes, 0, QR_ECLEVEL_M);
    if (!code) return 0;
    const int width = code->width <= pasted_qr_widest ? code->width : 0;
    // A module's lowest bit is its colour; the others tell what it is for.
    for (int i = 0; i < width * width; i++) modules[i] = code->data[i] & 1;
    QRcode_free(code);
    return width;
}
