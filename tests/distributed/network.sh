# Hosts of their own on this machine, for scripts that source this as root: each
# is a network namespace with an address on a bridge. The other files of a host
# are this machine's, but for /etc/hosts, of which only the script's processes
# see another.

# see_hosts SCRIPT ARGUMENT...: goes on where other processes see no change.
see_hosts() {
  if [ "${RETHINK_TF_HOSTS:-}" != seen ]; then
    # A mount that is gone with the processes in it.
    exec env RETHINK_TF_HOSTS=seen unshare --mount "$@"
  fi
}

# start_network FOLDER PREFIX CONTROL_NAME HOST...: the n-th host has the address
# PREFIX.n, and this machine PREFIX.254.
start_network() {
  local folder=$1 prefix=$2 control=$3 number=0
  shift 3
  ip link add rt-bridge type bridge
  ip address add "$prefix.254/24" dev rt-bridge
  ip link set rt-bridge up
  for host in "$@"; do
    number=$((number + 1))
    ip netns add "rt-$host"
    ip link add "rt-$host" type veth peer name eth0 netns "rt-$host"
    ip link set "rt-$host" master rt-bridge up
    ip -n "rt-$host" address add "$prefix.$number/24" dev eth0
    ip -n "rt-$host" link set eth0 up
    ip -n "rt-$host" link set lo up
    echo "$prefix.$number $host" >> "$folder/hosts"
  done
  echo "$prefix.254 $control" >> "$folder/hosts"
  echo "127.0.0.1 localhost" >> "$folder/hosts"
  mount --bind "$folder/hosts" /etc/hosts
}

# on HOST COMMAND...: becomes a command of the host's.
on() {
  local host=$1
  shift
  # Not `ip netns exec`, which hides the cgroups that slurmd looks for.
  exec nsenter --net="/run/netns/rt-$host" "$@"
}

# stop_network HOST...
stop_network() {
  for host in "$@"; do
    ip netns delete "rt-$host" 2> /dev/null || true
  done
  ip link delete rt-bridge 2> /dev/null || true
  umount /etc/hosts 2> /dev/null || true
}
