#!/bin/sh
# demo.sh PROGRAM - shows one probe of each verdict, and a little more, against a server of its own. Every line after a
# $ is run as it stands there. Fails when a probe does not end as it should.
set -eu

here=$(dirname "$0")
scratch=$(mktemp -d)
server=''

# However this ends, so does the server: by its number, and, should this shell be killed, by the end of its input.
finish() {
    trap '' HUP INT TERM
    exec 3>&-
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# What is typed is the program's name alone.
mkdir "$scratch/bin"
ln -s "$(realpath "$1")" "$scratch/bin/probectl"
PATH=$scratch/bin:$PATH

# The server's input is a pipe whose other end is this shell's descriptor 3 alone.
mkfifo "$scratch/input" "$scratch/port"
python3 "$here/demo_server.py" <"$scratch/input" >"$scratch/port" &
server=$!
exec 3>"$scratch/input"
read -r port <"$scratch/port" || {
    echo 'The server of the demonstration did not start.' >&2
    exit 1
}

bold='' dim='' off=''
if [ -t 1 ] && [ "${TERM-dumb}" != dumb ] && [ -z "${NO_COLOR-}" ]; then
    bold=$(printf '\033[1m') dim=$(printf '\033[2m') off=$(printf '\033[0m')
fi

say() { printf '\n%s# %s%s\n' "$dim" "$1" "$off"; }

# show EXIT_CODE COMMAND - the server's input is none of its business.
show() {
    printf '%s$ %s%s\n' "$bold" "$2" "$off"
    code=0
    (eval "$2") 3>&- || code=$?
    printf '%sexit code %d%s\n' "$dim" "$code" "$off"
    if [ "$code" -ne "$1" ]; then
        echo "Expected exit code $1." >&2
        exit 1
    fi
}

say 'The target answered, and the answer is good: success.'
show 0 "probectl http localhost:$port/healthz"
say 'It answered, and the answer is bad: failure.'
show 1 "probectl http localhost:$port/nothing"
say 'It did not answer in time: unknown.'
show 2 "probectl http -t 300ms localhost:$port/slow"
say "A command's exit status, with its last words."
show 1 "probectl exec -- sh -c 'echo only 3 replicas of 5; exit 1'"
say "A Kubernetes probe as it stands in a manifest, with exit codes for Docker."
show 0 "probectl --exit-codes docker -f '{\"httpGet\": {\"path\": \"/healthz\", \"port\": $port}, \"timeoutSeconds\": 2}'"
say 'What was tried, what came back, and where the time went.'
show 0 "probectl http -v localhost:$port/healthz"
printf '\n%sprobectl --help, man ./man/probectl.1 and README.md tell the rest.%s\n' "$dim" "$off"
