#!/usr/bin/env bash
# Builds the one static binary: musl, and libcurl, nghttp2, OpenSSL and cJSON made small from source.
# `make static` and `make static TLS=none` call it from the top of the repository. From the environment:
#
#   TLS              openssl (default) or none: with or without https, --tls and friends
#   STATIC_SUITE     the suite whose source packages are built; Debian: stable, Ubuntu: the system's own
#   STATIC_SOURCES   a directory of unpacked sources instead: curl*, nghttp2*, openssl*, cjson*
#   STATIC_CC        a compiler for musl (musl-gcc)
#   BUILD            where everything goes (build): static/probectl or static-notls/probectl
#   VERSION          what --version says
#
# The sources are fetched once and kept; `rm -r build/static-src` fetches what is newest then, which is
# what to do when one of them had a security fix. What is built is stamped and built again only when
# its sources, its recipe here or the compiler change.
set -euo pipefail

say() { printf 'static: %s\n' "$*"; }
die() {
    printf 'static: %s\n' "$@" >&2
    exit 1
}

# What make or the user set for the program's own build must not reach the configure scripts and makefiles
# of the libraries: `make static CC=gcc` would hand them CC=gcc through MAKEFLAGS.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES GNUMAKEFLAGS CC CPP CFLAGS CPPFLAGS LDFLAGS LIBS AR AS LD NM RANLIB \
    CROSS_COMPILE CONFIG_SITE PKG_CONFIG_PATH CDPATH
export LC_ALL=C
umask 022

tls=${TLS:-openssl}
case $tls in
    openssl) out=static ;;
    none) out=static-notls ;;
    *) die "TLS=$tls: openssl or none" ;;
esac
[[ -f src/main.c ]] || die "no src/main.c here: run this from the top of the repository"

build=$(realpath -m -- "${BUILD:-build}")
[[ $build != *[[:space:]]* ]] || die "BUILD=$build: OpenSSL's and curl's makefiles cannot live with spaces in it"
sources=$build/static-src
prefix=$build/static-libs/$tls
work=$prefix/work
cc=${STATIC_CC:-musl-gcc}
jobs=$(nproc)
packages=(nghttp2 cjson curl)
[[ $tls == none ]] || packages=(nghttp2 cjson openssl curl)

# --- tools ---------------------------------------------------------------------------------------

