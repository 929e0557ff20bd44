"""What a run ran on: recorded for readers, never compared."""

import datetime
import importlib.metadata
import os
import platform
import re
import subprocess
import sys

import keras

from rethink_tf import paths

_PACKAGES = (
    "tensorflow", "tensorflow-cpu", "keras", "jax", "numpy",
    "tensorflow-datasets", "scikit-learn")
# Variables with which libraries round otherwise, or use other devices; threads
# and instruction sets among them. Those with which they do worse are refused:
# see `flags.variables`.
_VARIABLES = (
    # GPUs, and how they multiply.
    "CUBLAS_WORKSPACE_CONFIG", "CUDA_DEVICE_ORDER", "CUDA_VISIBLE_DEVICES",
    "NVIDIA_TF32_OVERRIDE", "TF_CONV2D_USE_FP16_ACCUMULATE",
    "TF_CUDNN_DISABLE_CONV_1X1_OPTIMIZATION", "TF_CUDNN_USE_AUTOTUNE",
    "TF_FP16_MATMUL_USE_FP32_COMPUTE", "TF_MATMUL_AUTOTUNE_ENABLE",
    "TF_USE_CUBLASLT",
    # Instruction sets and kernels.
    "DNNL_MAX_CPU_ISA", "GLIBC_TUNABLES", "NPY_DISABLE_CPU_FEATURES",
    "NPY_ENABLE_CPU_FEATURES", "ONEDNN_MAX_CPU_ISA", "OPENBLAS_CORETYPE",
    "TF_ENABLE_MAXPOOL_NANPROP", "TF_ENABLE_ONEDNN_OPTS",
    "TF_ENABLE_ONEDNN_SPMM", "TF_ENABLE_ZENDNN_OPTS", "TF_USE_DEEP_CONV2D",
    # Threads, among which sums are divided.
    "GOTO_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS", "TF_NUM_INTEROP_THREADS", "TF_NUM_INTRAOP_THREADS",
    "TF_OVERRIDE_GLOBAL_THREADPOOL",
    # What compiles, and what libraries there are.
    "JAX_DEFAULT_MATMUL_PRECISION", "JAX_DISABLE_JIT",
    "JAX_NUMPY_DTYPE_PROMOTION", "JAX_PLATFORMS", "KERAS_BACKEND", "LD_PRELOAD",
    "SCIPY_ARRAY_API", "TF_DETERMINISTIC_OPS", "TF_JIT_COMPILE_REWRITE",
    "TF_XLA_FLAGS", "XLA_FLAGS")
# Of a processor, the instructions on vectors and matrices.
_VECTORS = re.compile(r"sse|ssse|avx|fma$|f16c|amx|asimd|sve|sme|bf16|i8mm")


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
      "processor": _read_processor("model name") or platform.processor(),
      "instruction_set": _find_instruction_set(),
      "onednn": _is_onednn_on(),
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


def _is_onednn_on():
  """Returns whether TensorFlow uses oneDNN; None where it does not say."""
  if "tensorflow" not in sys.modules:  # Another backend computes.
    return None
  try:
    from tensorflow.python.util import _pywrap_util_port  # noqa: PLC0415

    return _pywrap_util_port.IsMklEnabled()
  except (ImportError, AttributeError):
    return None


def _find_instruction_set():
  """Returns the names of vector instructions that the processor has, sorted."""
  words = _read_processor("flags") or _read_processor("Features") or ""
  return sorted(filter(_VECTORS.match, words.split()))


def _read_processor(name):
  """Returns what Linux says of the first processor under a name, or None."""
  try:
    with open("/proc/cpuinfo", encoding="utf-8") as file:
      for line in file:
        if line.startswith(name):
          return line.split(":", 1)[1].strip()
  except OSError:
    pass
  return None
