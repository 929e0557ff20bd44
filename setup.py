"""The packages that `pip install .` installs; pyproject.toml says the rest."""

import setuptools

setuptools.setup(
    packages=[
        *setuptools.find_namespace_packages(include=["rethink_tf*"]),
        # Beside the package in a checkout, and within it once installed.
        "rethink_tf.configs", "rethink_tf.configs.suites"],
    package_dir={"rethink_tf.configs": "configs"},
    package_data={"": [
        "*.csv", "*.css", "*.flags", "*.html", "*.js", "*.toml"]})
