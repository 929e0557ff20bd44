"""Tests of what a browser shows of four runs: entries, tags, HParams."""

import time
import urllib.parse

import pytest

from rethink_tf import errors
from rethink_tf.programs import train
from tests import chromium
from tests import launch

# The flags of each run, and what its entry begins with.
_RUNS = {
    (): "mlp_1x512, digits, true labels, 200 examples, mlp_1x512-",
    ("--label_corruption=1",):
        "mlp_1x512, digits, random labels, 200 examples, mlp_1x512-",
    ("--label_corruption=0.5",):
        "mlp_1x512, digits, label corruption 0.5, 200 examples, mlp_1x512-",
    ("--pixel_randomization=shuffled_pixels",):
        "mlp_1x512, digits, shuffled pixels, true labels, 200 examples, ",
}
_COLUMNS = (
    "label_corruption", "pixel_randomization", "test accuracy",
    "train accuracy")
# Where texts of the table end, in pixels from the left of the window.
_ENDS = """(function find(node) {
    return [...node.querySelectorAll("*")].flatMap(part => [
        ...(part.shadowRoot ? find(part.shadowRoot) : []),
        ...(part.matches(".table-header") && part.innerText.trim() ?
            [[part.innerText.trim(), part.getBoundingClientRect().right]]
            : [])]);
    })(document)"""


@pytest.fixture(name="address", scope="module")
def _address(tmp_path_factory):
  """Where TensorBoard shows the runs, as it prints it."""
  chromium.require()
  folder = tmp_path_factory.mktemp("user")
  with pytest.MonkeyPatch.context() as patch:
    patch.setenv("BUILD_WORKSPACE_DIRECTORY", str(folder))
    for flags in _RUNS:
      assert errors.exit_code_of(train.main, [
          "train", "--dataset=digits", "--train_examples=200", "--epochs=3",
          *flags]) == 0
    port = launch.free_addresses(1)[0].rpartition(":")[2]
    process = launch.start("tensorboard", f"--port={port}", folder=folder)
    try:
      line = process.stdout.readline()
      assert line.startswith("Loss and accuracy: http://"), line
      yield line.split(": ", 1)[1].strip()
    finally:
      process.terminate()
      process.communicate()


def _wait_for_words(page, words, seconds=300):
  """Waits until a page shows them all; returns its text."""
  deadline = time.monotonic() + seconds
  while True:
    text = page.text().replace(" /", "/")  # A tag is two texts.
    missing = [word for word in words if word not in text]
    if not missing:
      return text
    assert time.monotonic() < deadline, (missing, text)
    time.sleep(1)


def test_the_first_view_has_an_entry_a_run_and_loss_and_accuracy(
    address, tmp_path):
  with chromium.opened(address, tmp_path) as page:
    text = _wait_for_words(page, [
        *_RUNS.values(), "4 cards", "accuracy/test", "accuracy/train"])
    entries = page.run("fetch('data/runs').then(read => read.json())")
    assert len(entries) == len(_RUNS)
    assert not page.errors
  # What comes first without a filter is all that the run has.
  assert text.index("accuracy/test") < text.index("accuracy/train")


def test_each_kind_of_label_is_a_tag(
    address, tmp_path):
  server, _, _ = address.partition("?")
  with chromium.opened(
      f"{server}?tagFilter=_labels#timeseries", tmp_path) as page:
    _wait_for_words(page, [
        "accuracy/train_corrupted_labels", "accuracy/train_untouched_labels"])


def test_hparams_has_what_tells_runs_apart_and_their_accuracies(
    address, tmp_path):
  server = urllib.parse.urlsplit(address)
  with chromium.opened(
      f"{server.scheme}://{server.netloc}/#hparams", tmp_path) as page:
    text = _wait_for_words(page, [*_RUNS.values(), *_COLUMNS])
    ends = dict(page.run(_ENDS))
  assert set(_COLUMNS) <= set(ends)
  assert max(ends.values()) <= 1440
  # What they have in common, and what nobody asks of a column.
  for absent in ("dataset", "weight_decay", "seed ", "batch_size", "test loss"):
    assert absent not in text
