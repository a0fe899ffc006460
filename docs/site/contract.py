"""The contract as a page: each interface of a folder of WIT files, its documentation as text, its items as code."""

import re
from pathlib import Path

INTRODUCTION = """# The contract, `wasi:gpu`

What a module may ask of its host. It has two versions, and a host serves both: 0.1.0 has the interfaces `compute` and
`ml-kernels`, 0.2.0 has the same and `forest`. This page is made from the files in `wit/0.2.0`. How values travel is the
canonical ABI of the component model, for core modules that export their memory as `memory` and, to receive strings and
lists, `cabi_realloc`.
"""
INTERFACES = ("compute", "ml-kernels", "forest")


def prose(lines):
    """Documentation as Markdown: only code in backticks means something."""
    text = re.sub(r"`[^`]*`|[*_<>\[\]]", lambda found: found[0] if found[0].startswith("`") else "\\" + found[0],
                  " ".join(lines))
    # A line of documentation that is empty ends a paragraph.
    text = re.sub(r"  +", "\n\n", text)
    return re.sub(r"docs/([\w-]+\.md)", r"[\1](\1)", text)


def heading_of(item):
    """`record columns {` → columns; `sync: func();` → sync; `type buffer-id = u32;` → buffer-id"""
    return re.match(r"(?:(?:record|enum|variant|flags|resource|type) )?([\w-]+)", item)[1]


def items_of(body):
    """Pairs of documentation and code, of the items of an interface, which are indented by two spaces."""
    documentation, item = [], []
    for line in body.split("\n"):
        text = line.removeprefix("  ")
        if not item and text.startswith("///"):
            documentation.append(text.removeprefix("///").strip())
        elif item or text.strip():
            item.append(text)
            if not text.startswith(" ") and text.endswith((";", "}")):
                yield documentation, "\n".join(item)
                documentation, item = [], []
    if item:
        raise ValueError(f"no end of this item: {item[0]}")


def interface(name, text):
    found = re.search(r"((?:^///.*\n)*)^interface " + name + r" \{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL)
    documentation = [line.removeprefix("///").strip() for line in found[1].splitlines()]
    parts = [f"## {name}", prose(documentation)]
    for about, item in items_of(found[2]):
        if item.startswith("use "):
            continue
        parts += [f"### {heading_of(item)}", prose(about), f"```wit\n{item}\n```"]
    return "\n\n".join(part for part in parts if part)


def page(folder: Path):
    return INTRODUCTION + "\n" + "\n\n".join(interface(name, (folder / f"{name}.wit").read_text())
                                             for name in INTERFACES) + "\n"
