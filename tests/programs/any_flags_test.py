"""A property of every program: any flags end in a result or are refused.

Continuous integration draws a few commands a program, the same ones each time.
As many others as one likes:

    scripts/bazel test //tests/programs:any_flags_test \\
        --test_env=ANY_FLAGS_DRAWS=200 --test_timeout=7200
"""

import collections.abc
import contextlib
import dataclasses
import importlib
import io
import math
import os
import pathlib
import shutil
import tempfile

import hypothesis
from hypothesis import strategies as st
import pytest

from rethink_tf import errors
from rethink_tf import programs
from rethink_tf.flags import declare
from rethink_tf.flags import double_descent as double_descent_flags
from rethink_tf.flags import examples as examples_flags
from rethink_tf.flags import export as export_flags
from rethink_tf.flags import linear as linear_flags
from rethink_tf.flags import measure as measure_flags
from rethink_tf.flags import memorization as memorization_flags
from rethink_tf.flags import pack as pack_flags
from rethink_tf.flags import run as run_flags
from rethink_tf.flags import section5 as section5_flags
from rethink_tf.flags import selection as selection_flags
from rethink_tf.flags import suites as suite_flags
from rethink_tf.flags import theory as theory_flags
from rethink_tf.flags import training as training_flags
from rethink_tf.programs import train
from tests.programs import damage

_DRAWS = int(os.environ.get("ANY_FLAGS_DRAWS", "0"))


def _settings(few):
  """Returns Hypothesis's settings, with so many draws where none are asked."""
  return hypothesis.settings(
      max_examples=_DRAWS or few, deadline=None, derandomize=not _DRAWS,
      database=None, suppress_health_check=list(hypothesis.HealthCheck),
      # Without shrinking, which takes longer than all else: a command is short.
      phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate))


def _numbers(kind, valid):
  """Returns strategies of texts that a flag takes, and of others."""
  at_limits = [0, 1, -1, 2, 2**31 - 1, 2**31, 2**63]
  if kind is int:
    values = st.sampled_from(at_limits) | st.integers()
    words = st.sampled_from(["", "1.5", "nan", "ten", "1e3"])
  else:
    values = st.sampled_from([*at_limits, 0.5, 1e-300, 1e300]) | st.floats()
    words = st.sampled_from(["", "0,5", "half", "--", "1/2"])
  good = values.filter(valid).map(repr)
  return good, words | values.filter(lambda x: not valid(x)).map(repr)


def _words(*valid):
  return st.sampled_from(valid), st.sampled_from(
      ["", "None", "MLP", "none ", "vgg", "\u00e9\n"])


def _whole(x):
  return 1 <= x < 2**31


# Each flag that does not decide how long a run takes, and what it may be.
_FLAGS = {
    "model": _words("mlp_1x512", "mlp_1x512", "mlp_3x512", "alexnet_small"),
    "label_corruption": _numbers(float, lambda x: 0 <= x <= 1),
    "pixel_randomization": _words(*training_flags.PIXEL_RANDOMIZATIONS),
    "random_crop": _words("true", "false", "1"),
    "weight_decay": _numbers(float, lambda x: 0 <= x <= 3.4e38),
    "dropout": _numbers(float, lambda x: 0 <= x < 1),
    "batch_size": _numbers(int, _whole),
    "learning_rate": _numbers(float, lambda x: 0 < x <= 3.4e38),
    "lr_decay": _numbers(float, lambda x: 0 <= x <= 1),
    "lr_decay_examples": _numbers(int, _whole),
    "eval_every": _numbers(int, _whole),
    "seed": _numbers(int, lambda x: 0 <= x < 2**31),
    "stop_when_fitted": _numbers(int, lambda x: 0 <= x < 2**31),
    "precision": _words("float32", "bfloat16"),
    "width": _numbers(int, lambda x: 1 <= x <= 600),
    "label_seed": _numbers(int, lambda x: 0 <= x < 2**31),
    "label_noise": _words("uniform", "asymmetric"),
    "record_examples": _words("true", "false"),
    "halve_test_set": _words("true", "false"),
    # Others take a minute a run.
    "measure_every": (st.just("0"), st.sampled_from(["", "-1", "often"])),
    "checkpoint_minutes": _numbers(float, lambda x: 0 < x < math.inf),
    "deterministic": _words("true", "false"),
    "strategy": _words("one_device"),
    "worker_timeout": _numbers(float, lambda x: 0 < x < math.inf),
    "port_base": (st.integers(1024, 65535).map(repr),
                  st.sampled_from(["", "1023", "65536", "http"])),
    "resume": _words("true", "false"),
    "overwrite": _words("true", "false"),
}


