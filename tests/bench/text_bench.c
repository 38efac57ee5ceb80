/* What the merge of texts costs, in the same run as a plain walk over the same bytes, and as `git merge-file` (lines,
 * by a process of its own) where git is installed.
 *
 *   text_bench [BYTES [EDITS [NAME]]]     by default 1 MiB, 1000 scattered edits in each of two versions; only texts
 * whose name holds NAME
 *
 * Each figure of time is processor time, the median of ROUNDS. The memory is the most that the merge had allocated at
 * one time, for each byte of the base and of the longer version. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "allocation_fixture.h"
#include "text.h"

enum { ROUNDS = 5 };

static const char *wanted;
static uint64_t random_state = 88172645463325252ull;

static unsigned below(unsigned bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)((random_state >> 11) % bound);
}

/* Milliseconds of this process. */
static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Milliseconds of the processes that it waited for. */
static double children(void)
{
    struct rusage used;
    (void)getrusage(RUSAGE_CHILDREN, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e3 +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e3;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof *values, by_value);
    return values[ROUNDS / 2];
}

struct text_of {
    char *p;
    size_t size;
};

static struct text_of room(size_t size)
{
    struct text_of t = {malloc(size + 1), 0};
    if (t.p == NULL)
        exit(2);
    return t;
}

static void put(struct text_of *t, const char *bytes, size_t size)
{
    memcpy(t->p + t->size, bytes, size);
    t->size += size;
}

static void put_word(struct text_of *t, unsigned words)
{
    char word[24];
    put(t, word, (size_t)snprintf(word, sizeof word, "w%u", below(words)));
}

/* Words of a vocabulary of `words`, in paragraphs of some 80 words (line 0: none). */
static struct text_of prose(size_t bytes, unsigned words, int line)
{
    struct text_of t = room(bytes + 32);
    while (t.size < bytes) {
        put_word(&t, words);
        if (below(12) == 0)
            put(&t, ",", 1);
        put(&t, line && below(80) == 0 ? "\n" : " ", 1);
    }
    t.size = bytes;
    return t;
}

static struct text_of noise(size_t bytes, const char *letters)
{
    struct text_of t = room(bytes);
    unsigned count = (unsigned)strlen(letters);
    while (t.size < bytes)
        put(&t, letters + below(count), 1);
    return t;
}

/* A word put in at each of `edits` spaces, spread evenly. */
static struct text_of edited(struct text_of base, unsigned edits, size_t shift)
{
    struct text_of t = room(base.size + 32 * (size_t)edits);
    size_t told = 0;
    for (unsigned i = 0; i < edits; i++) {
        size_t at = (base.size / edits) * i + shift % (base.size / edits);
        while (at < base.size && base.p[at] != ' ')
            at++;
        if (at < told)
            continue;
        put(&t, base.p + told, at - told);
        put(&t, " ", 1);
        put_word(&t, 1000000);
        told = at;
    }
    put(&t, base.p + told, base.size - told);
    return t;
}

static void write_file(const char *path, struct text_of t)
{
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(t.p, 1, t.size, f) != t.size || fclose(f) != 0)
        exit(2);
}

/* Milliseconds of one `git merge-file`, its start with them; less than 0: there is no git. */
static double run_git(const char *folder, struct text_of base, struct text_of one, struct text_of other)
{
    char paths[3][64];
    double start;
    pid_t child;
    int status = 0;
    for (int i = 0; i < 3; i++)
        (void)snprintf(paths[i], sizeof paths[i], "%s/%d", folder, i);
    write_file(paths[0], one);
    write_file(paths[1], base);
    write_file(paths[2], other);
    start = children();
    (void)fflush(stdout);
    if ((child = fork()) == 0) {
        if (freopen("/dev/null", "w", stdout) == NULL)
            _exit(255);
        (void)execlp("git", "git", "merge-file", "-q", "-p", paths[0], paths[1], paths[2], (char *)NULL);
        _exit(255);
    }
    (void)waitpid(child, &status, 0);
    start = children() - start;
    for (int i = 0; i < 3; i++)
        (void)unlink(paths[i]);
    return WIFEXITED(status) && WEXITSTATUS(status) != 255 ? start : -1;
}

