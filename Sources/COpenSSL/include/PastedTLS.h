#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// TLS by OpenSSL's libssl, for one thread a session. Every function leaves OpenSSL's error queue of its thread
// empty: SSL_get_error() reads the queue, and what another session left there would be taken for its own.

// Contexts: one certificate, the protocol's settings and the ticket keys. Any thread.
struct pasted_tls_context;

// Serves with a PEM chain (leaf first) and its key. NULL: `why` is a sentence.
struct pasted_tls_context *_Nullable pasted_tls_server(const uint8_t *_Nonnull chain, size_t chain_count,
                                                       const uint8_t *_Nonnull key, size_t key_count,
                                                       char *_Nonnull why, size_t why_capacity);
// Connects to servers whose chain ends in one of these PEM certificates, or in the system's when there are none.
struct pasted_tls_context *_Nullable pasted_tls_client(const uint8_t *_Nullable roots, size_t roots_count,
                                                       char *_Nonnull why, size_t why_capacity);
void pasted_tls_context_free(struct pasted_tls_context *_Nonnull context);
// How long a ticket key encrypts; for as long again it still opens tickets.
void pasted_tls_ticket_period(struct pasted_tls_context *_Nonnull context, int64_t seconds);
void pasted_tls_rotate(struct pasted_tls_context *_Nonnull context);

// A wire: what the sessions of one thread read from and write to, one at a time. It lives as long as it or a
// session on it does.
struct pasted_tls_wire;
struct pasted_tls_wire *_Nullable pasted_tls_wire_create(size_t capacity);
void pasted_tls_wire_free(struct pasted_tls_wire *_Nonnull wire);
const uint8_t *_Nonnull pasted_tls_wire_output(const struct pasted_tls_wire *_Nonnull wire);
size_t pasted_tls_wire_count(const struct pasted_tls_wire *_Nonnull wire);
void pasted_tls_wire_clear(struct pasted_tls_wire *_Nonnull wire);

// Sessions.
struct pasted_tls_session;
struct pasted_tls_session *_Nullable pasted_tls_accept(struct pasted_tls_context *_Nonnull context);
// `host`, a name or a numeric address, is asked for and must be in the certificate.
struct pasted_tls_session *_Nullable pasted_tls_connect(struct pasted_tls_context *_Nonnull context,
                                                        const char *_Nonnull host);
void pasted_tls_free(struct pasted_tls_session *_Nonnull session);
// From now on over that wire; none: over nothing.
void pasted_tls_attach(struct pasted_tls_session *_Nonnull session, struct pasted_tls_wire *_Nullable wire);

enum {
    pasted_tls_hungry = 0,   // all ciphertext eaten
    pasted_tls_full = 1,     // no room left for plaintext; there may be more
    pasted_tls_blocked = 2,  // no room left on the wire: send its output, call again
    pasted_tls_ended = 3,    // close_notify
    pasted_tls_plain = 4,    // the first bytes are an HTTP request without TLS
    pasted_tls_failed = 5,   // the peer broke the protocol; an alert may be on the wire
};
struct pasted_tls_read {
    size_t eaten;     // ciphertext bytes taken from the input
    size_t produced;  // plaintext bytes
    int status;
};
// Eats ciphertext and writes plaintext; does the handshake. The pointers are not kept.
struct pasted_tls_read pasted_tls_read(struct pasted_tls_session *_Nonnull session, const uint8_t *_Nonnull input,
                                       size_t count, uint8_t *_Nonnull plaintext, size_t capacity,
                                       char *_Nonnull why, size_t why_capacity);
// Encrypts onto the wire. Answers how many plaintext bytes were taken (fewer than given: no room on the wire),
// or -1: the session is broken.
int64_t pasted_tls_write(struct pasted_tls_session *_Nonnull session, const uint8_t *_Nonnull plaintext, size_t count);
// A client's first flight.
void pasted_tls_begin(struct pasted_tls_session *_Nonnull session);
// close_notify onto the wire.
void pasted_tls_close(struct pasted_tls_session *_Nonnull session);

bool pasted_tls_is_open(const struct pasted_tls_session *_Nonnull session);
bool pasted_tls_was_resumed(const struct pasted_tls_session *_Nonnull session);
const char *_Nonnull pasted_tls_version(const struct pasted_tls_session *_Nonnull session);
const char *_Nonnull pasted_tls_cipher(const struct pasted_tls_session *_Nonnull session);

// What a client needs to resume: from a session that is open, for one that has not begun.
struct pasted_tls_ticket;
struct pasted_tls_ticket *_Nullable pasted_tls_ticket(struct pasted_tls_session *_Nonnull session);
void pasted_tls_ticket_free(struct pasted_tls_ticket *_Nonnull ticket);
void pasted_tls_resume(struct pasted_tls_session *_Nonnull session, struct pasted_tls_ticket *_Nonnull ticket);
