#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "Terminal.h"

// Linux system calls in the one form that Reactor wants. Each answers a value of at least zero, or minus the
// errno: taken here, right behind the call, where nothing can overwrite it. A call that a signal
// interrupted is made again.

// epoll. `token` comes back with the descriptor's readiness.
struct pasted_readiness {
    uint64_t token;
    uint32_t events;
};
enum {
    pasted_readable = 1,  // bytes, a connection, or the end of input
    pasted_writable = 2,  // room in the send buffer
    pasted_ended = 4,     // the peer has shut down its side, or both are down, or an error waits
};
int pasted_epoll_create(void);
// Both directions, edge-triggered, for good.
int pasted_epoll_add_socket(int epoll, int fd, uint64_t token);
// Input only, edge-triggered.
int pasted_epoll_add_event(int epoll, int fd, uint64_t token);
// Input only, level-triggered, and only one of the epolls that share the listener is woken.
int pasted_epoll_add_listener(int epoll, int fd, uint64_t token);
int pasted_epoll_remove(int epoll, int fd);
// Waits at most `nanoseconds`, for ever when negative. A signal ends it early with 0.
int pasted_epoll_wait(int epoll, struct pasted_readiness *_Nonnull ready, int capacity, int64_t nanoseconds);

// eventfd: a counter that wakes an epoll.
int pasted_event_create(void);
int pasted_event_signal(int fd);

// An internet address: IPv6 as two big-endian words, IPv4 mapped (::ffff:a.b.c.d).
struct pasted_address {
    uint64_t high;
    uint64_t low;
    uint16_t port;
};
struct pasted_listener_options {
    int backlog;
    bool reuse_port;          // SO_REUSEPORT
    int user_timeout_ms;      // TCP_USER_TIMEOUT
    int unsent_low_bytes;     // TCP_NOTSENT_LOWAT
};
// `host` is a numeric address. IPv6 is IPv6 only. Connections inherit the options and TCP_NODELAY.
int pasted_listen(const char *_Nonnull host, uint16_t port, struct pasted_listener_options options);
int pasted_local_port(int fd);
// The local address, numeric, ended by NUL.
int pasted_local_host(int fd, char *_Nonnull host, size_t capacity);
// Makes a listening socket that somebody else opened like those of `pasted_listen`. -ENOTSOCK: it is none.
int pasted_adopt_listener(int fd, struct pasted_listener_options options);
// Steers every new connection of all sockets that share the listener's port to the one that joined them second.
int pasted_steer_to_newest(int fd);
int pasted_accept(int listener, struct pasted_address *_Nonnull peer);
// Blocks until connected. `host` is a numeric address.
int pasted_connect(const char *_Nonnull host, uint16_t port);
// A connected pair of nonblocking local stream sockets.
int pasted_socket_pair(int *_Nonnull first, int *_Nonnull second);

int64_t pasted_receive(int fd, uint8_t *_Nonnull bytes, size_t capacity);
int64_t pasted_send(int fd, const uint8_t *_Nonnull bytes, size_t count);
int pasted_shutdown_output(int fd);
int pasted_shutdown_input(int fd);
int pasted_close(int fd);
int pasted_no_delay(int fd);

// One datagram to a local socket; a path that begins with '@' is abstract.
int pasted_datagram(const char *_Nonnull path, const uint8_t *_Nonnull bytes, size_t count);

// Processes
int pasted_process_open(int pid);
int pasted_process_signal(int process, int signal);
// No core file, and no reading of the memory by others of the same user.
int pasted_hide_memory(void);

// Nanoseconds since 1970 (CLOCK_REALTIME), and since boot (CLOCK_BOOTTIME).
int64_t pasted_wall_nanoseconds(void);
int64_t pasted_boot_nanoseconds(void);
int64_t pasted_monotonic_nanoseconds(void);

// A thread of its own that calls `body(context)` once; its name has at most 15 bytes. Never joined.
int pasted_thread_start(const char *_Nonnull name, void (*_Nonnull body)(void *_Nonnull), void *_Nonnull context);
// A number that no other living thread has, never zero.
uint64_t pasted_thread_id(void);
