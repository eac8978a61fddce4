// TLS sessions over a wire that many sessions share. A wire is a BIO without buffers of its own per session: it
// reads from the caller's bytes while a call lasts and writes into one buffer that the caller empties.

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <string.h>

#include "Internal.h"

struct pasted_tls_wire {
    BIO *bio;
    const uint8_t *input;  // set while a call lasts
    size_t input_left;
    size_t count, capacity;
    uint8_t output[];
};

enum {
    record_plaintext_bytes = 16384,          // RFC 8446 section 5.1
    record_room_bytes = 16384 + 256 + 5,     // RFC 8446 section 5.2
};

// A struct pasted_tls_session * is an SSL *, a struct pasted_tls_ticket * an SSL_SESSION *.
static SSL *ssl_of(const struct pasted_tls_session *session) {
    return (SSL *)session;
}

static struct pasted_tls_wire *wire_of(SSL *ssl) {
    return BIO_get_data(SSL_get_rbio(ssl));
}

static int wire_read(BIO *bio, char *bytes, int capacity) {
    struct pasted_tls_wire *wire = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (wire->input_left == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    const size_t count = wire->input_left < (size_t)capacity ? wire->input_left : (size_t)capacity;
    memcpy(bytes, wire->input, count);
    wire->input += count;
    wire->input_left -= count;
    return (int)count;
}

static int wire_write(BIO *bio, const char *bytes, int wanted) {
    struct pasted_tls_wire *wire = BIO_get_data(bio);
    const size_t room = wire->capacity - wire->count;
    BIO_clear_retry_flags(bio);
    if (room == 0) {
        BIO_set_retry_write(bio);
        return -1;
    }
    const size_t count = room < (size_t)wanted ? room : (size_t)wanted;
    memcpy(wire->output + wire->count, bytes, count);
    wire->count += count;
    return (int)count;
}

static long wire_control(BIO *bio, int command, long number, void *pointer) {
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

// The BIO is counted by its sessions, and what it points to lives with it.
static int wire_destroy(BIO *bio) {
    OPENSSL_free(BIO_get_data(bio));
    return 1;
}

static BIO_METHOD *method;
static pthread_once_t method_made = PTHREAD_ONCE_INIT;

static void make_method(void) {
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
    if (!method) return;
    BIO_meth_set_read(method, wire_read);
    BIO_meth_set_write(method, wire_write);
    BIO_meth_set_ctrl(method, wire_control);
    BIO_meth_set_destroy(method, wire_destroy);
}

struct pasted_tls_wire *pasted_tls_wire_create(size_t capacity) {
    pthread_once(&method_made, make_method);
    struct pasted_tls_wire *wire = OPENSSL_zalloc(sizeof *wire + capacity);
    BIO *bio = wire && method ? BIO_new(method) : NULL;
    if (!bio) {
        OPENSSL_free(wire);
        return NULL;
    }
    wire->bio = bio;
    wire->capacity = capacity;
    BIO_set_data(bio, wire);
    BIO_set_init(bio, 1);
    return wire;
}

void pasted_tls_wire_free(struct pasted_tls_wire *wire) {
    BIO_free(wire->bio);
}

const uint8_t *pasted_tls_wire_output(const struct pasted_tls_wire *wire) {
    return wire->output;
}

size_t pasted_tls_wire_count(const struct pasted_tls_wire *wire) {
    return wire->count;
}

void pasted_tls_wire_clear(struct pasted_tls_wire *wire) {
    wire->count = 0;
}

struct pasted_tls_session *pasted_tls_accept(struct pasted_tls_context *context) {
    SSL *ssl = SSL_new(pasted_ssl_context(context));
    if (ssl) SSL_set_accept_state(ssl);
    ERR_clear_error();
    return (struct pasted_tls_session *)ssl;
}

struct pasted_tls_session *pasted_tls_connect(struct pasted_tls_context *context, const char *host) {
    SSL *ssl = SSL_new(pasted_ssl_context(context));
    if (!ssl) return NULL;
    SSL_set_connect_state(ssl);
    // RFC 6066 section 3: no numeric address in the server name.
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) != 1) {
        if (SSL_set1_host(ssl, host) != 1 || SSL_set_tlsext_host_name(ssl, host) != 1) {
            SSL_free(ssl);
            ssl = NULL;
        }
    }
    ERR_clear_error();
    return (struct pasted_tls_session *)ssl;
}

void pasted_tls_free(struct pasted_tls_session *session) {
    // A session that ended without close_notify can be resumed all the same (RFC 5246 section 7.2.1).
    SSL_set_shutdown(ssl_of(session), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(ssl_of(session));
    ERR_clear_error();
}

void pasted_tls_attach(struct pasted_tls_session *session, struct pasted_tls_wire *wire) {
    if (wire) BIO_up_ref(wire->bio);
    SSL_set_bio(ssl_of(session), wire ? wire->bio : NULL, wire ? wire->bio : NULL);
}

static int fault_of(unsigned long error) {
    const int reason = ERR_GET_REASON(error);
    if (ERR_GET_LIB(error) != ERR_LIB_SSL) return pasted_fault_broken;
    // Alerts of the peer are reasons from here on, in the order of their numbers.
    if (reason > SSL_AD_REASON_OFFSET) return pasted_fault_alert;
    switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
    case SSL_R_INAPPROPRIATE_FALLBACK: return pasted_fault_version;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SHARED_GROUPS:
    case SSL_R_NO_SUITABLE_GROUPS:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM: return pasted_fault_parameters;
    case SSL_R_NO_APPLICATION_PROTOCOL: return pasted_fault_protocol;
    default: return pasted_fault_broken;
    }
}

