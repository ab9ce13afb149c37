#!/usr/bin/env bats
# The recipes of the README's table and of the manual page's examples, each as it stands there, against the real server.
# Debian's packages: redis-server, postgresql, mariadb-server-core (or mariadb-server), unbound, dnsmasq-base,
# nginx-light, python3-grpcio. A server that is not there is skipped, and so is one that does not start here.

# shellcheck disable=SC2030,SC2031,SC2088 # each test is a subshell; a tilde begins a pattern
load helper
load certs

ROOT=$BATS_TEST_DIRNAME/..
SERVERS_FILE=$BATS_FILE_TMPDIR/pids
RUN_FILE=$BATS_FILE_TMPDIR/run

setup_file() {
    : >"$SERVERS_FILE"
    : >"$RUN_FILE"
    # Their own directories, for they drop their rights.
    WORK=$(mktemp -d "/tmp/probectl-recipes.XXXXXX")
    chmod 755 "$WORK"
    export WORK
    make_certs
    make_cert shop -san DNS:shop.example -to '13 days 1 hour'
    start_server answer_server "$BATS_FILE_TMPDIR/log"
    export ANSWERS=127.0.0.1:$HTTP_PORT
    start_server http_server "$BATS_FILE_TMPDIR/requests" "$CERTS/shop.crt" "$CERTS/shop.key"
}

teardown_file() {
    local pid
    stop_servers
    while read -r pid; do
        kill -TERM "$pid" 2>/dev/null || true
    done <"$SERVERS_FILE"
    while read -r pid; do
        wait_until eval "! kill -0 $pid 2>/dev/null" || kill -KILL "$pid" 2>/dev/null || true
    done <"$SERVERS_FILE"
    rm -rf "$WORK"
}

# The commands that a document shows, a line each.
commands() {
    case $1 in
        README) grep -oP '^\|.*\| `\Kprobectl -*[a-z]+ [^`]*(?=` \|$)' "$ROOT/README.md" ;;
        manual) sed -n '/^\.Sh EXAMPLES$/,/^\.Sh /s/^\$ \(probectl .*\)/\1/p' "$ROOT/man/probectl.1" | sed 's/\\e/\\/g' ;;
    esac
}

# documented PATTERN [DOCUMENT] - sets recipe to the words of the one command that is like the pattern, and notes that it
# is run. It stands in both documents and is the same there, unless one is named.
documented() {
    local document line lines=()
    for document in "${2:-README}" "${2:-manual}"; do
        line=$(commands "$document" | while IFS= read -r line; do
            # shellcheck disable=SC2053 # a pattern it is
            [[ $line != "probectl "$1 ]] || printf '%s\n' "$line"
        done)
        [ -n "$line" ] || fail "$document: there is no command like $1"
        [[ $line != *$'\n'* ]] || fail "$document: there is more than one command like $1: $line"
        lines+=("$line")
    done
    [ "${lines[0]}" = "${lines[1]}" ] || fail "README and manual differ: ${lines[*]}"
    printf '%s\n' "$line" >>"$RUN_FILE"
    eval "recipe=(${line#probectl })"
}

# at TARGET - puts the test's own target in the place of the documented one, which is the last word.
at() { recipe[-1]=$1; }

# instead OLD NEW - sets other to the recipe with a part of it replaced: the test's own opposite.
instead() {
    other=("${recipe[@]/"$1"/"$2"}")
    [ "${other[*]}" != "${recipe[*]}" ] || fail "there is no $1 in the recipe: ${recipe[*]}"
}

