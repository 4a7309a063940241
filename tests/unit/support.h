/* What the unit tests share: faults that can be asked for, and a folder to write in. */
#ifndef TESTS_UNIT_SUPPORT_H
#define TESTS_UNIT_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Installs an allocator that counts, checks alignment, and can fail. No block may be live. */
void support_use_allocator(void);
/* Restores the C library's; fails the test if a block is still live. */
void support_restore_allocator(void);
/* Makes the `nth` allocation from now (1: the next) return NULL, once; 0: none. */
void support_fail_allocation(uint32_t nth);
/* True if the failure asked for has happened. */
bool support_allocation_failed(void);

/* Makes the `nth` start of a thread from now fail with EAGAIN, once; 0: none. */
void support_fail_thread(uint32_t nth);
void support_restore_threads(void);

/* Makes an empty folder; its path holds until the next call. */
const char *support_make_folder(void);
/* Removes it and all that is in it. */
void support_remove_folder(void);
/* A path in that folder. Four of them hold at a time. */
const char *support_path(const char *name);
/* How many entries the folder has, hidden ones too. */
int support_count_entries(void);
/* Setup and teardown of tests that want such a folder and the counting allocator. */
int support_enter_folder(void **state);
int support_leave_folder(void **state);

/* Writes and compares files with the C library alone. */
void support_write_file(const char *path, const char *text);
void support_assert_file(const char *path, const void *data, size_t size);

/* Runs `fn` in a process of its own; returns its exit status, or 1000 + the signal that ended it.
 * Only while the test has no other thread. */
int support_run_process(int (*fn)(const void *user), const void *user);

/* How often `part` stands in a text. */
uint32_t support_count_text(const char *text, const char *part);
/* Fails the test unless tags open and close in pairs, without a stray angle bracket. */
void support_expect_well_formed(const char *text);

#endif
