// The keys that session tickets are sealed with: one set for all shards and certificates, that outlives reloads.

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "Internal.h"

struct ticket_key {
    uint8_t name[16];
    uint8_t aes[32];
    uint8_t hmac[32];
};

// Tickets are opened by the current key and by the one before it, then never again: a key that is stolen
// opens the sessions of at most two periods.
struct pasted_ticket_keys {
    atomic_long owners;
    pthread_mutex_t lock;  // guards the rest
    struct ticket_key current, previous;
    bool has_previous;
    int64_t since, period;
};

static int keys_index = -1;
static pthread_once_t index_made = PTHREAD_ONCE_INIT;

// CRYPTO_EX_free.
static void forget(void *parent, void *pointer, CRYPTO_EX_DATA *data, int index, long number, void *argument) {
    (void)parent, (void)data, (void)index, (void)number, (void)argument;
    if (pointer) pasted_ticket_keys_release(pointer);
}

static void make_index(void) {
    keys_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, forget);
}

static int64_t seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec;
}

static bool new_ticket_key(struct ticket_key *key) {
    return RAND_priv_bytes((unsigned char *)key, sizeof *key) == 1;
}

struct pasted_ticket_keys *pasted_ticket_keys_create(int64_t period) {
    struct pasted_ticket_keys *keys = OPENSSL_zalloc(sizeof *keys);
    if (!keys || !new_ticket_key(&keys->current)) {
        OPENSSL_free(keys);
        ERR_clear_error();
        return NULL;
    }
    pthread_mutex_init(&keys->lock, NULL);
    atomic_init(&keys->owners, 1);
    keys->period = period;
    keys->since = seconds_now();
    return keys;
}

void pasted_ticket_keys_release(struct pasted_ticket_keys *keys) {
    if (atomic_fetch_sub(&keys->owners, 1) > 1) return;
    pthread_mutex_destroy(&keys->lock);
    OPENSSL_clear_free(keys, sizeof *keys);
}

// Under the lock.
static void rotate(struct pasted_ticket_keys *keys, int64_t now) {
    // Without randomness the old key goes on: it fails only when the system has none at all.
    struct ticket_key fresh;
    if (!new_ticket_key(&fresh)) return;
    keys->has_previous = now - keys->since < 2 * keys->period;
    keys->previous = keys->current;
    keys->current = fresh;
    OPENSSL_cleanse(&fresh, sizeof fresh);
    keys->since = now;
}

void pasted_ticket_keys_rotate(struct pasted_ticket_keys *keys) {
    pthread_mutex_lock(&keys->lock);
    rotate(keys, seconds_now());
    pthread_mutex_unlock(&keys->lock);
}

void pasted_ticket_keys_period(struct pasted_ticket_keys *keys, int64_t seconds) {
    pthread_mutex_lock(&keys->lock);
    keys->period = seconds;
    pthread_mutex_unlock(&keys->lock);
}

// SSL_CTX_set_tlsext_ticket_key_evp_cb(3): 1 go on, 2 go on and send a new ticket, 0 full handshake, -1 error.
static int seal_or_open(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
                        int encrypts) {
    struct pasted_ticket_keys *keys = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), keys_index);
    struct ticket_key key;
    int answer = 1;
    pthread_mutex_lock(&keys->lock);
    // Looked at when a key is needed: no clock has to run for it.
    const int64_t now = seconds_now();
    if (now - keys->since >= keys->period) rotate(keys, now);
    if (encrypts || memcmp(name, keys->current.name, sizeof key.name) == 0) {
        key = keys->current;
    } else if (keys->has_previous && memcmp(name, keys->previous.name, sizeof key.name) == 0) {
        key = keys->previous;
        answer = 2;
    } else {
        answer = 0;
    }
    pthread_mutex_unlock(&keys->lock);
    if (answer == 0) return 0;

    if (encrypts) {
        memcpy(name, key.name, sizeof key.name);
        if (RAND_bytes(iv, EVP_MAX_IV_LENGTH) != 1) answer = -1;
    }
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.hmac, sizeof key.hmac),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, "sha256", 0),
        OSSL_PARAM_construct_end(),
    };
    if (EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key.aes, iv, encrypts) != 1
        || EVP_MAC_CTX_set_params(mac, parameters) != 1)
        answer = -1;
    OPENSSL_cleanse(&key, sizeof key);
    return answer;
}

bool pasted_use_ticket_keys(SSL_CTX *ssl, struct pasted_ticket_keys *keys) {
    pthread_once(&index_made, make_index);
    if (SSL_CTX_set_ex_data(ssl, keys_index, keys) != 1) return false;
    atomic_fetch_add(&keys->owners, 1);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(ssl, seal_or_open);
    return true;
}
