/* Finds where a text may be cut. The rule is simple, since it must be the same for ever: it is part of TEXT_RULE. A
 * character is one of
 *
 *   line end     LF, CR LF, CR, U+2028, U+2029
 *   white space  the rest of Unicode's White_Space: one piece for each run
 *   punctuation  of ASCII, Latin-1, General Punctuation, CJK and the full-width forms: one piece for each mark
 *   ideograph    CJK and kana, which put no spaces between words: each is a word of its own
 *   letter       everything else, digits and emoji too. A run of them is a word; a punctuation mark directly between
 *                two letters belongs to the word: "don't", "5.5", "2026-01-05" are edited as a whole.
 *   mark         combining marks, variation selectors, joiners: each belongs to the character before it, unless that is
 *                a line end
 *
 * A paragraph is a line with its line end, and the blank lines after it. */
#include "text_private.h"

enum group { LETTER, IDEOGRAPH, MARK, PUNCTUATION, WHITE, LINE_END };

struct span {
    uint32_t from, to; /* both belong to it */
    enum group group;
};

/* The groups beyond ASCII, by rising numbers; a character in none of these spans is a letter. */
static const struct span spans[] = {
    {0x85, 0x85, WHITE},           {0xa0, 0xa0, WHITE},           {0xa1, 0xa9, PUNCTUATION},
    {0xab, 0xb1, PUNCTUATION},     {0xb4, 0xb4, PUNCTUATION},     {0xb6, 0xb8, PUNCTUATION},
    {0xbb, 0xbb, PUNCTUATION},     {0xbf, 0xbf, PUNCTUATION},     {0x300, 0x36f, MARK},
    {0x1680, 0x1680, WHITE},       {0x1ab0, 0x1aff, MARK},        {0x1dc0, 0x1dff, MARK},
    {0x2000, 0x200a, WHITE},       {0x200b, 0x200f, MARK},        {0x2010, 0x2027, PUNCTUATION},
    {0x2028, 0x2029, LINE_END},    {0x202a, 0x202e, MARK},        {0x202f, 0x202f, WHITE},
    {0x2030, 0x205e, PUNCTUATION}, {0x205f, 0x205f, WHITE},       {0x2060, 0x2064, MARK},
    {0x20d0, 0x20ff, MARK},        {0x2e80, 0x2fdf, IDEOGRAPH},   {0x3000, 0x3000, WHITE},
    {0x3001, 0x3003, PUNCTUATION}, {0x3008, 0x3011, PUNCTUATION}, {0x3014, 0x301f, PUNCTUATION},
    {0x3041, 0x3096, IDEOGRAPH},   {0x3099, 0x309a, MARK},        {0x309d, 0x309f, IDEOGRAPH},
    {0x30a1, 0x30fa, IDEOGRAPH},   {0x30fc, 0x30ff, IDEOGRAPH},   {0x3400, 0x4dbf, IDEOGRAPH},
    {0x4e00, 0x9fff, IDEOGRAPH},   {0xf900, 0xfaff, IDEOGRAPH},   {0xfe00, 0xfe0f, MARK},
    {0xfe20, 0xfe2f, MARK},        {0xfeff, 0xfeff, MARK},        {0xff01, 0xff0f, PUNCTUATION},
    {0xff1a, 0xff20, PUNCTUATION}, {0xff3b, 0xff40, PUNCTUATION}, {0xff5b, 0xff65, PUNCTUATION},
    {0x20000, 0x3ffff, IDEOGRAPH}, {0xe0100, 0xe01ef, MARK}};

static enum group beyond_ascii(uint32_t number)
{
    size_t low = 0, high = sizeof spans / sizeof *spans;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (number >= spans[middle].from && number <= spans[middle].to)
            return spans[middle].group;
        if (number < spans[middle].from)
            high = middle;
        else
            low = middle + 1;
    }
    return LETTER;
}

/* The groups of ASCII: l letter, w white space, n line end, p punctuation. */
static const char ascii[] = "lllllllllwnwwnllllllllllllllllll"
                            "wpppppppppppppppllllllllllpppppp"
                            "pllllllllllllllllllllllllllppppp"
                            "pllllllllllllllllllllllllllppppl";

static inline enum group of_ascii(uint8_t byte)
{
    return ascii[byte] == 'l' ? LETTER : ascii[byte] == 'w' ? WHITE : ascii[byte] == 'p' ? PUNCTUATION : LINE_END;
}

struct character {
    enum group group;
    size_t bytes;
};

