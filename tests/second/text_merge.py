#!/usr/bin/env python3
"""The merge of texts once more, written from docs/TEXT.md alone, section by section; python3's own library suffices.

    tests/second/text_merge.py [FILE]    merges every case of FILE (docs/vectors/texts.json; -: from stdin) and compares

Exit status: 0 all agree; 1 some do not (each is printed); 2 FILE cannot be read.
"""
import json
import sys

LINE_END, WHITE, PUNCTUATION, IDEOGRAPH, MARK, LETTER = range(6)
NOWHERE = -(1 << 60)

# --- 1. classes of characters ---

TABLE = {
    LINE_END: "0A 0D 2028-2029",
    WHITE: "09 0B-0C 20 85 A0 1680 2000-200A 202F 205F 3000",
    PUNCTUATION: "21-2F 3A-40 5B-60 7B-7E A1-A9 AB-B1 B4 B6-B8 BB BF 2010-2027 2030-205E 3001-3003 3008-3011"
                 " 3014-301F FF01-FF0F FF1A-FF20 FF3B-FF40 FF5B-FF65",
    IDEOGRAPH: "2E80-2FDF 3041-3096 309D-309F 30A1-30FA 30FC-30FF 3400-4DBF 4E00-9FFF F900-FAFF 20000-3FFFF",
    MARK: "300-36F 1AB0-1AFF 1DC0-1DFF 200B-200F 202A-202E 2060-2064 20D0-20FF 3099-309A FE00-FE0F FE20-FE2F FEFF"
          " E0100-E01EF",
}
RANGES = [(int(r.split("-")[0], 16), int(r.split("-")[-1], 16), c) for c, words in TABLE.items() for r in words.split()]


def class_of(character):
    return next((c for low, high, c in RANGES if low <= ord(character[0]) <= high), LETTER)


def characters(text):
    """[(class, bytes)]"""
    out, decoded, i = [], text.decode(), 0
    while i < len(decoded):
        c = decoded[i:i + 2] if decoded[i:i + 2] == "\r\n" else decoded[i]
        out.append((class_of(c), c.encode()))
        i += len(c)
    return out


# --- 2. pieces ---


def cut(text):
    """[(is a word, is a line end, bytes)]"""
    cs, out, i = characters(text), [], 0

    def run(i, classes):
        while i < len(cs) and cs[i][0] in classes:
            i += 1
        return i

    while i < len(cs):
        start, c = i, cs[i][0]
        i += 1
        if c == WHITE:
            i = run(i, (WHITE, MARK))
        elif c in (PUNCTUATION, IDEOGRAPH):
            i = run(i, (MARK,))
        elif c in (LETTER, MARK):
            i = run(i, (LETTER, MARK))
            while i + 1 < len(cs) and cs[i][0] == PUNCTUATION and cs[i + 1][0] == LETTER:
                i = run(i + 1, (LETTER, MARK))
        out.append((c in (LETTER, MARK, IDEOGRAPH), c == LINE_END, b"".join(b for _, b in cs[start:i])))
    return out


def paragraphs(text):
    cs, out, i = characters(text), [], 0
    while i < len(cs):
        start = i
        while i < len(cs) and cs[i][0] != LINE_END:
            i += 1
        i = min(i + 1, len(cs))
        while True:
            blank = i
            while blank < len(cs) and cs[blank][0] == WHITE:
                blank += 1
            if blank == len(cs) or cs[blank][0] != LINE_END:
                break
            i = blank + 1
        out.append(b"".join(b for _, b in cs[start:i]))
    return out


LINE_ENDS = (b"\n", b"\r", "\u2028".encode(), "\u2029".encode())


def line_starts(text, at):
    return at == 0 or text[:at].endswith(LINE_ENDS)


def line_ends(text, at):
    return at == len(text) or text[at:].startswith(LINE_ENDS)


# --- 4. which pieces stay ---


class Work:
    def __init__(self, steps):
        self.left = steps


