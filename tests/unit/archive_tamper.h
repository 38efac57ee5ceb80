/* An archive's bytes, taken apart and put together wrongly. For archive_test and audit_test. */
#ifndef SATCHEL_ARCHIVE_TAMPER_H
#define SATCHEL_ARCHIVE_TAMPER_H

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive.h"

#define TAMPER_RECORDS_MAX 256
#define TAMPER_SUM 16

struct tamper_record {
    size_t at, size; /* with its length and its checksum */
};

struct tamper {
    uint8_t *p;
    size_t size, count, heads;
    struct tamper_record record[TAMPER_RECORDS_MAX];
};

static inline size_t tamper_magic(void)
{
    return strlen("satchel archive 1\n");
}

/* Finds the records again; heads: those whose type is 3. */
static inline void tamper_index(struct tamper *t)
{
    size_t at = tamper_magic();
    t->count = t->heads = 0;
    while (at < t->size) {
        size_t size = (size_t)t->p[at] << 24 | (size_t)t->p[at + 1] << 16 | (size_t)t->p[at + 2] << 8 | t->p[at + 3];
        assert_true(t->count < TAMPER_RECORDS_MAX);
        t->record[t->count++] = (struct tamper_record){at, 4 + size + TAMPER_SUM};
        t->heads += t->p[at + 5] == 3;
        at += 4 + size + TAMPER_SUM;
    }
    assert_int_equal(at, t->size);
}

static inline void tamper_load(struct tamper *t, const char *path)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    memset(t, 0, sizeof *t);
    t->p = malloc(1 << 20);
    assert_non_null(t->p);
    t->size = fread(t->p, 1, 1 << 20, f);
    assert_true(t->size < 1 << 20);
    fclose(f);
    tamper_index(t);
}

static inline void tamper_copy(struct tamper *out, const struct tamper *t)
{
    *out = *t;
    out->p = malloc(1 << 20);
    assert_non_null(out->p);
    memcpy(out->p, t->p, t->size);
}

static inline void tamper_free(struct tamper *t)
{
    free(t->p);
    t->p = NULL;
}

static inline void tamper_store(const char *path, const uint8_t *p, size_t size)
{
    FILE *f;
    (void)remove(path); /* a file that is cut to nothing and filled again costs a write to the disk */
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

/* Makes a record's checksum right again: one who tampers can do that. */
static inline void tamper_seal(struct tamper *t, size_t i)
{
    struct tamper_record r = t->record[i];
    crypto_generichash(t->p + r.at + r.size - TAMPER_SUM, TAMPER_SUM, t->p + r.at + 4, r.size - 4 - TAMPER_SUM,
                       (const uint8_t *)"satchel archive 1", 17);
}

/* The name by which a sentence must call record i. */
static inline const char *tamper_name(const struct tamper *t, size_t i, char out[64])
{
    if (i < 2)
        (void)snprintf(out, 64, i == 0 ? "preamble:" : "checkpoint:");
    else if (i < 2 + t->heads)
        (void)snprintf(out, 64, "head %zu:", i - 2);
    else
        (void)snprintf(out, 64, "entry %zu:", i - 2 - t->heads);
    return out;
}

static inline void tamper_drop(struct tamper *t, size_t i)
{
    struct tamper_record r = t->record[i];
    memmove(t->p + r.at, t->p + r.at + r.size, t->size - r.at - r.size);
    t->size -= r.size;
    tamper_index(t);
}

/* A copy of record i before record `before` (count: at the end). */
static inline void tamper_double(struct tamper *t, size_t i, size_t before)
{
    uint8_t kept[2048];
    struct tamper_record r = t->record[i];
    size_t at = before == t->count ? t->size : t->record[before].at;
    assert_true(r.size <= sizeof kept);
    memcpy(kept, t->p + r.at, r.size);
    memmove(t->p + at + r.size, t->p + at, t->size - at);
    memcpy(t->p + at, kept, r.size);
    t->size += r.size;
    tamper_index(t);
}

static inline void tamper_swap(struct tamper *t, size_t i)
{
    tamper_double(t, i + 1, i);
    tamper_drop(t, i + 2);
}

#endif
