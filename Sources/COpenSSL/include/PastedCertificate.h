#pragma once
#include <stddef.h>
#include <stdint.h>

// Certificates by OpenSSL's libcrypto.

// What a certificate says about itself.
struct pasted_certificate {
    uint8_t fingerprint[32];  // SHA-256 of its DER form
    int64_t not_before;       // seconds since 1970
    int64_t not_after;
};
// The first certificate of a PEM text. 0, or -1: there is none.
int pasted_certificate_read(const uint8_t *_Nonnull pem, size_t count, struct pasted_certificate *_Nonnull certificate);

// A new P-256 key and a certificate for it, signed by itself. `names` is a subjectAltName such as
// "DNS:localhost,IP:127.0.0.1". The PEM texts are written into the two buffers; 0, or -1.
struct pasted_pem {
    uint8_t *_Nonnull bytes;
    size_t capacity;
    size_t count;
};
int pasted_certificate_make(const char *_Nonnull names, int days, struct pasted_pem *_Nonnull certificate,
                            struct pasted_pem *_Nonnull key);
