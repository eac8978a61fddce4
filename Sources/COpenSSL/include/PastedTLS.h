#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// TLS by OpenSSL's libssl, for one thread a session. Every function leaves OpenSSL's error queue of its thread
// empty: SSL_get_error() reads the queue, and what another session left there would be taken for its own.

// The library's version, as OPENSSL_VERSION_NUMBER writes it; only tests need to know.
unsigned long pasted_openssl_version(void);

// Ticket keys: what tickets are sealed with, shared by contexts. Any thread.
struct pasted_ticket_keys;
// A key seals for so long; for as long again it still opens what it sealed.
struct pasted_ticket_keys *_Nullable pasted_ticket_keys_create(int64_t period_seconds);
void pasted_ticket_keys_release(struct pasted_ticket_keys *_Nonnull keys);
void pasted_ticket_keys_rotate(struct pasted_ticket_keys *_Nonnull keys);
void pasted_ticket_keys_period(struct pasted_ticket_keys *_Nonnull keys, int64_t seconds);

enum {
    pasted_ticket_seconds = 12 * 3600,  // how long a client may resume with a ticket
    pasted_tls_hosts = 99,              // certificates besides the default one
};

// Contexts: a certificate, and what is spoken. Any thread, once set up.
struct pasted_tls_context;

// A PEM chain (leaf first), its key, and perhaps a DER OCSP response for the leaf.
struct pasted_tls_pair {
    const uint8_t *_Nonnull chain;
    size_t chain_count;
    const uint8_t *_Nonnull key;
    size_t key_count;
    const uint8_t *_Nullable status;
    size_t status_count;
};
// Serves with TLS 1.2 and 1.3; modern: 1.3 only. NULL: `why` is a sentence.
struct pasted_tls_context *_Nullable pasted_tls_server(const struct pasted_tls_pair *_Nonnull pair, bool is_modern,
                                                       struct pasted_ticket_keys *_Nonnull keys,
                                                       char *_Nonnull why, size_t why_capacity);
// From now on clients that ask for a name of `other`'s certificate are served with that. Before the first session.
// False: there are too many, or no memory.
bool pasted_tls_add(struct pasted_tls_context *_Nonnull context, struct pasted_tls_context *_Nonnull other);
// Connects to servers whose chain ends in one of these PEM certificates, or in the system's when there are none.
struct pasted_tls_context *_Nullable pasted_tls_client(const uint8_t *_Nullable roots, size_t roots_count,
                                                       char *_Nonnull why, size_t why_capacity);
void pasted_tls_context_free(struct pasted_tls_context *_Nonnull context);

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
// Why a session failed, by what an operator would do about it.
enum {
    pasted_fault_broken = 0,      // no TLS at all, a damaged record, a message out of place
    pasted_fault_version = 1,     // speaks no version of ours
    pasted_fault_parameters = 2,  // has no cipher, group or signature in common with us
    pasted_fault_protocol = 3,    // offers other application protocols than ours
    pasted_fault_alert = 4,       // told us an alert: mostly, that it does not trust the certificate
};
struct pasted_tls_read {
    size_t eaten;     // ciphertext bytes taken from the input
    size_t produced;  // plaintext bytes
    int status;
    int fault;        // why it failed
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
// Whether TLS 1.2 was agreed on.
bool pasted_tls_is_1_2(const struct pasted_tls_session *_Nonnull session);
// To a peer whose handshake is refused before the library has seen it: the alert that it would have sent.
void pasted_tls_refuse(struct pasted_tls_session *_Nonnull session);
// close_notify onto the wire.
void pasted_tls_close(struct pasted_tls_session *_Nonnull session);

bool pasted_tls_is_open(const struct pasted_tls_session *_Nonnull session);
bool pasted_tls_was_resumed(const struct pasted_tls_session *_Nonnull session);
const char *_Nonnull pasted_tls_version(const struct pasted_tls_session *_Nonnull session);
const char *_Nonnull pasted_tls_cipher(const struct pasted_tls_session *_Nonnull session);
// The group of the key exchange.
const char *_Nonnull pasted_tls_group(const struct pasted_tls_session *_Nonnull session);

// What a client needs to resume: from a session that is open, for one that has not begun.
struct pasted_tls_ticket;
struct pasted_tls_ticket *_Nullable pasted_tls_ticket(struct pasted_tls_session *_Nonnull session);
void pasted_tls_ticket_free(struct pasted_tls_ticket *_Nonnull ticket);
void pasted_tls_resume(struct pasted_tls_session *_Nonnull session, struct pasted_tls_ticket *_Nonnull ticket);
