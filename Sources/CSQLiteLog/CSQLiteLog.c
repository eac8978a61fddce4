// A file system for SQLite that is the system's own, but for two things, both of them for the write-ahead log.
//
// What is written waits until a transaction's last frame comes, and goes to the kernel in one call instead of two for each
// page (24 bytes of a frame's header, then the page). Nothing is promised later than before: SQLite tells nobody of a
// transaction, itself included, before the write of its last frame has returned and the log is synced, and here that write
// returns when all is written, with the error of any of it.
//
// And the file grows ahead of what is written, by zeros, which SQLite reads as the end of a log. A sync of bytes that the
// file has a place for already need not wait for the file system's own journal.
//
// Files that are no log are the system's and never pass through here.

#include "CSQLiteLog.h"

#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

// The format of a log ("WAL File Format" in sqlite.org/fileformat2): a frame is a header of 24 bytes and a page, and
// bytes 4 to 7 of the header are zero but in a transaction's last frame.
enum { frame_header_bytes = 24, commit_offset = 4, commit_bytes = 4 };

// A log, followed by the system's file in the same block of memory. Used by one connection, so by one thread at a time.
typedef struct {
    sqlite3_file base;
    // Null until the first write: a connection that reads has none.
    unsigned char *waiting;
    int count;
    // Where in the file they belong.
    sqlite3_int64 start;
    // Whether the last write was the header of a transaction's last frame: the next one ends the transaction.
    int ends;
    // Up to where the file is known to have a place; 0 when that is to be asked.
    sqlite3_int64 size;
} Log;

static sqlite3_vfs *system_vfs;

static sqlite3_file *system_file(sqlite3_file *file) {
    return (sqlite3_file *)((Log *)file + 1);
}

static const sqlite3_io_methods *methods(sqlite3_file *file) {
    return system_file(file)->pMethods;
}

// Has the file end well behind `end`: by as much again as it has, within bounds. What fails here, for want of space above
// all, is not missed.
static void grow(sqlite3_file *file, sqlite3_int64 end) {
    // The system's files take no more than 128 KiB at once.
    static const unsigned char zeros[pasted_gathered_bytes];
    Log *log = (Log *)file;
    sqlite3_int64 size;
    if (methods(file)->xFileSize(system_file(file), &size) != SQLITE_OK) return;
    // It has room behind the end when the log began anew in it, or was found at the start.
    if (size == end) {
        const sqlite3_int64 room = size < pasted_growth_bytes ? size : pasted_growth_bytes;
        do {
            if (methods(file)->xWrite(system_file(file), zeros, sizeof(zeros), size) != SQLITE_OK) break;
            size += sizeof(zeros);
        } while (size < end + room);
    }
    log->size = size;
}

// Hands what waits to the kernel. After an error it is dropped: SQLite rolls the transaction back.
static int flush(sqlite3_file *file) {
    Log *log = (Log *)file;
    const int count = log->count;
    log->count = 0;
    if (count == 0) return SQLITE_OK;
    const int code = methods(file)->xWrite(system_file(file), log->waiting, count, log->start);
    if (code == SQLITE_OK && log->start + count > log->size) grow(file, log->start + count);
    return code;
}

static int log_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
    Log *log = (Log *)file;
    if (log->count > 0 && (offset != log->start + log->count || count > pasted_gathered_bytes - log->count)) {
        const int code = flush(file);
        if (code != SQLITE_OK) return code;
    }
    if (!log->waiting) log->waiting = sqlite3_malloc(pasted_gathered_bytes);
    if (!log->waiting || count > pasted_gathered_bytes) {
        log->ends = 0;
        return methods(file)->xWrite(system_file(file), bytes, count, offset);
    }
    if (log->count == 0) log->start = offset;
    memcpy(log->waiting + log->count, bytes, (size_t)count);
    log->count += count;
    const int ended = log->ends;
    static const unsigned char none[commit_bytes];
    log->ends = count == frame_header_bytes && memcmp((const char *)bytes + commit_offset, none, commit_bytes) != 0;
    return ended ? flush(file) : SQLITE_OK;
}

