#!/usr/bin/env bats
# TLS for http, grpc and tcp: what is verified, what is shown, and how failures are named.

load helper
load certs

setup_file() {
    make_certs
    make_cert expired -from '40 days ago' -to '3 days ago'
    make_cert just-expired -to '5 minutes ago'
    make_cert early -from '3 days' -to '1 year'
    make_cert self -ca self
    make_cert unknown -ca other-ca
    make_cert other-host -san 'DNS:other.test,DNS:*.wild.test,IP:192.0.2.1,IP:2001:db8::1'
    make_cert no-names -san none
    make_cert many -san "$(printf 'DNS:host-%d.a-long-domain.test,' {1..59})DNS:host-60.test"
    make_cert evil -subj $'/O=a\e[31mred\a/CN=b\u202e\n2' -san none
    make_cert soon -to '10 days 1 hour'
    make_cert one-day -to '25 hours'
    make_ca old-ca -from '40 days ago' -to '2 days ago'
    make_cert of-old-ca -ca old-ca
    openssl genrsa -aes128 -passout pass:geheim -out "$CERTS/locked.key" 2048 2>/dev/null

    local name servers=()
    for name in good expired just-expired early self unknown other-host no-names many evil soon one-day of-old-ca; do
        servers+=("$(tr '[:lower:]-' '[:upper:]_' <<<"$name"):-cert $CERTS/$name.pem")
    done
    local ask="-cert $CERTS/good.pem -Verify 1 -verify_return_error -CAfile $CERTS/ca.crt"
    start_server tls_openssl "$BATS_FILE_TMPDIR/openssl" "${servers[@]}" "ASK12:$ask -tls1_2" "ASK13:$ask -tls1_3" \
        "MAY13:-cert $CERTS/good.pem -verify 1 -CAfile $CERTS/ca.crt -tls1_3" \
        "ALPN_H2:-cert $CERTS/good.pem -alpn h2" "TLS11:-cert $CERTS/good.pem -tls1_1 -cipher DEFAULT@SECLEVEL=0"
    start_server tls_nginx "$BATS_FILE_TMPDIR/nginx" "$CERTS"
    start_server tls_server "$BATS_FILE_TMPDIR/tls" "$CERTS/good.crt" "$CERTS/good.key"
    start_tcp_server
    export CA=$CERTS/ca.crt
}

teardown_file() { stop_servers; }

setup() { [ "$BATS_TEST_DESCRIPTION" = 'tls: a program without it says so' ] || need_tls; }

@test "tls: a program without it says so" {
    if [[ $("$PROBECTL" --version) == *OpenSSL* ]]; then return; fi
    expect_usage '~tcp: this probectl was built without TLS: .*' tcp --tls :1
    expect_usage '~grpc: this probectl was built without TLS: .*' grpc --tls :1
    expect_usage '~http: this probectl was built without TLS: .*' http https://localhost:1/
    local option
    for option in --tls-verify --cacert=/x --cert=/x --key=/x --server-name=x --cert-days=3; do
        expect_usage '~http: this probectl was built without TLS: .*' http "$option" http://localhost:1/
        expect_usage '~tcp: this probectl was built without TLS: .*' tcp "$option" localhost:1
        expect_usage '~grpc: this probectl was built without TLS: .*' grpc "$option" localhost:1
    done
}

# each PORT VERDICT REASON MESSAGE ARGS... - http and tcp alike.
each() {
    local port=$1 verdict=$2 reason=$3 message=$4
    shift 4
    says "$verdict" "$message" tcp --tls "localhost:$port" "$@"
    [ "$(field /reason)" = "$reason" ] || fail "expected reason $reason"
    [ "$verdict" = failure ] || message='~200 .*'
    says "$verdict" "$message" http "https://localhost:$port/" "$@"
    [ "$(field /reason)" = "$reason" ] || fail "expected reason $reason"
}

@test "tls: nginx with TLS 1.2 and 1.3, RSA and ECDSA" {
    local port version cipher
    while read -r port version cipher; do
        says success '200 OK' http "https://localhost:$port/" --cacert "$CA"
        is_field /http/tlsVersion "$version"
        is_field /http/tlsCipher "$cipher"
        is_field /http/verified true
        says success '~connected to .*' tcp --tls "localhost:$port" --cacert "$CA"
        is_field /tcp/tlsVersion "$version"
        is_field /tcp/verified true
        says success '200 OK' http "https://localhost:$port/"
        is_field /http/verified false
    done <<ROWS
$NGINX_TLS12_PORT TLSv1.2 ~ECDHE-ECDSA-.*
$NGINX_TLS13_PORT TLSv1.3 ~TLS_.*
$NGINX_RSA12_PORT TLSv1.2 ~ECDHE-RSA-.*
$NGINX_RSA13_PORT TLSv1.3 ~TLS_.*
ROWS
}

