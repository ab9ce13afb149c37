#!/usr/bin/env bats
# The static program alone in a root: no /etc, no /proc, no /dev, no shell. make check PROBECTL=build/static/probectl

load helper

setup_file() {
    is_static || return 0
    start_http_server
    start_tcp_server
    # Debian's grpc belongs to Debian's python3.
    load certs
    make_certs
    PYTHON=/usr/bin/python3 start_server grpc_server "$BATS_FILE_TMPDIR/grpc" "$CERTS"
}

teardown_file() { stop_servers; }

is_static() { ! grep -q 'ld-linux\|ld-musl' "$PROBECTL"; }

setup() {
    is_static || skip 'not a static program'
    root=$BATS_TEST_TMPDIR/root
    mkdir "$root"
    cp "$PROBECTL" "$root/probectl"
    UNDER=(chroot "$root")
    [ "$(id -u)" -eq 0 ] || UNDER=(unshare --map-root-user chroot "$root")
    PROBECTL=/probectl
}

alone() {
    [ "$(find "$root" -mindepth 1 | wc -l)" -eq 1 ] || fail 'expected nothing else in the root'
}

@test "scratch: tcp and http" {
    expect success "~connected to .*" tcp "localhost:$HTTP_PORT"
    expect success '200 OK' http "localhost:$HTTP_PORT/status/200"
    expect failure 'HTTP probe failed with statuscode: 404' http "http://localhost:$HTTP_PORT/status/404"
    # Whether anybody answers on this machine's port 53, where no resolv.conf leads elsewhere, is not ours to say.
    expect unknown '~.*lookup nobody.invalid: .*' tcp -t 300ms nobody.invalid:80
    alone
}

@test "scratch: https" {
    if [[ $("${UNDER[@]}" /probectl --version) != *OpenSSL* ]]; then skip 'built without TLS'; fi
    expect success '200 OK' http "https://localhost:$HTTPS_PORT/status/200"
    expect unknown '~nothing to verify the certificate with: .*--cacert FILE' http --tls-verify "https://localhost:$HTTPS_PORT/"
    alone
}

@test "scratch: grpc" {
    expect success SERVING grpc "127.0.0.1:$GRPC_PORT"
    expect failure NOT_SERVING grpc "127.0.0.1:$GRPC_PORT" --service NOT_SERVING
    alone
}

@test "scratch: exec, and nothing is left" {
    expect success '~exit status 0: .*' exec /probectl --version
    expect failure '~exit status 2: .*' exec /probectl --nonsense
    expect unknown 'command not found' exec /nobody
    expect_deadline 300 exec /probectl http -t 1h "localhost:$SILENT_PORT"
    alone
}

@test "scratch: file and process" {
    expect success '~[0-9]+ bytes.*' file /probectl
    expect failure 'there is no such file' file /nobody
    expect success '~.*' process --pid 1
    alone
}
