# shellcheck shell=bash
# What the tests of TLS, gRPC, HTTP/2 and Unix sockets share: certificates, made into $CERTS with openssl alone, and
# judgements by JSON.
#
#   make_ca NAME [-days N]            NAME.crt and NAME.key, a CA
#   make_cert NAME [OPTION VALUE]...  NAME.crt and NAME.key, signed by ca
#       -ca NAME      by another CA, or "self"
#       -subj SUBJECT instead of /CN=localhost
#       -san NAMES    instead of DNS:localhost, IP:127.0.0.1 and IP:::1; "none" for none
#       -key ec|rsa   ec
#       -from, -to    the first and last moment, as date(1) reads them: from an hour ago, for 365 days
#   make_certs                        those that more than one test file needs, once for all of them
#   need_tls                          skips the test where the program was built without TLS
#   says VERDICT MESSAGE ARGS...      as the helper's expect, by JSON alone
#   is_field POINTER VALUE            a member of the last JSON output, as it stands or ~ and a regular expression
#   equal                             of each row, a spec and the arguments that say the same, the JSON is the same too
#
# A server takes a certificate and its key from one file: NAME.pem.

CERTS=$BATS_RUN_TMPDIR/certs
mkdir -p "$CERTS"

_moment() { date -u -d "$1" +%Y%m%d%H%M%SZ; }

_key() {
    case $2 in
        rsa) openssl genrsa -out "$1" 2048 2>/dev/null ;;
        *) openssl ecparam -name prime256v1 -genkey -noout -out "$1" ;;
    esac
}

# `openssl ca` is the one command of OpenSSL 3.0 that takes dates; it wants a database.
_sign() {
    local name=$1 extensions=$2 from=$3 to=$4 dir
    shift 4
    dir=$(mktemp -d "$CERTS/signing.XXXXXX")
    : >"$dir/index"
    printf '%s\n' '[ca]' 'default_ca=own' '[own]' "database=$dir/index" "new_certs_dir=$dir" \
        'default_md=sha256' 'policy=any' 'rand_serial=yes' 'unique_subject=no' \
        '[any]' 'organizationName=optional' 'commonName=optional' \
        '[extensions]' "$extensions" >"$dir/conf"
    openssl ca -batch -notext -config "$dir/conf" -extensions extensions -in "$CERTS/$name.csr" \
        -startdate "$(_moment "$from")" -enddate "$(_moment "$to")" -out "$CERTS/$name.crt" "$@" 2>"$dir/err" || {
        cat "$dir/err" >&2
        return 1
    }
}

make_ca() {
    local name=$1 from='1 hour ago' to='365 days' key=ec
    shift
    while (($#)); do
        local "${1#-}=$2"
        shift 2
    done
    _key "$CERTS/$name.key" "$key"
    openssl req -new -utf8 -key "$CERTS/$name.key" -subj "/O=Tests/CN=$name" -out "$CERTS/$name.csr"
    _sign "$name" $'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign' \
        "$from" "$to" -selfsign -keyfile "$CERTS/$name.key"
}

make_cert() {
    local name=$1 ca=ca subj=/CN=localhost san='DNS:localhost,IP:127.0.0.1,IP:::1' key=ec
    local from='1 hour ago' to='365 days'
    shift
    while (($#)); do
        local "${1#-}=$2"
        shift 2
    done
    _key "$CERTS/$name.key" "$key"
    openssl req -new -utf8 -key "$CERTS/$name.key" -subj "$subj" -out "$CERTS/$name.csr"
    [ "$san" = none ] && san= || san=subjectAltName=$san
    if [ "$ca" = self ]; then
        _sign "$name" "$san" "$from" "$to" -selfsign -keyfile "$CERTS/$name.key"
    else
        _sign "$name" "$san" "$from" "$to" -keyfile "$CERTS/$ca.key" -cert "$CERTS/$ca.crt"
    fi
    cat "$CERTS/$name.crt" "$CERTS/$name.key" >"$CERTS/$name.pem"
}

make_certs() {
    (
        flock 9
        [ ! -e "$CERTS/made" ] || exit 0
        make_ca ca
        make_ca other-ca
        make_cert good
        make_cert rsa -key rsa
        make_cert client -subj '/O=Tests/CN=client' -san none
        make_cert stranger -ca other-ca -subj '/O=Elsewhere/CN=stranger' -san none
        : >"$CERTS/made"
    ) 9>"$CERTS/lock"
}

need_tls() {
    [[ $("$PROBECTL" --version) == *OpenSSL* ]] || skip 'built without TLS'
}

# What text makes of a message is the same for all.
says() {
    probe "$3" -o json "${@:4}"
    expect_json "$1" "$2"
}

is_field() {
    local value
    value=$(field "$1") && message_is "$value" "$2"
}

equal() {
    local spec arguments
    while read -r spec arguments; do
        # shellcheck disable=SC2086  # words
        same_as_flags "$spec" $arguments
    done
}
