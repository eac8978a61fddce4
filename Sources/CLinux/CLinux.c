#define _GNU_SOURCE
#include "CLinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define AGAIN(call)                            \
    __extension__({                            \
        int64_t result;                        \
        do result = (call);                    \
        while (result < 0 && errno == EINTR);  \
        result < 0 ? -errno : result;          \
    })

// epoll

int pasted_epoll_create(void) {
    return AGAIN(epoll_create1(EPOLL_CLOEXEC));
}

static int add(int epoll, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data.u64 = token};
    return AGAIN(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
}

int pasted_epoll_add_socket(int epoll, int fd, uint64_t token) {
    return add(epoll, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, token);
}

int pasted_epoll_add_event(int epoll, int fd, uint64_t token) {
    return add(epoll, fd, EPOLLIN | EPOLLET, token);
}

int pasted_epoll_add_listener(int epoll, int fd, uint64_t token) {
    return add(epoll, fd, EPOLLIN | EPOLLEXCLUSIVE, token);
}

int pasted_epoll_remove(int epoll, int fd) {
    struct epoll_event unused = {0};
    return AGAIN(epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &unused));
}

// Kernels before 5.11 know milliseconds only: rounded up, so that nobody is called before its time.
static int wait_milliseconds(int epoll, struct epoll_event *events, int capacity, int64_t nanoseconds) {
    int64_t milliseconds = nanoseconds < 0 ? -1 : (nanoseconds + 999999) / 1000000;
    if (milliseconds > 1 << 30) milliseconds = 1 << 30;
    return epoll_wait(epoll, events, capacity, (int)milliseconds);
}

int pasted_epoll_wait(int epoll, struct pasted_readiness *ready, int capacity, int64_t nanoseconds) {
    struct epoll_event events[256];
    if (capacity > 256) capacity = 256;
    int count;
#ifdef SYS_epoll_pwait2
    struct timespec limit = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    count = (int)syscall(SYS_epoll_pwait2, epoll, events, capacity, nanoseconds < 0 ? NULL : &limit, NULL, 0);
    if (count < 0 && errno == ENOSYS) count = wait_milliseconds(epoll, events, capacity, nanoseconds);
#else
    count = wait_milliseconds(epoll, events, capacity, nanoseconds);
#endif
    if (count < 0) return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < count; i++) {
        uint32_t seen = events[i].events, told = 0;
        if (seen & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) told |= pasted_readable;
        if (seen & (EPOLLOUT | EPOLLHUP | EPOLLERR)) told |= pasted_writable;
        if (seen & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) told |= pasted_ended;
        ready[i] = (struct pasted_readiness){events[i].data.u64, told};
    }
    return count;
}

// eventfd

int pasted_event_create(void) {
    return AGAIN(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

int pasted_event_signal(int fd) {
    const uint64_t one = 1;
    const int64_t written = AGAIN(write(fd, &one, sizeof one));
    return written < 0 ? (int)written : 0;
}

// Sockets

union any_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage room;
};

// The address's length, 0 when `host` is not a numeric address.
static socklen_t parse(const char *host, uint16_t port, union any_address *address) {
    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, host, &address->v4.sin_addr) == 1) {
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons(port);
        return sizeof address->v4;
    }
    if (inet_pton(AF_INET6, host, &address->v6.sin6_addr) == 1) {
        address->v6.sin6_family = AF_INET6;
        address->v6.sin6_port = htons(port);
        return sizeof address->v6;
    }
    return 0;
}

static int set(int fd, int level, int name, int value) {
    return setsockopt(fd, level, name, &value, sizeof value);
}

int pasted_listen(const char *host, uint16_t port, struct pasted_listener_options options) {
    union any_address address;
    socklen_t length = parse(host, port, &address);
    if (length == 0) return -EINVAL;
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    if (set(fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0
        || (options.reuse_port && set(fd, SOL_SOCKET, SO_REUSEPORT, 1) < 0)
        || (address.any.sa_family == AF_INET6 && set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) < 0)
        || set(fd, IPPROTO_TCP, TCP_NODELAY, 1) < 0
        || set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, options.user_timeout_ms) < 0
        || set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, options.unsent_low_bytes) < 0
        || bind(fd, &address.any, length) < 0
        || listen(fd, options.backlog) < 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

int pasted_local_port(int fd) {
    union any_address address;
    socklen_t length = sizeof address;
    if (getsockname(fd, &address.any, &length) < 0) return -errno;
    return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

int pasted_local_host(int fd, char *host, size_t capacity) {
    union any_address address;
    socklen_t length = sizeof address;
    if (getsockname(fd, &address.any, &length) < 0) return -errno;
    const void *bytes = address.any.sa_family == AF_INET6 ? (void *)&address.v6.sin6_addr : &address.v4.sin_addr;
    return inet_ntop(address.any.sa_family, bytes, host, (socklen_t)capacity) ? 0 : -errno;
}

int pasted_adopt_listener(int fd, struct pasted_listener_options options) {
    union any_address address;
    socklen_t length = sizeof address, size = sizeof(int);
    int listens = 0;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) < 0 || !listens) return -ENOTSOCK;
    if (getsockname(fd, &address.any, &length) < 0) return -errno;
    if (address.any.sa_family != AF_INET && address.any.sa_family != AF_INET6) return -ENOTSOCK;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0
        || set(fd, IPPROTO_TCP, TCP_NODELAY, 1) < 0
        || set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, options.user_timeout_ms) < 0
        || set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, options.unsent_low_bytes) < 0)
        return -errno;
    return 0;
}

