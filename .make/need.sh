#!/bin/sh
# need.sh GROUP... - sees to it that what building (build), the demonstration (demo), the tests (check), the tests
# against servers that make more of an installation (servers), those under valgrind (memcheck), the benchmark (bench),
# the fuzzer (fuzz) or the linters (lint) need is there. On Debian and its kin what is lacking is installed; elsewhere
# it is named, and that is an error. Nothing is asked of the network when nothing lacks.
#
# CC and PKG_CONFIG are heeded, for what they name may be there without Debian's package.
set -eu

CC=${CC:-cc}
PKG_CONFIG=${PKG_CONFIG:-pkg-config}
LOG=${BUILD:-build}/need.log
OLDEST_BATS=1.7

# Group, how to see that it is there, Debian's packages.
#   tool NAME   is a command in PATH
#   lib NAME    is known to pkg-config
#   file NAME, glob PATTERN   is there
#   cc          can make a program
#   bats        is not older than the tests
#   fuzzer      is clang's own, libFuzzer
#   parallel    is GNU's, which bats runs its files with
#   grpc        is known to Debian's Python
needs() {
    cat <<END
build    cc                       gcc libc6-dev
build    tool pkg-config          pkg-config
build    lib libcurl              libcurl4-openssl-dev
build    lib libssl               libssl-dev
build    lib libcrypto            libssl-dev
build    lib libcjson             libcjson-dev
demo     tool python3             python3
check    bats                     bats
check    parallel                 parallel
check    tool python3             python3
check    tool openssl             openssl
check    tool ip                  iproute2
check    tool pgrep               procps
check    tool mandoc              mandoc
check    tool zsh                 zsh
check    tool fish                fish
check    tool nginx               nginx-light
check    grpc                     python3-grpcio
servers  tool redis-server        redis-server
servers  tool mariadbd            mariadb-server-core
servers  tool dnsmasq             dnsmasq-base
servers  tool unbound             unbound
servers  tool npm                 npm
servers  glob /usr/lib/postgresql/*/bin/initdb postgresql
memcheck tool valgrind            valgrind
bench    tool python3             python3
bench    tool hyperfine           hyperfine
bench    tool valgrind            valgrind
bench    tool nginx               nginx-light
bench    tool openssl             openssl
bench    tool curl                curl
bench    tool wget                wget
bench    tool busybox             busybox-static
bench    tool nc                  netcat-openbsd
bench    tool unshare             util-linux
bench    file /usr/lib/nagios/plugins/check_http monitoring-plugins-basic
fuzz     tool clang               clang
fuzz     fuzzer                   $(clang_runtime)
lint     tool clang-format        clang-format
lint     tool clang-tidy          clang-tidy
lint     tool cppcheck            cppcheck
lint     tool shellcheck          shellcheck
lint     tool mandoc              mandoc
END
}

# Its package has clang's version in its name, which is known when clang is there.
clang_runtime() {
    clang --version 2>/dev/null | sed -n '1s/.*version \([0-9]*\).*/libclang-rt-\1-dev/p'
}

# Needs no program but the shell, for a fresh system has few.
bats_is_new_enough() {
    version=$(bats --version 2>/dev/null) || return 1
    version=${version#Bats }
    major=${version%%.*}
    minor=${version#*.}
    minor=${minor%%.*}
    [ "$((major * 1000 + minor))" -ge "$((${OLDEST_BATS%.*} * 1000 + ${OLDEST_BATS#*.}))" ]
}

compiles() {
    # A compiler without the C library's headers is none. CC may have arguments.
    # shellcheck disable=SC2086
    echo '#include <stdio.h>' | $CC -E -x c - >/dev/null 2>&1
}

is_there() {
    case $1 in
        cc) compiles ;;
        bats) bats_is_new_enough ;;
        tool)
            [ "$2" != pkg-config ] || set -- tool "$PKG_CONFIG"
            # Servers may be where only root's PATH leads.
            PATH=$PATH:/usr/sbin:/sbin command -v "$2" >/dev/null
            ;;
        file) [ -e "$2" ] ;;
        fuzzer) [ -e "$(clang -print-file-name="libclang_rt.fuzzer-$(uname -m).a" 2>/dev/null)" ] ;;
        glob)
            # shellcheck disable=SC2086
            set -- $2
            [ -e "$1" ]
            ;;
        parallel) case $(parallel --version </dev/null 2>/dev/null) in GNU*) ;; *) return 1 ;; esac ;;
        grpc) /usr/bin/python3 -c 'import grpc' 2>/dev/null ;;
        lib) "$PKG_CONFIG" --exists "$2" 2>/dev/null ;;
    esac
}

# Sets `lacking` to what is not there, in words, and `packages` to what has it.
look() {
    lacking='' packages=''
    while read -r group kind rest; do
        case " $GROUPS_WANTED " in
            *" $group "*) ;;
            *) continue ;;
        esac
        name=$kind
        case $kind in
            tool | lib | file | glob)
                name=${rest%% *}
                rest=${rest#* }
                ;;
        esac
        is_there "$kind" "$name" && continue
        lacking="$lacking $name"
        for package in $rest; do
            case " $packages " in
                *" $package "*) ;;
                *) packages="$packages $package" ;;
            esac
        done
    done <<END
$(needs)
END
}

# As root, with words that explain themselves where that is not to be had.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo 'there is no sudo, and only root may install packages' >&2
        return 1
    fi
}

apt() {
    # Another apt may be at work: wait for it.
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

# A package that is not in apt's lists: the lists are missing, or older than this script.
lists_are_short() {
    # shellcheck disable=SC2086  # a list of words
    for package in $packages; do
        LC_ALL=C apt-cache policy "$package" 2>/dev/null | grep -q 'Candidate: [^(]' || return 0
    done
    return 1
}

# One broken source among many is no reason to stop: the installation decides.
update() { apt update || echo 'apt-get update had errors'; }

install() {
    # shellcheck disable=SC2086
    apt install --no-install-recommends $packages
}

install_all() {
    ! lists_are_short || update
    # Old lists name files that the mirror has replaced.
    install || { update && install; }
}

# Installs the packages, with a word about it.
provide() {
    with=''
    [ "$(id -u)" = 0 ] || with=' (by sudo)'
    echo "Installing with apt-get$with:$packages (log: $LOG)"
    mkdir -p "${LOG%/*}"
    install_all >"$LOG" 2>&1 || {
        {
            tail -n 20 "$LOG"
            echo "Could not install:$packages"
            echo "As root: apt-get update && apt-get install$packages"
        } >&2
        exit 1
    }
}

GROUPS_WANTED=$*
look
[ -n "$lacking" ] || exit 0

if ! command -v apt-get >/dev/null; then
    {
        echo "probectl needs what is not here:$lacking"
        echo "Install it and try again. Debian's packages are called:$packages"
    } >&2
    exit 1
fi

tried=$packages
provide
look
# What could not be named before.
if [ -n "$packages" ] && [ "$packages" != "$tried" ]; then
    provide
    look
fi
if [ -n "$lacking" ]; then
    {
        echo "These are installed:$tried"
        echo "and still not to be found, or too old:$lacking (CC=$CC PKG_CONFIG=$PKG_CONFIG bats >= $OLDEST_BATS)"
    } >&2
    exit 1
fi
