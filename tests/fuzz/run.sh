#!/bin/bash
# run.sh [SECONDS [NAME...]] - builds the fuzz harnesses fuzz_NAME.c into build/fuzz and runs each of them (or those
# named) for SECONDS, 20 where not given. What they learn stays in build/fuzz/corpus; an input that one of them fails
# with stays in build/fuzz, and its name is printed. Exit status 1 when there is one.
#
# Needs clang with libFuzzer: Debian's packages clang and libclang-rt-14-dev.
set -euo pipefail
cd "$(dirname "$0")/../.."

CLANG=${CLANG:-clang}
PKG_CONFIG=${PKG_CONFIG:-pkg-config}
BUILD=${BUILD:-build}/fuzz
LIBRARIES=(libcurl libcjson libssl libcrypto)
SANITIZE=('-fsanitize=address,undefined' -fno-sanitize-recover=all)

seconds=${1:-20}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || {
    echo "usage: tests/fuzz/run.sh [SECONDS [NAME...]]" >&2
    exit 2
}
shift || true
names=("$@")
if ((${#names[@]} == 0)); then
    for file in tests/fuzz/fuzz_*.c; do
        name=${file##*/fuzz_}
        names+=("${name%.c}")
    done
fi

mkdir -p "$BUILD/obj"
if ! echo 'int LLVMFuzzerTestOneInput(const unsigned char *data, unsigned long size) { return data && size ? 0 : 0; }' |
    "$CLANG" -x c - -fsanitize=fuzzer,address -o "$BUILD/try" 2>"$BUILD/try.log"; then
    tail -n 3 "$BUILD/try.log" >&2
    echo "fuzzing needs clang with libFuzzer (CLANG=$CLANG): install clang and libclang-rt-14-dev" >&2
    exit 1
fi

read -ra cflags < <("$PKG_CONFIG" --cflags "${LIBRARIES[@]}")
read -ra libs < <("$PKG_CONFIG" --libs "${LIBRARIES[@]}")
cflags+=(-std=c11 -D_GNU_SOURCE '-DPROBECTL_VERSION="0"' "-I$PWD/src" -O1 -g -fno-omit-frame-pointer "${SANITIZE[@]}")

sources=()
for file in src/*.c; do
    case $file in
        src/main.c | src/tls_none.c) ;;
        *) sources+=("$PWD/$file") ;;
    esac
done
# Objects come to lie where clang runs.
(cd "$BUILD/obj" && printf '%s\0' "${sources[@]}" |
    xargs -0 -n 8 -P "$(nproc)" "$CLANG" "${cflags[@]}" -fsanitize=fuzzer-no-link -c)

failed=0
for name in "${names[@]}"; do
    "$CLANG" "${cflags[@]}" -fsanitize=fuzzer -o "$BUILD/$name" "tests/fuzz/fuzz_$name.c" "$BUILD"/obj/*.o "${libs[@]}"
    mkdir -p "$BUILD/corpus/$name"
    if "$BUILD/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
        -artifact_prefix="$BUILD/$name-" "$BUILD/corpus/$name" "tests/fuzz/seeds/$name" >"$BUILD/$name.log" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$BUILD/$name.log")
        coverage=$(grep -o 'cov: [0-9]*' "$BUILD/$name.log" | tail -n 1)
        printf '%-7s ok: %s inputs in %s s, %s\n' "$name" "$runs" "$seconds" "${coverage/cov:/edges seen:}"
    else
        tail -n 40 "$BUILD/$name.log" >&2
        printf '%-7s FAILED: the input is in %s, try it with %s\n' "$name" "$BUILD/$name-*" "$BUILD/$name FILE" >&2
        failed=1
    fi
done
exit "$failed"
