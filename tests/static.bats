#!/usr/bin/env bats
# How the static program is made, on systems made of stand-ins, without building it; and where it is the one that is
# tested, that it is what `make static` promises: make check PROBECTL=build/static/probectl

load helper

SCRIPT=$(realpath "$BATS_TEST_DIRNAME/../.make/static.sh")

setup() {
    cd "$BATS_TEST_TMPDIR" || exit
    mkdir -p top/src
    : >top/src/main.c
}

# system_with [NAME...] - the tools that every system has and these stand-ins, and nothing else. Each apt notes what it
# is called with in $CALLS, and its archive has the suites in $SUITES.
system_with() {
    local name
    rm -rf bin
    mkdir bin
    for name in awk bash cat cp dirname env find flock grep head install ln mkdir mv nproc paste printf realpath rm sed \
        sh sha256sum sort stat tail touch xargs; do
        ln -s "$(type -P "$name")" "bin/$name"
    done
    for name; do
        { echo '#!/bin/sh' && "stand_in_$name"; } >"bin/$name"
        chmod +x "bin/$name"
    done
}

BUILDS=(musl-gcc gcc gcc-ar ar objcopy make perl)
FETCHES=(apt-get apt-cache apt-config dpkg-source xz patch)

stand_in_musl-gcc() {
    echo 'case $1 in --version) echo musl-gcc ;; *) echo "the compiler says no" >&2; exit 1 ;; esac'
}
stand_in_gcc() { :; }
stand_in_gcc-ar() { :; }
stand_in_ar() { :; }
stand_in_objcopy() { :; }
stand_in_make() { :; }
# Who sorts versions by dpkg's rules.
stand_in_perl() { echo 'case $1 in -MDpkg::Version) sort -rV ;; esac'; }
stand_in_xz() { :; }
stand_in_patch() { :; }
stand_in_apt-config() {
    echo "deb http://archive.test/debian stable main
deb http://security.test/debian stable-security main" >sources.list
    echo "echo \"Dir_Etc_sourcelist_f='$PWD/sources.list' Dir_Etc_sourceparts_d='$PWD/none'\""
}
stand_in_apt-get() {
    cat <<'END'
echo "apt-get $*" >>"$CALLS"
case " $* " in *" -q -c "*) conf=$3 ;; *) conf=$2 ;; esac
asked=$(sed -n 's/^Suites: //p' "$(dirname "$conf")"/sources.d/*)
case " $* " in
    *' update '*)
        for suite in $asked; do
            case " $SUITES " in *" $suite "*) ;; *) echo "no suite $suite"; exit 100 ;; esac
        done
        ;;
    *' indextargets '*) for suite in $asked; do echo "$suite $ORIGIN"; done ;;
    *' source '*)
        for last; do :; done
        case " $ABSENT " in *" ${last%=*} "*) echo "404 Not Found: $last"; exit 100 ;; esac
        echo "${last#*=}" >"${last%=*}.dsc"
        ;;
esac
END
}
stand_in_apt-cache() {
    cat <<'END'
for name; do :; done
for version in 1.9-1 1.10-1; do printf 'Package: %s\nVersion: %s\n\n' "$name" "$version"; done
END
}
# Unpacks as much of nghttp2 as it takes to get to the compiler.
stand_in_dpkg-source() {
    cat <<'END'
for into; do :; done
shift $(($# - 2))
name=${1##*/} name=${name%.dsc}
mkdir -p "$into/debian" "$into/lib/includes/nghttp2"
echo "$name ($(cat "$1")) stable; urgency=low" >"$into/debian/changelog"
echo 'AC_INIT([nghttp2], [1.10.0], [somebody])' >"$into/configure.ac"
touch "$into/lib/a.c" "$into/lib/includes/nghttp2/nghttp2.h" "$into/lib/includes/nghttp2/nghttp2ver.h.in"
END
}

