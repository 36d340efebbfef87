#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Turn text files into a C file: embed.py OUT.c PREFIX FILE...

Each FILE becomes `const char embedded_NAME[]`, where NAME is the file's name with everything but
letters and digits replaced by '_'; the table `const struct embedded PREFIX_files[]` (base/embed.h)
lists them. The output depends on nothing but the arguments and the files' content.
"""
import hashlib
import os
import re
import sys


def literal(line):
    """One line of text as a C string literal. Octal escapes always have three digits, so that a
    digit which follows is not taken for a part of them."""
    out = []
    for byte in line:
        char = chr(byte)
        if char in '"\\?':  # '?' because of trigraphs
            out.append("\\" + char)
        elif char == "\n":
            out.append("\\n")
        elif char == "\t":
            out.append("\\t")
        elif 0x20 <= byte < 0x7F:
            out.append(char)
        else:
            out.append("\\%03o" % byte)
    return '"' + "".join(out) + '"'


def symbol(name):
    return "embedded_" + re.sub(r"[^A-Za-z0-9]", "_", name)


def main(argv):
    if len(argv) < 4:
        sys.exit(__doc__.splitlines()[0])
    out, prefix, files = argv[1], argv[2], argv[3:]
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", prefix):
        sys.exit("embed.py: '%s' cannot begin a C name" % prefix)
    code = [
        "/* SPDX-License-Identifier: LGPL-2.1-or-later */",
        "/* Written by tools/embed.py; edit the text files instead. */",
        '#include "base/embed.h"',
        "",
    ]
    rows = []
    seen = set()
    for path in files:
        name = os.path.basename(path)
        with open(path, "rb") as f:
            data = f.read()
        if b"\0" in data:
            sys.exit("embed.py: %s: a NUL byte would end the text early" % path)
        if symbol(name) in seen:
            sys.exit("embed.py: two files would be called %s" % symbol(name))
        seen.add(symbol(name))
        lines = data.splitlines(keepends=True) or [b""]
        code.append("extern const char %s[];" % symbol(name))
        code.append("const char %s[] =" % symbol(name))
        code += ["\t" + literal(line) for line in lines]
        code[-1] += ";"
        code.append("")
        rows.append(
            '\t{ .name = %s,\n\t  .text = %s,\n\t  .len = sizeof(%s) - 1,\n\t  .digest = "%s" },'
            % (literal(name.encode()), symbol(name), symbol(name), hashlib.sha256(data).hexdigest())
        )
    code.append("extern const struct embedded %s_files[];" % prefix)
    code.append("const struct embedded %s_files[] = {" % prefix)
    code += rows
    code += ["\t{ .name = 0 },", "};", ""]
    with open(out, "w", encoding="ascii") as f:
        f.write("\n".join(code))


if __name__ == "__main__":
    main(sys.argv)
