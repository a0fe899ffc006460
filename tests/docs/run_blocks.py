#!/usr/bin/env python3
"""Documents do what they say: runs the commands of their blocks and compares what these print.

    run_blocks.py --build build/release README.md docs/guides/*.md

A block of ```console has commands, behind `$ `, and below each what it prints, where … stands for anything. A command
goes on where a line ends with a backslash, and to the end of its here-document. It has to fail where its output has
`error: `, and only there. Blank lines at the end of an output do not count. The commands of a document run in one shell,
in a folder of its own, which is a checkout whose build/release is BUILD.

`<!-- file: NAME -->` above a block of any language: the folder gets it as that file, before what follows runs.
`<!-- not run here: WHY -->` above a block: it is left out, and the runner says so. Any other block that has commands is
an error: of sh, bash or no language, and of text where a line begins with `$ `.
"""

import argparse
import dataclasses
import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
END_OF_COMMAND = "--- end of command "
FENCE = re.compile(r"^(?P<indent>\s*)```(?P<language>\S*)")
MARK = re.compile(r"^<!-- (?P<kind>file|not run here): (?P<value>.+) -->$")
COMMANDS = ("console", "sh", "bash", "shell", "")  # languages of blocks that have commands


class Refused(Exception):
    """A document that cannot be tested as it is."""


@dataclasses.dataclass
class Command:
    line: int
    text: str
    output: str = ""  # with …


@dataclasses.dataclass
class SourceFile:
    line: int
    name: str
    text: str


@dataclasses.dataclass
class Block:
    line: int
    language: str
    lines: list
    mark: str | None = None  # file, not run here
    value: str = ""


def blocks_of(markdown):
    blocks, block, mark = [], None, None
    for number, line in enumerate(markdown.split("\n"), 1):
        fence = FENCE.match(line)
        if block is not None:
            if line.strip() == "```":
                blocks.append(block)
                block = None
            else:
                block.lines.append(line)
        elif fence:
            if fence["indent"] and fence["language"] in COMMANDS:
                raise Refused(f"{number}: a block of commands that is indented")
            block = Block(number, fence["language"], [])
            if mark:
                block.mark, block.value = mark["kind"], mark["value"]
            mark = None
        elif line.strip():
            if mark:
                raise Refused(f"{number}: not a block, but what is above says '{mark['kind']}'")
            mark = MARK.match(line)
    if block is not None or mark:
        raise Refused("a block without an end, or a mark without a block")
    return blocks


def commands_of(block):
    commands = []
    goes_on, end_of_here = False, ""
    for number, line in enumerate(block.lines, block.line + 1):
        if goes_on or end_of_here:
            commands[-1].text += "\n" + line
            end_of_here = "" if line == end_of_here else end_of_here
            goes_on = not end_of_here and line.endswith("\\")
        elif line.startswith("$ "):
            commands.append(Command(number, line[2:]))
            here = re.search(r"<<'?(\w+)'?", line)
            end_of_here = here[1] if here else ""
            goes_on = line.endswith("\\")
        elif commands:
            commands[-1].output += line + "\n"
        else:
            raise Refused(f"{number}: a block of console that does not begin with a command")
    if goes_on or end_of_here or not commands:
        raise Refused(f"{block.line}: a block of console without a whole command")
    return commands


def steps_of(markdown):
    """What is to be done for a document, in its order, and the blocks that are left out."""
    steps, left_out = [], []
    for block in blocks_of(markdown):
        if block.mark == "file":
            steps.append(SourceFile(block.line, block.value, "\n".join(block.lines) + "\n"))
        elif block.mark == "not run here":
            left_out.append(block)
        elif block.language == "console":
            steps += commands_of(block)
        elif block.language in COMMANDS:
            raise Refused(f"{block.line}: commands that nobody runs: make it a block of console, or say above it "
                          "<!-- not run here: why -->")
        elif block.language == "text" and any(line.startswith("$ ") for line in block.lines):
            raise Refused(f"{block.line}: commands in a block of text")
    return steps, left_out


