#!/bin/bash
# Sets up a SLURM cluster of Debian's packages on this machine, runs workers on
# it, and takes it down. Not a test of Bazel's: it needs root.
#
#   apt-get install -y slurm-wlm munge iproute2
#   tests/distributed/slurm_cluster.sh [PYTHON [CASE...]]
#
# PYTHON has the project's packages (default: python3). Without cases, all run.
#
# Each node has a slurmd of its own in a network namespace of its own, with an
# address on a bridge. Everything else is in a temporary folder, /etc/hosts
# included, of which only these processes see another.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
source "$root/tests/distributed/network.sh"
see_hosts "$0" "$@"

python=${1:-python3}
shift || true
nodes=(g1 g2 g10 p01 p02)
network=10.77.0
control=$network.254
folder=$(mktemp -d)
chmod 755 "$folder"
export SLURM_CONF=$folder/slurm.conf
export PYTHONPATH=$root
started=()

start_munge() {
  mkdir "$folder/munge"
  (umask 077 && head -c 128 /dev/urandom > "$folder/munge/key")
  munged --foreground --key-file="$folder/munge/key" \
    --socket="$folder/munge/socket" --pid-file="$folder/munge/pid" \
    --log-file="$folder/munge/log" --seed-file="$folder/munge/seed" \
    --num-threads=2 >> "$folder/daemons.log" 2>&1 &
  started+=($!)
}

