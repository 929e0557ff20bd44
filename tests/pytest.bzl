"""One py_test a file of pytest functions."""

# What tests/run_pytest.py imports.
_RUNNER_DEPS = ["//rethink_tf/programs:quick_imports"]

def pytest_test(name, size, deps, **kwargs):
    """Runs the test functions of `<name>.py`; fails where it has none.

    Args:
      name: of the target, and of its source file less ".py".
      size: the test's size, stated for each.
      deps: what the file imports.
      **kwargs: other arguments of py_test.
    """
    native.py_test(
        name = name,
        size = size,
        srcs = [
            name + ".py",
            "//tests:run_pytest.py",
        ],
        args = ["$(location %s.py)" % name],
        main = "//tests:run_pytest.py",
        deps = deps + [dep for dep in _RUNNER_DEPS if dep not in deps],
        **kwargs
    )

def no_test_forgotten():
    """Fails where a *_test.py of the package is no test's source.

    To be called at the end of a BUILD file.
    """
    sources = {}
    for rule in native.existing_rules().values():
        for source in rule.get("srcs", []):
            sources[source.lstrip(":")] = True
    for file in native.glob(["*_test.py"]):
        if file not in sources:
            fail("Expected a test target with %s in its srcs." % file)