# The Debian packages of the tools that are missing.
missing_tools() {
    local tool list=()
    for tool in "$cc:musl-tools" gcc:gcc gcc-ar:gcc ar:binutils objcopy:binutils make:make perl:perl xargs:findutils; do
        command -v "${tool%%:*}" >/dev/null || list+=("${tool#*:}")
    done
    # OpenSSL's Configure needs more of perl than perl-base has
    [[ $tls == none ]] || perl -MFindBin -MIPC::Cmd -MPod::Usage -e 1 2>/dev/null || list+=(perl)
    if [[ -z ${STATIC_SOURCES:-} ]]; then
        command -v dpkg-source >/dev/null || list+=(dpkg-dev)
        command -v xz >/dev/null || list+=(xz-utils)
        command -v patch >/dev/null || list+=(patch)
    elif [[ ! -x ${dir[curl]}/configure ]]; then
        # a checkout and not a release: its configure has to be made
        command -v autoreconf >/dev/null || list+=(autoconf)
        command -v automake >/dev/null || list+=(automake)
        command -v libtoolize >/dev/null || list+=(libtool)
    fi
    ((${#list[@]} == 0)) || printf '%s\n' "${list[@]}" | sort -u
}

install_tools() {
    local list sudo=()
    mapfile -t list < <(missing_tools)
    ((${#list[@]})) || return 0
    if ! command -v apt-get >/dev/null; then
        die "missing tools; their packages on Debian and Ubuntu: ${list[*]}" \
            "install what your system has for them and try again"
    fi
    if ((EUID != 0)); then
        command -v sudo >/dev/null || die "missing tools; as root: apt-get install ${list[*]}"
        sudo=(sudo)
    fi
    say "missing tools, installing: ${list[*]}"
    # the lists may be old or not there at all, as in a fresh container
    "${sudo[@]}" apt-get install -qy --no-install-recommends "${list[@]}" ||
        { "${sudo[@]}" apt-get update -q && "${sudo[@]}" apt-get install -qy --no-install-recommends "${list[@]}"; } ||
        die "could not install ${list[*]}"
    mapfile -t list < <(missing_tools)
    ((${#list[@]} == 0)) || die "still missing after installing: ${list[*]}"
}

# --- sources -------------------------------------------------------------------------------------

# The directory of a package's source; it need not be there yet.
source_of() {
    if [[ -z ${STATIC_SOURCES:-} ]]; then
        printf '%s\n' "$sources/$suite/$1"
        return
    fi
    local found
    mapfile -t found < <(find -L "$(realpath -- "$STATIC_SOURCES")" -mindepth 1 -maxdepth 1 -type d -iname "$1*")
    case ${#found[@]} in
        0) die "STATIC_SOURCES=$STATIC_SOURCES: no directory $1* in it" ;;
        1) printf '%s\n' "${found[0]}" ;;
        *) die "STATIC_SOURCES=$STATIC_SOURCES: more than one $1*: ${found[*]}" ;;
    esac
}

# The version of a package: Debian's, which tells the fixes that are in it, or the one its authors gave.
version_of() {
    local its=${dir[$1]}
    if [[ -f $its/debian/changelog ]]; then
        sed -n '1s/^[^(]*(\([^)]*\)).*/\1/p' "$its/debian/changelog"
        return
    fi
    case $1 in
        curl) sed -n 's/^#define LIBCURL_VERSION "\(.*\)"/\1/p' "$its/include/curl/curlver.h" ;;
        nghttp2) nghttp2_version "$its" ;;
        openssl) sed -n 's/^\(MAJOR\|MINOR\|PATCH\)=//p' "$its/VERSION.dat" | paste -sd. ;;
        cjson) sed -n 's/^#define CJSON_VERSION_[A-Z]* \([0-9]*\)$/\1/p' "$its/cJSON.h" | paste -sd. ;;
    esac
}

nghttp2_version() { sed -n 's/^AC_INIT(\[nghttp2\], *\[\([0-9.]*\).*/\1/p' "$1/configure.ac"; }

# One field of this system's description.
os_release() {
    local file=/etc/os-release
    [[ -r $file ]] || file=/usr/lib/os-release
    [[ ! -r $file ]] || sed -n "s/^$1=\"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1/p" "$file"
}

# Who made the archive: Debian, Ubuntu (also below its derivatives), or nothing where that is not known.
origin() {
    case " $(os_release ID) $(os_release ID_LIKE) " in
        *" ubuntu "*) echo Ubuntu ;;
        " debian "*) echo Debian ;;
    esac
}

default_suite() {
    local codename=stable
    if [[ $(origin) == Ubuntu ]]; then
        codename=$(os_release UBUNTU_CODENAME)
        codename=${codename:-$(os_release VERSION_CODENAME)}
    fi
    printf '%s\n' "$codename"
}

apt_get() { apt-get -q -c "$apt/apt.conf" "$@" >>"$sources/log" 2>&1 </dev/null; }

# apt with nothing of its own on this system: state, cache and list of archives are below $build, and
# neither root nor the system's lists are needed. The system's Acquire settings (a proxy, retries), its
# passwords for archives and its keyrings stay in force, for apt reads them first and this after them.
private_apt() {
    apt=$sources/apt
    rm -rf "$apt"
    mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial" "$apt/sources.d"
    : >"$apt/state/status"
    cat >"$apt/apt.conf" <<CONF
Dir::State "$apt/state/";
Dir::State::lists "$apt/state/lists/";
Dir::State::status "$apt/state/status";
Dir::Cache "$apt/cache/";
Dir::Cache::archives "$apt/cache/archives/";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$apt/sources.d/";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
# a suite that cannot be fetched whole is an error, not a warning
APT::Update::Error-Mode "any";
# whatever the system allows itself: nothing that is not signed
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
# the system's hooks tend to the system's cache
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
CONF
}

# The archives that this system uses, from both forms of apt's lists, a line each: URI, suite and Signed-By
# with tabs between; where that is a whole key and not a file's name, its lines are joined with \v.
system_archives() {
    local Dir_Etc_sourcelist_f='' Dir_Etc_sourceparts_d='' file
    eval "$(apt-config shell Dir_Etc_sourcelist_f Dir::Etc::sourcelist/f Dir_Etc_sourceparts_d Dir::Etc::sourceparts/d)"
    for file in "$Dir_Etc_sourcelist_f" "${Dir_Etc_sourceparts_d%/}"/*.list; do
        [[ ! -f $file ]] || awk '
            { sub(/#.*/, "") }
            $1 != "deb" && $1 != "deb-src" { next }
            {
                signed = ""
                sub(/^[ \t]*deb(-src)?[ \t]+/, "")
                if (match($0, /^\[[^]]*\]/)) {
                    options = substr($0, 2, RLENGTH - 2)
                    $0 = substr($0, RLENGTH + 1)
                    if (match(options, /signed-by=[^ \t]+/))
                        signed = substr(options, RSTART + 10, RLENGTH - 10)
                }
                printf "%s\t%s\t%s\n", $1, $2, signed
            }' "$file"
    done
    for file in "${Dir_Etc_sourceparts_d%/}"/*.sources; do
        [[ ! -f $file ]] || awk '
            function stanza(  u, s, i, j, nu, ns) {
                if (tolower(field["enabled"]) !~ /^(no|false|off|0)$/ && field["types"] ~ /deb/) {
                    nu = split(field["uris"], u, /[ \t\v]+/)
                    ns = split(field["suites"], s, /[ \t\v]+/)
                    for (i = 1; i <= nu; i++)
                        for (j = 1; j <= ns; j++)
                            if (u[i] != "" && s[j] != "")
                                printf "%s\t%s\t%s\n", u[i], s[j], field["signed-by"]
                }
                split("", field)
            }
            /^#/ { next }
            /^[ \t]*$/ { stanza(); next }
            /^[ \t]/ { field[name] = field[name] "\v" $0; next }
            {
                name = tolower(substr($0, 1, index($0, ":") - 1))
                value = substr($0, index($0, ":") + 1)
                gsub(/^[ \t]+|[ \t]+$/, "", value)
                field[name] = value
            }
            END { stanza() }' "$file"
    done
}

# Adds one suite of one archive to the private list, if apt gets it, its signature is good, and it is the
# distribution's own: others have suites of the same names.
add_suite() {
    local uri=$1 name=$2 signed=$3 file=$apt/sources.d/$2.sources ours its components=main
    ours=$(origin)
    [[ $ours != Ubuntu ]] || components='main universe' # cjson is in universe
    {
        printf 'Types: deb-src\nURIs: %s\nSuites: %s\nComponents: %s\n' "$uri" "$name" "$components"
        [[ -z $signed ]] || printf 'Signed-By: %s\n' "${signed//$'\v'/$'\n'}"
    } >"$file"
    if apt_get update; then
        # shellcheck disable=SC2016 # the $( ) are apt's
        its=$(apt-get -c "$apt/apt.conf" indextargets --format '$(RELEASE) $(ORIGIN)' | sed -n "s|^$name ||p" | sort -u)
        [[ -n $ours && $its != "$ours" ]] || return 0
    fi
    rm -f "$file"
    return 1
}

# Adds a suite from the first archive that has it; $2 says of which suites of the system to take the archive.
find_suite() {
    local name=$1 pattern=$2 uri its_suite signed
    while IFS=$'\t' read -r uri its_suite signed; do
        # shellcheck disable=SC2053 # a pattern it is
        if [[ $its_suite == $pattern && $uri != cdrom:* ]] && add_suite "$uri" "$name" "$signed"; then
            return 0
        fi
    done < <(system_archives | awk '!seen[$0]++')
    return 1
}

no_sources() {
    tail -n 20 "$sources/log" >&2
    die "$1" \
        "what apt said is above and in $sources/log. If the network is at fault, try again when it is there; if a" \
        "key is missing (NO_PUBKEY), a newer package of the archive's keyring has it (debian-archive-keyring);" \
        "STATIC_SUITE=NAME takes another suite (here: $suite); STATIC_SOURCES=DIR takes unpacked sources of" \
        "curl, nghttp2, openssl and cjson from a directory and needs neither network nor apt."
}

add_suites() {
    # where this system gets its own suite, whatever it calls it, the others are as well
    local base codename
    codename=$(os_release VERSION_CODENAME)
    base="@(${codename:-stable}|$(default_suite)|$suite|oldoldstable|oldstable|stable|testing|unstable|sid)"
    find_suite "$suite" "$base" || no_sources "no archive of this system has a signed suite '$suite' that apt can read"
    case $suite in
        sid | unstable | experimental | *-*) return ;; # fixes go right in; or one of the two itself
    esac
    find_suite "$suite-updates" "$base?(-updates)" || say "note: no $suite-updates here"
    find_suite "$suite-security" "$base-security" ||
        find_suite "$suite-security" "$base" ||
        printf 'static: warning: no archive with %s-security here: security fixes that are only there are missing\n' "$suite" >&2
}

# Fetches one source package, apt checking its files against the signed lists, and unpacks it with the
# distribution's patches. The newest version first; a mirror may not have its files yet, and then the one
# before it is better than none, but it is said now and at every build.
fetch() {
    local name=$1 version newest='' into=${dir[$1]} download=$sources/download
    while read -r version; do
        [[ -z $newest ]] || say "$name $newest cannot be had; the version before it:"
        newest=${newest:-$version}
        say "fetching $name $version"
        rm -rf "$download" "$into" "$into.part"
        mkdir -p "$download" "$sources/$suite"
        if (cd "$download" && apt_get --only-source --download-only source "$name=$version"); then
            # apt has checked every file
            dpkg-source --no-check --no-copy -x "$download"/*.dsc "$into.part" >>"$sources/log" 2>&1 ||
                die "could not unpack $name $version: see $sources/log"
            rm -rf "$download"
            [[ $version == "$newest" ]] || printf '%s\n' "$newest" >"$into.part/.newest"
            mv "$into.part" "$into"
            return
        fi
    done < <(apt-cache -c "$apt/apt.conf" showsrc "$name" |
        awk -v name="$name" '$1 == "Package:" { its = $2 } $1 == "Version:" && its == name { print $2 }' |
        perl -MDpkg::Version -e 'chomp(my @v = <>); my %s; print map { "$_\n" } grep { !$s{$_}++ } sort { version_compare($b, $a) } @v')
    [[ -n $newest ]] || no_sources "no source package $name in $suite"
    no_sources "could not fetch the source package $name of $suite"
}

get_sources() {
    local name missing=()
    for name in "${packages[@]}"; do
        [[ -d ${dir[$name]} ]] || missing+=("$name")
    done
    ((${#missing[@]})) || return 0
    command -v apt-get >/dev/null ||
        die "no apt here to fetch the sources with: STATIC_SOURCES=DIR takes them unpacked from a directory (${packages[*]})"
    : >"$sources/log"
    private_apt
    add_suites
    for name in "${missing[@]}"; do
        fetch "$name"
    done
    rm -rf "$apt"
}

# --- libraries -----------------------------------------------------------------------------------

# Small before fast, for most of the time goes to the kernel: -Os is a quarter smaller than -O2 and needs no
# more instructions. Each function in a section of its own, so that the linker leaves out what nobody calls.
# Nothing unwinds the stack. Not position independent: no relocations to apply at each start.
cflags=(-Os -ffunction-sections -fdata-sections -fno-pie -fno-asynchronous-unwind-tables -fno-unwind-tables
    -fstack-protector-strong)
# Over all but OpenSSL, for which it takes long and gains nothing.
lto=(-flto=auto)

# Each build_NAME runs in an empty directory, gets the source's, and puts headers and libraries into $prefix.

build_nghttp2() {
    local version major minor patch
    version=$(nghttp2_version "$1")
    IFS=. read -r major minor patch <<<"$version"
    # These thirty files need nothing of autotools or cmake but this header.
    mkdir -p "$prefix/include/nghttp2"
    cp "$1/lib/includes/nghttp2/nghttp2.h" "$prefix/include/nghttp2/"
    sed -e "s/@PACKAGE_VERSION@/$version/" \
        -e "s/@PACKAGE_VERSION_NUM@/$(printf '0x%02x%02x%02x' "$major" "$minor" "$patch")/" \
        "$1/lib/includes/nghttp2/nghttp2ver.h.in" >"$prefix/include/nghttp2/nghttp2ver.h"
    printf '%s\0' "$1"/lib/*.c |
        xargs -0 -P "$jobs" -n 4 "$cc" "${cflags[@]}" "${lto[@]}" -DNGHTTP2_STATICLIB -DHAVE_ARPA_INET_H \
            -DHAVE_NETINET_IN_H -DHAVE_TIME_H -DHAVE_CLOCK_GETTIME -I"$prefix/include" -I"$1/lib/includes" -I"$1/lib" -c
    archive libnghttp2.a ./*.o
}

build_cjson() {
    "$cc" "${cflags[@]}" "${lto[@]}" -c "$1/cJSON.c"
    mkdir -p "$prefix/include/cjson"
    cp "$1/cJSON.h" "$prefix/include/cjson/"
    archive libcjson.a cJSON.o
}

# A TLS 1.2 and 1.3 client and what reads certificates and keys.
build_openssl() {
    local option options=(no-ssl3 no-tls1 no-tls1_1 no-dtls) unwanted=(
        # One static library that starts nothing by itself: no configuration file, no exit handler. It is
        # used from one thread only. An encrypted key is an error and never a question on the terminal.
        no-shared no-pic no-dso no-engine no-module no-legacy no-pinshared no-autoload-config no-atexit no-threads
        no-thread-pool no-default-thread-pool no-async no-ui-console
        no-tests no-apps no-docs no-demos no-h3demo no-hqinterop no-makedepend no-filenames no-sslkeylog no-ssl-trace
        no-quic no-sctp no-ktls no-afalgeng no-egd no-secure-memory no-comp no-http no-nextprotoneg no-srp no-srtp no-psk
        no-multiblock no-integrity-only-ciphers no-ct no-ocsp no-cmp no-cms no-ts no-rfc3779
        no-aria no-argon2 no-bf no-blake2 no-camellia no-cast no-cmac no-des no-dsa no-ec2m no-tls-deprecated-ec no-gost
        no-idea no-md4 no-mdc2 no-ocb no-rc2 no-rc4 no-rmd160 no-scrypt no-seed no-siphash no-siv no-sm2 no-sm3 no-sm4
        no-whirlpool
        # Every server that speaks it speaks X25519 too, and to make its keys takes time at each probe.
        no-ml-kem no-ml-dsa no-slh-dsa
    )
    # each version knows others, and stops at what it does not know
    for option in "${unwanted[@]}"; do
        ! sed -n '/^my @disablables = (/,/);/p' "$1/Configure" | grep -q "\"${option#no-}\"" || options+=("$option")
    done
    CC=$cc AR=gcc-ar RANLIB=gcc-ranlib "$1/config" --prefix="$prefix" --libdir=lib --openssldir=/etc/ssl \
        "${options[@]}" CFLAGS="${cflags[*]}"
    # AES-GCM for AVX-512 is 700 KB unrolled, for megabytes a second that a probe never sends. Its generator
    # leaves it out for an assembler that is too old, and so for one that says that it is.
    for option in crypto/modes/aes-gcm-avx512.s crypto/aes/aesni-xts-avx512.s; do
        ! grep -q "^$option:" Makefile || make CC="echo 'GNU assembler version 2.20'; :" "$option"
    done
    make -j "$jobs" install_dev
    # On x86-64 the library asks the processor what it can do before main. Under a hypervisor each of these
    # questions is an exit from the machine, together half as long as a whole start, and tcp and exec never use
    # the answer. OPENSSL_init_crypto asks again, and everything passes through that: so not before main.
    option=$(ar t "$prefix/lib/libcrypto.a" | grep 'x86_64cpuid\.o$') || return 0
    if grep -q 'OPENSSL_cpuid_setup();' "$1/crypto/init.c"; then
        ar x "$prefix/lib/libcrypto.a" "$option"
        objcopy --remove-section .init --remove-section .rela.init "$option"
        ar r "$prefix/lib/libcrypto.a" "$option"
    fi
}

# HTTP and HTTPS, 1.1 and 2, TCP and Unix sockets, basic authentication; no proxy, no files, no names but
# through getaddrinfo, which the program calls itself.
build_curl() {
    local source=$1 with_tls=(--without-ssl) cppflags="-DNGHTTP2_STATICLIB"
    if [[ ! -x $source/configure ]]; then
        cp -r "$source" source
        source=$PWD/source
        (cd source && autoreconf -fi)
    fi
    mkdir curl
    cd curl
    # Its verbose log (CURLOPT_VERBOSE's *-lines) is 40 KB of text; headers still reach CURLOPT_DEBUGFUNCTION.
    cppflags+=" -DCURL_DISABLE_VERBOSE_STRINGS=1"
    if [[ $tls == openssl ]]; then
        with_tls=(--with-openssl="$prefix")
        # curl_global_init sets OpenSSL up for http too: 280,000 instructions of 400,000 in all. SSL_CTX_new
        # does the same when it is needed, so here it is put off: the call goes to a function that does nothing.
        cppflags+=" -DOPENSSL_init_ssl=probectl_init_ssl_later"
    fi
    CC=$cc AR=gcc-ar RANLIB=gcc-ranlib NM=gcc-nm CFLAGS="${cflags[*]} ${lto[*]}" CPPFLAGS=$cppflags \
        LDFLAGS='-static -no-pie' PKG_CONFIG=false "$source/configure" --prefix="$prefix" \
        --disable-shared --enable-static --without-pic --disable-dependency-tracking \
        "${with_tls[@]}" --with-nghttp2="$prefix" --without-ca-bundle --without-ca-path --without-ca-fallback \
        --enable-http --enable-http-auth --enable-basic-auth --enable-ipv6 --enable-unix-sockets --enable-verbose \
        --disable-ftp --disable-file --disable-ipfs --disable-ldap --disable-ldaps --disable-rtsp --disable-dict \
        --disable-telnet --disable-tftp --disable-pop3 --disable-imap --disable-smb --disable-smtp --disable-gopher \
        --disable-mqtt --disable-websockets --disable-proxy --disable-cookies --disable-netrc --disable-alt-svc \
        --disable-hsts --disable-bearer-auth --disable-digest-auth --disable-kerberos-auth --disable-negotiate-auth \
        --disable-ntlm --disable-aws --disable-tls-srp --disable-doh --disable-mime --disable-form-api \
        --disable-bindlocal --disable-dateparse --disable-progress-meter --disable-dnsshuffle \
        --disable-get-easy-options --disable-headers-api --disable-sha512-256 --disable-httpsrr --disable-ech \
        --disable-ssls-export --disable-ares --disable-threaded-resolver --disable-socketpair \
        --disable-openssl-auto-load-config --disable-ca-search --disable-libcurl-option --disable-manual --disable-docs \
        --without-zlib --without-brotli --without-zstd --without-libpsl --without-libgsasl --without-libssh2 \
        --without-libssh --without-librtmp --without-libidn2 --without-ngtcp2 --without-nghttp3 --without-libuv \
        --without-zsh-functions-dir --without-fish-functions-dir
    # It only warns about what it does not find.
    grep -q '^#define USE_NGHTTP2 1' lib/curl_config.h
    [[ $tls == none ]] || grep -q '^#define USE_OPENSSL 1' lib/curl_config.h
    # The texts of curl_easy_strerror are verbose strings as well, but those are wanted.
    make -C lib libcurl_la-strerror.lo CFLAGS="${cflags[*]} ${lto[*]} -UCURL_DISABLE_VERBOSE_STRINGS"
    make -C lib -j "$jobs" libcurl.la
    mkdir -p "$prefix/include/curl"
    cp "$source"/include/curl/*.h "$prefix/include/curl/"
    cp lib/.libs/libcurl.a "$prefix/lib/"
    [[ $tls == openssl ]] || return 0
    echo 'int probectl_init_ssl_later(unsigned long o, const void *s); /* OPENSSL_init_ssl(options, settings) */
        int probectl_init_ssl_later(unsigned long o, const void *s) { (void)o; (void)s; return 1; }' >later.c
    "$cc" "${cflags[@]}" "${lto[@]}" -c later.c
    gcc-ar r "$prefix/lib/libcurl.a" later.o
}