@st.composite
def _commands(draw):
  """Draws (flags, whether all of them are valid): in half, one is not."""
  names = draw(st.lists(st.sampled_from(sorted(_FLAGS)), unique=True))
  drawn = {name: draw(_FLAGS[name][0]) for name in names}
  spoiled = draw(st.booleans()) and bool(names)
  if spoiled:
    name = draw(st.sampled_from(names))
    drawn[name] = draw(_FLAGS[name][1])
  return [f"--{name}={text}" for name, text in drawn.items()], not spoiled


@_settings(40)
@hypothesis.given(command=_commands())
def test_any_flags_run_a_step_or_are_refused_in_one_line(command):
  arguments, valid = command
  out, err = io.StringIO(), io.StringIO()
  with tempfile.TemporaryDirectory() as folder:
    argv = ["train", "--dataset=digits", "--train_examples=16", "--epochs=1",
            f"--logdir={folder}/run", *arguments]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
      code = errors.exit_code_of(train.main, argv)
  lines = err.getvalue().splitlines()
  if code == 0:
    assert valid and not lines and "training accuracy" in out.getvalue()
  else:
    # A large rate or penalty may well diverge in the first step.
    assert code == (5 if valid else 2)
    line, = lines
    assert line.startswith("error: ")


def test_no_flag_is_left_out_of_the_property():
  elsewhere = {"dataset", "train_examples", "epochs", "logdir", "data_dir",
               "help", "helpfull", "preview",
               # A file's: tests/flags/labels_file_test.
               "labels_file",
               # That go together: subset_test.
               "subset", "subset_fraction",
               # Refused but where there is a run: extend_test.
               "extend",
               # Refused but with ImageNet: tests/flags/imagenet_test.
               "image_size", "data_augmentation", "aux_head", "label_smoothing",
               "batch_norm_decay", "moving_average_decay", "allow_sample"}
  values = declare.define(training_flags.Config, training_flags.Options)
  assert set(values) == set(_FLAGS) | elsewhere


@dataclasses.dataclass(frozen=True)
class _Program:
  """A program, and how its commands are made tiny.

  Attributes:
    parse: the function that reads its flags.
    kinds: the classes of its flags.
    tiny: flags that make it take a second, whatever was given before.
  """

  parse: collections.abc.Callable
  kinds: tuple[type, ...]
  tiny: tuple[str, ...]


def _linear(parse, kinds, *tiny):
  return _Program(parse, kinds, ("--dataset=digits", "--filters=20", *tiny))


def _theory(parse, kind, *tiny):
  return _Program(parse, (kind, run_flags.NetworkOptions), tiny)


