/* Whatever can fail, failed: what a piece of the program asks of memory and of SQLite is counted, and it is run with
 * the first of these calls failing, then with the second, and so on, until it gets through. Programs whose names end in
 * _failure_test are linked for it (tests/CMakeLists.txt). */
#ifndef SATCHEL_FAILURE_H
#define SATCHEL_FAILURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>
#include <sqlite3.h>

#include "allocation.h"
#include "error.h"

int __real_sqlite3_prepare_v3(sqlite3 *db, const char *sql, int bytes, unsigned flags, sqlite3_stmt **out,
                              const char **tail);
int __real_sqlite3_step(sqlite3_stmt *s);
int __real_sqlite3_exec(sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **), void *arg,
                        char **words);
int __real_sqlite3_errcode(sqlite3 *db);
int __real_sqlite3_extended_errcode(sqlite3 *db);
void *__real_sodium_malloc(size_t size);
int __wrap_sqlite3_prepare_v3(sqlite3 *db, const char *sql, int bytes, unsigned flags, sqlite3_stmt **out,
                              const char **tail);
int __wrap_sqlite3_step(sqlite3_stmt *s);
int __wrap_sqlite3_exec(sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **), void *arg,
                        char **words);
int __wrap_sqlite3_errcode(sqlite3 *db);
int __wrap_sqlite3_extended_errcode(sqlite3 *db);
void *__wrap_sodium_malloc(size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t max);

static int failure_of_store; /* SQLite's last answer was ours */

static inline int store_fails(void)
{
    return failure_of_store = allocation_fails();
}

int __wrap_sqlite3_prepare_v3(sqlite3 *db, const char *sql, int bytes, unsigned flags, sqlite3_stmt **out,
                              const char **tail)
{
    return store_fails() ? SQLITE_FULL : __real_sqlite3_prepare_v3(db, sql, bytes, flags, out, tail);
}

int __wrap_sqlite3_step(sqlite3_stmt *s)
{
    return store_fails() ? SQLITE_FULL : __real_sqlite3_step(s);
}

int __wrap_sqlite3_exec(sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **), void *arg,
                        char **words)
{
    return store_fails() ? SQLITE_FULL : __real_sqlite3_exec(db, sql, row, arg, words);
}

int __wrap_sqlite3_errcode(sqlite3 *db)
{
    return failure_of_store ? SQLITE_FULL : __real_sqlite3_errcode(db);
}

int __wrap_sqlite3_extended_errcode(sqlite3 *db)
{
    return failure_of_store ? SQLITE_FULL : __real_sqlite3_extended_errcode(db);
}

void *__wrap_sodium_malloc(size_t size)
{
    return allocation_fails() ? NULL : __real_sodium_malloc(size);
}

char *__wrap_strndup(const char *text, size_t max)
{
    size_t size = strnlen(text, max);
    char *p = __wrap_malloc(size + 1);
    if (p == NULL)
        return NULL;
    memcpy(p, text, size);
    p[size] = '\0';
    return p;
}

char *__wrap_strdup(const char *text)
{
    return __wrap_strndup(text, SIZE_MAX);
}

/* What is run, and in what world. */
struct failing {
    void *(*fresh)(void);                     /* makes the world; nothing fails in it */
    int (*run)(void *world, struct error *e); /* what is looked at; frees what it is given */
    void (*check)(void *world, int code);     /* what must hold after a run with words; NULL: nothing */
    void (*drop)(void *world);
};

/* One run with the n-th call failing; 1 where there was one. */
static inline int fail_one(const struct failing *f, uint64_t n, int with_words)
{
    struct error e = {0, ""};
    void *world = f->fresh();
    int code, failed;
    size_t left;
    failure_of_store = 0;
    allocation_begin(n);
    code = f->run(world, with_words ? &e : NULL);
    failed = allocation.asked >= n;
    left = allocation.live;
    allocation_begin(0);
    if (failed ? code == 0 : code != 0)
        fail_msg("call %llu: %d %s", (unsigned long long)n, code, e.text);
    /* The caller is told which of the two it was, as a sentence. */
    if (failed && with_words) {
        if (code != E_MEMORY && code != E_FULL)
            fail_msg("call %llu: %d %s", (unsigned long long)n, code, e.text);
        assert_int_equal(e.code, code);
        assert_true(strlen(e.text) > 0);
    }
    assert_int_equal(left, 0); /* nothing is left over */
    if (f->check != NULL && with_words)
        f->check(world, code);
    f->drop(world);
    return failed;
}

/* Demands that each call's failure is told as what it is, with and without a struct error to tell it in, that nothing
 * leaks, and that what must hold does. Returns how many calls there are. */
static inline uint64_t fail_each(const struct failing *f)
{
    uint64_t n = 1;
    while (fail_one(f, n, 1) + fail_one(f, n, 0) == 2)
        n++;
    return n - 1;
}

#endif