archive() {
    mkdir -p "$prefix/lib"
    rm -f "$prefix/lib/$1"
    gcc-ar rcs "$prefix/lib/$1" "${@:2}"
}

# --- the program ---------------------------------------------------------------------------------

build_program() {
    local file files=() libs=(-lcurl -lnghttp2 -lcjson) kernel
    for file in "$1"/*.c; do
        case ${file##*/}:$tls in
            tls_openssl.c:none | tls_none.c:openssl) ;;
            *) files+=("$file") ;;
        esac
    done
    [[ $tls == none ]] || libs+=(-lssl -lcrypto)
    # musl-gcc sees no headers of the kernel (linux/…): give it those, and none of glibc's beside them.
    mkdir -p "$prefix/kernel"
    for kernel in linux asm asm-generic; do
        for file in /usr/include /usr/include/"$(gcc -print-multiarch)"; do
            [[ ! -d $file/$kernel ]] || ln -sfn "$file/$kernel" "$prefix/kernel/$kernel"
        done
    done
    # The first -lc puts what the program itself needs of libc next to it and not behind OpenSSL, and
    # noseparate-code puts constants next to code: fewer pages to fault in at a start. There is nothing to
    # relocate that relro could protect.
    "$cc" -std=c11 "${cflags[@]}" "${lto[@]}" -D_GNU_SOURCE -DPROBECTL_STATIC -DPROBECTL_VERSION="\"$version\"" \
        -DPROBECTL_SOURCES="\"$inside\"" -DCURL_STATICLIB -DNGHTTP2_STATICLIB \
        -I"$1" -isystem "$prefix/include" -isystem "$prefix/include/cjson" -idirafter "$prefix/kernel" \
        "${files[@]}" -o probectl -static -no-pie -s \
        -Wl,--gc-sections -Wl,-z,noexecstack -Wl,-z,noseparate-code -Wl,-z,norelro \
        -lc -L"$prefix/lib" "${libs[@]}"
    # Copied, not linked in place: the linker writes in small pieces, which the page cache then holds as such
    # and maps more slowly.
    mkdir -p "$build/$out"
    install -m 755 probectl "$build/$out/probectl"
}

