# shellcheck shell=bash
# Bats runs these before and after all files.

setup_suite() {
    local BATS_TEST_DIRNAME=${BASH_SOURCE[0]%/*} BATS_FILE_TMPDIR=$BATS_SUITE_TMPDIR
    # shellcheck source-path=SCRIPTDIR source=helper.bash
    . "$BATS_TEST_DIRNAME/helper.bash"
    start_server json_reader
}

teardown_suite() { BATS_FILE_TMPDIR=$BATS_SUITE_TMPDIR stop_servers; }