def run_of(a, b, x, y):
    start = x
    while x < len(a) and y < len(b) and a[x] == b[y]:
        x, y = x + 1, y + 1
    return x - start


class Direction:
    def __init__(self, a, b, forward):
        self.a, self.b, self.forward = a, b, forward
        self.x, self.last = {}, -1

    def step(self, d, other, work, had_work):
        """None: goes on; "given up"; or the point at which the directions meet, in this direction's counting."""
        n, m = len(self.a), len(self.b)
        may_meet = ((n - m) % 2 == 1) == self.forward
        self.last = d
        self.x[-d - 1] = self.x[d + 1] = NOWHERE
        for k in range(-min(d, m), min(d, n) + 1):
            if (k - d) % 2 != 0:
                continue
            x = 0 if d == 0 else max(self.x[k - 1] + 1, self.x[k + 1])
            if x < 0 or x > n or x - k > m:
                self.x[k] = NOWHERE
                continue
            run = run_of(self.a, self.b, x, x - k)
            self.x[k] = x = x + run
            across = n - m - k
            if may_meet and -other.last <= across <= other.last and x + other.x[across] >= n:
                return x, x - k
            work.left = max(0, work.left - run - 1)
            if work.left == 0 and had_work and d >= 2:
                return "given up"
        return None

    def furthest(self, d):
        best, point = -1, None
        for k in range(-d, d + 1):
            x = self.x.get(k, NOWHERE)
            if x >= 0 and 2 * x - k > best:
                best, point = 2 * x - k, (x, x - k)
        return best, point


