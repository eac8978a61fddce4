// TLS contexts: certificate, settings, ticket keys.

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "Internal.h"

// Tickets are opened by the current key and by the one before it, then never again: a key that is stolen
// opens the sessions of at most two periods.
struct ticket_key {
    uint8_t name[16];
    uint8_t aes[32];
    uint8_t hmac[32];
};

// Belongs to its SSL_CTX, which is counted by its sessions: they may outlive the caller's use of it.
struct pasted_tls_context {
    SSL_CTX *ssl;
    pthread_mutex_t lock;  // guards the rest
    struct ticket_key current, previous;
    bool has_previous;
    int64_t since, period;
};

static const int64_t ticket_period_seconds = 12 * 3600;

static int context_index = -1;
static pthread_once_t index_made = PTHREAD_ONCE_INIT;

// CRYPTO_EX_free.
static void forget(void *parent, void *pointer, CRYPTO_EX_DATA *data, int index, long number, void *argument) {
    (void)parent, (void)data, (void)index, (void)number, (void)argument;
    struct pasted_tls_context *context = pointer;
    if (!context) return;
    pthread_mutex_destroy(&context->lock);
    OPENSSL_clear_free(context, sizeof *context);
}

static void make_index(void) {
    context_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, forget);
}

static int64_t seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec;
}

static bool new_ticket_key(struct ticket_key *key) {
    return RAND_bytes((unsigned char *)key, sizeof *key) == 1;
}

// Under the lock.
static void rotate(struct pasted_tls_context *context, int64_t now) {
    // Without randomness the old key goes on: RAND_bytes fails only when the system has none at all.
    struct ticket_key fresh;
    if (!new_ticket_key(&fresh)) return;
    context->has_previous = now - context->since < 2 * context->period;
    context->previous = context->current;
    context->current = fresh;
    OPENSSL_cleanse(&fresh, sizeof fresh);
    context->since = now;
}

// SSL_CTX_set_tlsext_ticket_key_evp_cb(3): 1 go on, 2 go on and send a new ticket, 0 full handshake, -1 error.
static int ticket_keys(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
                       int encrypts) {
    struct pasted_tls_context *context = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_index);
    struct ticket_key key;
    int answer = 1;
    pthread_mutex_lock(&context->lock);
    const int64_t now = seconds_now();
    if (now - context->since >= context->period) rotate(context, now);
    if (encrypts || memcmp(name, context->current.name, sizeof key.name) == 0) {
        key = context->current;
    } else if (context->has_previous && memcmp(name, context->previous.name, sizeof key.name) == 0) {
        key = context->previous;
        answer = 2;
    } else {
        answer = 0;
    }
    pthread_mutex_unlock(&context->lock);
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

