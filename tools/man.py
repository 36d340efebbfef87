#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fill a manual page from the program's own tables: man.py WARD IN.scd OUT.scd

A line "; include: ARGUMENTS" (a comment to scdoc) is replaced by what `WARD ARGUMENTS` prints, so
that options, keys and gates stand in the manual exactly as they are parsed.
"""
import shlex
import subprocess
import sys

MARK = "; include: "


def main(argv):
    if len(argv) != 4:
        sys.exit(__doc__.splitlines()[0])
    ward, source, target = argv[1:]
    out = []
    with open(source, encoding="utf-8") as f:
        for line in f:
            if line.startswith(MARK):
                words = shlex.split(line[len(MARK):])
                out.append(subprocess.run([ward] + words, check=True, text=True,
                                          stdout=subprocess.PIPE).stdout)
            else:
                out.append(line)
    with open(target, "w", encoding="utf-8") as f:
        f.write("".join(out))


if __name__ == "__main__":
    main(sys.argv)
