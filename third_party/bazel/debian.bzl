"""Repositories that Debian's Bazel would otherwise download."""

def debian_repositories():
    """Gives Debian's Bazel 4.2.3 local copies of what it reaches for on the network.

    It asks for these even to build Python targets. Debian packages three of
    them; its rules_cc is too new for its Bazel and it has no coverage tools, so
    two stand-ins lie beside this file. Every other Bazel brings its own, which
    these would break: only Debian's is built without a version.
    """
    if native.bazel_version:
        return
    for name, path in {
        "platforms": "/usr/share/bazel/platforms",
        "remote_coverage_tools": "third_party/bazel/remote_coverage_tools",
        "rules_cc": "third_party/bazel/rules_cc",
        "rules_java": "/usr/share/bazel/rules/java",
        "rules_proto": "/usr/share/bazel/rules/proto",
    }.items():
        native.local_repository(name = name, path = path)
