# Completion for satchel, satcheld and satchel-audit: the program itself says what may stand next, from the table that
# parses its calls. Where it says nothing, a file name is completed.
_satchel() {
    local IFS=$'\n' words
    words=("${COMP_WORDS[@]:1:COMP_CWORD}")
    # shellcheck disable=SC2207 # one candidate a line, none with white space
    COMPREPLY=($("$1" --completion "${words[@]}" 2>/dev/null))
}
complete -o default -F _satchel satchel satcheld satchel-audit
