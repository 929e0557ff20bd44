"""Tests of the conversion of CIFAR-10N's files, on labels made up here."""

import io
import pickle
import zipfile

import numpy as np
import pytest

from scripts import convert_cifar_n

_COUNT = 50_000
_CLEAN = np.arange(_COUNT) % 10
_WORSE = (_CLEAN + (_CLEAN > 5)) % 10
_LABELS = {"clean_label": _CLEAN, "worse_label": _WORSE}


def _pt(content, protocol=2):
  file = io.BytesIO()
  with zipfile.ZipFile(file, "w") as archive:
    archive.writestr("archive/data.pkl", pickle.dumps(content, protocol))
    archive.writestr("archive/version", "3\n")
  return file.getvalue()


def _npy(content):
  file = io.BytesIO()
  np.save(file, content, allow_pickle=True)
  return file.getvalue()


@pytest.mark.parametrize("content", [
    _pt(_LABELS), _pt(_LABELS, 4), _npy(_LABELS), pickle.dumps(_LABELS, 3)])
def test_each_array_becomes_a_text_file_of_its_name(content, tmp_path):
  path, folder = tmp_path / "published", tmp_path / "a/folder"
  path.write_bytes(content)
  assert convert_cifar_n.main([str(path), str(folder)]) == 0
  assert {file.name for file in folder.iterdir()} == {
      "clean_label.txt", "worse_label.txt"}
  for name, values in _LABELS.items():
    np.testing.assert_array_equal(
        np.loadtxt(folder / f"{name}.txt", dtype=int), values)


class _Bomb:
  """Leaves a file where it is unpickled."""

  def __reduce__(self):
    return (open, ("unpickled", "w"))


def test_nothing_in_a_file_is_run(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  (tmp_path / "published").write_bytes(_pt({"bomb": _Bomb(), **_LABELS}))
  assert convert_cifar_n.main(["published", "out"]) == 0
  assert not (tmp_path / "unpickled").exists()


@pytest.mark.parametrize("content, said", [
    (b"0\n1\n2\n", "at position"),
    (_pt({"clean_label": _CLEAN[:-1]}), "expected arrays of 50,000 labels"),
    (_pt({"clean": _CLEAN}), "expected arrays of 50,000 labels"),
    (_pt({"clean_label": _CLEAN.astype(float)}), "expected classes, as int64"),
    (_pt({"clean_label": _CLEAN - 1}), "Received: -1 to 8"),
    (_pt(_LABELS).replace(b"data.pkl", b"data.txt"), "expected a data.pkl"),
    (_pt(_LABELS)[:-100], "decode"),
])
def test_what_has_no_labels_is_refused_in_a_line(
    content, said, tmp_path, capsys):
  path = tmp_path / "published"
  path.write_bytes(content)
  assert convert_cifar_n.main([str(path), str(tmp_path / "out")]) == 2
  line, = capsys.readouterr().err.splitlines()
  assert line.startswith(f"error: {path}: ") and said in line
  assert not (tmp_path / "out").exists()


def test_absent_files_and_missing_arguments_are_told(tmp_path, capsys):
  assert convert_cifar_n.main([str(tmp_path / "no"), str(tmp_path)]) == 2
  assert "No such file" in capsys.readouterr().err
  assert convert_cifar_n.main([]) == 2
  assert "CIFAR-10_human.pt FOLDER" in capsys.readouterr().err