# A free port of loopback. Nothing keeps it free, but nobody here takes ports in a row.
free_port() {
    "$PYTHON" -IS -c '
import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# A Debian server may be in no PATH.
find_server() {
    local name=$1 at
    for at in "$(command -v "$name")" /usr/sbin/"$name" /usr/lib/postgresql/*/bin/"$name"; do
        [ ! -x "$at" ] || {
            echo "$at"
            return
        }
    done
    return 1
}

# in_background COMMAND... - its number is in $pid.
in_background() {
    "$@" >"$BATS_TEST_TMPDIR/server.log" 2>&1 </dev/null 3>&- &
    pid=$!
    echo "$pid" >>"$SERVERS_FILE"
}

# run_until ARGS... - the recipe itself tells when the server is ready, as it does for its users.
# A server that has ended does not become ready.
run_until() {
    local end=$((SECONDS + 30))
    until "$PROBECTL" "$@" >/dev/null; do
        kill -0 "$pid" 2>/dev/null || skip "the server ended: $(tail -n 3 "$BATS_TEST_TMPDIR/server.log")"
        ((SECONDS < end)) || fail 'expected the server to become ready' "$("$PROBECTL" "$@")"
        sleep 0.05
    done
}

@test "recipe: Spring Boot's actuator" {
    documented 'http *:8080/actuator/health'
    local s=$ANSWERS
    at "$s/actuator/health"
    expect success '200 Status' "${recipe[@]}"
    at "$s/actuator/down"
    expect failure '~HTTP probe failed with statuscode: 503; /status is .*DOWN.*, not .*UP.*' "${recipe[@]}"
    at "$s/login"
    expect failure '~the body is not JSON .*' "${recipe[@]}"
    # That answers after 100 ms.
    at "$s/slow/actuator/health"
    instead 500ms 50ms
    expect failure '~the answer took [0-9.]+ ms, allowed are 50ms' "${other[@]}"
    expect success '200 Status' http --json /components/db/status=UP "$s/actuator/health"
    expect failure '~/components/disk/status is .*DOWN.*, not .*UP.*' \
        http --json /components/disk/status=UP "$s/actuator/health"
}

@test "recipe: a server that is well by its own account, and one that needs three seconds for a 200" {
    documented 'http localhost:8080/healthz' manual
    at "localhost:$HTTP_PORT/status/204"
    expect success '204 No Content' "${recipe[@]}"
    at "localhost:$HTTP_PORT/status/404"
    expect failure 'HTTP probe failed with statuscode: 404' "${recipe[@]}"
    documented 'http *:8080/login' manual
    at "localhost:$HTTP_PORT/status/200"
    expect success '200 OK' "${recipe[@]}"
    [ "$(field /timeoutMs)" = 3000 ] || fail 'expected three seconds'
    at "localhost:$HTTP_PORT/status/204"
    expect failure 'HTTP probe failed with statuscode: 204' "${recipe[@]}"
}

@test "recipe: a certificate's last days" {
    documented 'http *https://shop.example/' README
    need_tls
    # Who signed it and where its server is are the test's.
    local there=(--cacert "$CERTS/ca.crt" --connect "127.0.0.1:$HTTPS_PORT")
    expect failure '~.*13 days.*14.*' "${recipe[@]}" "${there[@]}"
    instead 14 13
    expect success '200 OK' "${other[@]}" "${there[@]}"
    there[1]=$CERTS/other-ca.crt
    expect failure '~.*certificate.*' "${other[@]}" "${there[@]}"
    [ "$(field /reason)" = CertificateUntrusted ] || fail 'expected another reason'
    # Without it, nobody here vouches for it.
    probe "${other[@]}" "${there[@]:2}"
    [ "$status" -ne 0 ] || fail 'expected it to be verified'
}

@test "recipe: a gRPC service, over TLS" {
    documented 'grpc *:50051' README
    need_tls
    # Debian's grpc belongs to Debian's python3.
    PYTHON=/usr/bin/python3 start_server grpc_server "$BATS_FILE_TMPDIR/grpc" "$CERTS"
    at "127.0.0.1:$GRPC_TLS_PORT"
    expect success SERVING "${recipe[@]}"
    instead Cart Card
    expect failure '~.*NOT_FOUND.*' "${other[@]}"
    at "127.0.0.1:$GRPC_PORT"
    expect failure '~.*plain text.*' "${recipe[@]}"
}

@test "recipe: Redis" {
    local server port
    documented 'tcp *:6379'
    server=$(find_server redis-server) || skip 'redis-server is not there'
    port=$(free_port)
    in_background "$server" --port "$port" --bind 127.0.0.1 --save '' --dir "$WORK"
    at "127.0.0.1:$port"
    run_until "${recipe[@]}"
    expect success "~connected to 127.0.0.1:$port: received '.PONG.*'" "${recipe[@]}"
    instead PING PIN
    expect failure "~the answer has no '.PONG'; .*" "${other[@]}" -t 200ms
    expect success '~.*' tcp --hold 100ms "127.0.0.1:$port"
}

@test "recipe: Redis that wants a password" {
    local server port
    documented 'tcp *:6379'
    server=$(find_server redis-server) || skip 'redis-server is not there'
    port=$(free_port)
    in_background "$server" --port "$port" --bind 127.0.0.1 --save '' --dir "$WORK" --requirepass secret
    run_until tcp --send 'PING\r\n' --expect 'NOAUTH' "127.0.0.1:$port"
    at "127.0.0.1:$port"
    expect failure '~.*NOAUTH.*' "${recipe[@]}" -t 200ms
    instead PING 'AUTH secret\r\nPING'
    expect success '~.*' "${other[@]}"
}

@test "recipe: PostgreSQL" {
    local initdb server port as=() is_open is_ready
    documented 'exec *pg_isready *' manual
    is_ready=("${recipe[@]}")
    documented 'tcp :5432' manual
    is_open=("${recipe[@]}")
    documented 'tcp -*:5432'
    initdb=$(find_server initdb) && server=$(find_server postgres) || skip 'postgresql is not there'
    port=$(free_port)
    mkdir "$WORK/pg"
    if [ "$(id -u)" -eq 0 ]; then
        id postgres >/dev/null 2>&1 || skip 'there is no user postgres'
        chown postgres "$WORK/pg"
        as=(setpriv --reuid=postgres --regid="$(id -g postgres)" --clear-groups)
    fi
    (cd "$WORK/pg" && LC_ALL=C "${as[@]}" "$initdb" --no-sync -A trust -D "$WORK/pg/data") >"$BATS_TEST_TMPDIR/initdb" 2>&1 ||
        skip "initdb failed: $(tail -n 3 "$BATS_TEST_TMPDIR/initdb")"
    cd "$WORK/pg"
    in_background "${as[@]}" "$server" -D "$WORK/pg/data" -h 127.0.0.1 -p "$port" -k "$WORK/pg" -F
    # SSLRequest: 8 bytes long, code 80877103; N is "no TLS here", S "go ahead".
    at "127.0.0.1:$port"
    run_until "${recipe[@]}"
    expect success "connected to 127.0.0.1:$port: received 'N'" "${recipe[@]}"
    instead '[SN]' '[S]'
    expect failure "~.*'N'.*" "${other[@]}" -t 200ms
    expect success "~.*received 'N'" "${recipe[@]:0:${#recipe[@]}-1}" "unix:$WORK/pg/.s.PGSQL.$port"
    expect success '~process [0-9]+ is alive' process --pidfile "$WORK/pg/data/postmaster.pid" --name postgres
    PGHOST=127.0.0.1 PGPORT=$port PATH=${server%/*}:$PATH expect success '~exit status 0.*' "${is_ready[@]}"
    PGHOST=$WORK PGPORT=$port PATH=${server%/*}:$PATH expect failure '~exit status 2.*' "${is_ready[@]}"
    # As soon as it speaks TLS it says so.
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost \
        -keyout data/server.key -out data/server.crt 2>/dev/null
    chmod 600 data/server.key
    chown --reference=data/PG_VERSION data/server.key data/server.crt
    echo 'ssl = on' >>data/postgresql.conf
    kill -HUP "$pid"
    wait_until says_s "${recipe[@]}" || fail 'expected it to speak TLS'
    expect success "connected to 127.0.0.1:$port: received 'S'" "${recipe[@]}"
    recipe=("${is_open[@]}")
    at "127.0.0.1:$port"
    expect success "connected to 127.0.0.1:$port" "${recipe[@]}"
    kill -INT "$pid"
    wait_until eval "! kill -0 $pid 2>/dev/null"
    expect failure "dial tcp 127.0.0.1:$port: connection refused" "${recipe[@]}"
}

says_s() { [[ $("$PROBECTL" "$@") == *"'S'"* ]]; }

@test "recipe: MariaDB and MySQL" {
    local server port
    documented 'tcp *:3306'
    server=$(find_server mariadbd || find_server mysqld) || skip 'mariadb-server-core is not there'
    port=$(free_port)
    mkdir "$WORK/maria"
    # Without tables it greets all the same.
    in_background "$server" --no-defaults --skip-grant-tables --user="$(id -un)" --datadir="$WORK/maria" \
        --port="$port" --bind-address=127.0.0.1 --skip-networking=0 --socket="$WORK/maria/s" \
        --pid-file="$WORK/maria/pid" --innodb-buffer-pool-size=8M --innodb-log-file-size=4M
    # The greeting is a packet with the number 0, protocol version 10 and the server's version.
    at "127.0.0.1:$port"
    run_until "${recipe[@]}"
    expect success '~connected to .*: received .*' "${recipe[@]}" --regex '[0-9]+[.][0-9]+'
    instead '\0\x0a' '\x0b\x0b'
    expect failure '~.*' "${other[@]}" -t 200ms
    expect success '~.*' process --pidfile "$WORK/maria/pid" --name "$(basename "$server")"
}

# start_unbound - a resolver on $port. It finds example.com in a zone as if it had asked for it, refuses what is below
# test, and example.lan is a name of its own.
start_unbound() {
    local server
    server=$(find_server unbound) || skip 'unbound is not there'
    port=$(free_port)
    printf '%s\n' 'example.com. 60 SOA ns root 1 60 60 60 60' 'example.com. 60 NS ns' 'example.com. 60 A 192.0.2.1' \
        'ns.example.com. 60 A 192.0.2.2' >"$WORK/zone"
    cat >"$WORK/unbound.conf" <<EOF
server:
  interface: 127.0.0.1
  port: $port
  chroot: ""
  username: ""
  directory: "$WORK"
  pidfile: "$WORK/unbound.pid"
  do-daemonize: no
  use-syslog: no
  logfile: ""
  module-config: "iterator"
  local-zone: "test." refuse
  local-data: "example.lan. A 192.0.2.1"
auth-zone:
  name: "example.com"
  zonefile: "$WORK/zone"
  for-downstream: no
EOF
    in_background "$server" -d -c "$WORK/unbound.conf"
}

@test "recipe: DNS by unbound" {
    local port
    documented 'udp *:53'
    start_unbound
    at "127.0.0.1:$port"
    run_until "${recipe[@]}"
    expect success '~.*' "${recipe[@]}"
    # The address itself.
    instead '\x12\x34\x81\x80' '\0\x04\xc0\0\x02\x01'
    expect success '~.*' "${other[@]}"
    # Another number is another question, and what is refused is no answer.
    instead '\x12\x34\x01' '\x12\x35\x01'
    expect failure '~.*' "${other[@]}" -t 200ms
    instead '\x03com' '\x04test'
    expect failure '~.*' "${other[@]}" -t 200ms
    # A name of its own, as the manual has it.
    instead '\x03com' '\x03lan'
    recipe=("${other[@]}")
    instead '\x81' '\x85'
    expect success '~.*' "${other[@]}"
    expect success '~process [0-9]+ is alive' process --pidfile "$WORK/unbound.pid" --name unbound
}
@test "recipe: DNS by dnsmasq" {
    local server upstream port dnsmasq
    documented 'udp *:53'
    server=$(find_server dnsmasq) || skip 'dnsmasq-base is not there'
    start_unbound
    upstream=$port
    port=$(free_port)
    dnsmasq=("$server" --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --bind-interfaces
        --listen-address=127.0.0.1 --pid-file= --user="$(id -un)")
    in_background "${dnsmasq[@]}" --port="$port" --server="127.0.0.1#$upstream" --address=/example.lan/192.0.2.1
    at "127.0.0.1:$port"
    run_until "${recipe[@]}"
    expect success '~.*' "${recipe[@]}"
    # A name of its own, as the manual has it.
    instead '\x03com' '\x03lan'
    recipe=("${other[@]}")
    instead '\x81' '\x85'
    expect success '~.*' "${other[@]}"
    # And one that asks no other.
    port=$(free_port)
    in_background "${dnsmasq[@]}" --port="$port" --auth-server=ns.example.lan,lo --auth-zone=example.lan \
        --host-record=example.lan,192.0.2.1
    at "127.0.0.1:$port"
    instead '\x81\x80' '\x85\0'
    run_until "${other[@]}"
    expect success '~.*' "${other[@]}"
}

@test "recipe: a heartbeat file" {
    local beat=$BATS_TEST_TMPDIR/beat
    documented 'file */tmp/heartbeat'
    at "$beat"
    expect failure 'there is no such file' "${recipe[@]}"
    touch "$beat"
    expect success '~0 bytes; modified .*' "${recipe[@]}"
    touch -d '20 seconds ago' "$beat"
    expect success '~0 bytes; modified .*' "${recipe[@]}"
    touch -d '40 seconds ago' "$beat"
    expect failure '~it is too old: modified 4[0-9.]*s ago, allowed are 30s' "${recipe[@]}"
}

@test "recipe: nginx by pidfile and name, and what it serves" {
    local server port
    documented 'process * --name nginx'
    instead /run/nginx.pid "$WORK/nginx/pid"
    recipe=("${other[@]}")
    server=$(find_server nginx) || skip 'nginx-light is not there'
    port=$(free_port)
    mkdir -p "$WORK/nginx"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost \
        -keyout "$WORK/nginx/key" -out "$WORK/nginx/cert" 2>/dev/null
    cat >"$WORK/nginx/conf" <<EOF
daemon off;
pid $WORK/nginx/pid;
error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path $WORK/nginx/a; proxy_temp_path $WORK/nginx/b; fastcgi_temp_path $WORK/nginx/c;
    uwsgi_temp_path $WORK/nginx/d; scgi_temp_path $WORK/nginx/e;
    server {
        listen 127.0.0.1:$port ssl http2;
        ssl_certificate $WORK/nginx/cert; ssl_certificate_key $WORK/nginx/key;
        location / { default_type application/json; return 200 '{"status":"UP"}'; }
    }
}
EOF
    in_background "$server" -c "$WORK/nginx/conf"
    run_until "${recipe[@]}"
    expect success "process $pid is alive" "${recipe[@]}"
    expect success '~process [0-9]+ is alive' process --name nginx
    # A body over HTTP/2.
    if has_tls; then
        run_until http --http2 "https://127.0.0.1:$port/"
        expect success '~.*' http --http2 --json /status=UP --contains UP --header-contains 'Content-Type: json' \
            "https://127.0.0.1:$port/"
        expect failure '~/status is .*UP.*, not .*DOWN.*' http --http2 --json /status=DOWN "https://127.0.0.1:$port/"
    fi
    kill -QUIT "$pid"
    wait_until eval "! kill -0 $pid 2>/dev/null"
    expect failure '~there is no such pidfile' "${recipe[@]}"
    # A pidfile that was left behind, and its number used again.
    echo $$ >"$WORK/nginx/pid"
    expect failure "~process $$ is .*, not nginx" "${recipe[@]}"
}

@test "recipe: every one of README and manual is run by a test" {
    local missing
    # The tests above have noted what they run, skipped or not.
    missing=$(sort -u <(commands README) <(commands manual) | grep -vxF -f "$RUN_FILE") || true
    [ -z "$missing" ] || fail "no test runs: $missing"
}