@test "tls: certificates that fail, each by its name" {
    local days='[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2} UTC'
    each "$EXPIRED_PORT" failure CertificateExpired "~the certificate expired on $days, 3 days ago" --cacert "$CA"
    each "$JUST_EXPIRED_PORT" failure CertificateExpired "~the certificate expired on $days, [^-]*" --cacert "$CA"
    [[ $(field /message) != *'1 days'* ]] || fail 'a few minutes are no day'
    each "$EARLY_PORT" failure CertificateNotYetValid "~the certificate is not valid before $days" --cacert "$CA"
    each "$SELF_PORT" failure CertificateUntrusted \
        'the certificate is self-signed (CN = localhost): to trust it, give it with --cacert' --cacert "$CA"
    each "$UNKNOWN_PORT" failure CertificateUntrusted \
        "the certificate's issuer is not trusted (O = Tests, CN = other-ca): to trust it, give its CA with --cacert" \
        --cacert "$CA"
    each "$OTHER_HOST_PORT" failure CertificateWrongHost \
        '~the certificate is not for localhost but for other.test, \*.wild.test, 192.0.2.1, 2001:db8::1' --cacert "$CA"
    each "$OF_OLD_CA_PORT" failure CertificateUntrusted '~.*issuer.*expired.*' --cacert "$CERTS/old-ca.crt"
    # Against the system's own.
    each "$GOOD_PORT" failure CertificateUntrusted "~the certificate's issuer is not trusted .*" --tls-verify
}

@test "tls: none of them fails where nobody asked for verification, and the output says so" {
    local port
    for port in "$EXPIRED_PORT" "$EARLY_PORT" "$SELF_PORT" "$UNKNOWN_PORT" "$OTHER_HOST_PORT" "$NO_NAMES_PORT" \
        "$MANY_PORT" "$EVIL_PORT" "$OF_OLD_CA_PORT"; do
        each "$port" success Ok '~connected to .*, TLSv1.3'
        is_field /http/verified false
        is_field /http/verification '~not verified.*'
    done
    probe tcp --tls -v "localhost:$EXPIRED_PORT"
    [[ $output == *'not verified'* ]] || fail 'expected -v to say not verified'
}

@test "tls: what verification makes of names" {
    each "$GOOD_PORT" success Ok '~connected .*' --cacert "$CA"
    says success '~.*' tcp --tls "127.0.0.1:$GOOD_PORT" --cacert "$CA"
    says success '~.*' tcp --tls ":$GOOD_PORT" --cacert "$CA"
    says failure '~the certificate is not for 127.0.0.1 but for other.test, .*' \
        tcp --tls "127.0.0.1:$OTHER_HOST_PORT" --cacert "$CA"
    # Without alternative names the subject's is the only one.
    says failure '~the certificate is not for 127.0.0.1 but for CN = localhost' \
        tcp --tls "127.0.0.1:$NO_NAMES_PORT" --cacert "$CA"
    local name
    for name in other.test a.wild.test 192.0.2.1 2001:db8::1 OTHER.test; do
        says success '~.*' tcp --tls "localhost:$OTHER_HOST_PORT" --cacert "$CA" --server-name "$name"
    done
    for name in wild.test a.b.wild.test other.test.else 192.0.2.2 localhost; do
        says failure "~the certificate is not for $name but for .*" \
            tcp --tls "localhost:$OTHER_HOST_PORT" --cacert "$CA" --server-name "$name"
    done
    # Sixty names are too many for a line.
    says failure '~the certificate is not for localhost but for host-1.a-long-domain.test, .*' \
        tcp --tls "localhost:$MANY_PORT" --cacert "$CA"
}

@test "tls: several CAs, and a self-signed certificate as its own" {
    cat "$CERTS/other-ca.crt" "$CA" >"$BATS_TEST_TMPDIR/both"
    says success '~.*' tcp --tls "localhost:$GOOD_PORT" --cacert "$BATS_TEST_TMPDIR/both"
    says success '~.*' tcp --tls "localhost:$UNKNOWN_PORT" --cacert "$BATS_TEST_TMPDIR/both"
    says success '~.*' tcp --tls "localhost:$SELF_PORT" --cacert "$CERTS/self.crt"
    # A pipe can be read once.
    probe tcp --tls "localhost:$GOOD_PORT" --cacert <(cat "$CA")
    expect_text success '~.*'
}