/* The first character of valid UTF-8; CR LF counts as one. */
static inline struct character first(const uint8_t *p, size_t size)
{
    uint32_t number;
    size_t bytes;
    if (p[0] < 0x80)
        return (struct character){of_ascii(p[0]), p[0] == '\r' && size > 1 && p[1] == '\n' ? 2 : 1};
    bytes = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    number = p[0] & (0x7fu >> bytes);
    for (size_t i = 1; i < bytes; i++)
        number = number << 6 | (p[i] & 0x3fu);
    return (struct character){beyond_ascii(number), bytes};
}

/* Where a run of ASCII of one group ends. Most text is such runs, and this is quicker than run_of. */
static size_t ascii_run(const uint8_t *p, size_t size, size_t at, char what)
{
    while (at < size && p[at] < 0x80 && ascii[p[at]] == what)
        at++;
    return at;
}

/* Where a run of characters of one group, and of marks among them, ends. */
static size_t run_of(const uint8_t *p, size_t size, size_t at, enum group what)
{
    while (at < size) {
        struct character c = first(p + at, size - at);
        if (c.group != what && c.group != MARK)
            break;
        at += c.bytes;
    }
    return at;
}

/* Where a run of letters, and of single punctuation marks between two of them, ends. */
static size_t run_of_letters(const uint8_t *p, size_t size, size_t at)
{
    for (;;) {
        struct character inner, next;
        at = ascii_run(p, size, at, 'l');
        if (at == size || (p[at] < 0x80 && ascii[p[at]] == 'w'))
            return at;
        at = run_of(p, size, at, LETTER);
        if (at == size)
            return at;
        inner = first(p + at, size - at);
        if (inner.group != PUNCTUATION || at + inner.bytes >= size)
            return at;
        next = first(p + at + inner.bytes, size - at - inner.bytes);
        if (next.group != LETTER)
            return at;
        at += inner.bytes;
    }
}

size_t text_cut_piece(const uint8_t *p, size_t size, enum text_piece *what)
{
    struct character c;
    if (p[0] < 0x80 && ascii[p[0]] == 'l') { /* a short cut: most pieces begin with such a letter */
        *what = TEXT_WORD;
        return run_of_letters(p, size, 1);
    }
    c = first(p, size);
    *what = c.group == LINE_END ? TEXT_LINE_END : c.group == WHITE || c.group == PUNCTUATION ? TEXT_LOOSE : TEXT_WORD;
    switch (c.group) {
    case LINE_END:
        return c.bytes;
    case WHITE:
        return run_of(p, size, ascii_run(p, size, 0, 'w'), WHITE);
    case PUNCTUATION:
    case IDEOGRAPH:
        return run_of(p, size, c.bytes, MARK);
    case LETTER:
    case MARK: /* it has no character before it to belong to */
        break;
    }
    return run_of_letters(p, size, c.bytes);
}

size_t text_cut_to_word(const uint8_t *p, size_t size)
{
    size_t at = 0;
    int holds_marks = 0; /* the character before takes marks, so a mark begins no word */
    while (at < size) {
        struct character c = first(p + at, size - at);
        if (c.group == LETTER || c.group == IDEOGRAPH || (c.group == MARK && !holds_marks))
            break;
        holds_marks = c.group != LINE_END;
        at += c.bytes;
    }
    return at;
}

/* The bytes up to and including the first line end; all, if there is none. */
static size_t line(const uint8_t *p, size_t size)
{
    size_t at = 0;
    while (at < size) {
        struct character c;
        if (p[at] != '\n' && p[at] != '\r' && p[at] != 0xe2) { /* no line end begins with this byte */
            at++;
            continue;
        }
        c = first(p + at, size - at);
        at += c.bytes;
        if (c.group == LINE_END)
            break;
    }
    return at;
}

size_t text_cut_paragraph(const uint8_t *p, size_t size)
{
    size_t at = line(p, size);
    for (;;) {
        size_t blank = at;
        struct character c = {LETTER, 0};
        while (blank < size && (c = first(p + blank, size - blank)).group == WHITE)
            blank += c.bytes;
        if (c.group != LINE_END)
            return at;
        at = blank + c.bytes;
    }
}

static int is_separator(const uint8_t *p) /* U+2028, U+2029 */
{
    return p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9);
}

int text_at_line_start(struct slice text, size_t at)
{
    if (at == 0 || text.p[at - 1] == '\n' || text.p[at - 1] == '\r')
        return 1;
    return at >= 3 && is_separator(text.p + at - 3);
}

int text_at_line_end(struct slice text, size_t at)
{
    if (at == text.size || text.p[at] == '\n' || text.p[at] == '\r')
        return 1;
    return text.size - at >= 3 && is_separator(text.p + at);
}
