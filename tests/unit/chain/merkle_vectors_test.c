/* Tests: common/chain/merkle.c
 * merkle.c against the test vectors of transparency-dev/merkle: inclusion and consistency, nearly all to be refused.
 *
 * That library takes a root for a string of any length, and some of its cases have words in place of roots ("dont care
 * 1"). Ours takes 32 bytes and nothing else, so such a case counts as refused. To see what the sizes and the proof of
 * those cases come to, all cases run a second time with SHA-256 of the words as the root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <ftw.h>
#include <sodium.h>
#include <sqlite3.h>

#include "error.h"
#include "merkle.h"

#define CASES 196
#define TO_BE_REFUSED 184
#define FILE_ROOM 8192

/* Where we differ, run as it is written, from what a case wants: words for two equal roots, wanted as accepted. */
static const char words_for_roots[] = "consistency/additional/sizes-are-equal-one-and-proof-is-empty.json";

/* Where we differ once the words are made roots: all from size 0 with an empty proof, refused by the vectors' library.
 * The first three have to be accepted by C2SP tlog-witness. The other two change the root of an empty log; merkle.h
 * accepts them too, since from size 0 the old root is not looked at. */
static const char *const from_nothing[] = {
    "consistency/additional/size1-is-zero-and-does-not-equal-size2.json",
    "consistency/additional/size1-is-zero-and-size2-is-not-zero.json",
    "consistency/additional/sizes-are-equal-zero-and-proof-is-empty.json",
    "consistency/additional/sizes-are-equal-zero-but-roots-are-not.json",
    "consistency/additional/roots-do-not-match-and-sizes-are-zero.json",
};

#define FROM_NOTHING (sizeof from_nothing / sizeof from_nothing[0])

struct vector {
    int consistency, want_error;
    uint64_t first, size; /* first: index of the leaf, or the old size */
    struct merkle_hash leaf, old_root, root;
    struct merkle_proof proof;
    int unfit; /* a field is no hash: it cannot even be handed to the verifier */
};

struct run {
    sqlite3 *db;
    size_t root_path; /* bytes of the folder's path, with the last slash */
    int make_roots;   /* words in place of roots become SHA-256 of them */
    size_t cases, to_be_refused, refused, differing;
    char *differ[FROM_NOTHING + 1];
};

/* nftw hands no argument through. */
static struct run run;

/* One value of the document as text: JSON if `json`, since a number may not fit SQLite's; NULL if it is not
 * there. The caller frees it. */
