"""Peak memory of one epoch of MLP 1x512 on CIFAR-10, and what an image adds.

Each run is a process of its own. Both load the whole dataset; the first trains
on so few images that what it takes is the start: TensorFlow and the other
libraries, the dataset, and the test set as network inputs.
"""

import pathlib
import subprocess
import sys
import tempfile

from rethink_tf import errors

_FEW, _MANY = 1_000, 50_000
# Prints the most memory that the process has had, in kB.
_TRAIN = """
import resource, sys
from rethink_tf import errors
from rethink_tf.programs import train
code = errors.exit_code_of(train.main, sys.argv)
print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
sys.exit(code)
"""


def main(argv):
  """Measures with more flags of the training program as arguments, or none."""
  few, many = (_measure(count, argv[1:]) for count in (_FEW, _MANY))
  print(f"{_FEW:,} images: {few / 1e6:.2f} GB; {_MANY:,}: {many / 1e6:.2f} GB "
        "(wanted: less than 1.9)")
  each = (many - few) / (_MANY - _FEW)
  print(f"beyond the start an image takes {each:.1f} kB "
        "(wanted: at most 12)")


def _measure(count, flags):
  """Returns the peak memory of a run, in kB of 1,000 bytes."""
  with tempfile.TemporaryDirectory() as folder:
    done = subprocess.run(
        [sys.executable, "-c", _TRAIN, "--dataset=cifar10", "--model=mlp_1x512",
         "--epochs=1", f"--train_examples={count}", *flags,
         f"--logdir={pathlib.Path(folder) / 'run'}"],
        capture_output=True, text=True, check=False)
  if done.returncode:
    raise RuntimeError(done.stderr)
  return int(done.stdout.rpartition("peak ")[2]) * 1.024


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))
