#define OPENSSL_SUPPRESS_DEPRECATED
#include "COpenSSL.h"
#include <openssl/hmac.h>
#include <openssl/sha.h>

void pasted_sha1(const uint8_t *bytes, size_t count, uint8_t digest[20]) {
    SHA_CTX context;
    SHA1_Init(&context);
    SHA1_Update(&context, bytes, count);
    SHA1_Final(digest, &context);
}

void pasted_sha256(const uint8_t *bytes, size_t count, uint8_t digest[32]) {
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, bytes, count);
    SHA256_Final(digest, &context);
}

void pasted_hmac_sha256(const uint8_t *key, size_t keyCount, const uint8_t *bytes, size_t count, uint8_t code[32]) {
    unsigned int length = 32;
    HMAC(EVP_sha256(), key, (int)keyCount, bytes, count, code, &length);
}

uint64_t pasted_sha1_of_words(uint64_t a, uint64_t b, uint64_t c) {
    // The one block of 24 bytes, padded as FIPS 180-4 section 5.1.1 says; their number in bits is at its end.
    uint64_t block[8] = {__builtin_bswap64(a), __builtin_bswap64(b), __builtin_bswap64(c), 0x80};
    block[7] = __builtin_bswap64(24 * 8);
    SHA_CTX context;
    SHA1_Init(&context);
    SHA1_Transform(&context, (const uint8_t *)block);
    return (uint64_t)context.h0 << 32 | context.h1;
}
