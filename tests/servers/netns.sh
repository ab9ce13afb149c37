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
# 2001:db8::/64 is behind a router that forbids it: this machine itself, at the other end of a cable. The rule is there
# when all of it is.
{
    ip link add near type veth peer name far address 02:00:00:00:00:01 &&
        ip address add fd00::1/64 dev near nodad &&
        ip link set near up &&
        ip link set far up &&
        ip neighbour add fd00::2 lladdr 02:00:00:00:00:01 dev near nud permanent &&
        ip route add 2001:db8::/64 via fd00::2 &&
        echo 1 >/proc/sys/net/ipv6/conf/all/forwarding &&
        ip -6 rule add iif far prohibit
} 2>/dev/null || :
# Two tries of five seconds, as the C library's defaults: far longer than any deadline of the tests.
echo 'nameserver 127.0.0.1' >"$dir/resolv.conf"
echo 'hosts: files dns' >"$dir/nsswitch.conf"
: >"$dir/hosts"
for file in resolv.conf nsswitch.conf hosts; do
    # A minimal root has no nsswitch.conf, and needs none.
    [ ! -e "/etc/$file" ] || mount --bind "$dir/$file" "/etc/$file"
done
exec "$@"
