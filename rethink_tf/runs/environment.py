"""What a run ran on: recorded for readers, never compared."""

import datetime
import importlib.metadata
import os
import platform
import subprocess
import sys

import keras

from rethink_tf import paths

_PACKAGES = (
    "tensorflow", "tensorflow-cpu", "keras", "jax", "numpy",
    "tensorflow-datasets", "scikit-learn")
# Variables with which libraries round otherwise, or use other devices; threads
# and instruction sets among them.
_VARIABLES = (
    "CUDA_VISIBLE_DEVICES", "DNNL_MAX_CPU_ISA", "KERAS_BACKEND",
    "MKL_NUM_THREADS", "NPY_DISABLE_CPU_FEATURES", "NVIDIA_TF32_OVERRIDE",
    "OMP_NUM_THREADS", "ONEDNN_MAX_CPU_ISA", "OPENBLAS_CORETYPE",
    "OPENBLAS_NUM_THREADS", "TF_DETERMINISTIC_OPS", "TF_ENABLE_ONEDNN_OPTS",
    "TF_NUM_INTEROP_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_XLA_FLAGS",
    "XLA_FLAGS")


def describe(options, deterministic, shared=None):
  """Returns versions, machine, revision, paths and start time as a dict.

  Args:
    options: the `Options`.
    deterministic: whether TensorFlow is.
    shared: dict of how the work is shared, or None where one device has it.
  """
  return {
      "command": sys.argv,
      "started": datetime.datetime.now(datetime.timezone.utc).isoformat(),
      "logdir": str(options.logdir),
      "data_dir": str(options.data_dir) if options.data_dir else None,
      "revision": _find_revision(),
      "python": platform.python_version(),
      "packages": _find_versions(),
      "backend": keras.backend.backend(),
      "devices": keras.distribution.list_devices(),
      "platform": platform.platform(),
      "processor": _find_processor(),
      "cores": os.cpu_count(),
      "variables": {
          name: os.environ[name] for name in _VARIABLES if name in os.environ},
      "deterministic": deterministic,
      **(shared or {}),
  }


def _find_versions():
  versions = {}
  for name in _PACKAGES:
    try:
      versions[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
      pass
  return versions


def _find_revision():
  """Returns the checkout's commit, with "+" where it was changed, or None."""
  git = ["git", "-C", str(paths.workspace())]
  try:
    commit = subprocess.run(
        [*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    status = subprocess.run(
        [*git, "status", "--porcelain"], check=True, capture_output=True,
        text=True)
  except (OSError, subprocess.CalledProcessError):
    return None
  return commit.stdout.strip() + ("+" if status.stdout.strip() else "")


def _find_processor():
  try:
    with open("/proc/cpuinfo", encoding="utf-8") as file:
      for line in file:
        if line.startswith("model name"):
          return line.split(":", 1)[1].strip()
  except OSError:
    pass
  return platform.processor()
