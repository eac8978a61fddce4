#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int64_t milliseconds_now(void) {
    return pasted_boot_nanoseconds() / 1000000;
}

// Connecting

static int connect_to(const struct addrinfo *address, int64_t deadline) {
    const int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    int error = 0;
    if (connect(fd, address->ai_addr, address->ai_addrlen) < 0) error = errno;
    while (error == EINPROGRESS || error == EINTR) {
        const int64_t left = deadline - milliseconds_now();
        struct pollfd waiting = {fd, POLLOUT, 0};
        const int ready = poll(&waiting, 1, left < 0 ? 0 : (int)left);
        if (ready < 0 && errno == EINTR) continue;
        socklen_t length = sizeof error;
        if (ready == 0) error = ETIMEDOUT;
        else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0) error = errno;
    }
    if (error) {
        close(fd);
        return -error;
    }
    pasted_no_delay(fd);
    return fd;
}

int pasted_dial(const char *host, const char *port, int timeout_milliseconds) {
    const int64_t deadline = milliseconds_now() + timeout_milliseconds;
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    // Without AI_ADDRCONFIG once more: it hides the loopback addresses of a machine that has no other.
    struct addrinfo any = wanted;
    any.ai_flags = AI_NUMERICSERV;
    if (getaddrinfo(host, port, &wanted, &found) != 0 && getaddrinfo(host, port, &any, &found) != 0)
        return pasted_no_such_host;
    int answer = pasted_no_such_host;
    for (const struct addrinfo *address = found; address && answer < 0; address = address->ai_next)
        answer = connect_to(address, deadline);
    freeaddrinfo(found);
    return answer;
}

// Waiting, reading, writing

int pasted_wait_for(struct pasted_wait *waits, size_t count, int timeout_milliseconds) {
    struct pollfd polled[8];
    if (count > 8) return -EINVAL;
    for (size_t i = 0; i < count; i++) {
        const short events = (waits[i].events & pasted_wait_input ? POLLIN : 0)
            | (waits[i].events & pasted_wait_output ? POLLOUT : 0);
        polled[i] = (struct pollfd){waits[i].fd, events, 0};
    }
    const int ready = poll(polled, count, timeout_milliseconds);
    if (ready < 0) return errno == EINTR ? 0 : -errno;
    for (size_t i = 0; i < count; i++) {
        const short seen = polled[i].revents;
        waits[i].seen = (seen & (POLLIN | POLLHUP | POLLERR | POLLNVAL) ? pasted_wait_input : 0)
            | (seen & (POLLOUT | POLLHUP | POLLERR) ? pasted_wait_output : 0);
    }
    return ready;
}

int64_t pasted_read(int fd, uint8_t *bytes, size_t capacity) {
    int64_t count;
    do count = read(fd, bytes, capacity);
    while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

int pasted_write_all(int fd, const uint8_t *bytes, size_t count) {
    while (count > 0) {
        const ssize_t written = write(fd, bytes, count);
        if (written >= 0) {
            bytes += written;
            count -= (size_t)written;
        } else if (errno == EAGAIN) {
            // Somebody who shares the descriptor made it nonblocking.
            struct pollfd waiting = {fd, POLLOUT, 0};
            poll(&waiting, 1, -1);
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

// Files

int pasted_replace_file(const char *path, const char *draft, const uint8_t *bytes, size_t count) {
    unlink(draft);
    const int fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return -errno;
    int answer = pasted_write_all(fd, bytes, count);
    if (answer == 0 && fsync(fd) < 0) answer = -errno;
    close(fd);
    if (answer == 0 && rename(draft, path) < 0) answer = -errno;
    if (answer < 0) unlink(draft);
    return answer;
}

int pasted_lock_file(const char *path) {
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return -errno;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
    const int error = errno;
    close(fd);
    return -error;
}

uint64_t pasted_file_stamp(const char *path) {
    struct stat found;
    if (stat(path, &found) < 0) return 0;
    uint64_t stamp = (uint64_t)found.st_mtim.tv_sec * 1000000000 + (uint64_t)found.st_mtim.tv_nsec;
    stamp = stamp * 0x9e3779b97f4a7c15 ^ (uint64_t)found.st_size;
    stamp = stamp * 0x9e3779b97f4a7c15 ^ (uint64_t)found.st_ino;
    return stamp ? stamp : 1;
}

int pasted_private_directory(char *path) {
    return mkdtemp(path) ? 0 : -errno;
}

// Processes

int pasted_run_shell(const char *command, const char *argument) {
    const size_t length = strlen(command) + sizeof " \"$1\"";
    char *line = malloc(length);
    if (!line) return -ENOMEM;
    snprintf(line, length, "%s \"$1\"", command);
    char *const arguments[] = {"sh", "-c", line, "sh", (char *)argument, NULL};
    // What this process ignores or notes, the editor shall not inherit.
    posix_spawnattr_t attributes;
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGINT);
    sigaddset(&defaults, SIGQUIT);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    pid_t process = 0;
    const int error = posix_spawn(&process, "/bin/sh", NULL, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    free(line);
    return error ? -error : process;
}

int pasted_has_ended(int process, int *status) {
    int result = 0;
    const pid_t ended = waitpid(process, &result, WNOHANG);
    if (ended == 0 || (ended < 0 && errno == EINTR)) return 0;
    if (ended < 0) return -errno;
    *status = WIFEXITED(result) ? WEXITSTATUS(result) : WTERMSIG(result);
    return WIFEXITED(result) ? 1 : 2;
}

void pasted_ignore_broken_pipes(void) {
    signal(SIGPIPE, SIG_IGN);
}

static volatile sig_atomic_t noted_signal;

static void note(int number) {
    noted_signal = number;
}

void pasted_note_termination(void) {
    const struct sigaction noting = {.sa_handler = note};
    sigaction(SIGTERM, &noting, NULL);
    sigaction(SIGHUP, &noting, NULL);
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
}

int pasted_noted_signal(void) {
    return noted_signal;
}

// The terminal

int pasted_ask(const char *question) {
    const int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (fd < 0) return -ENXIO;
    int answer = pasted_write_all(fd, (const uint8_t *)question, strlen(question));
    uint8_t byte = 0;
    bool is_first = true;
    // One line, of which the first byte counts.
    while (answer >= 0) {
        const int64_t count = pasted_read(fd, &byte, 1);
        if (count <= 0) break;
        if (is_first) answer = byte;
        is_first = false;
        if (byte == '\n') break;
    }
    close(fd);
    return answer;
}

int pasted_terminal_columns(int fd) {
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) < 0 ? 0 : size.ws_col;
}
