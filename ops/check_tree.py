#!/usr/bin/env python3
"""Checks what no compiler sees: left-over marks, files that have grown too long, functions that are
unsafe with threads, and invariants that are cited but not stated, or stated but not kept."""

import os
import re
import subprocess
import sys

LINES_MAX = 700
LONG_FILES = "ops/long_files.txt"
CODE = (".c", ".h", ".py", ".sh", ".S", ".cmake")
MARKS = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK", "WI" + "P")) + r")\b")
UNSAFE = re.compile(r"\b(strtok|localtime|gmtime|asctime|ctime|rand|srand|random|srandom|setenv|putenv|"
                    r"unsetenv|setlocale|gethostbyname|inet_ntoa|strsignal|getpwnam|getpwuid|tmpnam|"
                    r"gets|sprintf|vsprintf|alloca)\s*\(")
STATED = re.compile(r"^- ([LRJDSH]\d+) ")
CITED = re.compile(r"\(((?:[LRJDSH]\d+)(?:, ?[A-Z]\d+)*)[):]")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"", re.S)


def tree_files():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"],
                            capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted(path for path in listed if os.path.isfile(path))


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def is_code(path):
    return path.endswith(CODE) or (path.startswith("ops/") and "." not in os.path.basename(path))


def long_files():
    allowed = {}
    for line in read(LONG_FILES).splitlines():
        if line.strip() and not line.startswith("#"):
            path, _, reason = line.partition(" ")
            allowed[path] = reason.strip()
    return allowed


def check_marks(path, text, findings):
    for number, line in enumerate(text.splitlines(), 1):
        match = MARKS.search(line)
        if match:
            findings.append(f"{path}:{number}: a left-over mark: {match.group(1)}")


def check_length(path, text, allowed, findings):
    lines = text.count("\n")
    if lines > LINES_MAX and not allowed.get(path):
        findings.append(f"{path}: {lines} lines; two nouns in one file? Else say why in {LONG_FILES}")


def check_calls(path, text, findings):
    code = COMMENT.sub(lambda match: "\n" * match.group(0).count("\n"), text)
    for number, line in enumerate(code.splitlines(), 1):
        match = UNSAFE.search(line)
        if match and path.startswith(("include/", "proto/", "node/")):
            findings.append(f"{path}:{number}: {match.group(1)}() is unsafe with threads or sizes")


def check_invariants(files, findings):
    stated = {match.group(1) for match in map(STATED.match, read("node/README.md").splitlines()) if match}
    kept, proved = set(), set()
    for path in files:
        if not path.startswith(("include/", "proto/", "node/", "tests/")) or path.endswith(".md"):
            continue
        for number, line in enumerate(read(path).splitlines(), 1):
            for match in CITED.finditer(line):
                for name in re.split(", ?", match.group(1)):
                    (proved if path.startswith("tests/") else kept).add(name)
                    if name not in stated and name[0] in "LRJDSH":
                        findings.append(f"{path}:{number}: node/README.md states no invariant {name}")
    for name in sorted(stated):
        if name not in kept:
            findings.append(f"node/README.md: {name} is cited nowhere in the code")
        if name not in proved:
            findings.append(f"node/README.md: {name} is cited in no test")


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    files = tree_files()
    allowed = long_files()
    findings = []
    for path in files:
        if path == "LICENSE" or path.startswith("tests/fuzz/corpus/") or path.endswith((".png", ".svg")):
            continue
        text = read(path)
        check_marks(path, text, findings)
        if is_code(path):
            check_length(path, text, allowed, findings)
        if path.endswith((".c", ".h")):
            check_calls(path, text, findings)
    for path in allowed:
        if path not in files or read(path).count("\n") <= LINES_MAX:
            findings.append(f"{LONG_FILES}: {path} is not long any more")
    check_invariants(files, findings)
    for finding in findings:
        print(finding)
    print(f"{len(files)} files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