def matches(text, pattern):
    parts = [re.escape(part) for part in pattern.rstrip("\n").split("…")]
    return re.fullmatch(".*".join(parts), text.rstrip("\n"), re.DOTALL) is not None


def difference(command, output, exit_code):
    """Why a command did not do what its document says; None if it did."""
    is_to_fail = "error: " in command.output
    if not matches(output, command.output):
        lines = difflib.unified_diff(command.output.rstrip("\n").split("\n"), output.rstrip("\n").split("\n"),
                                     "the document", "what it prints", lineterm="")
        return "\n".join(lines)
    if (exit_code != 0) != is_to_fail:
        return f"exit code {exit_code}, and it prints\n{output}"
    return None


def make_checkout(folder, build):
    """Links to what the repository has; of data/ a copy, because documents write there."""
    for entry in REPOSITORY.iterdir():
        if entry.name not in ("build", "data", ".git"):
            (folder / entry.name).symlink_to(entry)
    shutil.copytree(REPOSITORY / "data", folder / "data")
    (folder / "build").mkdir()
    (folder / "build/release").symlink_to(build)


def environment(home):
    """The user's, but for what documents would leave behind or depend on."""
    own = Path.home()
    tools = {"CARGO_HOME": own / ".cargo", "RUSTUP_HOME": own / ".rustup", "WGH_CACHE_DIR": own / ".cache/wasmtime-gpu-host"}
    return {
        **{name: str(path) for name, path in tools.items() if path.is_dir()},
        **os.environ,
        "HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache"), "XDG_RUNTIME_DIR": str(home),
        "WASMTIME_GPU_HOST_BACKEND": "cpu",  # figures in documents are the CPU's
        "LC_ALL": "C.UTF-8",
    }


def run(document, build, home, timeout):
    """Runs a document; returns what is wrong, as messages."""
    name = document.resolve().relative_to(REPOSITORY) if document.resolve().is_relative_to(REPOSITORY) else document
    try:
        steps, left_out = steps_of(document.read_text())
    except Refused as refused:
        return [f"{name}:{refused}"]
    for block in left_out:
        print(f"{name}:{block.line}: not run: {block.value}")
    script = "exec 2>&1\n"
    commands = [step for step in steps if isinstance(step, Command)]
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "checkout"
        folder.mkdir()
        make_checkout(folder, build)
        for number, step in enumerate(steps):
            if isinstance(step, Command):
                script += f'{step.text}\necho "{END_OF_COMMAND}$?"\n'
            else:
                # Not at once: a document may show a file twice, the second time with more in it.
                source = Path(root) / f"file-{number}"
                source.write_text(step.text)
                script += f"mkdir -p '{Path(step.name).parent}' && cp '{source}' '{step.name}'\n"
        path = Path(root) / "script"
        path.write_text(script)
        try:
            done = subprocess.run(["sh", path], cwd=folder, env=environment(home), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, timeout=timeout)
        except subprocess.TimeoutExpired:
            return [f"{name}: takes more than {timeout} s"]
    rest = done.stdout.decode(errors="replace")
    wrong = []
    for command in commands:
        output, end, rest = rest.partition(END_OF_COMMAND)
        if not end:
            return [*wrong, f"{name}:{command.line}: the shell ended before this command did\n$ {command.text}\n{output}"]
        exit_code, _, rest = rest.partition("\n")
        different = difference(command, output, int(exit_code))
        if different is not None:
            wrong.append(f"{name}:{command.line}: $ {command.text}\n{different}")
    if rest:
        wrong.append(f"{name}: this is printed behind the last command:\n{rest}")
    print(f"{name}: {len(commands)} commands")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", type=Path, required=True, help="the folder with wasmtime-gpu-host and wasm_ml.wasm")
    parser.add_argument("--timeout", type=int, default=600, help="seconds for a document")
    parser.add_argument("documents", type=Path, nargs="+")
    options = parser.parse_args()
    wrong = []
    with tempfile.TemporaryDirectory() as home:  # one for all, with one cache of compiled modules
        for document in options.documents:
            wrong += run(document, options.build.resolve(), Path(home), options.timeout)
            sys.stdout.flush()
    if wrong:
        print("\n\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
