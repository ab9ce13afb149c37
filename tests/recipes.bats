#!/usr/bin/env bats
# The recipes of the README and the manual, each against the real server. Debian's packages:
# redis-server, postgresql, mariadb-server-core (or mariadb-server), dnsmasq-base, nginx-light. A
# server that is not there is skipped, and so is one that does not start here.

# shellcheck disable=SC2030,SC2031,SC2088 # each test is a subshell; a tilde begins a pattern
load helper

SERVERS_FILE=$BATS_FILE_TMPDIR/pids

setup_file() {
    : >"$SERVERS_FILE"
    # Their own directories, for they drop their rights.
    WORK=$(mktemp -d "/tmp/probectl-recipes.XXXXXX")
    chmod 755 "$WORK"
    export WORK
}

teardown_file() {
    local pid
    while read -r pid; do
        kill -TERM "$pid" 2>/dev/null || true
    done <"$SERVERS_FILE"
    while read -r pid; do
        wait_until eval "! kill -0 $pid 2>/dev/null" || kill -KILL "$pid" 2>/dev/null || true
    done <"$SERVERS_FILE"
    rm -rf "$WORK"
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
    start_server answer_server "$BATS_FILE_TMPDIR/log"
    local s=127.0.0.1:$HTTP_PORT
    expect success '200 Status' http --json /status=UP "http://$s/actuator/health"
    expect success '200 Status' http --json /components/db/status=UP "$s/actuator/health"
    expect failure '~/components/disk/status is .*DOWN.*, not .*UP.*' http --json /components/disk/status=UP "$s/actuator/health"
    expect failure '~HTTP probe failed with statuscode: 503; /status is .*DOWN.*, not .*UP.*' \
        http --json /status=UP "$s/actuator/down"
    expect failure '~the body is not JSON .*' http --json /status=UP "$s/login"
    stop_servers
}

@test "recipe: Redis" {
    local server port
    server=$(find_server redis-server) || skip 'redis-server is not there'
    port=$(free_port)
    in_background "$server" --port "$port" --bind 127.0.0.1 --save '' --dir "$WORK"
    run_until tcp --send 'PING\r\n' --expect '+PONG' "127.0.0.1:$port"
    expect success "~connected to 127.0.0.1:$port: received '.PONG.*'" tcp --send 'PING\r\n' --expect '+PONG' "127.0.0.1:$port"
    expect failure "~the answer has no '.PONG'; .*" tcp -t 200ms --send 'PIN\r\n' --expect '+PONG' "127.0.0.1:$port"
    expect success '~.*' tcp --hold 100ms "127.0.0.1:$port"
}

@test "recipe: Redis that wants a password" {
    local server port
    server=$(find_server redis-server) || skip 'redis-server is not there'
    port=$(free_port)
    in_background "$server" --port "$port" --bind 127.0.0.1 --save '' --dir "$WORK" --requirepass secret
    run_until tcp --send 'PING\r\n' --expect 'NOAUTH' "127.0.0.1:$port"
    expect failure '~.*NOAUTH.*' tcp -t 200ms --send 'PING\r\n' --expect '+PONG' "127.0.0.1:$port"
    expect success '~.*' tcp --send 'AUTH secret\r\nPING\r\n' --expect '+PONG' "127.0.0.1:$port"
}

@test "recipe: PostgreSQL" {
    local initdb server port as=()
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
    run_until tcp --send '\0\0\0\x08\x04\xd2\x16\x2f' --regex '^[SN]$' "127.0.0.1:$port"
    expect success "connected to 127.0.0.1:$port: received 'N'" \
        tcp --send '\0\0\0\x08\x04\xd2\x16\x2f' --regex '^[SN]$' "127.0.0.1:$port"
    expect success "~.*received 'N'" tcp --send '\0\0\0\x08\x04\xd2\x16\x2f' --expect N "unix:$WORK/pg/.s.PGSQL.$port"
    expect success '~process [0-9]+ is alive' process --pidfile "$WORK/pg/data/postmaster.pid" --name postgres
    expect failure '~.*' tcp -t 200ms --send '\0\0\0\x08\x04\xd2\x16\x2f' --expect S "127.0.0.1:$port"
}

