#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What a command at a terminal wants of Linux. As in CLinux.h each call answers a value of at least zero or minus
// the errno, and is made again when a signal interrupted it.

// Connects to a name or a numeric address within the time; tries each address that the name has. Nonblocking,
// TCP_NODELAY. When the name itself is the trouble the answer is `pasted_no_such_host`.
enum { pasted_no_such_host = -100000 };
int pasted_dial(const char *_Nonnull host, const char *_Nonnull port, int timeout_milliseconds);

// poll(2). `events` and `seen` are bits of enum pasted_waiting. A signal ends the wait early with 0.
enum { pasted_wait_input = 1, pasted_wait_output = 2 };
struct pasted_wait {
    int fd;
    int events;
    int seen;
};
int pasted_wait_for(struct pasted_wait *_Nonnull waits, size_t count, int timeout_milliseconds);

int64_t pasted_read(int fd, uint8_t *_Nonnull bytes, size_t capacity);
// All of it, however long it takes.
int pasted_write_all(int fd, const uint8_t *_Nonnull bytes, size_t count);

// Files that nobody else may read: mode 0600.
// Replaces the file whole: it is never half written.
int pasted_replace_file(const char *_Nonnull path, const char *_Nonnull draft, const uint8_t *_Nonnull bytes,
                        size_t count);
// Opens (makes) a file and locks it for this process, as long as the descriptor is open; -EWOULDBLOCK: another has it.
int pasted_lock_file(const char *_Nonnull path);
// A file's size, last change and identity in one number that differs when it was written; 0 when it can't be seen.
uint64_t pasted_file_stamp(const char *_Nonnull path);
// mkdtemp(3): the X's at the end of `path` are filled in; mode 0700.
int pasted_private_directory(char *_Nonnull path);

// Runs `sh -c 'COMMAND "$1"' sh ARGUMENT` with our terminal; answers its process id.
int pasted_run_shell(const char *_Nonnull command, const char *_Nonnull argument);
// Whether it has ended: 0 still runs, 1 ended by itself with `*status`, 2 by a signal.
int pasted_has_ended(int process, int *_Nonnull status);

// From now on writing to a pipe that nobody reads is an error and not the end.
void pasted_ignore_broken_pipes(void);
// SIGTERM and SIGHUP are noted instead of ending the process; SIGINT and SIGQUIT are the editor's.
void pasted_note_termination(void);
// The signal that was noted, or 0.
int pasted_noted_signal(void);

// Asks on the terminal, whatever stdin and stdout are: the answer's first byte; -ENXIO without a terminal.
int pasted_ask(const char *_Nonnull question);
// Columns of the terminal behind `fd`, 0 when it is none.
int pasted_terminal_columns(int fd);
