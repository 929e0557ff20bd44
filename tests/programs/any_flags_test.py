"""A property of the program: flags either run or are refused in one line."""

import contextlib
import io
import math
import tempfile

import hypothesis
from hypothesis import strategies as st

from rethink_tf import errors
from rethink_tf.flags import declare
from rethink_tf.flags import training as training_flags
from rethink_tf.programs import train


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
    "label_seed": _numbers(int, lambda x: 0 <= x < 2**31),
    "label_noise": _words("uniform", "asymmetric"),
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


@hypothesis.settings(
    max_examples=40, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(hypothesis.HealthCheck))
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
               "help", "preview",
               # A file's: tests/flags/labels_file_test.
               "labels_file",
               # Refused but where there is a run: extend_test.
               "extend",
               # Refused but with ImageNet: tests/flags/imagenet_test.
               "image_size", "data_augmentation", "aux_head", "label_smoothing",
               "batch_norm_decay", "moving_average_decay", "allow_sample"}
  values = declare.define(training_flags.Config, training_flags.Options)
  assert set(values) == set(_FLAGS) | elsewhere
