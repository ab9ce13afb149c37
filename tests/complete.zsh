#!/usr/bin/env zsh
# complete.zsh DIR LINE DUMP - prints what zsh would offer after LINE, with the completions of DIR: a line
# each. What zsh found in its directories is kept in the file DUMP, for the next time. Completion works in an
# interactive shell only, so one is run on a pseudo-terminal, with the completion system's last step, compadd,
# replaced by one that tells what it was given.
emulate -L zsh
zmodload zsh/zpty

zpty shell "TERM=dumb zsh -f -i"
# The shell's echo of these lines must not be taken for its answers: the marks are put together there.
zpty -w shell "
stty -echo 2>/dev/null; PROMPT=; fpath=(${(q)1} \$fpath); autoload -Uz compinit; compinit -u -C -d ${(q)3}
zstyle ':completion:*' verbose no
compadd() {
    if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
        builtin compadd \"\$@\"
        return
    fi
    local -a _found _kept
    builtin compadd -A _found \"\$@\"
    (( \$#_found )) || return 1
    print -rl -- OFF''ER:\${^_found}
}
finish() { print DO''NE; }
widget() { _main_complete; finish; exit; }
zle -C offer list-choices widget
bindkey '^I' offer
"
zpty -w -n shell "$2"$'\t'
local line
while zpty -r shell line; do
    line=${line//[$'\r\n']/}
    case $line in
        *OFFER:*) print -r -- ${line#*OFFER:} ;;
        *DONE*) break ;;
    esac
done | sort -u
zpty -d shell 2>/dev/null