# --- all of it -----------------------------------------------------------------------------------

# What a directory holds, by names, sizes and times.
tree_id() { find -L "$1" -type f -printf '%P %s %T@\n' | sort | sha256sum; }

# Builds NAME from the directory unless its stamp says that it was built of the same: sources, recipe, flags,
# compiler, and all that was built before it.
chain=''
step() {
    local name=$1 from=$2 what=$3 key rc started=$SECONDS
    key=$({
        printf '%s\n' "$chain" "$cc" "${cflags[*]}" "${lto[*]}" "$version_of_cc"
        [[ $name != program ]] || printf '%s\n' "$version" "$inside"
        declare -f "build_$name" archive
        tree_id "$from"
    } | sha256sum)
    chain+=$key
    if [[ -f $prefix/$name.stamp && $(<"$prefix/$name.stamp") == "$key" ]]; then
        [[ $name == program && ! -x $build/$out/probectl ]] || return 0
    fi
    say "building $what"
    rm -rf "$prefix/$name.stamp" "${work:?}/$name"
    mkdir -p "$work/$name"
    # not in a condition, where set -e would have no effect
    set +e
    (
        set -e
        cd "$work/$name"
        "build_$name" "$from"
    ) >"$work/$name.log" 2>&1
    rc=$?
    set -e
    if ((rc != 0)); then
        tail -n 30 "$work/$name.log" >&2
        die "could not build $what: the end of $work/$name.log is above"
    fi
    [[ $name != program || ! -s $work/$name.log ]] || cat "$work/$name.log" >&2 # warnings
    rm -rf "${work:?}/$name"
    printf '%s\n' "$key" >"$prefix/$name.stamp"
    ((SECONDS - started < 10)) || say "  took $((SECONDS - started)) s"
}

