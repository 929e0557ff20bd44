#!/bin/bash
# Trains with two workers on hosts of their own, whose network and processes it
# disturbs, and says how each run ended. Not a test of Bazel's: it needs root.
#
#   apt-get install -y iproute2 faketime ethtool
#   tests/distributed/hosts.sh [PYTHON [CASE...]]
#
# PYTHON has the project's packages (default: python3). Without cases, all run;
# those on CIFAR-10 and ImageNet need it prepared in TFDS_DATA_DIR.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
source "$root/tests/distributed/network.sh"
see_hosts "$0" "$@"

python=${1:-python3}
shift || true
hosts=(h0 h1)
folder=$(mktemp -d)
export PYTHONPATH=$root
declare -A before=()  # What a host's command begins with.
workers=()

take_down() {
  trap - EXIT INT TERM
  end_workers
  stop_network "${hosts[@]}"
  rm -rf "$folder"
}
trap take_down EXIT
trap 'exit 1' INT TERM

# start NAME FLAG...: starts a worker on each host.
start() {
  local name=$1 number
  shift
  workers=()
  for number in 0 1; do
    # It also ends by itself what outlives this script.
    (TF_CONFIG="{\"cluster\": {\"worker\": [\"h0:9000\", \"h1:9000\"]},
       \"task\": {\"type\": \"worker\", \"index\": $number}}" \
      on "h$number" ${before[h$number]:-} "$python" -m rethink_tf train \
      --strategy=multi_worker --label_corruption=1 \
      --checkpoint_minutes=0.01 --logdir="$folder/$name" "$@") \
      > "$folder/$name.$number" 2>&1 &
    workers+=($!)
  done
}

# Waits for both; their exit codes are in `codes`.
finish() {
  codes=()
  local each code
  for each in "${workers[@]}"; do
    code=0
    wait "$each" 2> /dev/null || code=$?  # Bash tells of a killed one.
    codes+=($code)
  done
  workers=()
}

end_workers() {
  for each in "${workers[@]}"; do
    kill -KILL "$each" 2> /dev/null || true
  done
  workers=()
}

# fail NAME WORDS: ends the script, with what the workers said.
fail() {
  echo "$1: $2" >&2  # What calls this may keep what is printed.
  tail -n 25 "$folder/$1".? >&2
  exit 1
}

# Prints the weights' hash that both workers of a run agree on.
weights() {
  local found
  found=$(grep --no-filename --only-matching "weights_sha256=.*" \
    "$folder/$1".? | sort | uniq --count)
  [ "$(awk '{print $1}' <<< "$found")" = 2 ] || return 1
  awk -F= '{print $2}' <<< "$found"
}

# A run of small Inception that takes some ten steps after its first checkpoint.
short=(--dataset=digits --model=inception_small --train_examples=96
  --batch_size=16 --epochs=4)

# undisturbed NAME FLAG...: a run that ends with 0 and equal weights.
undisturbed() {
  local name=$1
  shift
  start "$name" "$@"
  finish
  [ "${codes[*]}" = "0 0" ] && weights "$name" > "$folder/$name.hash" ||
    fail "$name" "ended with ${codes[*]}"
}

# The hash that `short` ends with; made once.
expected() {
  [ -e "$folder/short.hash" ] || undisturbed short "${short[@]}"
  cat "$folder/short.hash"
}

wait_until_it_trains() {
  until compgen -G "$folder/$1/checkpoints/step-*.npz" > /dev/null; do
    for each in "${workers[@]}"; do
      kill -0 "$each" 2> /dev/null || fail "$1" "a worker ended at once"
    done
    sleep 0.2
  done
}

# Says that a run which has ended has the bits of an undisturbed one.
same() {
  local name=$1
  [ "${codes[*]}" = "0 0" ] || fail "$name" "ended with ${codes[*]}"
  [ "$(weights "$name")" = "$(expected)" ] ||
    fail "$name" "has other weights than the undisturbed run"
}

# lose NAME CODES HOW: what remains ends within 60 s; then the same commands go on.
lose() {
  local name=$1 wanted=$2 how=$3 began end
  expected > /dev/null
  start "$name" "${short[@]}"
  wait_until_it_trains "$name"
  began=$SECONDS
  "$how" cut
  wait "${workers[0]}" && end=0 || end=$?
  local seconds=$((SECONDS - began))
  local words
  words=$(grep --no-filename "^error: " "$folder/$name.0" | tail -n 1)
  "$how" mend
  finish
  codes[0]=$end
  [[ "${codes[*]}" =~ ^($wanted)$ ]] || fail "$name" "ended with ${codes[*]}"
  [ "$seconds" -le 60 ] || fail "$name" "took $seconds s to end"
  start "$name" "${short[@]}"
  finish
  same "$name"
  echo "$name: after $seconds s: $words"
  echo "$name: ended with $wanted; gone on with, the same weights"
}