// RFC 7301 section 3.2: a client that speaks none of ours is told so, with an alert.
static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *count,
                           const unsigned char *offered, unsigned int offered_count, void *unused) {
    (void)ssl, (void)unused;
    static const unsigned char ours[] = "\x08http/1.1";
    const int found = SSL_select_next_proto((unsigned char **)chosen, count, ours, sizeof ours - 1, offered,
                                            offered_count);
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

void pasted_explain(char *why, size_t capacity, const char *what) {
    const unsigned long error = ERR_peek_last_error();
    const char *reason = error ? ERR_reason_error_string(error) : NULL;
    snprintf(why, capacity, reason ? "%s (%s)" : "%s", what, reason);
    ERR_clear_error();
}

static struct pasted_tls_context *context_create(const SSL_METHOD *method) {
    pthread_once(&index_made, make_index);
    struct pasted_tls_context *context = OPENSSL_zalloc(sizeof *context);
    SSL_CTX *ssl = context ? SSL_CTX_new(method) : NULL;
    if (!ssl || SSL_CTX_set_ex_data(ssl, context_index, context) != 1) {
        SSL_CTX_free(ssl);
        OPENSSL_free(context);
        return NULL;
    }
    pthread_mutex_init(&context->lock, NULL);
    context->ssl = ssl;
    context->period = ticket_period_seconds;
    context->since = seconds_now();
    if (!new_ticket_key(&context->current)
        || SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) != 1
        || SSL_CTX_set1_groups_list(ssl, "X25519:P-256:P-384") != 1
        || SSL_CTX_set_ciphersuites(
               ssl, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") != 1
        || SSL_CTX_set_cipher_list(ssl, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                                        "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                                        "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305") != 1) {
        pasted_tls_context_free(context);
        return NULL;
    }
    SSL_CTX_set_options(ssl, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE
                                 | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE
                              | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return context;
}

static bool use_chain(SSL_CTX *ssl, const uint8_t *chain, size_t count) {
    BIO *bio = BIO_new_mem_buf(chain, (int)count);
    X509 *certificate = bio ? PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL) : NULL;
    bool is_good = certificate && SSL_CTX_use_certificate(ssl, certificate) == 1;
    X509_free(certificate);
    while (is_good && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        is_good = SSL_CTX_add0_chain_cert(ssl, certificate) == 1;
        if (!is_good) X509_free(certificate);
    }
    // The end of the text shows as "no start line"; anything else is a damaged certificate.
    if (is_good && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) ERR_clear_error();
    else is_good = false;
    BIO_free(bio);
    return is_good;
}

// Instead of OpenSSL's own, which would ask for it on the terminal.
static int no_password(char *buffer, int size, int writes, void *unused) {
    (void)buffer, (void)size, (void)writes, (void)unused;
    return -1;
}

static bool use_key(SSL_CTX *ssl, const uint8_t *key, size_t count) {
    BIO *bio = BIO_new_mem_buf(key, (int)count);
    EVP_PKEY *private = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
    const bool is_good = private && SSL_CTX_use_PrivateKey(ssl, private) == 1;
    EVP_PKEY_free(private);
    BIO_free(bio);
    return is_good;
}

struct pasted_tls_context *pasted_tls_server(const uint8_t *chain, size_t chain_count, const uint8_t *key,
                                             size_t key_count, char *why, size_t why_capacity) {
    struct pasted_tls_context *context = context_create(TLS_server_method());
    const char *problem = NULL;
    if (!context) problem = "TLS can not be set up";
    else if (!use_chain(context->ssl, chain, chain_count)) problem = "the certificate file is not a PEM chain";
    else if (!use_key(context->ssl, key, key_count)) problem = "the key file is not this certificate's PEM key";
    else if (SSL_CTX_check_private_key(context->ssl) != 1) problem = "the key does not belong to the certificate";
    if (problem) {
        pasted_explain(why, why_capacity, problem);
        if (context) pasted_tls_context_free(context);
        return NULL;
    }
    SSL_CTX_set_alpn_select_cb(context->ssl, choose_protocol, NULL);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context->ssl, ticket_keys);
    SSL_CTX_set_num_tickets(context->ssl, 1);
    // Tickets hold all that resuming takes: nothing is remembered here.
    SSL_CTX_set_session_cache_mode(context->ssl, SSL_SESS_CACHE_OFF);
    ERR_clear_error();
    return context;
}

struct pasted_tls_context *pasted_tls_client(const uint8_t *roots, size_t roots_count, char *why,
                                             size_t why_capacity) {
    struct pasted_tls_context *context = context_create(TLS_client_method());
    bool is_good = context != NULL;
    if (is_good && !roots_count) is_good = SSL_CTX_set_default_verify_paths(context->ssl) == 1;
    if (is_good && roots_count) {
        BIO *bio = BIO_new_mem_buf(roots, (int)roots_count);
        X509 *root = NULL;
        int count = 0;
        while (bio && (root = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
            count += X509_STORE_add_cert(SSL_CTX_get_cert_store(context->ssl), root);
            X509_free(root);
        }
        BIO_free(bio);
        is_good = count > 0;
    }
    if (!is_good) {
        pasted_explain(why, why_capacity, "the trusted certificates can not be read");
        if (context) pasted_tls_context_free(context);
        return NULL;
    }
    SSL_CTX_set_verify(context->ssl, SSL_VERIFY_PEER, NULL);
    pasted_judge_servers(context->ssl);
    SSL_CTX_set_alpn_protos(context->ssl, (const unsigned char *)"\x08http/1.1", 9);
    ERR_clear_error();
    return context;
}

void pasted_tls_context_free(struct pasted_tls_context *context) {
    SSL_CTX_free(context->ssl);
}

void pasted_tls_ticket_period(struct pasted_tls_context *context, int64_t seconds) {
    pthread_mutex_lock(&context->lock);
    context->period = seconds;
    pthread_mutex_unlock(&context->lock);
}

void pasted_tls_rotate(struct pasted_tls_context *context) {
    pthread_mutex_lock(&context->lock);
    rotate(context, seconds_now());
    pthread_mutex_unlock(&context->lock);
}

SSL_CTX *pasted_ssl_context(struct pasted_tls_context *context) {
    return context->ssl;
}