_PROGRAMS = {
    "train": _Program(
        training_flags.parse, (training_flags.Config, training_flags.Options),
        ("--dataset=digits", "--train_examples=16", "--epochs=1",
         "--model=mlp_1x512", "--strategy=one_device")),
    "interpolate": _linear(
        linear_flags.parse_interpolate,
        (linear_flags.LinearConfig, linear_flags.LinearOptions),
        "--train_examples=40"),
    "section5": _linear(
        section5_flags.parse_section5,
        (section5_flags.Section5Config, section5_flags.Section5Options),
        "--train_examples=30", "--test_examples=10", "--sgd_examples=10",
        "--sgd_epochs=3"),
    "select_kernel": _linear(
        selection_flags.parse_select,
        (linear_flags.LinearConfig, selection_flags.SelectOptions),
        "--train_examples=20", "--folds=2"),
    "double_descent": _Program(
        double_descent_flags.parse_double_descent,
        (double_descent_flags.DoubleDescentConfig,
         double_descent_flags.DoubleDescentOptions),
        ("--dataset=digits", "--train_examples=30", "--features=2,30,60")),
    "measure": _Program(
        measure_flags.parse_measure, (measure_flags.MeasureOptions,), ()),
    "memorization": _Program(
        memorization_flags.parse_memorization,
        (memorization_flags.MemorizationOptions,), ()),
    "examples": _Program(
        examples_flags.parse_examples, (examples_flags.ExamplesOptions,), ()),
    "export": _Program(export_flags.parse, (export_flags.ExportOptions,), ()),
    "pack": _Program(pack_flags.parse, (pack_flags.PackOptions,), ()),
    "report": _Program(
        suite_flags.parse_report, (suite_flags.ReportOptions,), ()),
    "reproduce": _Program(
        suite_flags.parse_reproduce, (suite_flags.SuiteOptions,),
        ("--dry_run",)),
    "expressivity": _theory(
        theory_flags.parse_expressivity, theory_flags.Expressivity,
        "--dataset=digits", "--n=20", "--epochs=2"),
    "lemma1": _theory(
        theory_flags.parse_lemma1, theory_flags.Lemma1,
        "--sizes=3", "--instances=2"),
    "separation": _theory(
        theory_flags.parse_separation, theory_flags.Separation,
        "--dataset=digits", "--n=100"),
    "corollary1": _theory(
        theory_flags.parse_corollary1, theory_flags.Corollary1,
        "--dataset=digits", "--n=20", "--blocks=2"),
    "perceptron": _theory(
        theory_flags.parse_perceptron, theory_flags.Perceptron,
        "--dataset=digits", "--n=10", "--passes=5"),
    "rademacher": _theory(
        theory_flags.parse_rademacher, theory_flags.Rademacher,
        "--dataset=digits", "--n=10", "--draws=1", "--epochs=1"),
    "vc_dimension": _theory(
        theory_flags.parse_vc_dimension, theory_flags.VcDimension,
        "--dataset=digits", "--n=2,13", "--labelings=3"),
    "stability": _theory(
        theory_flags.parse_stability, theory_flags.Stability,
        "--dataset=digits", "--n=20", "--replacements=1", "--held_out=10",
        "--epochs=1"),
}
# What no flag has for a value, but some shell or flagfile may.
_ODD = st.sampled_from([
    "", "None", "\u00e9\n", "\udce9", "a\0b", 5000 * "9", "-" + 400 * "9",
    "[1]", "=", "--"])
_PATHS = ("absent", "file.txt", "file.txt/run", "run", ".", 300 * "d",
          "x.keras", "x.weights.h5", "/proc/rethink_tf")
