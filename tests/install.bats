#!/usr/bin/env bats
# What the Makefile does beside building: install, uninstall, the demonstration, and seeing to it
# that what is needed is there.

load helper

ROOT=$BATS_TEST_DIRNAME/..

setup() { cd "$BATS_TEST_TMPDIR" || exit; }

# make as a user calls it, and not as a part of the make that runs these tests.
run_make() {
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u MAKEOVERRIDES \
        make --no-print-directory -C "$ROOT" PROBECTL="$PROBECTL" "$@"
}

files() { (cd "$1" && find . ! -type d | LC_ALL=C sort); }

@test "install: the program, its manual page and its completions, below DESTDIR and PREFIX" {
    run_make install DESTDIR="$PWD/root" PREFIX=/opt/p >/dev/null
    [ "$(files root)" = './opt/p/bin/probectl
./opt/p/share/bash-completion/completions/probectl
./opt/p/share/fish/vendor_completions.d/probectl.fish
./opt/p/share/man/man1/probectl.1
./opt/p/share/zsh/site-functions/_probectl' ] || fail "installed: $(files root)"
    [ -x root/opt/p/bin/probectl ] && [ ! -x root/opt/p/share/man/man1/probectl.1 ] || fail 'wrong modes'
    root/opt/p/bin/probectl -q exec true
    cmp root/opt/p/bin/probectl "$PROBECTL"
}

@test "install: below /usr/local unless told otherwise" {
    run_make install DESTDIR="$PWD/root" >/dev/null
    [ -x root/usr/local/bin/probectl ] || fail "installed: $(files root)"
}

@test "install: uninstall takes away what was installed, and nothing else" {
    local place
    run_make install DESTDIR="$PWD/root" >/dev/null
    for place in bin share/man/man1 share/zsh/site-functions; do
        touch "root/usr/local/$place/other"
    done
    run_make uninstall DESTDIR="$PWD/root" >/dev/null
    [ "$(files root)" = './usr/local/bin/other
./usr/local/share/man/man1/other
./usr/local/share/zsh/site-functions/other' ] || fail "left: $(files root)"
    # There is nothing left to take away, and that is no error.
    run_make uninstall DESTDIR="$PWD/root" >/dev/null
}

@test "install: the shells find the completions where they are put" {
    local share=$PWD/root/usr/share
    run_make install DESTDIR="$PWD/root" PREFIX=/usr >/dev/null
    PATH=$PWD/root/usr/bin:$PATH
    [ "$("$TESTS/complete.bash" "$share/bash-completion/completions/probectl" 'probectl ht')" = http ] || fail bash
    [ "$(timeout 20 zsh "$TESTS/complete.zsh" "$share/zsh/site-functions" 'probectl ht')" = http ] || fail zsh
    # fish is not told of the file: it looks below its data directories by the command's name.
    [ "$(HOME=$PWD XDG_DATA_DIRS=$share fish -c 'complete -C "probectl ht"')" = http ] || fail fish
}

@test "install: the manual page is clean" {
    # Whether the pages that it refers to are installed here is no property of the page.
    local findings
    findings=$(mandoc -T lint -W style "$ROOT/man/probectl.1" 2>/dev/null | grep -v 'referenced manual not found') || true
    [ -z "$findings" ] || fail "$findings"
    mandoc -T ascii "$ROOT/man/probectl.1" 2>/dev/null | grep -q 'one health probe'
}

# --- demo -----------------------------------------------------------------------------------------

@test "demo: a probe of each verdict with its exit code, and nothing is left" {
    run_make demo >out 2>&1 || fail "demo: $(cat out)"
    output=$(cat out)
    local expected
    for expected in '$ probectl http localhost:' 'success: ' 'failure: ' 'unknown: ' 'exit code 0' \
        'exit code 1' 'exit code 2'; do
        [[ $output == *"$expected"* ]] || fail "expected to read: $expected"
    done
    if grep -q $'\033' out; then fail 'colour in a file'; fi
    demo_is_gone
}

# The demonstration's server: by its port, which the demonstration shows.
demo_is_gone() {
    local port
    port=$(sed -n 's/^\$ probectl http localhost:\([0-9]*\).*/\1/p' out | head -n 1)
    [ -n "$port" ] || fail 'it shows no port'
    is_refused() { probe tcp "127.0.0.1:$port" && [ "$status" = 1 ]; }
    wait_until is_refused || fail 'its server is still there'
}

@test "demo: however it ends, so does its server" {
    local signal pid
    for signal in TERM INT KILL; do
        : >out
        env --default-signal=INT "$ROOT/.make/demo.sh" "$PROBECTL" >out 2>&1 3>&- &
        pid=$!
        wait_until grep -q 'exit code 1' out || fail "it does not begin: $(cat out)"
        kill -s "$signal" "$pid"
        wait "$pid" || true
        demo_is_gone
    done
    # A probe that does not end as it should is an error.
    printf '#!/bin/sh\necho "success: not at all"\nexit 1\n' >liar
    chmod +x liar
    status=0
    "$ROOT/.make/demo.sh" liar >out 2>&1 || status=$?
    is_status 1
    demo_is_gone
}

# --- need.sh --------------------------------------------------------------------------------------

# A system with few programs: these, and those that standard input makes: "NAME SCRIPT" lines.
system_with() {
    local tool name script
    rm -rf bin log
    mkdir bin
    for tool in sh cat id env ln mkdir tail grep; do
        ln -s "$(PATH=/usr/local/bin:/usr/bin:/bin command -v "$tool")" "bin/$tool"
    done
    while read -r name script; do
        rm -f "bin/$name"
        printf '#!/bin/sh\n%s\n' "$script" >"bin/$name"
        chmod +x "bin/$name"
    done
}

need() {
    status=0
    COMMAND=(need.sh "$@")
    env -i PATH="$PWD/bin" BUILD="$PWD/build" CALLS="$PWD/log" "$ROOT/.make/need.sh" "$@" >out 2>err || status=$?
    output=$(cat out) stderr=$(cat err)
}

KNOWN='apt-cache echo "  Candidate: 1.0"'
INSTALLS='apt-get echo "apt-get $*" >>"$CALLS"; case "$*" in *install*) ln -s /bin/true "${PATH%%:*}/python3" ;; esac'

@test "need: nothing is asked for when nothing lacks" {
    system_with <<END
python3 exit 0
apt-get echo "apt-get \$*" >>"\$CALLS"
END
    need demo
    is_status 0
    is_output ''
    [ ! -e log ] || fail "called: $(cat log)"
}

@test "need: what is lacking is installed, and said" {
    system_with <<END
id echo 0
$KNOWN
$INSTALLS
END
    need demo
    is_status 0
    output_matches '^Installing with apt-get: python3 '
    [[ $(cat log) == *'install --no-install-recommends python3' ]] || fail "called: $(cat log)"
    [[ $(cat log) != *update* ]] || fail 'lists that are there need no update'
}

@test "need: without root by sudo" {
    system_with <<END
id echo 1000
sudo echo "sudo" >>"\$CALLS"; exec "\$@"
$KNOWN
$INSTALLS
END
    need demo
    is_status 0
    output_matches '^Installing with apt-get \(by sudo\): python3 '
    [[ $(cat log) == sudo$'\n'*install* ]] || fail "called: $(cat log)"
}

@test "need: without root and without sudo it says what root is to do" {
    system_with <<END
id echo 1000
$KNOWN
$INSTALLS
END
    need demo
    is_status 1
    [[ $stderr == *'apt-get install python3'* ]] || fail 'expected the command'
    [ ! -e log ] || fail "called: $(cat log)"
}

@test "need: missing and old package lists are updated first" {
    system_with <<END
id echo 0
apt-cache exit 0
$INSTALLS
END
    need demo
    is_status 0
    [[ $(sed -n 1p log) == *update* && $(sed -n 2p log) == *install* ]] || fail "called: $(cat log)"

    # The lists name the package, and its file is no longer there.
    system_with <<END
id echo 0
$KNOWN
apt-get echo "apt-get \$*" >>"\$CALLS"; case "\$*" in *update) : >"\$CALLS.new" ;; *) [ -e "\$CALLS.new" ] && ln -s /bin/true "\${PATH%%:*}/python3" ;; esac
END
    need demo
    is_status 0
    [ "$(wc -l <log)" -eq 3 ] || fail "expected install, update, install: $(cat log)"
}

@test "need: an installation that fails is an error with its reason" {
    system_with <<END
id echo 0
$KNOWN
apt-get echo 'the mirror is on holiday' >&2; exit 100
END
    need demo
    is_status 1
    [[ $stderr == *'the mirror is on holiday'* ]] || fail 'expected the reason'
}

@test "need: on other systems it names what is lacking and stops" {
    system_with </dev/null
    need build demo
    is_status 1
    is_output ''
    local name
    for name in cc pkg-config libcurl libcjson python3 gcc libcurl4-openssl-dev; do
        [[ $stderr == *" $name"* ]] || fail "expected $name to be named"
    done
}