@test "tls: a certificate cannot write to the terminal" {
    says failure '~the certificate is not for localhost but for .*' tcp --tls "localhost:$EVIL_PORT" --cacert "$CA"
    probe tcp -v --tls "localhost:$EVIL_PORT"
    is_status 0
    if tr -d '\n' <"$out" | LC_ALL=C grep -q '[[:cntrl:]]'; then fail 'a control character was printed'; fi
    [[ $output != *$'\u202e'* ]] || fail 'a direction mark was printed'
}

@test "tls: JSON and -v show the session and the certificate" {
    probe http -o json "https://localhost:$NGINX_H2_PORT/" --cacert "$CA"
    expect_json success '200 OK'
    is_field /http/certificateSubject 'CN = localhost'
    is_field /http/certificateIssuer 'O = Tests, CN = ca'
    is_field /http/certificateNames 'localhost, 127.0.0.1, ::1'
    is_field /http/certificateDaysLeft 364
    is_field /http/certificateEnds '~[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2} UTC'
    is_field /http/verification verified
    [[ $(field /timings/tlsMs) != null ]] || fail 'expected the time of the handshake'
    probe tcp -v --tls "localhost:$NGINX_TLS12_PORT" --cacert "$CA"
    is_status 0
    local line
    for line in 'tlsVersion +TLSv1.2' 'tlsCipher +ECDHE' 'certificateSubject +CN = localhost' \
        'certificateDaysLeft +364' 'verified +yes' 'tls +[0-9.]+ ms'; do
        output_matches "  $line"
    done
    # A certificate that was refused is shown all the same.
    probe tcp -o json --tls "localhost:$EXPIRED_PORT" --cacert "$CA"
    expect_json failure '~.*expired.*'
    is_field /tcp/certificateSubject 'CN = localhost'
    is_field /tcp/verified false
    is_field /tcp/verification '~.*expired.*'
}

@test "tls: --cert-days" {
    each "$SOON_PORT" success Ok '~connected .*' --cert-days 10
    each "$SOON_PORT" failure CertificateEndsSoon \
        '~the certificate ends on .* UTC, 10 days from now: --cert-days 11 asks for more' --cert-days 11
    each "$ONE_DAY_PORT" failure CertificateEndsSoon \
        '~the certificate ends on .* UTC, 1 day from now: --cert-days 2 asks for more' --cert-days 2
    # Also where it is not verified.
    each "$EXPIRED_PORT" failure CertificateEndsSoon '~the certificate ended on .* UTC, 3 days ago: .*' --cert-days 0
    each "$SELF_PORT" success Ok '~connected .*' --cert-days 300
    expect_usage "--cert-days '-1' is not a whole number from 0 to 36500" tcp --tls ":$SOON_PORT" --cert-days -1
    expect_usage '--cert-days needs a target with TLS: --tls' tcp ":$SOON_PORT" --cert-days 1
    expect_usage '--cert-days needs a target with TLS: https://...' http ":$SOON_PORT" --cert-days 1
}

@test "tls: a bad status is told before a certificate that ends soon" {
    says failure 'HTTP probe failed with statuscode: 404' http "https://localhost:$NGINX_H2_PORT/status/404" \
        --cert-days 9000
}

@test "tls: protocol failures, verified or not" {
    local old='TLS handshake refused: the server does not speak TLS 1.2 or 1.3 (alert protocol_version)' i
    each "$NGINX_OLD_PORT" failure TlsFailed "$old"
    each "$TLS11_PORT" failure TlsFailed "$old" --cacert "$CA"
    each "$TLS_EOF_PORT" failure TlsFailed 'the connection was closed in the TLS handshake'
    each "$TLS_RESET_PORT" failure TlsFailed '~the connection was (closed|reset) in the TLS handshake'
    each "$REFUSED_PORT" failure ConnectionRefused '~dial tcp .*: connection refused'
    # However fast the answer is.
    for i in 1 2; do
        each "$TLS_BANNER_PORT" failure NotTls 'the server does not speak TLS: it answers in plain text'
        each "$NGINX_PORT" failure NotTls 'the server does not speak TLS: it answers in plain text'
        each "$TLS_GARBAGE_PORT" failure TlsFailed '~TLS handshake failed: .*'
    done
    says failure 'the server speaks TLS on this port: use https:// or --tls' http ":$TLS_STRICT_PORT"
}