link() {
  case $1 in
    cut) ip link set rt-h1 down;;
    mend) sleep 40; ip link set rt-h1 up;;  # Worker 1 has to notice by itself.
  esac
}
freeze() {
  case $1 in
    cut) kill -STOP "${workers[1]}";;
    mend) kill -CONT "${workers[1]}";;
  esac
}
die() {
  case $1 in
    cut) kill -KILL "${workers[1]}";;
    mend) ;;
  esac
}

case_digits() {
  expected > /dev/null
  echo "digits: small Inception, $(cut -c -12 < "$folder/short.hash") on both"
}
case_cifar10() {
  undisturbed cifar10 --dataset=cifar10 --model=inception_small \
    --train_examples=512 --epochs=1
  echo "cifar10: small Inception, $(cut -c -12 < "$folder/cifar10.hash") on both"
}
case_short_cut() {
  expected > /dev/null
  start short_cut "${short[@]}"
  wait_until_it_trains short_cut
  ip link set rt-h1 down
  sleep 8
  ip link set rt-h1 up
  finish
  same short_cut
  echo "short_cut: 8 s without a link; the same weights"
}
case_long_cut() { lose long_cut "75 75" link; }
case_frozen() { lose frozen "75 75" freeze; }
case_killed() { lose killed "75 137" die; }
case_clock() {
  expected > /dev/null
  before[h1]="faketime -f +400d"
  start clock "${short[@]}"
  finish
  before[h1]=""
  same clock
  echo "clock: worker 1's is 400 days ahead; the same weights"
}

# 23.6 million weights in little computation: what an all-reduce takes.
case_bandwidth() {
  local rate name
  for rate in none 10gbit 1gbit; do
    for host in "${hosts[@]}"; do
      tc qdisc delete dev "rt-$host" root 2> /dev/null || true
      nsenter --net="/run/netns/rt-$host" \
        tc qdisc delete dev eth0 root 2> /dev/null || true
      [ $rate = none ] && continue
      nsenter --net="/run/netns/rt-$host" \
        tc qdisc add dev eth0 root tbf rate $rate burst 4mb latency 100ms
    done
    name=bandwidth_$rate
    undisturbed $name --dataset=digits --model=mlp_1x512 --width=10000 \
      --train_examples=1280 --epochs=3 --checkpoint_minutes=60
    echo "bandwidth, $rate: $(seconds_a_step $name 128)"
  done
}

# Has all that h1 sends and gets pass far.py: 25 ms each way, and 1% lost.
go_far() {
  local host device
  ip link add rt-near type veth peer name rt-between
  for device in rt-near rt-between rt-h0 rt-h1; do
    ethtool --offload $device tx off tso off gso off gro off > /dev/null
  done
  for host in "${hosts[@]}"; do
    nsenter --net="/run/netns/rt-$host" \
      ethtool --offload eth0 tx off tso off gso off gro off > /dev/null
  done
  ip link set rt-h1 nomaster
  ip link set rt-between up
  ip link set rt-near master rt-bridge up
  "$python" "$root/tests/distributed/far.py" rt-h1 rt-between 25 0.01 &
  far=$!
}
come_near() {
  kill "$far"
  wait "$far" 2> /dev/null || true
  ip link delete rt-near
  ip link set rt-h1 master rt-bridge
}
seconds_a_step() {  # NAME BATCH_SIZE
  "$python" -c '
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1])))[1:]
rate = sum(float(row["images_per_second"]) for row in rows) / len(rows)
print(f"{int(sys.argv[2]) / rate:.2f} s a step")' "$folder/$1/metrics.csv" "$2"
}

case_far() {
  local mlp=(--dataset=digits --width=64 --train_examples=96 --batch_size=16
    --epochs=4)
  expected > /dev/null
  undisturbed near "${mlp[@]}"
  go_far
  undisturbed far "${mlp[@]}"
  start far_inception "${short[@]}"
  finish
  come_near
  same far_inception
  cmp -s "$folder/near.hash" "$folder/far.hash" ||
    fail far "has other weights than nearby"
  echo "far: 50 ms to and fro, 1% lost: the same weights"
  echo "far: MLP of 64 units, $(seconds_a_step near 16), then" \
    "$(seconds_a_step far 16); small Inception, $(seconds_a_step short 16)," \
    "then $(seconds_a_step far_inception 16)"
}
case_inception_v3() {
  undisturbed inception_v3 --dataset=imagenet2012 --model=inception_v3 \
    --allow_sample --image_size=107 --train_examples=32 --batch_size=8 \
    --epochs=2 --learning_rate=0.001
  echo "inception_v3: $(cut -c -12 < "$folder/inception_v3.hash") on both"
}

start_network "$folder" 10.78.0 "$(hostname -s)" "${hosts[@]}"
cd "$folder"
cases=("$@")
[ ${#cases[@]} != 0 ] || cases=(
  digits cifar10 short_cut long_cut frozen killed clock bandwidth far
  inception_v3)
for each in "${cases[@]}"; do
  "case_$each"
done