def split(a, b, work):
    n, m = len(a), len(b)
    had_work = work.left > 0
    reach = min(2048 if had_work else 32, (n + m + 1) // 2)
    forward, backward = Direction(a, b, True), Direction(a[::-1], b[::-1], False)
    begun = 0
    for d in range(reach + 1):
        begun = d
        got = forward.step(d, backward, work, had_work)
        if got is None:
            got = backward.step(d, forward, work, had_work)
            if isinstance(got, tuple):
                return n - got[0], m - got[1]
        if isinstance(got, tuple):
            return got
        if got is not None:
            break
    (done, point), (done_back, back) = forward.furthest(begun), backward.furthest(begun)
    return point if done >= done_back else (n - back[0], m - back[1])


def goes(a, b, work):
    """Two lists of flags: which pieces do not stay."""
    a_goes, b_goes = [False] * len(a), [False] * len(b)
    stack = [(0, len(a), 0, len(b))]
    while stack:
        a0, a1, b0, b1 = stack.pop()
        while a0 < a1 and b0 < b1 and a[a0] == b[b0]:
            a0, b0 = a0 + 1, b0 + 1
        while a0 < a1 and b0 < b1 and a[a1 - 1] == b[b1 - 1]:
            a1, b1 = a1 - 1, b1 - 1
        if a0 == a1 or b0 == b1:
            a_goes[a0:a1] = [True] * (a1 - a0)
            b_goes[b0:b1] = [True] * (b1 - b0)
            continue
        x, y = split(a[a0:a1], b[b0:b1], work)
        left, right = (a0, a0 + x, b0, b0 + y), (a0 + x, a1, b0 + y, b1)
        stack += [right, left] if x + y < a1 - a0 - x + b1 - b0 - y else [left, right]
    return a_goes, b_goes


# --- 5. hunks ---


def trim(a, b, h):
    a0, a1, b0, b1 = h
    while a0 < a1 and b0 < b1 and a[a0] == b[b0]:
        a0, b0 = a0 + 1, b0 + 1
    while a0 < a1 and b0 < b1 and a[a1 - 1] == b[b1 - 1]:
        a1, b1 = a1 - 1, b1 - 1
    return a0, a1, b0, b1


def slide(a, b, h, limit):
    a0, a1, b0, b1 = h
    while (a0 == a1 or b0 == b1) and a1 < limit and a[a1] == (b[b0] if a0 == a1 else a[a0]):
        a0, a1, b0, b1 = a0 + 1, a1 + 1, b0 + 1, b1 + 1
    return a0, a1, b0, b1


def raw_hunks(a_goes, b_goes):
    i = k = 0
    while True:
        while i < len(a_goes) and k < len(b_goes) and not a_goes[i] and not b_goes[k]:
            i, k = i + 1, k + 1
        a0, b0 = i, k
        while i < len(a_goes) and a_goes[i]:
            i += 1
        while k < len(b_goes) and b_goes[k]:
            k += 1
        if (a0, b0) == (i, k):
            return
        yield a0, i, b0, k


def hunks(a, b, work):
    out = []
    for h in raw_hunks(*goes(a, b, work)):
        h = trim(a, b, h)
        if h[0] == h[1] and h[2] == h[3]:
            continue
        if out:
            out[-1] = slide(a, b, out[-1], h[0])
        if out and out[-1][1] == h[0]:
            last = trim(a, b, (out[-1][0], h[1], out[-1][2], h[3]))
            out.pop()
            if last[0] != last[1] or last[2] != last[3]:
                out.append(last)
        else:
            out.append(h)
    if out:
        out[-1] = slide(a, b, out[-1], len(a))
    return out


# --- 3. the edits of one version ---


def offsets(pieces, start):
    out = [start]
    for p in pieces:
        out.append(out[-1] + len(p))
    return out


def words_of(text):
    """[(word, rest)], the first with no word."""
    out = [[b"", b""]]
    for is_word, _, piece in cut(text):
        if is_word:
            out.append([piece, b""])
        else:
            out[-1][1] += piece
    return out


def edits_of_pieces(base, version, base_at, at, work):
    a, b = [p for _, _, p in cut(base)], [p for _, _, p in cut(version)]
    a_at, b_at = offsets(a, base_at), offsets(b, at)
    return [(a_at[h[0]], a_at[h[1]], b_at[h[2]], b_at[h[3]]) for h in hunks(a, b, work)]


def edits_of_words(base, version, base_at, at, work):
    a, b, out = words_of(base), words_of(version), []
    a_at, b_at = offsets([w + r for w, r in a], base_at), offsets([w + r for w, r in b], at)
    behind = {h[0]: h for h in hunks([w for w, _ in a], [w for w, _ in b], work)}
    i = k = 0
    while i < len(a):
        a0, b0 = a_at[i] + len(a[i][0]), b_at[k] + len(b[k][0])
        same = a[i] == b[k]
        i, k = i + 1, k + 1
        if i in behind:
            _, i, _, k = behind[i]
            same = False
        a1, b1 = a_at[i], b_at[k]
        if same:
            continue
        if a0 == a1 or b0 == b1:
            out.append((a0, a1, b0, b1))
        else:
            out += edits_of_pieces(base[a0 - base_at:a1 - base_at], version[b0 - at:b1 - at], a0, b0, work)
    return out


def edits_of_version(base, version, work):
    a, b, out = paragraphs(base), paragraphs(version), []
    a_at, b_at = offsets(a, 0), offsets(b, 0)
    for h in hunks(a, b, work):
        a0, a1, b0, b1 = a_at[h[0]], a_at[h[1]], b_at[h[2]], b_at[h[3]]
        if a0 == a1 or b0 == b1:
            out.append((a0, a1, b0, b1))
        else:
            out += edits_of_words(base[a0:a1], version[b0:b1], a0, b0, work)
    return out


# --- 6. places ---


class Place:
    def __init__(self, base, versions):
        self.base, self.versions, self.edits, self.at, self.to, self.line = base, versions, [], None, None, False

    def take(self, edit):
        a0, a1, version, _, b1 = edit
        line = line_starts(self.base, a1) and line_starts(self.versions[version], b1)
        if self.edits and a1 == self.to:
            self.line = self.line and line
        elif not self.edits or a1 > self.to:
            self.to, self.line = a1, line
        if not self.edits:
            self.at = a0
        self.edits.append(edit)

    def stands_apart(self, waiting):
        at = waiting[0][0]
        if at < self.to:
            return False
        if any(is_word or is_end for is_word, is_end, _ in cut(self.base[self.to:at])) or self.line:
            return True
        return line_ends(self.base, at) and all(
            line_ends(self.versions[version], b0) for a0, _, version, b0, _ in waiting if a0 == at)


def places(base, versions, edits):
    waiting, out = sorted(edits), []
    while waiting:
        if not out or out[-1].stands_apart(waiting):
            out.append(Place(base, versions))
        first = waiting.pop(0)
        out[-1].take(first)
        while first[0] == first[1] and waiting and waiting[0][:2] == first[:2]:
            out[-1].take(waiting.pop(0))
    return out


# --- 7. the result ---


def merge(base, versions):
    """The segments, as docs/vectors/texts.json has them, but in bytes."""
    steps = 8388608 if len(versions) < 3 else 16777216 // len(versions)
    edits = [(a0, a1, i, b0, b1) for i, v in enumerate(versions)
             for a0, a1, b0, b1 in edits_of_version(base, v, Work(steps))]
    out, told = [], 0

    def common(to):
        if told < to:
            out.append(["common", base[told:to]])

    for p in places(base, versions, edits):
        wordings = []
        for i in sorted({e[2] for e in p.edits}):
            own = [e for e in p.edits if e[2] == i]
            text = versions[i][own[0][3] - (own[0][0] - p.at):own[-1][4] + p.to - own[-1][1]]
            known = next((w for w in wordings if w[0] == text), None)
            if known is None:
                wordings.append([text, [i]])
            else:
                known[1].append(i)
        if len(wordings) == 1:
            writers = wordings[0][1]
            for a0, a1, i, b0, b1 in p.edits:
                if i == writers[0]:
                    common(a0)
                    out.append(["edit", base[a0:a1], versions[i][b0:b1], writers])
                    told = a1
        else:
            common(p.at)
            out.append(["overlap", base[p.at:p.to], wordings])
            told = p.to
    common(len(base))
    return out


def as_text(segments):
    out = b""

    def mark(line):
        return (b"" if out == b"" or out.endswith(b"\n") else b"\n") + line + b"\n"

    for s in segments:
        if s[0] != "overlap":
            out += s[1] if s[0] == "common" else s[2]
            continue
        for i, (wording, _) in enumerate(s[2]):
            out += mark(b"[or:]" if i else b"[versions of this place, to be brought together:]")
            out += wording if wording else b"[nothing: it was taken out]\n"
        out += mark(b"[end of the versions]")
    return out


# --- comparing ---


def in_bytes(j):
    return j.encode() if isinstance(j, str) else [in_bytes(x) for x in j] if isinstance(j, list) else j


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else "docs/vectors/texts.json"
    try:
        with (sys.stdin.buffer if path == "-" else open(path, "rb")) as file:
            cases = json.loads(file.read().decode())
    except (OSError, ValueError) as e:
        print(f"text_merge.py: {e}", file=sys.stderr)
        return 2
    differ = 0
    for number, case in enumerate(cases):
        segments = merge(case["base"].encode(), in_bytes(case["versions"]))
        wanted = [[s[0].decode(), *s[1:]] for s in in_bytes(case["segments"])]
        overlaps = sum(s[0] == "overlap" for s in segments)
        if segments != wanted or as_text(segments) != case["text"].encode() or overlaps != case["overlaps"]:
            differ += 1
            print(f"case {number}: base {case['base']!r}, versions {case['versions']!r}\n  the vector: {wanted}\n"
                  f"  here:       {segments}")
    print(f"{len(cases) - differ} of {len(cases)} texts agree")
    return 1 if differ or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