@test "tls: alerts" {
    local number message
    while read -r number message; do
        says failure "$message" tcp --tls ":$TLS_ALERT_PORT" --server-name "alert-$number.test"
    done <<ROWS
40 ~TLS handshake refused: .*\(alert handshake_failure\)
70 TLS handshake refused: the server does not speak TLS 1.2 or 1.3 (alert protocol_version)
112 ~TLS handshake refused: .*--server-name.*
116 ~.*\(alert certificate_required\)
80 ~TLS handshake refused.*alert.*
120 ~TLS handshake refused: .*\(alert no_application_protocol\)
255 ~TLS handshake refused.*alert.*
ROWS
    message='TLS handshake refused: the server does not take HTTP/1.1: use --http2 (alert no_application_protocol)'
    says failure "$message" http "https://localhost:$ALPN_H2_PORT/"
    is_field /reason Http2Expected
    says failure "$message" http "https://localhost:$TLS_ALERT_PORT/" --server-name alert-120.test
    message='TLS handshake refused: the server offers no HTTP/2 (alert no_application_protocol)'
    says failure "$message" http --http2 "https://localhost:$TLS_ALERT_PORT/" --server-name alert-120.test
    is_field /reason TlsFailed
    says failure "$message" grpc --tls "localhost:$TLS_ALERT_PORT" --server-name alert-120.test
    says failure '~TLS handshake refused: .*--server-name.*' tcp --tls ":$NGINX_STAGING_PORT"
    says success '~connected .*' tcp --tls ":$NGINX_STAGING_PORT" --server-name staging.test
}

@test "tls: an alert that is but a warning is no refusal" {
    says success '~connected to .*, TLSv1.2' tcp --tls "localhost:$TLS_WARNS_PORT"
    says failure '~the connection was closed without an answer.*' http "https://localhost:$TLS_WARNS_PORT/"
    is_field /reason EmptyResponse
}

@test "tls: a handshake that does not end is unknown" {
    expect_deadline 300 tcp --tls "127.0.0.1:$TLS_HANG_PORT"
    expect_text unknown '~no answer within 300ms: connected to .*, the TLS handshake did not end'
    expect_deadline 300 http "https://127.0.0.1:$TLS_DRIP_PORT/"
    expect_deadline 300 tcp --tls "127.0.0.1:$SILENT_PORT"
}

@test "tls: client certificates" {
    local mine=(--cert "$CERTS/client.crt" --key "$CERTS/client.key") port
    for port in "$ASK12_PORT" "$ASK13_PORT" "$NGINX_CLIENT_PORT"; do
        each "$port" success Ok '~connected .*' "${mine[@]}"
        each "$port" success Ok '~connected .*' --cacert "$CA" --cert "$CERTS/client.pem"
    done
    says failure '~the server requires a client certificate: give --cert and --key.*' http "https://localhost:$ASK12_PORT/"
    is_field /reason ClientCertificateRequired
    says failure '~the server requires a client certificate: give --cert and --key.*' http "https://localhost:$ASK13_PORT/"
    is_field /reason ClientCertificateRequired
    for port in "$ASK12_PORT" "$ASK13_PORT"; do
        says failure '~the server requires a client certificate: .*' tcp --tls "localhost:$port"
        is_field /reason ClientCertificateRequired
        says failure '~the server requires a client certificate: .*' tcp --tls --hold 900ms "localhost:$port"
        says failure '~the server requires a client certificate: .*' tcp --tls --expect x "localhost:$port"
    done
    # It asks, and can do without.
    says success '~connected to .*, TLSv1.3' tcp --tls "localhost:$MAY13_PORT"
    is_field /warning null
    # After the last word of TLS 1.2 there is nothing to wait for.
    says success '~connected to .*, TLSv1.2' tcp --tls -t 10s "localhost:$TLS_MUTE12_PORT"
    within 5000
    is_field /warning null
    # With TLS 1.3 there is, but that is not the time that the answer took.
    says success '~connected to .*, TLSv1.3' tcp --tls -t 3s --max-latency 2s "localhost:$TLS_MUTE13_PORT"
    at_least 3000
    is_field /warning '~the server asked for a client certificate.*'
    # Of a stranger's.
    mine=(--cert "$CERTS/stranger.crt" --key "$CERTS/stranger.key")
    for port in "$ASK12_PORT" "$ASK13_PORT"; do
        says failure '~the server refused the client certificate.*' http "https://localhost:$port/" "${mine[@]}"
        says failure '~the server refused the client certificate.*' tcp --tls "localhost:$port" "${mine[@]}"
    done
    # nginx shakes hands, and refuses by an answer.
    says failure 'HTTP probe failed with statuscode: 400' http "https://localhost:$NGINX_CLIENT_PORT/"
    says failure 'HTTP probe failed with statuscode: 400' http "https://localhost:$NGINX_CLIENT_PORT/" "${mine[@]}"
    says failure '~not gRPC: HTTP status 400 .*' grpc --tls "localhost:$NGINX_CLIENT_PORT"
}