# Of flags that are words.
_CHOSEN = {
    "dataset": ("digits", "mnist", "cifar10", "imagenet"),
    "model": ("mlp_1x512", "linear", "inception_v3"),
    "label_noise": run_flags.LABEL_NOISES,
    "labels_file": ("file.txt", "run", "absent", "/dev/null"),
    "pixel_randomization": training_flags.PIXEL_RANDOMIZATIONS,
    "precision": training_flags.PRECISIONS,
    "strategy": training_flags.STRATEGIES,
    "preprocessing": linear_flags.PREPROCESSINGS,
    "kernel": linear_flags.KERNELS,
    "solver": linear_flags.SOLVERS,
    "wavelengths": ("4", "2+28", "4+4", "4,8", "1e300", "nan", "+"),
    "method": theory_flags.METHODS,
    "try": ("l2=0,1", "l2=-1", "l2=", "bandwidth=1e-30,1e30", "solver=cg",
            "bandwidth=1,1", "kernel=linear,gaussian", "tolerance=1e-12",
            "try=l2=1", "threshold", "=", "seed=1,x",
            "preprocessing=gabor,random_convnet"),
    "suite": ("smoke", "table1", "no_such_suite", "file.txt", "run", "/",
              "../x"),
    "seeds": ("1", "1,2", "2147483648", "1,1", "-1", "1,"),
    "only": ("*", "a", "[", "a,b", "[!"),
    **dict.fromkeys(("logdir", "data_dir", "runs", "out", "readme"), _PATHS),
}
_NUMBERS = st.sampled_from([
    "0", "1", "-1", "2", "3", "7", "0.5", "1e-300", "1e300", "1e-30", "1e30",
    "nan", "inf", "-0.0", "2147483647", "2147483648", "9223372036854775808",
    "1e5", "0x10", "1_0", "1,2", "0,1", "4,4", "1,", ","])


def _texts(flag):
  """Returns a strategy of what may be typed for an `absl.flags.Flag`."""
  kind = flag.flag_type()
  if kind == "bool":
    return st.sampled_from(["true", "false", "1"])
  if flag.name in _CHOSEN:
    return st.sampled_from(_CHOSEN[flag.name])
  return _NUMBERS | (st.integers() if kind == "int" else st.floats()).map(repr)


@st.composite
def _any_commands(draw, kinds):
  """Draws four flags of some classes at most, and spoils one at times."""
  defined = declare.define(*kinds)
  names = sorted(set(defined) - {"help", "helpfull"})
  drawn = {name: draw(_texts(defined[name])) for name in draw(
      st.lists(st.sampled_from(names), unique=True, max_size=4))}
  if drawn and draw(st.integers(0, 3)) == 0:
    drawn[draw(st.sampled_from(sorted(drawn)))] = draw(_ODD)
  return [f"--{name}={text}" for name, text in drawn.items()]


@pytest.fixture(name="made", scope="module")
def _made(tmp_path_factory):
  """The run directory of a finished run."""
  directory = tmp_path_factory.mktemp("made") / "run"
  damage.make("train", directory, True)
  return directory


def _assert_runs_or_is_refused(name, arguments, made):
  """Reads a command, and runs it with what makes it tiny, in a folder."""
  program = _PROGRAMS[name]
  with contextlib.suppress(errors.UsageError):
    program.parse(arguments)
  # As Python makes them: what is no text may well be an error there.
  out = io.TextIOWrapper(io.BytesIO(), "utf-8")
  err = io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace")
  with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
    pathlib.Path("file.txt").write_text("1\n", "utf-8")
    shutil.copytree(made, "run")
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
      main = importlib.import_module(f"rethink_tf.programs.{name}").main
      code = errors.exit_code_of(main, [name, *arguments, *program.tiny])
  err.flush()
  lines = err.buffer.getvalue().decode().splitlines()
  refusals = [line for line in lines if not line.startswith("warning: ")]
  assert code in (0, 2, 3, 4, 5), lines
  assert all(line.startswith("error: ") for line in refusals), lines
  # Programs that go over many runs name each in a warning.
  assert len(refusals) <= (code != 0) <= len(lines), lines


@pytest.mark.parametrize("name", _PROGRAMS)
def test_any_flags_of_any_program_end_in_a_result_or_a_line(name, made):
  @_settings(6)
  @hypothesis.given(_any_commands(_PROGRAMS[name].kinds))
  def try_any(arguments):
    _assert_runs_or_is_refused(name, arguments, made)

  try_any()


def test_no_program_is_left_out():
  folder = pathlib.Path(programs.__file__).parent
  mains = {path.stem for path in folder.glob("*.py")
           if "__main__" in path.read_text("utf-8")}
  # TensorBoard takes its own flags.
  assert set(_PROGRAMS) == mains - {"tensorboard"}
