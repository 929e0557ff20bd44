"""Tests of paths: relative to where the user typed them."""

import pathlib

from rethink_tf import paths


def test_user_paths_are_relative_to_where_bazel_was_called(monkeypatch):
  monkeypatch.setenv("BUILD_WORKING_DIRECTORY", "/users/folder")
  assert paths.user_path("runs/a") == pathlib.Path("/users/folder/runs/a")
  assert paths.user_path("/absolute") == pathlib.Path("/absolute")


def test_user_paths_are_relative_to_the_working_directory_without_bazel(
    monkeypatch, tmp_path):
  monkeypatch.delenv("BUILD_WORKING_DIRECTORY", raising=False)
  monkeypatch.chdir(tmp_path)
  assert paths.user_path("runs") == tmp_path / "runs"


def test_a_tilde_is_the_users_home(monkeypatch):
  monkeypatch.setenv("HOME", "/home/someone")
  assert paths.user_path("~/data") == pathlib.Path("/home/someone/data")


def test_the_workspace_is_the_checkout_under_bazel_run(monkeypatch):
  monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", "/checkout")
  monkeypatch.setenv("BUILD_WORKING_DIRECTORY", "/checkout/configs")
  assert paths.workspace() == pathlib.Path("/checkout")


def test_the_workspace_is_the_users_folder_without_bazel(monkeypatch):
  monkeypatch.delenv("BUILD_WORKSPACE_DIRECTORY", raising=False)
  monkeypatch.setenv("BUILD_WORKING_DIRECTORY", "/users/folder")
  assert paths.workspace() == pathlib.Path("/users/folder")