# refuse MESSAGE ARGS... - wrong usage of tcp, http and grpc, by flags, and nobody is connected to.
refuse() {
    local message=$1
    shift
    expect_usage "$message" tcp --tls "127.0.0.1:$ACCEPT_PORT" "$@"
    expect_usage "$message" grpc --tls "127.0.0.1:$ACCEPT_PORT" "$@"
    expect_usage "$message" http "https://127.0.0.1:$ACCEPT_PORT/" "$@"
}

@test "tls: files that are missing, or not what they should be, before any connection" {
    local dir=$BATS_TEST_TMPDIR
    : >"$CONNECTIONS"
    echo 'no PEM' >"$dir/text"
    : >"$dir/empty"
    openssl x509 -in "$CERTS/client.crt" -outform der -out "$dir/der"
    refuse "--cacert '$dir/missing': no such file or directory" --cacert "$dir/missing"
    refuse "--cert '$dir/missing': no such file or directory" --cert "$dir/missing" --key "$CERTS/client.key"
    refuse "--key '$dir/missing': no such file or directory" --cert "$CERTS/client.crt" --key "$dir/missing"
    local file
    for file in text empty der .; do
        expect_usage "~--cacert '$dir/$file': .+" tcp --tls ":$ACCEPT_PORT" --cacert "$dir/$file"
        expect_usage "~--cert '$dir/$file': .+" \
            tcp --tls ":$ACCEPT_PORT" --cert "$dir/$file" --key "$CERTS/client.key"
        expect_usage "~--key '$dir/$file': .+" \
            tcp --tls ":$ACCEPT_PORT" --cert "$CERTS/client.crt" --key "$dir/$file"
    done
    refuse "--cacert '$dir/text': holds no certificate in PEM form" --cacert "$dir/text"
    refuse "--cert '$CERTS/client.key': holds no certificate in PEM form" \
        --cert "$CERTS/client.key" --key "$CERTS/client.key"
    refuse "--key '$CERTS/client.crt': holds no private key in PEM form without a passphrase" \
        --cert "$CERTS/client.crt" --key "$CERTS/client.crt"
    refuse "--key '$CERTS/stranger.key': does not belong to the certificate of --cert" \
        --cert "$CERTS/client.crt" --key "$CERTS/stranger.key"
    refuse "--key '$CERTS/rsa.key': does not belong to the certificate of --cert" \
        --cert "$CERTS/client.crt" --key "$CERTS/rsa.key"
    # Behind a good certificate too, and what is whole may be too weak for TLS.
    sed 's/^MII/MIX/' "$CERTS/stranger.crt" >"$dir/broken"
    cat "$CA" "$dir/broken" >"$dir/bundle"
    cat "$CERTS/client.crt" "$dir/broken" >"$dir/chain"
    openssl req -x509 -newkey rsa:512 -nodes -subj /CN=weak -keyout "$dir/weak.key" -out "$dir/weak" 2>/dev/null
    for file in broken bundle; do
        refuse "--cacert '$dir/$file': holds a certificate that is broken" --cacert "$dir/$file"
    done
    for file in broken chain; do
        refuse "--cert '$dir/$file': holds a certificate that is broken, or whose key or signature is too weak" \
            --cert "$dir/$file" --key "$CERTS/client.key"
    done
    refuse "--cert '$dir/weak': holds a certificate that is broken, or whose key or signature is too weak" \
        --cert "$dir/weak" --key "$dir/weak.key"
    refuse '--key needs --cert, the certificate that it belongs to' --key "$CERTS/client.key"
    # The key is looked for in the certificate's file, where none is given.
    refuse "~--cert '$CERTS/client.crt': .*--key.*" --cert "$CERTS/client.crt"
    [ ! -s "$CONNECTIONS" ] || fail "it connected: $(cat "$CONNECTIONS")"
}

