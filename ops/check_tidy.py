#!/usr/bin/env python3
"""Runs clang-tidy over a build folder's compile database, two files at a time. A file that was clean
is not looked at again until its text, a header of it, its flags or .clang-tidy change."""

import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys

FINDING = re.compile(r"^\S+:\d+:\d+: (warning|error): ")


def configuration():
    texts = []
    for name in (".clang-tidy", "tests/.clang-tidy"):
        with open(name, "rb") as file:
            texts.append(file.read())
    return b"".join(texts)


def digest_of(entry, settings):
    """Of all that clang-tidy will see: comments too, for NOLINT stands in them."""
    command = re.sub(r" -o \S+ -c ", " -E -C ", entry["command"])
    seen = subprocess.run(command, shell=True, cwd=entry["directory"], capture_output=True, check=False)
    return hashlib.sha256(settings + command.encode() + seen.stdout + seen.stderr).hexdigest()


def look(entry, build, settings):
    stamp = os.path.join(build, "tidy", digest_of(entry, settings))
    if os.path.exists(stamp):
        return ""
    run = subprocess.run(["clang-tidy", "--quiet", "-p", build, entry["file"]],
                         capture_output=True, text=True, check=False)
    if run.returncode == 0 and not any(FINDING.match(line) for line in run.stdout.splitlines()):
        with open(stamp, "w", encoding="utf-8"):
            pass
        return ""
    return run.stdout or run.stderr


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: ops/check_tidy.py BUILD_FOLDER (configured with clang)")
    build = os.path.abspath(sys.argv[1])
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    os.makedirs(os.path.join(build, "tidy"), exist_ok=True)
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        entries = {entry["file"]: entry for entry in json.load(file) if entry["file"].endswith(".c")}
    settings = configuration()

    findings = {}
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for said in pool.map(lambda entry: look(entry, build, settings), entries.values()):
            # A header is seen by many: each finding is shown once.
            for block in re.split(r"(?m)^(?=\S+:\d+:\d+: (?:warning|error): )", said):
                findings.setdefault(block.split("\n", 1)[0], block)
    findings.pop("", None)
    root = os.getcwd() + "/"
    for block in findings.values():
        print(block.replace(root, "").rstrip())
    print(f"{len(entries)} files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
