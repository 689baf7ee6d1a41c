#!/usr/bin/env python3
"""Every MUST of RFC 5810 sections 4, 6, 7, 8 and of RFC 7121 has a row with a test.

musts.tsv names for each the README and words of its row. With the texts of the RFCs at hand (a folder as
second argument, or $FORCES_RFC) it is also compared, section by section, with the sentences there.
"""
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
TEXTS = sys.argv[2] if len(sys.argv) > 2 else os.environ.get("FORCES_RFC", "")
WANTED = {"5810": re.compile(r"[4678](\.|$)"), "7121": re.compile(r"(?!1(\.|$))\d")}


def listed():
    for line in (ROOT / "tests/conformance/musts.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


def has_row(folder, words):
    """A row of a conformance table with these words, and a test in its last cell."""
    for line in (ROOT / folder / "README.md").read_text().splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        if line.startswith("|") and len(cells) == 4 and words in cells[1]:
            return "`" in cells[3]
    return False


def sentences(path):
    """Section -> how many sentences say MUST. Page feet and heads stand between."""
    text = re.sub(r"\n+[^\n]*\[Page \d+\]\n\f?\n?RFC [^\n]*\n+", "\n", path.read_text(errors="replace"))
    found, section, paragraph = {}, "0", []
    for line in [*text.split("\n"), ""]:
        head = re.match(r"((?:\d+|[A-D])(?:\.\d+)*|Appendix [A-D])\.\s+\S", line)
        if (head and "...." not in line) or not line.strip():
            for sentence in re.split(r"(?<=[.:])\s+(?=[A-Z])", " ".join(paragraph)):
                if re.search(r"\b(MUST|SHALL|REQUIRED)\b", sentence):
                    found[section] = found.get(section, 0) + 1
            paragraph = []
            section = head[1] if head else section
        else:
            paragraph.append(line.strip())
    return found


def main():
    counts, bad = {}, 0
    for rfc, section, folder, words in listed():
        counts[rfc, section] = counts.get((rfc, section), 0) + 1
        unmet = words.removeprefix("not met ")
        if unmet != words:
            good = unmet in (ROOT / folder / "README.md").read_text()
        else:
            good = has_row(folder, words)
        if not good:
            print(f"RFC {rfc} section {section}: no row with a test in {folder}/README.md has: {words}")
            bad += 1
    for rfc, wanted in WANTED.items():
        path = pathlib.Path(TEXTS or "none") / f"rfc{rfc}.txt"
        if not path.exists():
            continue
        there = {s: n for s, n in sentences(path).items() if wanted.match(s)}
        here = {s: n for (r, s), n in counts.items() if r == rfc}
        for section in sorted(there | here):
            if there.get(section, 0) != here.get(section, 0):
                print(f"RFC {rfc} section {section}: {there.get(section, 0)} sentences with MUST, "
                      f"{here.get(section, 0)} in musts.tsv")
                bad += 1
        print(f"RFC {rfc}: compared with its text")
    print(f"{sum(counts.values())} sentences, {bad} without a row")
    return 1 if bad else 0


sys.exit(main())