@test "tls: the same by JSON" {
    : >"$CONNECTIONS"
    expect_usage "~.*/missing': no such file or directory" \
        -f "{\"tcpSocket\":{\"port\":$ACCEPT_PORT,\"tls\":true,\"cacert\":\"/missing\"}}"
    expect_usage '~.*' -f "{\"tcpSocket\":{\"port\":$ACCEPT_PORT,\"tls\":true,\"tlsVerify\":1}}"
    [ ! -s "$CONNECTIONS" ] || fail "it connected: $(cat "$CONNECTIONS")"
}

@test "tls: a file's name is safe to print" {
    expect_usage "--cacert 'a\\x1b[31m\\nb': no such file or directory" tcp --tls :1 --cacert $'a\e[31m\nb'
    expect_usage "~--cacert 'x+\.\.\.': .+" tcp --tls :1 --cacert "$(printf 'x%.0s' {1..3000})"
}

@test "tls: a file that cannot be read" {
    local file=$BATS_FILE_TMPDIR/unreadable
    cp "$CERTS/client.key" "$file"
    chmod 000 "$file"
    chmod a+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/file" "$BATS_FILE_TMPDIR" "$CERTS"
    as_nobody
    refuse "--key '$file': permission denied" --cert "$CERTS/client.crt" --key "$file"
    refuse "--cacert '$file': permission denied" --cacert "$file"
}

# Root may read everything.
as_nobody() {
    [ "$(id -u)" -ne 0 ] || UNDER=(setpriv --reuid=65534 --regid=65534 --clear-groups)
}

@test "tls: a file without an end does not hold the program" {
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    local option
    for option in --cacert --cert; do
        probe tcp --tls "127.0.0.1:$ACCEPT_PORT" "$option" "$BATS_TEST_TMPDIR/fifo" -t 300ms
        is_status 2
        is_stderr "probectl: $option '$BATS_TEST_TMPDIR/fifo': has no end yet, and the timeout has passed"
        within $((300 + SLACK_MS))
    done
}

@test "tls: a key with a passphrase is refused, and nobody is asked" {
    openssl req -new -key "$CERTS/locked.key" -passin pass:geheim -subj /CN=locked -out "$CERTS/locked.csr"
    openssl x509 -req -in "$CERTS/locked.csr" -CA "$CA" -CAkey "$CERTS/ca.key" -out "$CERTS/locked.crt" 2>/dev/null
    expect_usage "--key '$CERTS/locked.key': holds no private key in PEM form without a passphrase" \
        tcp --tls :1 --cert "$CERTS/locked.crt" --key "$CERTS/locked.key"
    # A terminal is where OpenSSL would ask.
    local asked
    asked=$("$PYTHON" -IS "$TESTS/run_with.py" tty "$PROBECTL" tcp --tls :1 --cert "$CERTS/locked.crt" \
        --key "$CERTS/locked.key" 2>&1 </dev/null) || true
    [[ $asked != *[Ee]nter* && $asked != *phrase:* ]] || fail "it asked: $asked"
}

@test "tls: options that need TLS" {
    local option message='--tls-verify, --cacert, --cert, --key and --server-name need --tls'
    for option in --tls-verify "--cacert=$CA" "--cert=$CERTS/client.pem" --server-name=a; do
        expect_usage "$message" tcp :1 "$option"
        expect_usage "$message" grpc :1 "$option"
    done
    # A plain target may redirect to https.
    says success '200 OK' http ":$NGINX_PORT" --cacert "$CA" --tls-verify --server-name a
    expect_usage '~--tls is not an option of http: .*' http --tls :1
}

# hide_bundles [COMMAND] - in a mount namespace that hides every place where a system has its bundle.
hide_bundles() {
    local hide='for dir in /etc/ssl /etc/pki; do [ ! -d $dir ] || mount -t tmpfs none $dir; done; '"${1-:}"'; exec "$@"'
    UNDER=(unshare --mount sh -c "$hide" sh)
    [ "$(id -u)" -eq 0 ] || UNDER=(unshare --user --map-root-user --mount sh -c "$hide" sh)
    "${UNDER[@]}" true 2>/dev/null || skip 'no mount namespace can be made here'
}

