# The table of tests/fault/coverage, and what misses its bound: reads tests/fault/untaken, then what gcov wrote of each
# source. From the environment: least (per cent), careful, complete, told (lists of sources), partly.
function percent(part, all) { return all ? sprintf("%6.2f %%", 100 * part / all) : "       -" }

function row(name, l, of_lines, b, of_branches) {
    printf "%-28s %6d of %6d %s %6d of %6d %s\n", name, l, of_lines, percent(l, of_lines), b, of_branches,
        percent(b, of_branches)
}

function judge(what, part, all) {
    if (100 * part < ENVIRON["least"] * all)
        bad = bad sprintf("%s: %.2f %%, and it must be %d %% at least\n", what, 100 * part / all, ENVIRON["least"])
}

function within(name, list) { return index(" " ENVIRON[list] " ", " " name " ") > 0 }

# A line (way is "") or a branch of it that no test takes: is it known, with a reason?
function miss(way,    i) {
    for (i = 1; i <= known; i++)
        if (known_file[i] == file && (index(line, known_line[i]) || (way == "" && index(before, known_line[i])))) {
            way = known_reason[i]
            break
        }
    if (i > known)
        unknown[file]++
    if (!within(file, "told") && (i <= known || !within(file, "complete")))
        return
    if (listed != line) {
        list = list file ":" line "\n"
        why = ""
    }
    listed = line
    if (way != "" && way != why)
        list = list "    " way "\n"
    why = way
}

FILENAME ~ /untaken$/ {
    if (!/^#/) {
        split($0, part, "|")
        known_file[++known] = part[1]; known_line[known] = part[2]; known_reason[known] = part[3]
    }
    next
}

FNR == 1 { # -: 0:Source:/.../common/record/merge.c
    match($0, /(common|proto)\/([a-z]+\/)?[a-z_]+\.c$/)
    file = files[++count] = substr($0, RSTART)
}

/^ *([0-9]+\*?|#####|=====): *[0-9]+:/ {
    before = line
    line = $0; sub(/^ *[^:]*: */, "", line)
    assertion = line ~ / assert\(/
    lines[file]++
    if (/^ *[0-9]/)
        ran[file]++
    else
        miss("")
}

/^branch / {
    branches[file]++
    if (!/ (taken 0|never executed)/)
        took[file]++
    else if (!assertion)
        miss($0)
}

END {
    for (i = 1; i <= count; i++) {
        file = files[i]
        folder = substr(file, 1, index(file, "/") - 1)
        row(file, ran[file], lines[file], took[file], branches[file])
        all_ran[folder] += ran[file]; all_lines[folder] += lines[file]
        all_took[folder] += took[file]; all_branches[folder] += branches[file]
        if (ENVIRON["partly"] == "" && within(file, "careful"))
            judge("branches of " file, took[file], branches[file])
        if (unknown[file] && (within(file, "complete") || ENVIRON["partly"] != ""))
            bad = bad file ": every line and branch must be taken, or stand in tests/fault/untaken\n"
    }
    for (folder in all_lines) {
        row(folder "/", all_ran[folder], all_lines[folder], all_took[folder], all_branches[folder])
        if (ENVIRON["partly"] == "")
            judge("lines of " folder "/", all_ran[folder], all_lines[folder])
    }
    if (list != "")
        printf "\nnot taken:\n%s", list
    printf "\n%s", bad == "" ? "every bound is met\n" : bad
    exit bad != ""
}