// What follows sees the file as if nothing had waited.

static int log_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset) {
    const int code = flush(file);
    return code != SQLITE_OK ? code : methods(file)->xRead(system_file(file), bytes, count, offset);
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 size) {
    const int code = flush(file);
    ((Log *)file)->size = 0;
    return code != SQLITE_OK ? code : methods(file)->xTruncate(system_file(file), size);
}

static int log_sync(sqlite3_file *file, int flags) {
    const int code = flush(file);
    return code != SQLITE_OK ? code : methods(file)->xSync(system_file(file), flags);
}

static int log_size(sqlite3_file *file, sqlite3_int64 *size) {
    const int code = flush(file);
    return code != SQLITE_OK ? code : methods(file)->xFileSize(system_file(file), size);
}

static int log_close(sqlite3_file *file) {
    Log *log = (Log *)file;
    const int flushed = flush(file);
    sqlite3_free(log->waiting);
    log->waiting = NULL;
    const int closed = methods(file)->xClose(system_file(file));
    return flushed != SQLITE_OK ? flushed : closed;
}

static int log_lock(sqlite3_file *file, int level) {
    return methods(file)->xLock(system_file(file), level);
}

static int log_unlock(sqlite3_file *file, int level) {
    return methods(file)->xUnlock(system_file(file), level);
}

static int log_is_reserved(sqlite3_file *file, int *answer) {
    return methods(file)->xCheckReservedLock(system_file(file), answer);
}

static int log_control(sqlite3_file *file, int what, void *argument) {
    return methods(file)->xFileControl(system_file(file), what, argument);
}

static int log_sector_size(sqlite3_file *file) {
    return methods(file)->xSectorSize(system_file(file));
}

static int log_characteristics(sqlite3_file *file) {
    return methods(file)->xDeviceCharacteristics(system_file(file));
}

static const sqlite3_io_methods log_methods = {
    .iVersion = 1,
    .xClose = log_close,
    .xRead = log_read,
    .xWrite = log_write,
    .xTruncate = log_truncate,
    .xSync = log_sync,
    .xFileSize = log_size,
    .xLock = log_lock,
    .xUnlock = log_unlock,
    .xCheckReservedLock = log_is_reserved,
    .xFileControl = log_control,
    .xSectorSize = log_sector_size,
    .xDeviceCharacteristics = log_characteristics,
};

static int open_file(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *opened) {
    (void)vfs;
    if (!(flags & SQLITE_OPEN_WAL)) return system_vfs->xOpen(system_vfs, name, file, flags, opened);
    memset(file, 0, sizeof(Log));
    // Zero before and null after a failure: then there is nothing to close.
    system_file(file)->pMethods = NULL;
    const int code = system_vfs->xOpen(system_vfs, name, system_file(file), flags, opened);
    if (system_file(file)->pMethods) file->pMethods = &log_methods;
    return code;
}

static int count_pages(void *pages, sqlite3 *connection, const char *database, int count) {
    (void)connection;
    (void)database;
    *(int *)pages = count;
    return SQLITE_OK;
}

void pasted_count_log(sqlite3 *connection, int *pages) {
    sqlite3_wal_hook(connection, count_pages, pages);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int registered = SQLITE_ERROR;

static void register_once(void) {
    // What the copy still shares with the system's own works for both: its functions look at `pAppData` alone.
    static sqlite3_vfs gathering;
    // Nobody asks how much memory SQLite has, and counting it takes a lock for every block. Refused, and no harm done,
    // when SQLite is in use already.
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    registered = sqlite3_initialize();
    if (registered != SQLITE_OK) return;
    registered = SQLITE_ERROR;
    system_vfs = sqlite3_vfs_find(NULL);
    if (!system_vfs) return;
    gathering = *system_vfs;
    gathering.zName = "pasted";
    gathering.pNext = NULL;
    gathering.szOsFile += (int)sizeof(Log);
    gathering.xOpen = open_file;
    registered = sqlite3_vfs_register(&gathering, 1);
}

int pasted_prepare_sqlite(void) {
    pthread_once(&once, register_once);
    return registered;
}
