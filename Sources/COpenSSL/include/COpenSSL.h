#pragma once
#include <stddef.h>
#include <stdint.h>

#include "PastedCertificate.h"
#include "PastedPeer.h"
#include "PastedTLS.h"

// SHA-1 and SHA-256 by libcrypto's one-shot low-level functions: the EVP interface of OpenSSL 3.0 looks the
// algorithm up on every call, which costs several times the hash of one block.
void pasted_sha1(const uint8_t *_Nonnull bytes, size_t count, uint8_t digest[_Nonnull 20]);
void pasted_sha256(const uint8_t *_Nonnull bytes, size_t count, uint8_t digest[_Nonnull 32]);
void pasted_hmac_sha256(const uint8_t *_Nonnull key, size_t keyCount, const uint8_t *_Nonnull bytes, size_t count,
                        uint8_t code[_Nonnull 32]);

// The first 8 bytes, big-endian, of SHA-1 over three big-endian words.
uint64_t pasted_sha1_of_words(uint64_t a, uint64_t b, uint64_t c);
