#!/usr/bin/env bats
# The file probe.

load helper

setup() {
    dir=$BATS_TEST_TMPDIR
    f=$dir/beat
    echo 'status: ok' >"$f"
    far=/dev/shm/${BATS_TEST_TMPDIR//\//_}
}

teardown() { rm -f "$far"; }

# As somebody who may not read everything.
as_nobody() {
    [ "$(id -u)" -eq 0 ] || return 0
    command -v setpriv >/dev/null || skip 'setpriv (util-linux) is not there'
    UNDER=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    # The directories of the test must let them in.
    local d=$1
    while [ "$d" != / ] && [ "$d" != /tmp ]; do
        chmod o+x "$d"
        d=$(dirname "$d")
    done
    "${UNDER[@]}" test -x "$PROBECTL" || skip 'the program is not where everybody can run it'
}

@test "file: there" {
    expect success '11 bytes' file "$f"
    [ "$(field /file/size)" = 11 ] || fail 'expected the size'
    expect success '11 bytes' file --path "$f"
    expect success '11 bytes' file other --path "$f"
    : >"$f"
    expect success '0 bytes' file "$f"
    expect success '~a directory, [0-9]+ bytes' file "$dir"
    expect success '~.*' file /dev/null
    ln -s "$f" "$dir/link"
    expect success '~.*' file "$dir/link"
}

@test "file: missing" {
    expect failure 'there is no such file' file "$dir/absent"
    [ "$(field /reason)" = FileMissing ] || fail 'expected another reason'
    ln -s "$dir/absent" "$dir/dangling"
    expect failure 'there is no such file: a symbolic link of this name leads nowhere' file "$dir/dangling"
    ln -s loop "$dir/loop"
    expect failure '~there is no such file: .*' file "$dir/loop"
    expect failure 'there is no such file: not a directory' file "$f/x"
    expect failure 'there is no such file' file "$dir/absent" --max-age 5s --min-size 1 --contains x
}

@test "file: its age" {
    expect success '~11 bytes; modified [0-9]+\.[0-9]s ago' file --max-age 1h "$f"
    [[ $(field /file/ageSeconds) =~ ^[0-9.]+$ ]] || fail 'expected the age'
    touch -d '2 minutes ago' "$f"
    expect success '~.*modified 2m [0-9]s ago' file --max-age 3m "$f"
    expect failure '~it is too old: modified 2m [0-9]s ago, allowed are 1m' file --max-age 1m "$f"
    [ "$(field /reason)" = FileTooOld ] || fail 'expected another reason'
    [[ $(field /file/ageSeconds) =~ ^12[0-9] ]] || fail 'expected the age'
    touch -d '5 hours ago' "$f"
    expect failure '~it is too old: modified 5h 0m ago, allowed are 1h' file --max-age 1h "$f"
    touch -d '9 days ago' "$f"
    expect failure '~it is too old: modified 9d 0h ago, allowed are 500ms' file --max-age 500ms "$f"
    expect success '11 bytes' file "$f"
}

@test "file: from the future" {
    touch -d '1 hour' "$f"
    expect success '~11 bytes; modified 0.0s ago; warning: it was modified 59m 5[0-9]s in the future, by the clock of this machine|11 bytes; modified 0.0s ago' \
        file --max-age 1s "$f"
    [ "$(field /file/ageSeconds)" = 0 ] || fail 'expected an age of 0'
    [[ $(field /warning) == 'it was modified 59m '*' in the future, by the clock of this machine' ]] ||
        fail 'expected a warning'
}

@test "file: from the end of time, or before its beginning" {
    # tmpfs keeps such times; others bring them nearer.
    echo beat >"$far"
    local time
    for time in 9223372036854775807 9223372036854775 9000000000000000000; do
        touch -d "@$time" "$far"
        expect success '~5 bytes; modified 0\.0s ago.*' file --max-age 1m "$far"
        [[ $(field /warning) =~ ^'it was modified '[0-9]+'d '[0-9]+'h in the future, by the clock of this machine'$ ]] ||
            fail 'expected a warning'
    done
    for time in -9223372036854775808 -9300000000000000; do
        touch -d "@$time" "$far"
        expect failure '~it is too old: modified [0-9]+d [0-9]+h ago, allowed are 1m' file --max-age 1m "$far"
    done
}

@test "file: its size" {
    expect success '~.*' file --min-size 11 "$f"
    expect failure 'it is too small: 11 bytes, at least 12 are asked for' file --min-size 12 "$f"
    [ "$(field /reason)" = FileTooSmall ] || fail 'expected another reason'
    expect failure 'it is too small: 11 bytes, at least 1048576 are asked for' file --min-size 1MiB "$f"
    : >"$f"
    expect failure 'it is too small: 0 bytes, at least 1 are asked for' file --min-size 1 "$f"
    expect success '~.*' file --min-size 0 "$f"
    truncate -s 5G "$f"
    expect success '5368709120 bytes' file --min-size 5G "$f"
    expect failure 'it has no size: it is a directory' file --min-size 1 "$dir"
}

@test "file: its content" {
    expect success '11 bytes' file --contains ok --not-contains bad --regex '^status: (ok|fine)$' "$f"
    expect failure "~the content does not contain 'bad'; the content is 'status: ok.*'" file --contains bad "$f"
    : >"$f"
    expect failure "the content does not contain 'ok'; the content is empty" file --contains ok "$f"
    printf '{"status":"UP"}' >"$f"
    expect success '~.*' file --json /status=UP "$f"
    { head -c 10240 /dev/zero && echo ready; } >"$f"
    expect failure '~.*only the first 10KiB of it were looked at \(--body-limit\)' file --contains ready "$f"
    expect success '~.*' file --contains ready --body-limit 11K "$f"
    expect failure 'it has no content: it is a directory' file --contains x "$dir"
}

@test "file: all that is wrong is named" {
    touch -d '2 minutes ago' "$f"
    expect failure "~it is too old: .*; it is too small: .*; the content does not contain 'x'; the content is .*" \
        file --max-age 1m --min-size 1K --contains x "$f"
    [ "$(field /reason)" = FileTooOld ] || fail 'expected another reason'
}

@test "file: what never ends, or never begins" {
    expect failure '~.*only the first 10KiB of it were looked at.*' file --contains x /dev/zero
    within "$SLACK_MS"
    mkfifo "$dir/fifo"
    expect_deadline 300 file --contains x "$dir/fifo"
    # Whether it is there is known without opening it.
    expect success '0 bytes' file "$dir/fifo"
    (echo hello; exec sleep 5) >"$dir/fifo" 3>&- &
    local writer=$!
    expect_deadline 300 file --contains hello "$dir/fifo"
    kill "$writer"
}

@test "file: not allowed" {
    mkdir "$dir/closed"
    echo secret >"$dir/closed/in"
    chmod 700 "$dir/closed"
    echo secret >"$dir/unreadable"
    chmod 600 "$dir/unreadable"
    [ "$(id -u)" -eq 0 ] || chmod 000 "$dir/closed" "$dir/unreadable"
    as_nobody "$dir"
    expect unknown 'it cannot be looked at: permission denied' file "$dir/closed/in"
    [ "$(field /reason)" = PermissionDenied ] || fail 'expected another reason'
    expect unknown 'its content cannot be read: permission denied' file --contains x "$dir/unreadable"
    expect success '~.*' file --max-age 1m "$dir/unreadable"
    chmod 700 "$dir/closed"
}

@test "file: that cannot be read" {
    # The first page of a process is nobody's.
    expect unknown '~its content cannot be read: (Input/output|I/O) error' file --contains x /proc/self/mem
    reason_is FileUnreadable
}

@test "file: on a file system that is full" {
    [ "$(id -u)" -eq 0 ] || skip 'needs root, to mount one'
    mkdir "$dir/full"
    unshare --mount true 2>/dev/null || skip 'no mount namespace can be made here'
    UNDER=(unshare --mount sh -c '
        mount -t tmpfs -o size=64k none "$0" || exit 99
        echo beat >"$0/beat"
        cat /dev/zero >"$0/filling" 2>/dev/null
        : >"$0/beat-empty"
        exec "$@"' "$dir/full")
    expect success '5 bytes' file --contains beat "$dir/full/beat"
    expect failure 'it is too small: 0 bytes, at least 1 are asked for' file --min-size 1 "$dir/full/beat-empty"
}

@test "file: by spec" {
    probe -o json -f "{\"file\":{\"path\":\"$f\",\"maxAge\":\"1h\",\"minSize\":\"1\"},\"expect\":{\"contains\":\"ok\"}}"
    expect_json success '~11 bytes.*'
    probe -o json -f "{\"file\":{\"path\":\"$f\",\"minSize\":1000}}"
    expect_json failure 'it is too small: 11 bytes, at least 1000 are asked for'
    same_as_flags "{\"file\":{\"path\":\"$f\",\"maxAge\":\"1h\",\"minSize\":\"11\"},\"expect\":{\"contains\":\"ok\"}}" \
        file --max-age 1h --min-size 11 --contains ok "$f"
    is_status 0
    touch -d '9 days ago' "$f"
    same_as_flags "{\"file\":{\"path\":\"$f\",\"maxAge\":\"1m\",\"minSize\":\"1K\",\"bodyLimit\":5},
        \"expect\":{\"contains\":\"ok\"}}" file --max-age 1m --min-size 1K --body-limit 5 --contains ok "$f"
    is_status 1
    same_as_flags "{\"file\":{\"path\":\"$dir/absent\"}}" file "$dir/absent"
    is_status 1
}

@test "file: wrong usage" {
    expect_usage 'file: no path: give PATH, --path PATH or .file.path' file
    expect_usage 'file: no path: give PATH, --path PATH or .file.path' file ''
    expect_usage "file: 'b' is too much: usage: probectl file [options] PATH" file a b
    expect_usage "--max-age '0' is out of range: a duration is from 1ms to 1h" file --max-age 0 a
    expect_usage "--min-size 'x' is not a size: use 10240, 64KiB or 1MiB, from 0 to 1048576GiB" file --min-size x a
    expect_usage '.file.maxage: is not a member of file (did you mean .maxAge?)' -f '{"file":{"path":"a","maxage":1}}'
}