# static [NAME=VALUE...] - runs the script there, from $PWD/top.
static() {
    local origin=Debian
    ! grep -qs '^ID\(_LIKE\)\?=.*ubuntu' /etc/os-release || origin=Ubuntu
    : >calls
    status=0
    COMMAND=(static.sh "$@")
    (cd top && exec env -i PATH="$BATS_TEST_TMPDIR/bin" BUILD=../build CALLS="$BATS_TEST_TMPDIR/calls" ORIGIN="$origin" \
        SUITES='stable stable-updates stable-security' TLS=none STATIC_SUITE=stable "$@" "$SCRIPT") \
        >out 2>err || status=$?
    output=$(<out) stderr=$(<err)
}

# It stops with this one message; a tilde begins a pattern.
stops() {
    is_status 1
    message_is "$stderr" "$1"
}

nobody_called_apt() { [ ! -s calls ] || fail "called: $(cat calls)"; }

@test "static: what is wrong is refused before anything is done" {
    system_with
    static TLS=foo
    stops 'static: TLS=foo: openssl or none'
    static BUILD='../a b'
    stops "~static: BUILD=.*/a b: OpenSSL's and curl's makefiles cannot live with spaces in it"
    local suite
    for suite in Stable 'stable main' ../stable -stable; do
        static STATIC_SUITE="$suite"
        stops "static: STATIC_SUITE=$suite: the name of a suite, such as stable"
    done
    static STATIC_SOURCES=/no/such
    stops 'static: STATIC_SOURCES=/no/such: no such directory'
    static STATIC_SOURCES="$PWD/top/src/main.c"
    stops "static: STATIC_SOURCES=$PWD/top/src/main.c: no such directory"
    rm top/src/main.c
    static
    stops 'static: no src/main.c here: run this from the top of the repository'
    [ ! -e build ] || fail "made: $(find build)"
}

@test "static: sources of one's own, from a directory" {
    system_with "${BUILDS[@]}"
    mkdir own
    static STATIC_SOURCES=../own
    stops 'static: STATIC_SOURCES=../own: no directory nghttp2* in it'
    mkdir -p own/nghttp2-1.2 own/cJSON-3 own/curl-8.1
    static STATIC_SOURCES=../own TLS=openssl
    stops 'static: STATIC_SOURCES=../own: no directory openssl* in it'
    mkdir own/curl-8.2
    static STATIC_SOURCES=../own
    stops '~static: STATIC_SOURCES=../own: more than one curl\*: .*/curl-8\.[12] .*/curl-8\.[12]'
    # All are there, and no apt is needed: to the compiler.
    rmdir own/curl-8.2
    install -D /dev/null own/curl-8.1/configure
    mkdir -p own/curl-8.1/include/curl own/nghttp2-1.2/lib/includes/nghttp2
    touch own/curl-8.1/include/curl/curlver.h own/cJSON-3/cJSON.h
    echo 'AC_INIT([nghttp2], [1.2.3], [somebody])' >own/nghttp2-1.2/configure.ac
    touch own/nghttp2-1.2/lib/a.c own/nghttp2-1.2/lib/includes/nghttp2/nghttp2{.h,ver.h.in}
    static STATIC_SOURCES=../own
    is_status 1
    is_output 'static: building nghttp2 1.2.3'
    [[ $stderr == *'the compiler says no'*"static: could not build nghttp2 1.2.3: the end of $PWD/build/"*' is above' ]] ||
        fail 'expected the reason'
}

@test "static: a system without apt" {
    system_with
    static
    stops '~static: missing tools; their packages on Debian and Ubuntu: .*musl-tools.*
static: install what your system has for them and try again'
    system_with "${BUILDS[@]}" dpkg-source xz patch
    static
    stops 'static: no apt here to fetch the sources with: STATIC_SOURCES=DIR takes them unpacked from a directory (nghttp2 cjson curl)'
}

