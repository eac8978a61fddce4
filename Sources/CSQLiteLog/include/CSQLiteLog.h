#pragma once

// Has SQLite write its log in few system calls (see CSQLiteLog.c) and count no memory. For this process, and for every
// connection that is opened from now on. Any thread, any number of times. 0, or SQLite's error code.
int pasted_prepare_sqlite(void);

// How many bytes wait at most: then they are written, whatever comes next.
enum { pasted_gathered_bytes = 64 << 10 };