start_slurm() {
  mkdir "$folder/state" "$folder/spool"
  (cd "$folder/spool" && mkdir "${nodes[@]}")
  cat > "$SLURM_CONF" << CONF
ClusterName=rethink
SlurmctldHost=$(hostname -s)($control)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
StateSaveLocation=$folder/state
SlurmctldPidFile=$folder/slurmctld.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdSpoolDir=$folder/spool/%n
SlurmdPidFile=$folder/slurmd-%n.pid
SlurmdLogFile=$folder/slurmd-%n.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
MailProg=/bin/true
SlurmctldTimeout=600
SlurmdTimeout=600
MessageTimeout=60
KillWait=60
CONF
  local number=0
  for node in "${nodes[@]}"; do
    number=$((number + 1))
    echo "NodeName=$node NodeAddr=$network.$number CPUs=4 State=UNKNOWN"
  done >> "$SLURM_CONF"
  echo "PartitionName=all Nodes=ALL Default=YES OverSubscribe=YES" \
    "MaxTime=INFINITE" >> "$SLURM_CONF"
  slurmctld -D >> "$folder/daemons.log" 2>&1 &
  started+=($!)
  for node in "${nodes[@]}"; do
    (on "$node" slurmd -D -N "$node") >> "$folder/daemons.log" 2>&1 &
    started+=($!)
  done
  for _ in $(seq 60); do
    [ "$(sinfo --noheader --states=idle --format=%D 2> /dev/null)" = \
      ${#nodes[@]} ] && return
    sleep 1
  done
  sinfo
  tail -n 30 "$folder/daemons.log"
  return 1
}

take_down() {
  trap - EXIT INT TERM
  # Else what runs would outlive its slurmd.
  scancel --quiet --user="$(id -un)" 2> /dev/null || true
  for _ in $(seq 70); do
    [ -n "$(squeue --noheader 2> /dev/null)" ] || break
    sleep 1
  done
  for process in $(printf '%s\n' "${started[@]}" | tac); do
    kill "$process" 2> /dev/null || true
  done
  wait || true
  stop_network "${nodes[@]}"
  rm -rf "$folder"
}
trap take_down EXIT
trap 'exit 1' INT TERM

start_network "$folder" $network "$(hostname -s)" "${nodes[@]}"
start_munge
start_slurm
cd "$folder"

# A worker that trains nothing: it finds the others, and says what it is told.
cat > worker.py << 'PYTHON'
import json
import os
import pathlib
import signal
import sys
import time

from rethink_tf import errors
from rethink_tf.distributed import link as link_lib
from rethink_tf.distributed import secret as secret_lib
from rethink_tf.distributed import slurm
from rethink_tf.runs import signals

seconds, does = float(sys.argv[1]), sys.argv[2]


def count(link, total):
  """Has the chief count rounds in a file, from where an earlier start came."""
  file = pathlib.Path(f"count{os.environ['SLURM_JOB_ID']}")
  first = done = link.exchange(
      int(file.read_text()) if file.exists() else 0,
      lambda value: isinstance(value, int))[0]
  try:
    while done < total:
      done = link.exchange(done, lambda value: isinstance(value, int))[0] + 1
      if link.cluster.is_chief:
        file.write_text(str(done))
      time.sleep(0.2)
    link.exchange(None)
  finally:
    if link.cluster.is_chief:
      print(f"counted {first} to {done}", flush=True)


def main(argv):
  del argv
  cluster = slurm.resolve(os.environ, 9000)
  if does == "fail" and cluster.index == 1:
    raise errors.DataError("no data on this node")
  key = pathlib.Path(os.environ["SLURM_SUBMIT_DIR"]) / (
      f"key{os.environ['SLURM_JOB_ID']}")
  with secret_lib.share(cluster, key, os.environ) as secret:
    link = link_lib.join(cluster, {}, 5, secret)
  stop = signals.Stop()
  with link, stop.on_signals():
    if does == "count":
      return count(link, int(seconds))
    began = time.monotonic()
    while not link.exchange(
        cluster.is_chief and time.monotonic() > began + seconds,
        lambda value: isinstance(value, bool))[0]:
      if does == "kill" and cluster.index == 1:
        os.kill(os.getpid(), signal.SIGKILL)
      time.sleep(0.2)
    link.exchange(None)
  print(json.dumps({
      "rank": int(os.environ["SLURM_PROCID"]), "index": cluster.index,
      "place": [os.environ["SLURMD_NODENAME"], os.environ["SLURM_LOCALID"]],
      "addresses": cluster.addresses}), flush=True)


code = errors.exit_code_of(main, sys.argv)
sys.stdout.flush()
sys.stderr.flush()
os._exit(code)
PYTHON

# What the workers say, held against where they were.
cat > check.py << 'PYTHON'
import json
import sys

told = sorted((json.loads(line) for line in sys.stdin if line[0] == "{"),
              key=lambda each: each["rank"])
places = [f"{node}:{9000 + int(local)}"
          for node, local in (each["place"] for each in told)]
assert len(told) == int(sys.argv[1]), f"{len(told)} of {sys.argv[1]} workers"
for number, each in enumerate(told):
  assert each["rank"] == each["index"] == number, each
  assert each["addresses"] == places, (each, places)
print(" ".join(places))
PYTHON

# Prints a case's name and last line, and ends where it failed.
report() {
  local name=$1 failed=$2
  echo "$name: $(tail -n 1 "$name.out")"
  if [ "$failed" != 0 ]; then
    cat "$name.err" "$name.out"
    exit 1
  fi
}

# place NAME TASKS SRUN_OPTION...
place() {
  local name=$1 tasks=$2 failed=0
  shift 2
  srun --quiet --ntasks="$tasks" "$@" "$python" worker.py 0 join \
    2> "$name.err" | "$python" check.py "$tasks" > "$name.out" 2>> "$name.err" \
    || failed=1
  report "$name" $failed
}

# lose NAME DOES CODE WORDS SRUN_OPTION...
lose() {
  local name=$1 does=$2 expected=$3 words=$4 code=0 began=$SECONDS failed=1
  shift 4
  srun --quiet --kill-on-bad-exit=0 "$@" "$python" worker.py 600 "$does" \
    > "$name.err" 2>&1 || code=$?
  echo "srun ended with $code after $((SECONDS - began)) s;" \
    "$(grep --max-count=1 "$words" "$name.err" || true)" > "$name.out"
  [ $code = "$expected" ] && grep -q "$words" "$name.err" && failed=0
  report "$name" $failed
}

# refuse NAME COMMAND...: has the command end with 2, and one line.
refuse() {
  local name=$1 code=0
  shift
  "$@" > "$name.out" 2> "$name.err" || code=$?
  grep "^error: " "$name.out" "$name.err" --no-filename > "$name.line" || true
  mv "$name.line" "$name.out"
  report "$name" $((code == 2 && $(wc -l < "$name.out") == 1 ? 0 : 1))
}

batch() {  # OPTION...
  printf '#!/bin/bash\n%s\n' "exec $python worker.py 0 join" > batch.sh
  local code=0
  sbatch --quiet --wait --output=batch.txt "$@" batch.sh || code=$?
  cat batch.txt
  return $code
}

case_block() { place block 4 --nodelist=g[1-2] --ntasks-per-node=2; }
case_three_and_one() { place three_and_one 4 --nodes=2 --nodelist=g[1-2]; }
case_cyclic() { place cyclic 5 --nodelist=g[2,10] --distribution=cyclic; }
case_plane() { place plane 6 --nodelist=g[1-2,10] --distribution=plane=2; }
case_unpadded() { place unpadded 3 --nodelist=g[1-2,10]; }
case_padded() { place padded 2 --nodelist=p[01-02]; }
case_batch() {
  local failed=0
  batch --ntasks=1 | "$python" check.py 1 > batch.out 2> batch.err || failed=1
  report batch $failed
}
case_batch_of_four() { refuse batch_of_four batch --ntasks=4; }
case_salloc() {
  refuse salloc salloc --quiet --ntasks=4 "$python" worker.py 0 join
}
case_killed() { lose killed kill 137 "lost\|gone\|hung up" --nodes=2 --ntasks=2; }
case_failed() {
  lose failed fail 137 "no data on this node" --wait=5 --nodes=2 --ntasks=2
}

# A job that is stopped in the middle, queued again, and goes on to the end.
# requeue NAME ROUNDS SEND SBATCH_OPTION...: with SEND it is sent SIGTERM.
requeue() {
  local name=$1 rounds=$2 send=$3 failed=1 job
  shift 3
  export RETHINK_TF_TRAIN="$python worker.py $rounds count"
  job=$(sbatch --parsable --nodes=2 --nodelist=g[2,10] --output="$name.err" \
    "$@" "$root/scripts/train.sbatch")
  if [ "$send" = send ]; then
    until grep --quiet --no-messages . "count$job"; do sleep 1; done
    sleep 2
    scancel --signal=TERM "$job"
  fi
  while [ -n "$(squeue --noheader --jobs="$job" 2> /dev/null)" ]; do
    # Else it would wait for two minutes each time.
    scontrol update jobid="$job" starttime=now 2> /dev/null || true
    sleep 1
  done
  { grep --only-matching "workers ended with [0-9]*; queued again" "$name.err"
    grep "^counted" "$name.err"
  } | tr '\n' ' ' > "$name.out" || true
  [ "$(cat "count$job")" = "$rounds" ] && failed=0
  grep --quiet "with 75; queued again counted 0 to .* counted [1-9].* to $rounds" \
    "$name.out" || failed=1
  report "$name" $failed
}
case_requeue() { requeue requeue 60 send; }
case_time_limit() {
  requeue time_limit 500 wait --time=2 --signal=TERM@60
}

# The runs of a suite as tasks of an array, one of which is stopped on its way.
case_array() {
  local failed=0 job
  touch array.out
  cat > suite.toml << 'TOML'
title = "Three runs"

[[run]]
name = "digits_p{p}"
flagfile = "configs/quickstart.flags"
flags.epochs = 300
flags.label_corruption = "{p}"
grid.p = [0, 0.5, 1]
TOML
  "$python" -m rethink_tf reproduce --suite="$folder/suite.toml" \
    --logdir="$folder/suite" --print_commands > commands 2> array.err ||
    report array 1
  export RETHINK_TF_TRAIN="$python -m rethink_tf train"
  job=$(sbatch --parsable --array=1-"$(wc -l < commands)" --output=array.%a \
    "$root/scripts/array.sbatch" commands)
  until compgen -G "suite/digits_p0.5-*/seed1/metrics.csv" > /dev/null; do
    sleep 1
  done
  scancel --signal=TERM "${job}_2"
  while [ -n "$(squeue --noheader --jobs="$job" 2> /dev/null)" ]; do
    scontrol update jobid="${job}_2" starttime=now 2> /dev/null || true
    sleep 1
  done
  { compgen -G "suite/digits_p*/seed1/result.json" | wc -l
    echo "runs are done;"
    grep --no-filename "queued again" array.?
  } | tr '\n' ' ' > array.out
  cat array.? >> array.err
  grep --quiet "^3 .* task 2: .* 75; queued again $" array.out || failed=1
  report array $failed
}

cases=("$@")
[ ${#cases[@]} != 0 ] || cases=(
  block three_and_one cyclic plane unpadded padded batch batch_of_four salloc
  killed failed requeue time_limit array)
for each in "${cases[@]}"; do
  "case_$each"
done