@test "recipe: MariaDB and MySQL" {
    local server port
    server=$(find_server mariadbd || find_server mysqld) || skip 'mariadb-server-core is not there'
    port=$(free_port)
    mkdir "$WORK/maria"
    # Without tables it greets all the same.
    in_background "$server" --no-defaults --skip-grant-tables --user="$(id -un)" --datadir="$WORK/maria" \
        --port="$port" --bind-address=127.0.0.1 --skip-networking=0 --socket="$WORK/maria/s" \
        --pid-file="$WORK/maria/pid" --innodb-buffer-pool-size=8M --innodb-log-file-size=4M
    # The greeting is a packet with the number 0, protocol version 10 and the server's version.
    run_until tcp --expect '\0\x0a' "127.0.0.1:$port"
    expect success '~connected to .*: received .*' tcp --expect '\0\x0a' --regex '[0-9]+[.][0-9]+' "127.0.0.1:$port"
    expect success '~.*' process --pidfile "$WORK/maria/pid" --name "$(basename "$server")"
}

@test "recipe: DNS" {
    local server port
    server=$(find_server dnsmasq) || skip 'dnsmasq-base is not there'
    port=$(free_port)
    in_background "$server" --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --bind-interfaces \
        --listen-address=127.0.0.1 --port="$port" --address=/up.test/192.0.2.1 --pid-file= --user="$(id -un)"
    # A query for the address of up.test, with the number 0x1234. The answer has the same number,
    # and in its flags QR and no error.
    local query='\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x02up\x04test\0\0\x01\0\x01'
    run_until udp --send "$query" --expect '\x12\x34\x85\x80' "127.0.0.1:$port"
    expect success '~.*' udp --send "$query" --expect '\x12\x34\x85\x80' "127.0.0.1:$port"
    # The address itself.
    expect success '~.*' udp --send "$query" --expect '\0\x04\xc0\0\x02\x01' "127.0.0.1:$port"
    # Another name is refused, for there is nobody to ask.
    expect failure '~.*' udp -t 200ms --send "${query/up/no}" --expect '\x12\x34\x85\x80' "127.0.0.1:$port"
}

@test "recipe: DNS by unbound" {
    local server port
    server=$(find_server unbound) || skip 'unbound is not there'
    port=$(free_port)
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
  local-zone: "test." static
  local-data: "up.test. A 192.0.2.1"
EOF
    in_background "$server" -d -c "$WORK/unbound.conf"
    local query='\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x02up\x04test\0\0\x01\0\x01'
    run_until udp --send "$query" --expect '\0\x04\xc0\0\x02\x01' "127.0.0.1:$port"
    expect success '~.*' udp --send "$query" --expect '\0\x04\xc0\0\x02\x01' "127.0.0.1:$port"
    expect success '~.*' process --pidfile "$WORK/unbound.pid" --name unbound
}

@test "recipe: a heartbeat file" {
    local beat=$BATS_TEST_TMPDIR/beat
    expect failure 'there is no such file' file --max-age 5m "$beat"
    touch "$beat"
    expect success '~0 bytes; modified .*' file --max-age 5m "$beat"
    touch -d '10 minutes ago' "$beat"
    expect failure '~it is too old: modified 10m [0-9]s ago, allowed are 5m' file --max-age 5m "$beat"
}

@test "recipe: nginx by pidfile and name, and what it serves" {
    local server port
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
    run_until process --pidfile "$WORK/nginx/pid" --name nginx
    expect success "process $pid is alive" process --pidfile "$WORK/nginx/pid" --name nginx
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
    expect failure '~there is no such pidfile' process --pidfile "$WORK/nginx/pid" --name nginx
    # A pidfile that was left behind, and its number used again.
    echo $$ >"$WORK/nginx/pid"
    expect failure "~process $$ is .*, not nginx" process --pidfile "$WORK/nginx/pid" --name nginx
}