/* The lower bound: each byte of the three texts is copied once. */
static double run_copy(struct text_of base, struct text_of one, struct text_of other)
{
    struct text_of t = room(base.size + one.size + other.size);
    double start = now();
    put(&t, base.p, base.size);
    put(&t, one.p, one.size);
    put(&t, other.p, other.size);
    start = now() - start;
    if (t.p[t.size / 2] == 1)
        start += 1e-9; /* it has been read */
    free(t.p);
    return start;
}

static void run(const char *name, const char *folder, struct text_of base, struct text_of one, struct text_of other)
{
    double merge[ROUNDS], copy[ROUNDS], git[ROUNDS];
    size_t segments = 0, overlaps = 0, peak = 0, longer = one.size > other.size ? one.size : other.size;
    if (wanted != NULL && strstr(name, wanted) == NULL)
        goto out;
    for (int i = 0; i < ROUNDS; i++) {
        struct text_version v[2];
        struct text_merged m;
        double start;
        memset(v, 0, sizeof v);
        v[0].text = (struct slice){(const uint8_t *)one.p, one.size};
        v[1].text = (struct slice){(const uint8_t *)other.p, other.size};
        v[1].dot.seq = 1;
        allocation_begin(0);
        start = now();
        if (text_merge((struct slice){(const uint8_t *)base.p, base.size}, v, 2, &m, NULL) != 0)
            exit(2);
        merge[i] = now() - start;
        segments = m.segment_count;
        overlaps = m.overlaps;
        peak = allocation.peak;
        text_merged_free(&m);
        copy[i] = run_copy(base, one, other);
        git[i] = run_git(folder, base, one, other);
    }
    (void)printf("%-34s %9zu bytes %8.2f ms   copy %6.3f ms (x %6.0f)", name, base.size, median(merge), median(copy),
                 median(merge) / median(copy));
    if (median(git) >= 0)
        (void)printf("   git merge-file %8.2f ms (x %5.2f)", median(git), median(merge) / median(git));
    (void)printf("   %4.1f bytes for each   %zu segments, %zu overlaps\n", (double)peak / (double)(base.size + longer),
                 segments, overlaps);
out:
    free(one.p);
    free(other.p);
    free(base.p);
}

int main(int argc, char **argv)
{
    size_t bytes = argc > 1 ? strtoul(argv[1], NULL, 10) : (size_t)1 << 20;
    unsigned edits = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1000;
    char folder[] = "/tmp/text-bench-XXXXXX";
    struct rusage used;
    struct text_of base;
    if (bytes < 1000 || bytes + 32 * (size_t)edits > TEXT_BYTES_MAX || edits < 1 || edits > bytes / 100 ||
        sodium_init() < 0 || mkdtemp(folder) == NULL) {
        (void)fprintf(stderr, "usage: text_bench [BYTES [EDITS [NAME]]]   (at most %zu bytes, an edit for 100)\n",
                      TEXT_BYTES_MAX);
        return 2;
    }
    wanted = argc > 3 ? argv[3] : NULL;
    base = prose(bytes, 20000, 1);
    run("prose, scattered edits", folder, base, edited(base, edits, 17), edited(base, edits, 517));
    base = prose(bytes, 20000, 0);
    run("one paragraph, scattered edits", folder, base, edited(base, edits, 17), edited(base, edits, 517));
    run("three unrelated texts", folder, prose(60000, 5000, 1), prose(60000, 5000, 1), prose(60000, 5000, 1));
    run("unrelated, 30 words", folder, prose(60000, 30, 0), prose(60000, 30, 0), prose(60000, 30, 0));
    run("punctuation alone", folder, noise(60000, ".,;!"), noise(60000, ".,;!"), noise(60000, ".,;!"));
    run("punctuation alone", folder, noise(bytes, ".,;!"), noise(bytes, ".,;!"), noise(bytes, ".,;!"));
    run("short lines", folder, noise(bytes, "a\n"), noise(bytes, "a\n"), noise(bytes, "a\n"));
    run("words of one letter", folder, noise(bytes, "ab "), noise(bytes, "ab "), noise(bytes, "ab "));
    run("equal lines", folder, noise(bytes, "\n"), noise(bytes / 2, "\n"), noise(bytes / 3, "\n"));
    (void)rmdir(folder);
    (void)getrusage(RUSAGE_SELF, &used);
    (void)printf("memory at most %ld KiB\n", used.ru_maxrss);
    return 0;
}
