#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "PastedTLS.h"

// A client's view of the server's certificate. Without a pin the certificate must be valid for the host and come
// from a trusted root; with one it must be exactly that certificate, whoever signed it and whatever names it has.

// Before the first byte arrives.
void pasted_tls_pin(struct pasted_tls_session *_Nonnull session, const uint8_t fingerprint[_Nonnull 32]);
// The SHA-256 fingerprint of the certificate that the server showed, accepted or not. False: it showed none yet.
bool pasted_tls_peer_fingerprint(struct pasted_tls_session *_Nonnull session, uint8_t fingerprint[_Nonnull 32]);
// Why it was not accepted, as a sentence of OpenSSL's. NULL: it was accepted, or nothing was shown yet.
const char *_Nullable pasted_tls_distrust(struct pasted_tls_session *_Nonnull session);
