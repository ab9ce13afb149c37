#!/bin/bash
# complete.bash FILE LINE - prints what bash would offer after LINE, with the completions of FILE: a
# line each.
set -eu
# shellcheck source=/dev/null
. "$1"
read -ra COMP_WORDS <<<"$2"
[[ $2 != *' ' ]] || COMP_WORDS+=('')
COMP_LINE=$2 COMP_POINT=${#2} COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
COMPREPLY=()
function=$(complete -p probectl | sed -n 's/.* -F \([^ ]*\) .*/\1/p')
"$function" probectl "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
[ "${#COMPREPLY[@]}" -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}" | sed 's/ *$//' | sort -u
