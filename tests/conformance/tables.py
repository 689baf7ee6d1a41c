#!/usr/bin/env python3
"""Every test that a conformance table names must exist.

A conformance table is a table of a README.md with a column "test". Names stand in it as `Suite.Test`,
`Suite.CaseOfATable`, `Suite` or `Suite.*` (GoogleTest), as a path, or as the name of a ctest.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
SKIP = {"build", ".git", ".cache"}


def tree(pattern):
    return (p for p in ROOT.rglob(pattern) if not SKIP & set(p.relative_to(ROOT).parts))


def known_tests():
    """Suite -> the names that may follow it; and the names of programs and scripts."""
    suites, programs = {}, set()
    for path in tree("*.cpp"):
        if "tests" not in path.relative_to(ROOT).parts:
            continue
        text = path.read_text(errors="replace")
        declared = re.findall(r"\b(?:TYPED_)?TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)", text)
        declared += re.findall(r"\bRC_GTEST_\w+\(\s*(\w+),\s*(\w+)", text)
        cases = set(re.findall(r'"(\w+)"', text))
        for suite, name in declared:
            suites.setdefault(suite, set()).update({name}, cases)
    for path in [*tree("CMakeLists.txt"), *tree("*.cmake")]:
        text = path.read_text(errors="replace")
        programs.update(re.findall(r"(?:forces_test|forces_fuzz|add_test)\(\s*(?:NAME\s+)?(\w+)", text))
    return suites, programs


def rows(path):
    """(line number, test cell) of the rows of its conformance tables."""
    column = None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.lstrip().startswith("|"):
            column = None
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        lower = [cell.lower() for cell in cells]
        if column is None:
            column = next((i for i, c in enumerate(lower) if c in ("test", "tests")), -1)
        elif 0 <= column < len(cells) and set(cells[column]) - set("-: "):
            yield number, cells[column]


def exists(name, here, suites, programs):
    if "/" in name:
        places = (ROOT, here, ROOT / "tests")
        return any((place / name).exists() or any(place.glob(name)) for place in places)
    suite, _, test = name.partition(".")
    if suite in suites:
        return test in ("", "*") or test in suites[suite]
    base = re.sub(r"_(replay|fuzz)$", "", name)
    return base in programs or any(True for _ in (ROOT / "tests").rglob(name))


def main():
    suites, programs = known_tests()
    named, bad = 0, 0
    for readme in tree("README.md"):
        for number, cell in rows(readme):
            names = re.findall(r"`([\w./*-]+)`", cell) or re.findall(r"\b[A-Z]\w+\.\w+\b", cell)
            for name in names:
                named += 1
                if not exists(name, readme.parent, suites, programs):
                    print(f"{readme.relative_to(ROOT)}:{number}: there is no test {name}")
                    bad += 1
    print(f"{named} tests named, {bad} of them do not exist")
    return 1 if bad else 0


sys.exit(main())
