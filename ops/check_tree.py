#!/usr/bin/env python3
"""Checks what no compiler sees: left-over marks, files that have grown too long, functions that are
unsafe with threads, documents that are named but not there, and invariants that are cited but not
stated, or stated but not kept."""

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
STATED = re.compile(r"^- ([LRJDSHV]\d+) ")
# "(J1)", "/* L1, L2", " * H1: ..": in a comment, and not part of a longer word.
CITED = re.compile(r"(?:\(|^\s*/\* |^ \* )((?:[LRJDSHV]\d+)(?:(?:, | and )[LRJDSHV]\d+)*)(?=[),:. ])", re.M)
NAMED = re.compile(r"\w[\w/.-]*\.md\b")
FOUND = re.compile(r'(?:sim_finding|differs)\([\w>.-]+,\s*"([A-Z]+\d*)"|return "([A-Z]\d+)";')
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
    """A node's invariants are stated in node/README.md, kept in the code and proved in a test, or
    watched over by the simulator, whose own names for them are another table."""
    stated = {match.group(1) for match in map(STATED.match, read("node/README.md").splitlines()) if match}
    table = read("tests/sim/README.md")
    watched = set(re.findall(r"\b[LRJDSHV]\d+\b", " ".join(re.findall(r"(?m)^\|.*\|([^|]*)\|$", table))))
    kept, proved = set(), set(watched)
    for path in files:
        if not path.startswith(("include/", "proto/", "node/", "tests/")) or not path.endswith((".c", ".h")):
            continue
        if path.startswith("tests/sim/"):
            continue
        for match in CITED.finditer(read(path)):
            for name in re.split(", | and ", match.group(1)):
                (proved if path.startswith("tests/") else kept).add(name)
                if name not in stated:
                    findings.append(f"{path}: node/README.md states no invariant {name}")
    for name in sorted(watched - stated):
        findings.append(f"tests/sim/README.md: node/README.md states no invariant {name}")
    for name in sorted(stated):
        if name not in kept:
            findings.append(f"node/README.md: {name} is cited nowhere in the code")
        if name not in proved:
            findings.append(f"node/README.md: {name} is cited in no test")


def check_findings(files, findings):
    """Each name that the simulator gives to a finding stands in its table, and the other way round."""
    listed = set(re.findall(r"(?m)^\| ([A-Z]+\d*) \|", read("tests/sim/README.md")))
    used = set()
    for path in files:
        if path.startswith("tests/sim/") and path.endswith(".c"):
            text = read(path)
            used |= {name for pair in FOUND.findall(text) for name in pair if name}
            used |= set(re.findall(r"invariant=([A-Z]+\d+) ", text))
    for name in sorted(used ^ listed):
        findings.append(f"tests/sim/README.md: {name} is " + ("not explained" if name in used else "never found"))


def check_documents(path, text, files, findings):
    """A document that a comment or another document names is in the tree."""
    folder = os.path.dirname(path)
    for number, line in enumerate(text.splitlines(), 1):
        for name in NAMED.findall(line):
            near = os.path.normpath(os.path.join(folder, name))
            if name not in files and near not in files and not any(file.endswith("/" + name) for file in files):
                findings.append(f"{path}:{number}: there is no {name}")


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
        if path.endswith((".c", ".h", ".md")):
            check_documents(path, text, files, findings)
        if path.endswith((".c", ".h")):
            check_calls(path, text, findings)
    for path in allowed:
        if path not in files or read(path).count("\n") <= LINES_MAX:
            findings.append(f"{LONG_FILES}: {path} is not long any more")
    check_invariants(files, findings)
    check_findings(files, findings)
    for finding in findings:
        print(finding)
    print(f"{len(files)} files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
