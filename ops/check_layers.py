#!/usr/bin/env python3
"""Checks the direction of includes (ops/layers.txt), and four rules that keep an include line honest:
a .c opens with its own header, header names are unique, nobody includes a .c, and each header is
included by somebody besides its own .c."""

import os
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
ROOTS = ("include", "proto", "node", "tests")


def read_rules(path):
    layers, homes = {}, {}
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            words = line.split("#", 1)[0].split()
            if not words:
                continue
            if len(words) < 2:
                sys.exit(f"{path}:{number}: a folder and what it may include")
            if words[0] == "only":
                homes[words[1]] = words[2:]
            else:
                layers[words[0]] = [word for word in words[1:] if word != "-"]
    return layers, homes


def source_files():
    for root in ROOTS:
        for folder, folders, names in os.walk(root):
            folders.sort()
            for name in sorted(names):
                if name.endswith((".c", ".h")):
                    yield os.path.join(folder, name)


def includes_of(path):
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            match = INCLUDE.match(line)
            if match:
                yield number, match.group(1) == '"', match.group(2)


def layer_of(path, layers):
    fitting = [layer for layer in layers if path.startswith(layer + "/")]
    return max(fitting, key=len) if fitting else None


def written_name(path):
    """How an include line names this header."""
    return path[len("include/"):] if path.startswith("include/") else os.path.basename(path)


def inside(path, folders):
    return any(path.startswith(folder + "/") for folder in folders)


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    layers, homes = read_rules("ops/layers.txt")
    files = list(source_files())
    headers, findings, used = {}, [], set()

    for path in files:
        if layer_of(path, layers) is None:
            findings.append(f"{path}: no line of ops/layers.txt covers this folder")
        if path.endswith(".h"):
            name = written_name(path)
            if name in headers:
                findings.append(f"{path}: {headers[name]} has this name already")
            headers[name] = path

    for path in files:
        layer = layer_of(path, layers)
        own = path[:-2] + ".h"
        first = True
        for number, quoted, name in includes_of(path):
            where = f"{path}:{number}"
            if name.endswith(".c"):
                findings.append(f"{where}: includes a .c file: {name}")
            if first and path.endswith(".c") and own in headers.values():
                if name != written_name(own):
                    findings.append(f"{where}: the first include is not its own header")
            first = False
            if name in homes and not inside(path, homes[name]):
                findings.append(f"{where}: {name} is for {' '.join(homes[name])} only")
            target = headers.get(name)
            if target is None and path.startswith("tests/") and f"tests/{name}" in files:
                target = f"tests/{name}"
            if target is None:
                if quoted:
                    findings.append(f"{where}: no header of this tree is named {name}")
                continue
            if not quoted:
                findings.append(f"{where}: a header of this tree in angle brackets: {name}")
            if target != own:
                used.add(target)
            there = layer_of(target, layers)
            if layer and there and there != layer and there not in layers[layer]:
                findings.append(f"{where}: {layer} may not include {target}")

    for path in headers.values():
        if path not in used and os.path.exists(path[:-2] + ".c"):
            findings.append(f"{path}: nobody includes it but its own .c")
        elif path not in used:
            findings.append(f"{path}: nobody includes it")

    for finding in findings:
        print(finding)
    print(f"{len(files)} files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
