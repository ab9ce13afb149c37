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
    make_daemon "$BATS_FILE_TMPDIR/daemon"
}

# daemon STATUS|stay - forks twice into a session of its own, prints the number of what is there then, and ends or stays.
make_daemon() {
    # shellcheck disable=SC2086  # a compiler may have arguments
    ${CC:-cc} -static -xc -o "$1" - <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int ready[2];
	char end;

	if (argc != 2 || pipe(ready) != 0)
		return 64;
	if (fork() == 0) {
		if (fork() != 0)
			_exit(0);
		setsid();
		dprintf(STDOUT_FILENO, "%d\n", (int)getpid());
		close(ready[0]);
		close(ready[1]);
		/* The end of its own is the test's, should the probe fail to catch it. */
		sleep(60);
		_exit(0);
	}
	close(ready[1]);
	if (read(ready[0], &end, 1) == 0 && argv[1][0] == 's')
		pause();
	return atoi(argv[1]);
}
END
}

teardown_file() { stop_servers; }


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
    watch_processes
    cp "$BATS_FILE_TMPDIR/daemon" "$root"
    leaves success 'exit status 0' 0
    leaves failure 'exit status 3' 3
    leaves unknown "no answer within 500ms: the command's last words" stay -t 500ms
    rm "$root/daemon"
    alone
    expect_deadline 300 exec /probectl http -t 1h "localhost:$SILENT_PORT"
    [ -z "$(left_behind)" ] || fail 'expected no process to be left'
}

# leaves VERDICT MESSAGE MODE [OPTIONS...] - and what it left is gone, as seen from outside of the root.
leaves() {
    local verdict=$1 message=$2 mode=$3
    shift 3
    expect "$verdict" "~$message: [0-9]+" exec "$@" -- /daemon "$mode"
    within 5000
    [[ $(field /exec/output) =~ ^([0-9]+) ]] || fail 'expected a number'
    echo "${BASH_REMATCH[1]}" >>"$PIDS"
    all_gone 1
}

@test "scratch: file and process" {
    expect success '~[0-9]+ bytes.*' file /probectl
    expect failure 'there is no such file' file /nobody
    expect success '~.*' process --pid 1
    alone
}
