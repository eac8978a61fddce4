#pragma once

// Has SQLite write its log in few system calls and ahead of need (see CSQLiteLog.c), and count no memory. For this process, and for every
// connection that is opened from now on. Any thread, any number of times. 0, or SQLite's error code.
int pasted_prepare_sqlite(void);

struct sqlite3;
// Has a connection's commits put into `pages` how many pages the log holds, instead of copying it into the database now
// and then.
void pasted_count_log(struct sqlite3 *_Nonnull connection, int *_Nonnull pages);

// How many bytes wait at most: then they are written, whatever comes next.
enum { pasted_gathered_bytes = 64 << 10 };

// How many bytes a log grows ahead at most: what takes 1 ms to write, and is not needed again for a hundred commits.
enum { pasted_growth_bytes = 1 << 20 };