static int failure(SSL *ssl, int answer, char *why, size_t why_capacity) {
    switch (SSL_get_error(ssl, answer)) {
    case SSL_ERROR_WANT_READ: return pasted_tls_hungry;
    case SSL_ERROR_WANT_WRITE: return pasted_tls_blocked;
    case SSL_ERROR_ZERO_RETURN: return pasted_tls_ended;
    default: pasted_explain(why, why_capacity, "TLS"); return pasted_tls_failed;
    }
}

struct pasted_tls_read pasted_tls_read(struct pasted_tls_session *session, const uint8_t *input, size_t count,
                                       uint8_t *plaintext, size_t capacity, char *why, size_t why_capacity) {
    SSL *ssl = ssl_of(session);
    struct pasted_tls_wire *wire = wire_of(ssl);
    struct pasted_tls_read result = {0, 0, pasted_tls_full, pasted_fault_broken};
    // A TLS connection begins with 22, an HTTP request with a letter.
    if (count > 0 && SSL_in_before(ssl) && SSL_is_server(ssl) && input[0] >= 'A' && input[0] <= 'Z') {
        result.status = pasted_tls_plain;
        return result;
    }
    wire->input = input;
    wire->input_left = count;
    while (result.produced < capacity) {
        size_t produced = 0;
        const int answer = SSL_read_ex(ssl, plaintext + result.produced, capacity - result.produced, &produced);
        if (answer != 1) {
            // The first error is the cause, what follows it on the queue are consequences.
            result.fault = fault_of(ERR_peek_error());
            result.status = failure(ssl, answer, why, why_capacity);
            break;
        }
        result.produced += produced;
        // Asking once more would tell nothing: it costs as much as a small record.
        if (wire->input_left == 0 && !SSL_has_pending(ssl)) {
            result.status = pasted_tls_hungry;
            break;
        }
    }
    result.eaten = count - wire->input_left;
    wire->input = NULL;
    wire->input_left = 0;
    return result;
}

int64_t pasted_tls_write(struct pasted_tls_session *session, const uint8_t *plaintext, size_t count) {
    SSL *ssl = ssl_of(session);
    struct pasted_tls_wire *wire = wire_of(ssl);
    size_t taken = 0;
    // Room for a whole record before it is made: none is ever left half written inside the session.
    while (taken < count && wire->capacity - wire->count >= record_room_bytes) {
        const size_t left = count - taken;
        size_t written = 0;
        const int answer = SSL_write_ex(
            ssl, plaintext + taken, left < record_plaintext_bytes ? left : record_plaintext_bytes, &written);
        if (answer != 1) {
            char why[64];
            const int status = failure(ssl, answer, why, sizeof why);
            return status == pasted_tls_blocked || status == pasted_tls_hungry ? (int64_t)taken : -1;
        }
        taken += written;
    }
    return (int64_t)taken;
}

void pasted_tls_begin(struct pasted_tls_session *session) {
    SSL_do_handshake(ssl_of(session));
    ERR_clear_error();
}

bool pasted_tls_is_1_2(const struct pasted_tls_session *session) {
    return SSL_version(ssl_of(session)) == TLS1_2_VERSION;
}

void pasted_tls_refuse(struct pasted_tls_session *session) {
    // In the clear, as all is before both sides have keys: fatal, illegal_parameter.
    static const char alert[] = {SSL3_RT_ALERT, 3, 3, 0, 2, SSL3_AL_FATAL, SSL_AD_ILLEGAL_PARAMETER};
    BIO_write(SSL_get_wbio(ssl_of(session)), alert, sizeof alert);
}

void pasted_tls_close(struct pasted_tls_session *session) {
    // SSL_shutdown before the handshake is over is an error, and there is nobody to tell.
    if (SSL_is_init_finished(ssl_of(session))) SSL_shutdown(ssl_of(session));
    ERR_clear_error();
}

bool pasted_tls_is_open(const struct pasted_tls_session *session) {
    return SSL_is_init_finished(ssl_of(session));
}

bool pasted_tls_was_resumed(const struct pasted_tls_session *session) {
    return SSL_session_reused(ssl_of(session)) == 1;
}

const char *pasted_tls_version(const struct pasted_tls_session *session) {
    return SSL_get_version(ssl_of(session));
}

const char *pasted_tls_cipher(const struct pasted_tls_session *session) {
    return SSL_get_cipher_name(ssl_of(session));
}

const char *pasted_tls_group(const struct pasted_tls_session *session) {
    const char *name = SSL_group_to_name(ssl_of(session), (int)SSL_get_negotiated_group(ssl_of(session)));
    return name ? name : "";
}

struct pasted_tls_ticket *pasted_tls_ticket(struct pasted_tls_session *session) {
    return (struct pasted_tls_ticket *)SSL_get1_session(ssl_of(session));
}

void pasted_tls_ticket_free(struct pasted_tls_ticket *ticket) {
    SSL_SESSION_free((SSL_SESSION *)ticket);
}

void pasted_tls_resume(struct pasted_tls_session *session, struct pasted_tls_ticket *ticket) {
    SSL_set_session(ssl_of(session), (SSL_SESSION *)ticket);
    ERR_clear_error();
}
