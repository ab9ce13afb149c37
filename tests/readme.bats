#!/usr/bin/env bats
# The README's commands at the start of a line, and its Dockerfile. (callers.bats runs its scripts, recipes.bats its table.)

load helper

ROOT=$(realpath "$BATS_TEST_DIRNAME/..")

teardown() { stop_servers; }

@test "readme: every command is one that the program takes" {
    put_in_path
    local line
    while read -r line; do
        COMMAND=("$line")
        status=0
        # The servers of these lines are not there; but wrong usage would speak on stderr.
        stderr=$(timeout 20 sh -c "$line" 2>&1 >/dev/null 3>&-) || status=$?
        [ -z "$stderr" ] || fail 'expected it to be taken'
    done < <(grep -oP '^(\$ )?\Kprobectl .*' "$ROOT/README.md" | grep -v -e --help)
}

# The instructions of the Dockerfile below the heading $1, a line each.
dockerfile() {
    awk -v title="### $1" '
        $0 == title { found = 1 }
        found && /^```/ { if (inside) exit; inside = 1; next }
        inside && sub(/\\$/, "") { printf "%s", $0; next }
        inside && NF' "$ROOT/README.md" | tr -s ' '
}

# words_of LIST - sets words to what a list of strings in JSON has: what is none, Docker gives to a shell.
words_of() {
    mapfile -t words < <("$PYTHON" -IS -c '
import json, sys
words = json.loads(sys.argv[1])
assert isinstance(words, list) and all(isinstance(word, str) for word in words)
print(*words, sep="\n")' "$1" 2>&1)
    [[ ${words[0]} == /* ]] || fail "expected a JSON list that begins with a path: $1: ${words[*]}"
}

@test "readme: what the scratch image's Dockerfile copies is there, and what it runs" {
    local instruction rest stages=() stage='' source target words has=() build=$BATS_TEST_TMPDIR/build
    while read -r instruction rest; do
        case $instruction in
            FROM)
                # The last one of this name is the image.
                [[ $rest =~ ^([a-z:]+)(\ AS\ ([a-z]+))?$ ]] || fail "FROM $rest"
                stage=${BASH_REMATCH[3]:-${BASH_REMATCH[1]}}
                stages+=("$stage")
                ;;
            RUN) [ "$stage" != scratch ] || fail "there is no shell for $rest" ;;
            COPY)
                read -r source target <<<"${rest#--from=* }"
                if [[ $rest =~ ^--from=([a-z]+)\  ]]; then
                    [[ " ${stages[*]::${#stages[@]}-1} " == *" ${BASH_REMATCH[1]} "* ]] || fail "no such stage before: $rest"
                    # What make builds in the checkout that is there.
                    [[ $source == /src/build/* ]] || fail "nothing has made $source"
                    make -n -C "$ROOT" BUILD="$build" "$build/${source#/src/build/}" >/dev/null ||
                        fail "make builds no $source"
                fi
                has+=("$stage:$target")
                ;;
            HEALTHCHECK | CMD)
                [ "$stage" = scratch ] || fail "expected $instruction of the image"
                words_of "${rest#*CMD }"
                [[ " ${has[*]} " == *" scratch:${words[0]} "* ]] || fail "${words[0]} is not in the image: ${has[*]}"
                ;;
            *) fail "no instruction: $instruction" ;;
        esac
    done < <(dockerfile 'Scratch image')
    [ "${has[*]}" = 'probectl:/src scratch:/probectl scratch:/server' ] || fail "has: ${has[*]}"
}

# What Debian's image has, and what the packages $* add: links to all of it, which is the PATH of a fresh system.
link_programs() {
    mkdir "$BATS_TEST_TMPDIR/bin"
    # Where bin is a link to usr/bin, dpkg knows one of the two names.
    { dpkg-query -W -f '${Package} ${Essential}\n' | sed -n 's/ yes$//p'; printf '%s\n' mawk "$@"; } |
        xargs dpkg-query -L 2>/dev/null | grep -E '^(/usr)?/s?bin/.' | xargs ln -sft "$BATS_TEST_TMPDIR/bin"
    # Where dpkg's alternatives choose one.
    ln -sf "$(command -v mawk)" "$BATS_TEST_TMPDIR/bin/awk"
}

@test "readme: the Dockerfile of a scratch image installs all that make static does not install itself" {
    command -v dpkg-query >/dev/null || skip 'this is no Debian'
    local packages command apt=$BATS_TEST_TMPDIR/apt
    packages=$(dockerfile 'Scratch image' | sed -n 's/^RUN apt-get update && apt-get install -y --no-install-recommends //p')
    command=$(dockerfile 'Scratch image' | sed -n 's/^RUN \(make .*\)/\1/p')
    [ "$command" = 'make -C /src static' ] || fail "expected another command: $command"
    # Sources come over https, which apt does not trust by itself.
    [[ " $packages " == *' ca-certificates '* ]] || fail "no ca-certificates: $packages"
    # shellcheck disable=SC2086  # words
    link_programs $packages
    rm -f "$BATS_TEST_TMPDIR"/bin/{apt-get,sudo}
    # It notes what it is asked for, and can give nothing.
    printf '#!/bin/sh\necho "$@" >>%q\nexit 100\n' "$apt" >"$BATS_TEST_TMPDIR/bin/apt-get"
    printf '#!/bin/sh\nexec "$@"\n' >"$BATS_TEST_TMPDIR/bin/sudo"
    chmod +x "$BATS_TEST_TMPDIR"/bin/{apt-get,sudo}
    COMMAND=("$command")
    status=0
    # shellcheck disable=SC2086  # words
    env -i PATH="$BATS_TEST_TMPDIR/bin" ${command/\/src/$ROOT} BUILD="$BATS_TEST_TMPDIR/build" \
        >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- || status=$?
    output=$(<"$BATS_TEST_TMPDIR/out")
    [[ $output != *'not found'* && $output != *'No such file'* ]] || fail 'expected all to be found that it runs before'
    output_matches 'static: could not install '
    local package
    # No perl here: the one of Debian's image finds this machine's modules.
    for package in binutils dpkg-dev gcc musl-tools patch xz-utils; do
        grep -qw -e "install .*$package" "$apt" || fail "expected it to install $package: $(<"$apt")"
    done
}

@test "readme: both Dockerfiles' health check is the manual's, and Docker can read it" {
    local check words
    check=$(dockerfile Dockerfile | grep '^HEALTHCHECK ')
    [ "$(dockerfile 'Scratch image' | grep '^HEALTHCHECK ')" = "$check" ] || fail 'the scratch image has another one'
    [ "$(sed -n '/^HEALTHCHECK/,/^\.Ed/{/^\.Ed/d; s/\\e$//; p}' "$ROOT/man/probectl.1" | tr -d '\n' | tr -s ' ')" = "$check" ] ||
        fail 'the manual has another one'
    [[ $check =~ ^HEALTHCHECK\ --interval=[0-9]+s\ --timeout=([0-9]+)s\ CMD\ (.*)$ ]] || fail "it is: $check"
    local timeout=${BASH_REMATCH[1]}
    words_of "${BASH_REMATCH[2]}"
    start_http_server
    at() { words[-1]=":$HTTP_PORT$1"; }
    [ "${words[-1]}" = :8080/healthz ] || fail "expected another target: ${words[*]}"
    at /status/200
    probe "${words[@]:1}" -o json
    expect_json success '200 OK'
    # Its own timeout is shorter than Docker's, which would leave no verdict.
    (($(field /timeoutMs) < timeout * 1000)) || fail "expected an end before Docker's $timeout s"
    at /status/503
    probe "${words[@]:1}"
    is_status 1
    expect_text failure 'HTTP probe failed with statuscode: 503'
    # Docker knows 0 and 1 only.
    at /endless-header/0
    probe "${words[@]:1}"
    is_status 1
    output_matches '^unknown: '
}