static char *value(const char *document, const char *path, int json)
{
    sqlite3_stmt *s;
    char *out = NULL;
    const char *sql = json ? "SELECT ?1 -> ?2" : "SELECT ?1 ->> ?2";
    assert_int_equal(sqlite3_prepare_v2(run.db, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_bind_text(s, 1, document, -1, SQLITE_STATIC), SQLITE_OK);
    assert_int_equal(sqlite3_bind_text(s, 2, path, -1, SQLITE_STATIC), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    if (sqlite3_column_type(s, 0) != SQLITE_NULL) {
        out = strdup((const char *)sqlite3_column_text(s, 0));
        assert_non_null(out);
    }
    sqlite3_finalize(s);
    return out;
}

static uint64_t number(const char *document, const char *path)
{
    char *text = value(document, path, 1), *end;
    uint64_t n;
    assert_non_null(text);
    n = strtoull(text, &end, 10);
    assert_true(end != text && *end == 0);
    free(text);
    return n;
}

/* A hash in base64. Returns 0 if it is none: not there, or not of 32 bytes. */
static int hash(const char *document, const char *path, int make, struct merkle_hash *out)
{
    char *text = value(document, path, 0);
    uint8_t bytes[256];
    const char *end;
    size_t size = 0;
    if (text == NULL)
        return 0;
    assert_int_equal(
        sodium_base642bin(bytes, sizeof bytes, text, strlen(text), NULL, &size, &end, sodium_base64_VARIANT_ORIGINAL),
        0);
    assert_int_equal(*end, 0);
    free(text);
    if (size == sizeof out->b)
        memcpy(out->b, bytes, size);
    else if (make)
        crypto_hash_sha256(out->b, bytes, size);
    else
        return 0;
    return 1;
}

static void parse(const char *document, const char *name, struct vector *v)
{
    char *want = value(document, "$.wantErr", 1);
    size_t count;
    memset(v, 0, sizeof *v);
    v->consistency = strncmp(name, "consistency/", strlen("consistency/")) == 0;
    assert_true(v->consistency || strncmp(name, "inclusion/", strlen("inclusion/")) == 0);
    assert_non_null(want);
    v->want_error = strcmp(want, "true") == 0;
    assert_true(v->want_error || strcmp(want, "false") == 0);
    free(want);
    if (v->consistency) {
        v->first = number(document, "$.size1");
        v->size = number(document, "$.size2");
        v->unfit |= !hash(document, "$.root1", run.make_roots, &v->old_root);
        v->unfit |= !hash(document, "$.root2", run.make_roots, &v->root);
    } else {
        v->first = number(document, "$.leafIdx");
        v->size = number(document, "$.treeSize");
        v->unfit |= !hash(document, "$.leafHash", 0, &v->leaf);
        v->unfit |= !hash(document, "$.root", run.make_roots, &v->root);
    }
    for (count = 0; count < MERKLE_PROOF_MAX; count++) {
        char path[32], *there;
        (void)snprintf(path, sizeof path, "$.proof[%zu]", count);
        there = value(document, path, 1);
        if (there == NULL)
            break;
        free(there);
        v->unfit |= !hash(document, path, 0, &v->proof.hashes[count]);
    }
    v->proof.count = count;
}

static int each_file(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    static char document[FILE_ROOM];
    static struct vector v;
    const char *name = path + run.root_path;
    struct error e;
    FILE *file;
    size_t size;
    int code;
    (void)status;
    (void)walk;
    if (type != FTW_F)
        return 0;
    file = fopen(path, "rb");
    assert_non_null(file);
    size = fread(document, 1, sizeof document, file);
    assert_int_equal(fclose(file), 0);
    assert_in_range(size, 1, sizeof document - 1);
    document[size] = 0;
    parse(document, name, &v);
    if (v.unfit)
        code = E_VERIFY;
    else if (v.consistency)
        code = merkle_verify_consistency(v.first, &v.old_root, v.size, &v.root, &v.proof, &e);
    else
        code = merkle_verify_inclusion(&v.leaf, v.first, v.size, &v.root, &v.proof, &e);
    assert_true(code == 0 || code == E_VERIFY);
    run.cases++;
    run.to_be_refused += (size_t)v.want_error;
    run.refused += code != 0;
    if ((code != 0) != v.want_error) {
        print_message("%s: %s\n", name, code != 0 ? "refused, wanted as accepted" : "accepted, wanted as refused");
        assert_true(run.differing < FROM_NOTHING + 1);
        run.differ[run.differing] = strdup(name);
        assert_non_null(run.differ[run.differing++]);
    }
    return 0;
}

/* Runs them all. Returns 0 if the folder is not there. */
static int run_all(int make_roots)
{
    const char *shared = getenv("SATCHEL_SHARED");
    char path[1024];
    struct stat status;
    memset(&run, 0, sizeof run);
    run.make_roots = make_roots;
    (void)snprintf(path, sizeof path, "%s/vectors/merkle", shared != NULL ? shared : "../shared");
    if (stat(path, &status) != 0) {
        print_message("skipped: %s is not there, so the published vectors of Merkle trees cannot be run\n", path);
        return 0;
    }
    run.root_path = strlen(path) + 1;
    assert_int_equal(sqlite3_open(":memory:", &run.db), SQLITE_OK);
    assert_int_equal(nftw(path, each_file, 8, FTW_PHYS), 0);
    assert_int_equal(sqlite3_close(run.db), SQLITE_OK);
    print_message("%zu cases, %zu of them to be refused; refused %zu\n", run.cases, run.to_be_refused, run.refused);
    assert_int_equal(run.cases, CASES);
    assert_int_equal(run.to_be_refused, TO_BE_REFUSED);
    return 1;
}

static int differs(const char *name)
{
    for (size_t i = 0; i < run.differing; i++) {
        if (strcmp(run.differ[i], name) == 0)
            return 1;
    }
    return 0;
}

static void forget_differing(void)
{
    for (size_t i = 0; i < run.differing; i++)
        free(run.differ[i]);
}

/* Goal: every published case, as it is written, ends as it wants, but for the one that has words for roots. */
static void test_as_written(void **state)
{
    (void)state;
    if (!run_all(0))
        skip();
    assert_int_equal(run.differing, 1);
    assert_true(differs(words_for_roots));
    assert_int_equal(run.refused, TO_BE_REFUSED + 1);
    forget_differing();
}

/* Goal: with roots in place of words, every case ends as it wants, but for those from size 0 with an empty proof. */
static void test_with_roots(void **state)
{
    (void)state;
    if (!run_all(1))
        skip();
    assert_int_equal(run.differing, FROM_NOTHING);
    for (size_t i = 0; i < FROM_NOTHING; i++)
        assert_true(differs(from_nothing[i]));
    assert_int_equal(run.refused, TO_BE_REFUSED - FROM_NOTHING);
    forget_differing();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_written),
        cmocka_unit_test(test_with_roots),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