@test "static: sources are fetched once, the newest of the suite, and apt's own state is left alone" {
    system_with "${BUILDS[@]}" "${FETCHES[@]}"
    static
    is_status 1
    is_output 'static: fetching nghttp2 1.10-1
static: fetching cjson 1.10-1
static: fetching curl 1.10-1
static: building nghttp2 1.10-1'
    [[ $stderr == *'the compiler says no'* ]] || fail 'expected it to come to the compiler'
    grep -q ' source nghttp2=1.10-1$' calls || fail "called: $(cat calls)"
    if grep -v "^apt-get \(-q \)\?-c $PWD/build/static-src/apt/apt.conf " calls; then
        fail 'expected a private configuration'
    fi
    # A second time nothing is, nor if all is lost but what was fetched.
    static
    is_output 'static: building nghttp2 1.10-1'
    nobody_called_apt
    rm -r build/static-libs
    static TLS=none
    is_output 'static: building nghttp2 1.10-1'
    nobody_called_apt
    # What is missing is.
    rm -r build/static-src/stable/cjson
    static
    is_output 'static: fetching cjson 1.10-1
static: building nghttp2 1.10-1'
    # Each suite has its own.
    static STATIC_SUITE=sid SUITES=sid
    output_matches '^static: fetching nghttp2 .*fetching curl'
    [ -d build/static-src/sid/curl ] && [ -d build/static-src/stable/curl ] || fail 'expected both'
}

@test "static: what can be had is said where not all can" {
    system_with "${BUILDS[@]}" "${FETCHES[@]}"
    static SUITES=stable
    output_matches 'static: note: no stable-updates here'
    [[ $stderr == *'static: warning: no archive with stable-security here: security fixes that are only there are missing'* ]] ||
        fail 'expected a warning'
}

@test "static: sources that cannot be had, and what to do" {
    system_with "${BUILDS[@]}" "${FETCHES[@]}"
    local help="~.*
static: %s
static: what apt said is above and in $PWD/build/static-src/log. If the network is at fault, .*
.*NO_PUBKEY.*
static: STATIC_SUITE=NAME takes another suite \(here: %s\); STATIC_SOURCES=DIR takes unpacked sources of
static: curl, nghttp2, openssl and cjson from a directory and needs neither network nor apt\."
    static STATIC_SUITE=nowhere
    # shellcheck disable=SC2059  # the format is above
    stops "$(printf "$help" "no archive of this system has a signed suite 'nowhere' that apt can read" nowhere)"
    [[ $stderr == 'no suite nowhere'* ]] || fail 'expected what apt said'
    static ABSENT=cjson
    # shellcheck disable=SC2059
    stops "$(printf "$help" 'could not fetch the source package cjson of stable' stable)"
    [[ $stderr == *'404 Not Found: cjson='* ]] || fail 'expected what apt said'
    # A half is no source: the next time it is fetched.
    [ ! -e build/static-src/stable/cjson ] || fail 'expected no cjson'
    static
    output_matches '^static: fetching cjson'
}

# --- the program ----------------------------------------------------------------------------------

need_static() {
    ! grep -q 'ld-linux\|ld-musl' "$PROBECTL" || skip 'not a static program'
    segments=$(readelf --wide --program-headers "$PROBECTL")
    sections=$(readelf --wide --section-headers "$PROBECTL")
}

@test "static: the program needs no other, and holds nothing but itself" {
    need_static
    [[ $segments == *'file type is EXEC'* && $segments == *' LOAD '* ]] || fail "expected a program: $segments"
    [[ $segments != *INTERP* && $segments != *DYNAMIC* ]] || fail "expected it to be static: $segments"
    [[ $sections == *' .text '* ]] || fail "expected code: $sections"
    [[ $sections != *.symtab* && $sections != *.strtab* && $sections != *.debug* ]] ||
        fail "expected it to be stripped: $sections"
    # No stack that can be run.
    [[ $segments =~ GNU_STACK[^$'\n']*\ RW\  ]] || fail "expected a stack of data: $segments"
}

@test "static: the program is small" {
    need_static
    local limit=500000 size
    if has_tls; then limit=4000000; fi
    size=$(stat -Lc %s "$PROBECTL")
    ((size <= limit)) || fail "expected no more than $limit bytes: $size"
}

@test "static: the program says what is inside" {
    need_static
    probe --version
    is_status 0
    local name names=(curl cjson nghttp2 musl)
    if has_tls; then names+=(openssl); fi
    for name in "${names[@]}"; do
        output_matches $'\nmade of (.*, )?'"$name [0-9][^ ,]*(,|\$)"
    done
    [ "$(tail -n 1 <<<"$output" | tr -cd , | wc -c)" -eq $((${#names[@]} - 1)) ] || fail "expected no more than ${names[*]}"
}
