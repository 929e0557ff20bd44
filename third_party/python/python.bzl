"""The interpreter that runs every py_binary and py_test, with what they import.

A virtual environment inside Bazel's own tree, filled from a lock with hashes
and from nothing else, so that a package on the user's machine, missing, broken
or of another version, changes nothing.

`--repo_env=RETHINK_TF_REQUIREMENTS=gpu` (or jax; default cpu) chooses the lock.
`--repo_env=RETHINK_TF_PYTHON=/path/to/python3.12` chooses the Python it is built
from, otherwise the first suitable one of _PYTHONS on PATH.
"""

_LOCKS = ["cpu", "gpu", "jax"]
_PYTHONS = ["python3", "python3.13", "python3.12", "python3.11", "/usr/bin/python3"]

# TensorFlow's wheels end at 3.13; -I below needs no more than the locks do.
_SUITABLE = "import sys, ensurepip, ssl, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))"
_DESCRIBE = "import platform, sys; print(sys._base_executable, platform.python_version(), sep='\\n')"

# The user's pip settings stay in force, since an index or a proxy may be needed
# to reach any package at all; these few would put packages elsewhere, or others
# under the build of a package.
_ENVIRONMENT = {
    "PIP_PREFIX": "",
    "PIP_REQUIRE_VIRTUALENV": "0",
    "PIP_TARGET": "",
    "PIP_USER": "0",
    "PYTHONHOME": "",
    "PYTHONPATH": "",
}

_BUILD = """\
load("@bazel_tools//tools/python:toolchain.bzl", "py_runtime_pair")

package(default_visibility = ["//visibility:public"])

exports_files(["python3"])

py_runtime(
    name = "runtime",
    interpreter = "python3",
    python_version = "PY3",
    # Bazel wraps every program in a Python script of its own, which by default
    # starts with whatever `python` is on PATH, under the user's PYTHON variables.
    stub_shebang = "#!{python} -I",
)

py_runtime_pair(
    name = "runtime_pair",
    py3_runtime = ":runtime",
)

toolchain(
    name = "toolchain",
    toolchain = ":runtime_pair",
    toolchain_type = "@bazel_tools//tools/python:toolchain_type",
)
"""

# A script, not a link: Python finds its packages from the path it is started
# by, and 30,000 files need not be linked into every test's runfiles. Bazel
# passes its import path in PYTHONPATH and appends the user's, which is dropped.
# Lock and version are named so that a change of either runs the tests again.
_PYTHON3 = """\
#!/bin/sh
# Python {version} with requirements_{name}.txt, {lock_hash}
path=
set -f
IFS=:
for entry in ${{PYTHONPATH-}}; do
  case $entry in *.runfiles*) path=$path${{path:+:}}$entry ;; esac
done
unset PYTHONHOME PYTHONSTARTUP PYTHONOPTIMIZE PYTHONWARNINGS PYTHONPLATLIBDIR
# SAFEPATH: without it the folder of the main file, in the source tree, comes
# first on the path and its modules hide others of the same name.
export PYTHONPATH="$path" PYTHONSAFEPATH=1
# Otherwise the user's keras.json and matplotlibrc change results and figures.
settings=${{TEST_TMPDIR:-'{settings}'}}
export KERAS_HOME="$settings" MPLCONFIGDIR="$settings"
exec '{venv}/bin/python3' "$@"
"""

def _tail(result, lines = 15):
    text = (result.stdout + result.stderr).strip()
    return "\n".join(text.split("\n")[-lines:])

def _locked(lock, package):
    """The lines of `lock` that pin one package, hashes included."""
    found = []
    inside = False
    for line in lock.split("\n"):
        if not line.startswith((" ", "#")):
            inside = line.startswith(package + "==")
        if inside:
            found.append(line)
    return "\n".join(found) + "\n"

def _find_python(rctx):
    chosen = rctx.os.environ.get("RETHINK_TF_PYTHON", "")
    for name in [chosen] if chosen else _PYTHONS:
        python = rctx.path(name) if name.startswith("/") else rctx.which(name)
        if python and python.exists and rctx.execute([python, "-I", "-c", _SUITABLE]).return_code == 0:
            return python
    fail("Expected Python 3.11, 3.12 or 3.13 with venv and ensurepip (Debian: python3-venv). Received: none of %s." %
         (chosen or ", ".join(_PYTHONS)))

def _python_environment_impl(rctx):
    name = rctx.os.environ.get("RETHINK_TF_REQUIREMENTS", "") or "cpu"
    if name not in _LOCKS:
        fail("Expected RETHINK_TF_REQUIREMENTS to be one of %s. Received: %s." % (", ".join(_LOCKS), name))
    lock_path = rctx.path(Label("//third_party/python:requirements_%s.txt" % name))
    lock = rctx.read(lock_path)

    python = _find_python(rctx)
    venv = str(rctx.path("venv"))
    pip = [venv + "/bin/python3", "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    pip += ["--no-deps", "--require-hashes", "--use-pep517", "--no-build-isolation"]
    rctx.file("setuptools.txt", _locked(lock, "setuptools"))

    # setuptools first, from the lock too: without build isolation `promise` is
    # built by it, with isolation by whatever version the index has today.
    for progress, command in [
        ("making a virtual environment", [python, "-I", "-m", "venv", "--clear", venv]),
        ("installing setuptools", pip + ["-r", "setuptools.txt"]),
        ("installing requirements_%s.txt, once (1 to 5 minutes)" % name, pip + ["-r", lock_path]),
    ]:
        rctx.report_progress(progress)
        result = rctx.execute(command, environment = _ENVIRONMENT, timeout = 3600)
        if result.return_code != 0:
            fail("%s failed (exit %d):\n%s" % (progress, result.return_code, _tail(result)))

    # The Python itself, where `python` above may be a shim or a virtual environment.
    base, version = rctx.execute([venv + "/bin/python3", "-I", "-c", _DESCRIBE]).stdout.split("\n")[:2]
    rctx.file("BUILD", _BUILD.format(python = base))
    rctx.file("python3", _PYTHON3.format(
        lock_hash = hash(lock),
        name = name,
        settings = rctx.path("settings"),
        venv = venv,
        version = version,
    ))

python_environment = repository_rule(
    doc = "Defines `:toolchain` (Python 3) over a virtual environment with the locked requirements.",
    implementation = _python_environment_impl,
    environ = ["RETHINK_TF_PYTHON", "RETHINK_TF_REQUIREMENTS"],
)
