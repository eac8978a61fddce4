// The server's certificate as a client judges it.

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <string.h>

#include "Internal.h"

// Belongs to its SSL.
struct peer {
    uint8_t pin[32];
    uint8_t seen[32];
    bool is_pinned, was_seen;
};

static int peer_index = -1;
static pthread_once_t index_made = PTHREAD_ONCE_INIT;

// CRYPTO_EX_free.
static void forget(void *parent, void *pointer, CRYPTO_EX_DATA *data, int index, long number, void *argument) {
    (void)parent, (void)data, (void)index, (void)number, (void)argument;
    OPENSSL_free(pointer);
}

static void make_index(void) {
    peer_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, forget);
}

static struct peer *peer_of(SSL *ssl) {
    pthread_once(&index_made, make_index);
    struct peer *peer = SSL_get_ex_data(ssl, peer_index);
    if (peer) return peer;
    peer = OPENSSL_zalloc(sizeof *peer);
    if (peer && SSL_set_ex_data(ssl, peer_index, peer) != 1) {
        OPENSSL_free(peer);
        peer = NULL;
    }
    return peer;
}

// SSL_CTX_set_cert_verify_callback(3).
static int judge(X509_STORE_CTX *chain, void *unused) {
    (void)unused;
    SSL *ssl = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx());
    X509 *leaf = X509_STORE_CTX_get0_cert(chain);
    struct peer *peer = ssl ? peer_of(ssl) : NULL;
    unsigned int length = 0;
    if (!peer || !leaf || X509_digest(leaf, EVP_sha256(), peer->seen, &length) != 1) {
        X509_STORE_CTX_set_error(chain, X509_V_ERR_UNSPECIFIED);
        return 0;
    }
    peer->was_seen = true;
    if (!peer->is_pinned) return X509_verify_cert(chain);
    const bool is_pin = memcmp(peer->pin, peer->seen, sizeof peer->pin) == 0;
    X509_STORE_CTX_set_error(chain, is_pin ? X509_V_OK : X509_V_ERR_CERT_UNTRUSTED);
    return is_pin;
}

void pasted_judge_servers(SSL_CTX *context) {
    SSL_CTX_set_cert_verify_callback(context, judge, NULL);
}

void pasted_tls_pin(struct pasted_tls_session *session, const uint8_t fingerprint[32]) {
    struct peer *peer = peer_of((SSL *)session);
    // Without memory for the pin nothing is accepted but what a root vouches for.
    if (!peer) return;
    memcpy(peer->pin, fingerprint, sizeof peer->pin);
    peer->is_pinned = true;
}

bool pasted_tls_peer_fingerprint(struct pasted_tls_session *session, uint8_t fingerprint[32]) {
    const struct peer *peer = peer_of((SSL *)session);
    if (!peer || !peer->was_seen) return false;
    memcpy(fingerprint, peer->seen, sizeof peer->seen);
    return true;
}

const char *pasted_tls_distrust(struct pasted_tls_session *session) {
    const struct peer *peer = peer_of((SSL *)session);
    const long answer = SSL_get_verify_result((SSL *)session);
    return peer && peer->was_seen && answer != X509_V_OK ? X509_verify_cert_error_string(answer) : NULL;
}
