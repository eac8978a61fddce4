// TLS contexts: certificates, and what is spoken.

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "Internal.h"

// Contexts for other names than those of the default one's certificate. Belongs to the default context.
struct hosts {
    size_t count;
    SSL_CTX *contexts[pasted_tls_hosts];
};

static int hosts_index = -1;
static pthread_once_t index_made = PTHREAD_ONCE_INIT;

// CRYPTO_EX_free.
static void forget(void *parent, void *pointer, CRYPTO_EX_DATA *data, int index, long number, void *argument) {
    (void)parent, (void)data, (void)index, (void)number, (void)argument;
    struct hosts *hosts = pointer;
    for (size_t each = 0; hosts && each < hosts->count; each++) SSL_CTX_free(hosts->contexts[each]);
    OPENSSL_free(hosts);
}

static void make_index(void) {
    hosts_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, forget);
}

void pasted_explain(char *why, size_t capacity, const char *what) {
    const unsigned long error = ERR_peek_last_error();
    const char *reason = error ? ERR_reason_error_string(error) : NULL;
    snprintf(why, capacity, reason ? "%s (%s)" : "%s", what, reason);
    ERR_clear_error();
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

static bool names(SSL_CTX *ssl, const char *host, unsigned int flags) {
    return X509_check_host(SSL_CTX_get0_certificate(ssl), host, 0,
                           flags | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL)
        == 1;
}

// RFC 6066 section 3. A certificate that spells the name out comes before one with a wildcard, the earlier one before
// the later one; who names nobody we know gets the default.
static int choose_host(SSL *ssl, int *alert, void *pointer) {
    (void)alert;
    SSL_CTX *fallback = pointer;
    const struct hosts *hosts = SSL_CTX_get_ex_data(fallback, hosts_index);
    const char *host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    // X509_check_host takes a leading dot for "any host below".
    if (!host || !*host || *host == '.') return SSL_TLSEXT_ERR_NOACK;
    const unsigned int passes[] = {X509_CHECK_FLAG_NO_WILDCARDS, 0};
    for (size_t pass = 0; pass < 2; pass++) {
        if (names(fallback, host, passes[pass])) return SSL_TLSEXT_ERR_OK;
        for (size_t each = 0; hosts && each < hosts->count; each++) {
            if (!names(hosts->contexts[each], host, passes[pass])) continue;
            return SSL_set_SSL_CTX(ssl, hosts->contexts[each]) ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
        }
    }
    return SSL_TLSEXT_ERR_NOACK;
}

// The hybrid of X25519 and ML-KEM-768 where the library has it: trying is the only test that every version answers.
static bool set_groups(SSL_CTX *ssl) {
    if (SSL_CTX_set1_groups_list(ssl, "X25519MLKEM768:X25519:P-256:P-384") == 1) return true;
    ERR_clear_error();
    return SSL_CTX_set1_groups_list(ssl, "X25519:P-256:P-384") == 1;
}

unsigned long pasted_openssl_version(void) {
    return OpenSSL_version_num();
}

static SSL_CTX *context_create(const SSL_METHOD *method, bool is_modern) {
    pthread_once(&index_made, make_index);
    SSL_CTX *ssl = SSL_CTX_new(method);
    if (!ssl
        || SSL_CTX_set_min_proto_version(ssl, is_modern ? TLS1_3_VERSION : TLS1_2_VERSION) != 1
        || !set_groups(ssl)
        || SSL_CTX_set_ciphersuites(
               ssl, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") != 1
        || SSL_CTX_set_cipher_list(ssl, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                                        "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                                        "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305") != 1) {
        SSL_CTX_free(ssl);
        return NULL;
    }
    // 112 bits, so at least RSA 2048 and SHA-256, whatever the distribution's default is.
    SSL_CTX_set_security_level(ssl, 2);
    SSL_CTX_set_max_early_data(ssl, 0);
    SSL_CTX_set_options(ssl, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE
                                 | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE
                              | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return ssl;
}

// NULL, or what is wrong.
static const char *use_chain(SSL_CTX *ssl, const uint8_t *chain, size_t count) {
    static const char damaged[] = "the certificate file is not a PEM chain";
    BIO *bio = BIO_new_mem_buf(chain, (int)count);
    X509 *last = bio ? PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL) : NULL;
    const char *problem = last ? NULL : damaged;
    if (last && SSL_CTX_use_certificate(ssl, last) != 1) problem = "the certificate can not be used";
    X509 *next = NULL;
    // The context keeps what `last` points to.
    X509_free(last);
    while (!problem && (next = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        if (X509_check_issued(next, last) != X509_V_OK)
            problem = "the certificate file is out of order: each certificate must be followed by its issuer's";
        else if (SSL_CTX_add1_chain_cert(ssl, next) != 1)
            problem = "the chain can not be used";
        last = next;
        X509_free(next);
    }
    // The end of the text shows as "no start line"; anything else is a damaged certificate.
    if (!problem && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) problem = damaged;
    if (!problem) ERR_clear_error();
    BIO_free(bio);
    return problem;
}

// Instead of OpenSSL's own, which would ask for it on the terminal.
static int no_password(char *buffer, int size, int writes, void *was_asked) {
    (void)buffer, (void)size, (void)writes;
    *(bool *)was_asked = true;
    return -1;
}

static const char *use_key(SSL_CTX *ssl, const uint8_t *key, size_t count) {
    bool was_asked = false;
    BIO *bio = BIO_new_mem_buf(key, (int)count);
    EVP_PKEY *private = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, &was_asked) : NULL;
    const char *problem = NULL;
    if (was_asked) problem = "the key is protected by a passphrase, which nobody is here to type: store it without one";
    else if (!private) problem = "the key file holds no PEM key";
    else if (X509_check_private_key(SSL_CTX_get0_certificate(ssl), private) != 1)
        problem = "the key does not belong to the certificate";
    else if (SSL_CTX_use_PrivateKey(ssl, private) != 1) problem = "the key can not be used";
    EVP_PKEY_free(private);
    BIO_free(bio);
    return problem;
}

static const char *use_status(SSL_CTX *ssl, const struct pasted_tls_pair *pair) {
    if (pair->status) return pasted_staple(ssl, pair->status, pair->status_count);
    return pasted_must_staple(SSL_CTX_get0_certificate(ssl))
        ? "the certificate asks for a stapled OCSP response (must-staple): give one, or have it issued without"
        : NULL;
}

struct pasted_tls_context *pasted_tls_server(const struct pasted_tls_pair *pair, bool is_modern,
                                             struct pasted_ticket_keys *keys, char *why, size_t why_capacity) {
    SSL_CTX *ssl = context_create(TLS_server_method(), is_modern);
    const char *problem = ssl && pasted_use_ticket_keys(ssl, keys) ? NULL : "TLS can not be set up";
    if (!problem) problem = use_chain(ssl, pair->chain, pair->chain_count);
    if (!problem) problem = use_key(ssl, pair->key, pair->key_count);
    if (!problem) problem = use_status(ssl, pair);
    if (problem) {
        pasted_explain(why, why_capacity, problem);
        SSL_CTX_free(ssl);
        return NULL;
    }
    SSL_CTX_set_alpn_select_cb(ssl, choose_protocol, NULL);
    SSL_CTX_set_tlsext_servername_callback(ssl, choose_host);
    SSL_CTX_set_tlsext_servername_arg(ssl, ssl);
    SSL_CTX_set_num_tickets(ssl, 1);
    SSL_CTX_set_timeout(ssl, pasted_ticket_seconds);
    // Tickets hold all that resuming takes: nothing is remembered here.
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    ERR_clear_error();
    return (struct pasted_tls_context *)ssl;
}

bool pasted_tls_add(struct pasted_tls_context *context, struct pasted_tls_context *other) {
    SSL_CTX *ssl = pasted_ssl_context(context);
    struct hosts *hosts = SSL_CTX_get_ex_data(ssl, hosts_index);
    if (!hosts) {
        hosts = OPENSSL_zalloc(sizeof *hosts);
        if (!hosts || SSL_CTX_set_ex_data(ssl, hosts_index, hosts) != 1) return false;
    }
    if (hosts->count == pasted_tls_hosts || SSL_CTX_up_ref(pasted_ssl_context(other)) != 1) return false;
    hosts->contexts[hosts->count++] = pasted_ssl_context(other);
    return true;
}

struct pasted_tls_context *pasted_tls_client(const uint8_t *roots, size_t roots_count, char *why,
                                             size_t why_capacity) {
    SSL_CTX *ssl = context_create(TLS_client_method(), false);
    bool is_good = ssl != NULL;
    if (is_good && !roots_count) is_good = SSL_CTX_set_default_verify_paths(ssl) == 1;
    if (is_good && roots_count) {
        BIO *bio = BIO_new_mem_buf(roots, (int)roots_count);
        X509 *root = NULL;
        int count = 0;
        while (bio && (root = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
            count += X509_STORE_add_cert(SSL_CTX_get_cert_store(ssl), root);
            X509_free(root);
        }
        BIO_free(bio);
        is_good = count > 0;
    }
    if (!is_good) {
        pasted_explain(why, why_capacity, "the trusted certificates can not be read");
        SSL_CTX_free(ssl);
        return NULL;
    }
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    pasted_judge_servers(ssl);
    SSL_CTX_set_alpn_protos(ssl, (const unsigned char *)"\x08http/1.1", 9);
    ERR_clear_error();
    return (struct pasted_tls_context *)ssl;
}

void pasted_tls_context_free(struct pasted_tls_context *context) {
    SSL_CTX_free(pasted_ssl_context(context));
}
