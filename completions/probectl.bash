# bash completion for probectl(1).                                          -*- shell-script -*-
#
# All that it knows of the options it asks of the program that is being completed, by --list-options:
# a line for each, of probes, flag, letter, JSON member, kind of value, words, default and help,
# with tabs between.

# The words of the line up to the cursor. bash splits them at = and : too, which no shell does when
# it runs the line: what stands together there is one word here. Sets words, and raw, the place of
# each one's first part in COMP_WORDS.
_probectl_words() {
    local rest=${COMP_LINE:0:COMP_POINT} part i
    words=() raw=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        part=${COMP_WORDS[i]}
        if ((i == 0)) || [[ $rest == [[:space:]]* ]]; then
            rest=${rest#"${rest%%[![:space:]]*}"}
            words+=('') raw+=("$i")
        fi
        # The cursor may stand in the middle of the last word.
        if ((i == COMP_CWORD)); then part=$rest; fi
        words[${#words[@]} - 1]+=$part
        rest=${rest:${#part}}
    done
}

# Finds the row of a flag or letter that the typed probe has, or any probe where none is typed yet.
# Sets flag, kind and choices; fails when there is none.
_probectl_find() {
    local name=$1 row
    for row in "${rows[@]}"; do
        IFS=$'\x1f' read -r probes flag letter _ kind choices _ <<<"$row"
        if [[ -n $name && ($flag == "$name" || $letter == "$name") &&
            (-z $probe || ,$probes, == *,"$probe",*) ]]; then
            return 0
        fi
    done
    flag='' kind=none choices=''
    return 1
}

# Does this option take the next word as its value? Sets flag, kind and choices in any case.
_probectl_takes_next() {
    local word=$1 at
    case $word in
        --*=*)
            _probectl_find "${word%%=*}"
            return 1
            ;;
        --*) _probectl_find "$word" && [[ $kind != none ]] ;;
        *)
            # Letters may stand together, the last with a value: what follows it is the value.
            for ((at = 1; at < ${#word}; at++)); do
                _probectl_find "-${word:at:1}" || return 1
                [[ $kind == none ]] || break
            done
            ((at == ${#word} - 1))
            ;;
    esac
}

# Offers the values of a kind, $1, that begin with $2.
_probectl_value() {
    case $1 in
        choice) mapfile -t COMPREPLY < <(compgen -W "${choices//,/ }" -- "$2") ;;
        host) mapfile -t COMPREPLY < <(compgen -A hostname -- "$2") ;;
        file)
            compopt -o filenames 2>/dev/null || true
            mapfile -t COMPREPLY < <(compgen -f -- "$2")
            ;;
    esac
}

# Offers what the command of an exec probe, which starts at word $1, would have there.
_probectl_command() {
    if (($1 == ${#words[@]} - 1)); then
        compopt -o filenames 2>/dev/null || true
        mapfile -t COMPREPLY < <(compgen -c -- "${words[$1]}" | sort -u)
    elif declare -F _command_offset >/dev/null; then
        _command_offset "${raw[$1]}"
    else
        compopt -o filenames 2>/dev/null || true
        mapfile -t COMPREPLY < <(compgen -f -- "${words[${#words[@]} - 1]}")
    fi
}

_probectl() {
    local IFS=$' \t\n' probes flag letter kind choices row i
    local probe='' has_spec='' only_operands='' value_next='' every='' flags=''
    local -a words raw rows
    COMPREPLY=()
    _probectl_words
    # Tabs are white space to read, and would swallow empty fields.
    mapfile -t rows < <("${words[0]/#\~/$HOME}" --list-options 2>/dev/null </dev/null | tr '\t' '\037')
    ((${#rows[@]})) || return 0
    for row in "${rows[@]}"; do
        probes=${row%%$'\x1f'*}
        if ((${#probes} > ${#every})); then every=$probes; fi
    done

    local last=$((${#words[@]} - 1)) current=${words[${#words[@]} - 1]}
    for ((i = 1; i < last; i++)); do
        if [[ $value_next ]]; then
            value_next=''
        elif [[ ! $only_operands && ${words[i]} == -- ]]; then
            only_operands=yes
        elif [[ ! $only_operands && ${words[i]} == -?* ]]; then
            if _probectl_takes_next "${words[i]}"; then value_next=yes; fi
            if [[ $flag == --spec ]]; then has_spec=yes; fi
        elif [[ ! $probe ]]; then
            probe=${words[i]}
        elif [[ $probe == exec ]]; then
            _probectl_command "$i"
            return 0
        fi
    done

    if [[ $value_next ]]; then
        _probectl_value "$kind" "$current"
    elif [[ ! $only_operands && $current == --*=* ]]; then
        _probectl_find "${current%%=*}" || return 0
        _probectl_value "$kind" "${current#*=}"
        # Where bash does not split at =, it replaces the whole word.
        [[ ${COMP_WORDBREAKS-} == *=* ]] || COMPREPLY=("${COMPREPLY[@]/#/${current%%=*}=}")
    elif [[ ! $only_operands && $current == -* ]]; then
        for row in "${rows[@]}"; do
            IFS=$'\x1f' read -r probes flag letter _ <<<"$row"
            # Before a probe is typed, what every probe takes; what a spec says, any flag can override.
            if [[ $has_spec || ,$probes, == *,"${probe:-$every}",* ]]; then flags+=" $flag $letter"; fi
        done
        mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$current")
    elif [[ $probe == exec ]]; then
        _probectl_command "$last"
    elif [[ $probe == file ]]; then
        _probectl_value file "$current"
    elif [[ ! $probe && ! $has_spec ]]; then
        mapfile -t COMPREPLY < <(compgen -W "${every//,/ }" -- "$current")
    fi
}

complete -F _probectl probectl
