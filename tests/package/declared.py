#!/usr/bin/env python3
"""Prints a C++ program that refers to every function that public headers declare and do not define.

  python3 declared.py INCLUDE_FOLDER ROOM [ROOM ...] > declared.cpp

The program links only if the libraries export all of these functions. INCLUDE_FOLDER is the include
folder of an installed package, and ROOM a folder in its include/sinter. clang++-19 parses the
headers and gives the mangled names, so new declarations are found without a list.
"""
import json
import pathlib
import subprocess
import sys

FUNCTIONS = {"FunctionDecl", "CXXMethodDecl", "CXXConstructorDecl", "CXXDestructorDecl",
             "CXXConversionDecl"}
TEMPLATES = {"FunctionTemplateDecl", "ClassTemplateDecl", "ClassTemplateSpecializationDecl",
             "ClassTemplatePartialSpecializationDecl"}
# Functions with these flags have no symbol, or every program that uses them defines it.
NO_SYMBOL = ("isImplicit", "pure", "explicitlyDeleted", "explicitlyDefaulted", "constexpr")


def documents(text):
    """Yields the JSON values in `text`, which follow one another."""
    decoder = json.JSONDecoder()
    at = 0
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        yield value
        while at < len(text) and text[at].isspace():
            at += 1


def symbols(node, declared, defined):
    """Adds the mangled names of the functions below `node` to `declared` or `defined`."""
    if node.get("kind") in TEMPLATES:
        return
    inner = node.get("inner", [])
    if node.get("kind") in FUNCTIONS:
        has_body = any(child.get("kind") == "CompoundStmt" for child in inner)
        if has_body or any(node.get(flag) for flag in NO_SYMBOL):
            defined.add(node.get("mangledName"))
        elif "mangledName" in node:
            declared.add(node["mangledName"])
        return
    for child in inner:
        symbols(child, declared, defined)


def main(include, rooms):
    headers = sorted(header for room in rooms
                     for header in (pathlib.Path(include) / "sinter" / room).glob("*.h"))
    if not headers:
        sys.exit(f"declared.py: no headers of {', '.join(rooms)} below {include}")
    source = "".join(f"#include <{header.relative_to(include)}>\n" for header in headers)
    command = ["clang++-19", "-std=c++20", "-fsyntax-only", "-I", include, "-Xclang",
               "-ast-dump=json", "-Xclang", "-ast-dump-filter=sinter", "-x", "c++", "-"]
    dump = subprocess.run(command, input=source, stdout=subprocess.PIPE, text=True, check=True)
    declared, defined = set(), set()
    for document in documents(dump.stdout.strip()):
        symbols(document, declared, defined)
    names = sorted(declared - defined)
    print("// The functions that public headers declare, each by its symbol.")
    for i, name in enumerate(names):
        print(f'extern char function_{i} __asm__("{name}");')
    print("const char *const functions[] = {")
    for i in range(len(names)):
        print(f"    &function_{i},")
    print("};\n#include <cstdio>\nint main() {")
    print("  int count = 0;")
    print("  for (const char* function : functions) count += function != nullptr ? 1 : 0;")
    print('  std::printf("%d functions that public headers declare are there\\n", count);')
    print("}")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
