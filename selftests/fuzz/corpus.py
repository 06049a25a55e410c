# SPDX-License-Identifier: GPL-2.0
"""Corpora of the fuzz targets, kept as one text file each: a line for each
input, what is not printable escaped as in Python.

    corpus.py unpack FILE DIR    a file for each input
    corpus.py pack DIR FILE      the reverse, without duplicates
"""
import ast
import pathlib
import sys


def unpack(path, directory):
    for number, line in enumerate(path.read_text().splitlines()):
        (directory / f"{number:05}").write_bytes(ast.literal_eval(f"b{line}"))


def pack(directory, path):
    inputs = {f.read_bytes() for f in directory.iterdir() if f.is_file()}
    lines = [repr(data)[1:] for data in sorted(inputs, key=lambda d: (len(d), d))]
    path.write_text("".join(f"{line}\n" for line in lines))


def main():
    command, source, target = sys.argv[1], *map(pathlib.Path, sys.argv[2:])
    {"unpack": unpack, "pack": pack}[command](source, target)


main()