suite=${STATIC_SUITE:-$(default_suite)}
[[ $suite =~ ^[a-z][a-z0-9-]*$ ]] || die "STATIC_SUITE=$suite: the name of a suite, such as stable"
[[ -z ${STATIC_SOURCES:-} || -d $STATIC_SOURCES ]] || die "STATIC_SOURCES=$STATIC_SOURCES: no such directory"
version=${VERSION:-unknown}
mkdir -p "$sources" "$work" "$prefix/lib" "$prefix/include"
declare -A dir
for name in "${packages[@]}"; do
    dir[$name]=$(source_of "$name")
done

# `make static` and `make static TLS=none` at once: one after the other
if command -v flock >/dev/null; then
    exec 9>"$sources/lock"
    flock 9
fi

install_tools
version_of_cc=$("$cc" --version | head -n 1)
[[ -n ${STATIC_SOURCES:-} ]] || get_sources

inside=''
for name in "${packages[@]}"; do
    inside="$name $(version_of "$name"), $inside"
done
# musl says its version nowhere but when its loader is run
for name in /lib/ld-musl-*.so.1; do
    [[ ! -x $name ]] || inside+=$({ "$name" 2>&1 || :; } | sed -n 's/^Version /musl /p')
done
inside=${inside%, }

for name in "${packages[@]}"; do
    step "$name" "${dir[$name]}" "$name $(version_of "$name")"
done
step program "$PWD/src" "$out/probectl"

say "inside: $inside"
for name in "${packages[@]}"; do
    if [[ -f ${dir[$name]}/.newest ]]; then
        printf 'static: warning: %s %s is out, but could not be fetched: it may have security fixes. %s\n' \
            "$name" "$(<"${dir[$name]}/.newest")" "To try again: rm -r $sources" >&2
    fi
done
say "$build/$out/probectl: $(stat -c %s "$build/$out/probectl") bytes"
