#!/bin/sh
# netns.sh DIR COMMAND... - runs COMMAND in a network and a mount namespace of its own, where
# 127.0.0.1 is the only name server and /etc/hosts is empty. Nothing of this is seen outside, and
# all of it is gone with the last process inside. DIR is for the files that stand in for /etc's.
# "In" is reached with: nsenter --net --mount [--user] --target PID.
set -eu

if [ "${1-}" != --inside ]; then
    if [ "$(id -u)" = 0 ]; then
        exec unshare --net --mount "$0" --inside "$@"
    fi
    exec unshare --user --map-root-user --net --mount "$0" --inside "$@"
fi
dir=$2
shift 2

ip link set lo up
ip route add prohibit 203.0.113.0/24
# Two tries of five seconds, as the C library's defaults: far longer than any deadline of the tests.
echo 'nameserver 127.0.0.1' >"$dir/resolv.conf"
echo 'hosts: files dns' >"$dir/nsswitch.conf"
: >"$dir/hosts"
for file in resolv.conf nsswitch.conf hosts; do
    # A minimal root has no nsswitch.conf, and needs none.
    [ ! -e "/etc/$file" ] || mount --bind "$dir/$file" "/etc/$file"
done
exec "$@"