@test "tls: no CA bundle is unknown, and the message says what to do" {
    hide_bundles
    local message='~nothing to verify the certificate with: no CA bundle .* give --cacert FILE'
    says unknown "$message" tcp --tls --tls-verify ":$GOOD_PORT"
    is_field /reason NoCaBundle
    says unknown "$message" http --tls-verify "https://localhost:$GOOD_PORT/"
    says unknown "$message" grpc --tls --tls-verify ":$GOOD_PORT"
    says success '~200 .*' http "https://localhost:$GOOD_PORT/"
    says success '~200 .*' http "https://localhost:$GOOD_PORT/" --cacert "$CA"
    # Nothing is to be verified here.
    says success '200 OK' http --tls-verify "localhost:$NGINX_PORT"
}

@test "tls: a CA bundle that cannot be used is unknown too" {
    local bundle=/etc/ssl/certs/ca-certificates.crt text message
    for text in '' 'no PEM'; do
        hide_bundles "mkdir /etc/ssl/certs && printf '$text' >$bundle"
        message="~nothing to verify the certificate with: .*$bundle: give --cacert FILE"
        says unknown "$message" tcp --tls --tls-verify ":$GOOD_PORT"
        is_field /reason NoCaBundle
        says unknown "$message" http --tls-verify "https://localhost:$GOOD_PORT/"
        says unknown "$message" grpc --tls --tls-verify ":$GOOD_PORT"
        says success '~200 .*' http "https://localhost:$GOOD_PORT/" --cacert "$CA"
    done
}

# What the server wrote of the next connection.
seen_by_tls() {
    : >"$TLS_LOG"
    probe "$@"
    wait_until test -s "$TLS_LOG"
    cat "$TLS_LOG"
}

@test "tls: a whole handshake and a clean close" {
    local clean='bytes=0 end=close_notify'
    [ "$(seen_by_tls tcp --tls "localhost:$TLS_PORT")" = "sni=localhost alpn=None $clean" ] || fail "$(cat "$TLS_LOG")"
    [ "$(seen_by_tls tcp --tls "127.0.0.1:$TLS_PORT")" = "sni=None alpn=None $clean" ] || fail "$(cat "$TLS_LOG")"
    [ "$(seen_by_tls tcp --tls "127.0.0.1:$TLS_PORT" --server-name else.test)" = "sni=else.test alpn=None $clean" ] ||
        fail "$(cat "$TLS_LOG")"
}

@test "tls: nginx and openssl log no aborted handshake" {
    : >"$NGINX_ERRORS"
    local i port before complaints
    before=$(wc -l <"$OPENSSL_LOGS/GOOD")
    for i in {1..5}; do
        for port in "$NGINX_TLS12_PORT" "$NGINX_TLS13_PORT" "$NGINX_RSA12_PORT"; do
            probe tcp --tls "localhost:$port"
            is_status 0
        done
        probe tcp --tls "localhost:$NGINX_CLIENT_PORT" --cert "$CERTS/client.pem"
        is_status 0
        probe tcp --tls "localhost:$GOOD_PORT"
        is_status 0
    done
    wait_until logged_closes 20
    # "client closed connection while waiting for request", with nothing amiss.
    if grep -E 'handshak|SSL_|error|\[(warn|crit|alert|emerg)\]' "$NGINX_ERRORS" >&2; then
        fail 'nginx complains'
    fi
    # It serves one after the other: when this one is answered, those before have been closed.
    probe http "https://localhost:$GOOD_PORT/"
    is_status 0
    complaints=$(tail -n "+$((before + 1))" "$OPENSSL_LOGS/GOOD" | grep error) || true
    [ -z "$complaints" ] || fail "openssl complains: $complaints"
}

logged_closes() { [ "$(grep -c 'client closed connection' "$NGINX_ERRORS")" -ge "$1" ]; }

@test "tls: a server that ends without close_notify has answered" {
    says success '200 OK' http "https://localhost:$TLS_RAGGED_PORT/"
    says failure '~the connection was closed without an answer.*' http "https://localhost:$TLS_LATER_PORT/"
    says success '~connected .*' tcp --tls "localhost:$TLS_LATER_PORT"
}

@test "tls: a server that asks for a certificate, and answers without, is judged by its answer" {
    says failure '~malformed response: .*' http "https://localhost:$TLS_ASK_PORT/garbage"
    is_field /reason MalformedResponse
    # No answer may well be one.
    says failure '~the server closed the connection after it had asked for a client certificate: .*' \
        http "https://localhost:$TLS_ASK_PORT/"
    is_field /reason ClientCertificateRequired
    says failure '~the server closed the connection after it had asked for a client certificate: .*' \
        http --http2 "https://localhost:$TLS_ASK_PORT/"
    says failure '~the server closed the connection after it had asked for a client certificate: .*' \
        grpc --tls "localhost:$TLS_ASK_PORT"
}