// The kernel asks this program which socket of the group gets a connection, by its place: the second. Alone in
// the group there is no such place, and the kernel chooses as if there were no program.
int pasted_steer_to_newest(int fd) {
    struct sock_filter second = {BPF_RET | BPF_K, 0, 0, 1};
    struct sock_fprog program = {1, &second};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) < 0 ? -errno : 0;
}

static uint64_t big_endian(const uint8_t *bytes) {
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return __builtin_bswap64(word);
}

int pasted_accept(int listener, struct pasted_address *peer) {
    union any_address address;
    socklen_t length = sizeof address;
    int fd = AGAIN(accept4(listener, &address.any, &length, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (fd < 0) return fd;
    if (address.any.sa_family == AF_INET6) {
        peer->high = big_endian(address.v6.sin6_addr.s6_addr);
        peer->low = big_endian(address.v6.sin6_addr.s6_addr + 8);
        peer->port = ntohs(address.v6.sin6_port);
    } else {
        peer->high = 0;
        peer->low = 0xffff00000000 | ntohl(address.v4.sin_addr.s_addr);
        peer->port = ntohs(address.v4.sin_port);
    }
    return fd;
}

int pasted_connect(const char *host, uint16_t port) {
    union any_address address;
    socklen_t length = parse(host, port, &address);
    if (length == 0) return -EINVAL;
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    if (connect(fd, &address.any, length) < 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

int pasted_socket_pair(int *first, int *second) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) return -errno;
    *first = pair[0];
    *second = pair[1];
    return 0;
}

int64_t pasted_receive(int fd, uint8_t *bytes, size_t capacity) {
    return AGAIN(recv(fd, bytes, capacity, 0));
}

int64_t pasted_send(int fd, const uint8_t *bytes, size_t count) {
    return AGAIN(send(fd, bytes, count, MSG_NOSIGNAL));
}

int pasted_shutdown_output(int fd) {
    return AGAIN(shutdown(fd, SHUT_WR));
}

int pasted_shutdown_input(int fd) {
    return AGAIN(shutdown(fd, SHUT_RD));
}

// On Linux the descriptor is gone even when a signal interrupts: never again.
int pasted_close(int fd) {
    return close(fd) < 0 && errno != EINTR ? -errno : 0;
}

int pasted_no_delay(int fd) {
    return set(fd, IPPROTO_TCP, TCP_NODELAY, 1) < 0 ? -errno : 0;
}

int pasted_datagram(const char *path, const uint8_t *bytes, size_t count) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof address.sun_path) return -EINVAL;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@') address.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    socklen_t size = offsetof(struct sockaddr_un, sun_path) + length + (path[0] == '@' ? 0 : 1);
    int64_t sent = AGAIN(sendto(fd, bytes, count, MSG_NOSIGNAL, (struct sockaddr *)&address, size));
    close(fd);
    return sent < 0 ? (int)sent : 0;
}

// Processes

int pasted_process_open(int pid) {
    return AGAIN(syscall(SYS_pidfd_open, pid, 0));
}

int pasted_process_signal(int process, int signal) {
    return AGAIN(syscall(SYS_pidfd_send_signal, process, signal, NULL, 0));
}

int pasted_hide_memory(void) {
    return AGAIN(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
}

// Clocks

static int64_t nanoseconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t pasted_wall_nanoseconds(void) {
    return nanoseconds(CLOCK_REALTIME);
}

int64_t pasted_boot_nanoseconds(void) {
    return nanoseconds(CLOCK_BOOTTIME);
}

int64_t pasted_monotonic_nanoseconds(void) {
    return nanoseconds(CLOCK_MONOTONIC);
}

// Threads

struct start {
    char name[16];
    void (*body)(void *);
    void *context;
};

static void *run(void *argument) {
    struct start start = *(struct start *)argument;
    free(argument);
    pthread_setname_np(pthread_self(), start.name);
    start.body(start.context);
    return NULL;
}

int pasted_thread_start(const char *name, void (*body)(void *), void *context) {
    struct start *start = calloc(1, sizeof *start);
    if (!start) return -ENOMEM;
    strncpy(start->name, name, sizeof start->name - 1);
    start->body = body;
    start->context = context;
    pthread_t thread;
    int error = pthread_create(&thread, NULL, run, start);
    if (error) {
        free(start);
        return -error;
    }
    pthread_detach(thread);
    return 0;
}

uint64_t pasted_thread_id(void) {
    static _Thread_local char here;
    return (uint64_t)(uintptr_t)&here;
}
