"""Tests of slurm: workers where SLURM put its tasks.

What tasks were told, and where they ran, was recorded on a cluster of Slurm
22.05.8; slurm_cluster.sh sets up such a one.
"""

import pytest

from rethink_tf import errors
from rethink_tf.distributed import slurm

_HOSTS = {
    "g[1-2]": "g1 g2", "g[1-2,10]": "g1 g2 g10", "g[2,10]": "g2 g10",
    "p[01-02]": "p01 p02", "g1": "g1"}
# Nodes, tasks a node, distribution and plane's size; where each rank ran, as
# node and number there.
_RECORDED = {
    "unpadded": (
        "g[1-2,10]", "1(x3)", None, None, ["g1 0", "g2 0", "g10 0"]),
    "3 + 1": (
        "g[1-2]", "3,1", None, None, ["g1 0", "g1 1", "g1 2", "g2 0"]),
    "cyclic": (
        "g[1-2]", "3,1", "cyclic", None, ["g1 0", "g2 0", "g1 1", "g1 2"]),
    "cyclic, 4 + 1": (
        "g[2,10]", "4,1", "cyclic", None,
        ["g2 0", "g10 0", "g2 1", "g2 2", "g2 3"]),
    "plane": (
        "g[1-2,10]", "4,1(x2)", "plane", "2",
        ["g1 0", "g1 1", "g2 0", "g10 0", "g1 2", "g1 3"]),
    "padded": (
        "p[01-02]", "3,1", "block:cyclic", None,
        ["p01 0", "p01 1", "p01 2", "p02 0"]),
    "pack": (
        "g[2,10]", "3,1", "block,pack", None,
        ["g2 0", "g2 1", "g2 2", "g10 0"]),
}
_BATCH = {"SLURM_JOB_ID": "11", "SLURM_PROCID": "0", "SLURM_LOCALID": "0",
          "SLURMD_NODENAME": "g1", "SLURM_NNODES": "1"}
_SALLOC = {"SLURM_JOB_ID": "10", "SLURM_NNODES": "2", "SLURM_NTASKS": "4"}


@pytest.fixture(autouse=True)
def _scontrol(tmp_path, monkeypatch):
  """Of SLURM's programs, the one that is asked, with what it says."""
  answers = "".join(
      f'"{nodes}") echo "{hosts}" | tr " " "\\n" ;;\n'
      for nodes, hosts in _HOSTS.items())
  scontrol = tmp_path / "scontrol"
  scontrol.write_text(
      '#!/bin/sh\n[ "$1 $2" = "show hostnames" ] || exit 1\n'
      f'case "$3" in\n{answers}*) exit 1 ;;\nesac\n', encoding="utf-8")
  scontrol.chmod(0o755)
  monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")


def _task(case, rank):
  """Returns the variables of a task of `_RECORDED`."""
  nodes, counts, distribution, plane, places = _RECORDED[case]
  node, local = places[rank].split()
  variables = {
      "SLURM_STEP_ID": "0", "SLURM_STEP_NODELIST": nodes,
      "SLURM_STEP_TASKS_PER_NODE": counts, "SLURM_PROCID": str(rank),
      "SLURM_LOCALID": local, "SLURMD_NODENAME": node,
      "SLURM_DISTRIBUTION": distribution, "SLURM_DIST_PLANESIZE": plane}
  return {name: value for name, value in variables.items()
          if value is not None}


@pytest.mark.parametrize("case", _RECORDED)
def test_each_task_is_a_worker_where_slurm_put_it(case):
  places = [place.split() for place in _RECORDED[case][-1]]
  addresses = tuple(f"{node}:{9000 + int(local)}" for node, local in places)
  for rank in range(len(places)):
    cluster = slurm.resolve(_task(case, rank), 9000)
    assert cluster.addresses == addresses
    assert cluster.index == rank


def test_a_task_that_is_elsewhere_is_refused():
  # srun --distribution=arbitrary with a file of g10, g1, g10, g2.
  task = _task("unpadded", 0) | {
      "SLURM_STEP_TASKS_PER_NODE": "1(x2),2", "SLURMD_NODENAME": "g10",
      "SLURM_DISTRIBUTION": "arbitrary"}
  with pytest.raises(errors.UsageError, match=(
      "expected srun --distribution=block, cyclic or plane. Received: task 0 "
      "as task 0 of g10")):
    slurm.resolve(task, 8888)


def test_a_nodes_ports_end_where_ports_do():
  assert slurm.resolve(_task("3 + 1", 0), 65_533).addresses[2] == "g1:65535"
  with pytest.raises(errors.UsageError, match=(
      r"^--port_base: expected ports .* up to 65,535. Received: 65534, which "
      r"takes them to 65,536$")):
    slurm.resolve(_task("3 + 1", 0), 65_534)


@pytest.mark.parametrize("changed", [
    {"SLURM_STEP_NODELIST": None}, {"SLURM_STEP_TASKS_PER_NODE": None},
    {"SLURM_LOCALID": None}, {"SLURM_STEP_TASKS_PER_NODE": "3,one"},
    {"SLURM_STEP_TASKS_PER_NODE": "4"}, {"SLURM_STEP_NODELIST": "g[1-"},
    {"SLURM_PROCID": "first"}, {"SLURM_DISTRIBUTION": "plane"}])
def test_half_of_a_steps_variables_are_refused(changed):
  task = {**_task("3 + 1", 1), **changed}
  with pytest.raises(errors.UsageError, match="^SLURM: expected the variables"):
    slurm.resolve({k: v for k, v in task.items() if v is not None}, 8888)


def test_without_scontrol_a_step_is_refused(monkeypatch):
  monkeypatch.setenv("PATH", "/absent")
  with pytest.raises(errors.UsageError, match="and scontrol. Received: .*No s"):
    slurm.resolve(_task("cyclic", 1), 8888)


def test_a_batch_script_of_one_task_is_a_worker_by_itself():
  assert slurm.resolve(_BATCH, 8888).addresses == ("g1:8888",)
  assert len(slurm.resolve(_BATCH | {"SLURM_NTASKS": "1"}, 8888)) == 1


@pytest.mark.parametrize("environment, where", [
    (_BATCH | {"SLURM_NTASKS": "4"},
     "the batch script itself, ntasks=4"),
    (_BATCH | {"SLURM_NNODES": "2"},
     "the batch script itself, ntasks=2"),
    (_SALLOC, "salloc's shell, ntasks=4"),
    (_SALLOC | {"SLURM_NTASKS": "1"}, "salloc's shell, ntasks=1"),
    # With LaunchParameters=use_interactive_step it is a step of one task.
    (_BATCH | {"SLURM_NTASKS": "4", "SLURM_STEP_ID": "4294967290"},
     "ntasks=4"),
])
def test_a_command_that_srun_did_not_start_is_told_so(environment, where):
  with pytest.raises(errors.UsageError) as refusal:
    slurm.resolve(environment, 8888)
  assert str(refusal.value).startswith("SLURM: expected srun before the comm")
  assert str(refusal.value).endswith(where)