@test "tls: --server-name is for SNI and verification, and leaves Host alone" {
    : >"$NGINX_LOG"
    probe http "https://localhost:$NGINX_TLS12_PORT/" --server-name name.test
    is_status 0
    wait_until test -s "$NGINX_LOG"
    [[ $(cut -d' ' -f3,5 "$NGINX_LOG") == "localhost:$NGINX_TLS12_PORT name.test" ]] || fail "$(cat "$NGINX_LOG")"
    says failure '~the certificate is not for name.test but for localhost, .*' \
        http "https://localhost:$NGINX_TLS12_PORT/" --server-name name.test --cacert "$CA"
    says success '200 OK' http "https://127.0.0.2:$NGINX_TLS12_PORT/" --connect "127.0.0.1:$NGINX_TLS12_PORT" \
        --server-name localhost --cacert "$CA"
    expect_usage "~--server-name 'a b' is not a host.*" tcp --tls :1 --server-name 'a b'
}

@test "tls: redirects keep what was said about TLS" {
    says success '200 OK' http "https://localhost:$NGINX_TLS12_PORT/redirect" --cacert "$CA"
    says failure '~the certificate is not for .*' http "https://localhost:$NGINX_TLS12_PORT/redirect" \
        --cacert "$CA" --server-name else.test
}

@test "tls: what one redirect's connection says when it ends is not the next one's" {
    says failure '~the server closed the connection after it had asked for a client certificate: .*' \
        http "https://127.0.0.1:$TLS_ASK_PORT/away" -t 10s
    is_field /reason ClientCertificateRequired
}

@test "tls: the environment changes nothing" {
    local conf=$BATS_TEST_TMPDIR/openssl.conf
    printf '%s\n' 'openssl_conf=conf' '[conf]' 'ssl_conf=ssl' '[ssl]' 'system_default=default' '[default]' \
        'Ciphersuites=TLS_AES_128_CCM_SHA256' 'CipherString=ECDHE-ECDSA-AES128-CCM' >"$conf"
    export SSL_CERT_FILE=$CA SSL_CERT_DIR=$CERTS CURL_CA_BUNDLE=$CA OPENSSL_CONF=$conf
    # With these alone, which nothing here agrees to, other programs go.
    [ "$(openssl ciphers -s)" = TLS_AES_128_CCM_SHA256:ECDHE-ECDSA-AES128-CCM ] || fail 'the configuration has no effect'
    says failure "~the certificate's issuer is not trusted .*" tcp --tls --tls-verify "localhost:$GOOD_PORT"
    local port
    for port in "$GOOD_PORT" "$NGINX_TLS12_PORT" "$NGINX_TLS13_PORT"; do
        says success '~.*' tcp --tls "localhost:$port" --cacert "$CA"
        says success '~.*' http "https://localhost:$port/" --cacert "$CA"
    done
}

@test "tls: by flags and by JSON the same" {
    equal <<ROWS
{"tcpSocket":{"port":$GOOD_PORT,"tls":true}} tcp --tls :$GOOD_PORT
{"tcpSocket":{"port":$GOOD_PORT,"tls":true,"tlsVerify":true}} tcp --tls :$GOOD_PORT --tls-verify
{"tcpSocket":{"port":$GOOD_PORT,"tls":true,"cacert":"$CA","serverName":"localhost","certDays":9}} tcp --tls :$GOOD_PORT --cacert $CA --server-name localhost --cert-days 9
{"tcpSocket":{"port":$ASK12_PORT,"tls":true,"cert":"$CERTS/client.crt","key":"$CERTS/client.key"}} tcp --tls :$ASK12_PORT --cert $CERTS/client.crt --key $CERTS/client.key
{"tcpSocket":{"port":$EXPIRED_PORT,"tls":true,"cacert":"$CA"}} tcp --tls :$EXPIRED_PORT --cacert $CA
{"httpGet":{"port":$GOOD_PORT,"scheme":"HTTPS","cacert":"$CA"}} http https://localhost:$GOOD_PORT/ --cacert $CA
{"httpGet":{"port":$OTHER_HOST_PORT,"scheme":"HTTPS","cacert":"$CA"}} http https://localhost:$OTHER_HOST_PORT/ --cacert $CA
{"httpGet":{"port":$NGINX_H2_PORT,"scheme":"HTTPS","tlsVerify":false,"certDays":9000}} http https://localhost:$NGINX_H2_PORT/ --cert-days 9000
ROWS
}
