"""What mkdocs.yml needs beyond MkDocs.

Pages are also made of files that are not in docs/: README and its like, the contract in wit/, the notebook, the list of
decisions. A link from a page to another file of the repository leads to a copy of it in the site, below source/; one
that leads nowhere is a warning, which a strict build takes for an error. So links are written as they work in a checkout.
A table below a comment `chart: …` gets a picture (charts.py).
"""

import json
import logging
import posixpath
import re
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit

import charts
import contract
from mkdocs.structure.files import File

log = logging.getLogger("mkdocs.hooks.site")
REPOSITORY = Path(__file__).resolve().parents[2]

# Files of the repository that are pages.
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security-policy.md",
}
CONTRACT = "contract.md"
NOTEBOOK = "notebook.md"
DECISIONS = "adr/index.md"

FENCE = re.compile(r"^ *(```|~~~)")
LINK = re.compile(r"(?<=\]\()[^()\s]+(?=\))")
CODE = re.compile(r"(`+)(.+?)\1")


def files_of_repository():
    """What a clone would have: what git knows, and what it does not ignore."""
    listed = subprocess.run(
        ["git", "-C", REPOSITORY, "ls-files", "--cached", "--others", "--exclude-standard"],
        check=True, capture_output=True, text=True,
    ).stdout
    return [path for path in listed.splitlines() if (REPOSITORY / path).is_file()]


def outside_code(markdown, change):
    """`markdown` with each line that is not in a block of code replaced by change(line)."""
    in_fence = False
    lines = []
    for line in markdown.split("\n"):
        is_fence = FENCE.match(line) is not None
        lines.append(line if in_fence or is_fence else change(line))
        in_fence ^= is_fence
    return "\n".join(lines)


def linked_path(link, folder):
    """The path in the repository that a link names in a file of `folder`; None of links that are none of our business."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/"):
        return None
    return posixpath.normpath(posixpath.join(folder, unquote(parts.path)))


def page_of(path):
    """Where the site has what the repository has at `path`."""
    if path in PAGES:
        return PAGES[path]
    if path == "wit" or path.startswith("wit/"):
        return CONTRACT
    if path == "docs/tutorial.ipynb":
        return NOTEBOOK
    if path == "docs/adr":
        return DECISIONS
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return f"source/{path}/index.md" if (REPOSITORY / path).is_dir() else f"source/{path}.txt"


def folder_of(file):
    """The folder from which the links of a page are meant."""
    for source, page in PAGES.items():
        if page == file.src_uri:
            return posixpath.dirname(source)
    return posixpath.dirname("docs/" + file.src_uri)


def listing(folder, paths):
    lines = [f"# `{folder}/`", ""]
    for name in (path.removeprefix(folder + "/") for path in paths):
        lines.append(f"* [`{name}`]({name}.txt)")
    return "\n".join(lines) + "\n"


def notebook():
    parts = ["The cells of `docs/tutorial.ipynb`, which runs in any Jupyter."]
    for cell in json.loads((REPOSITORY / "docs/tutorial.ipynb").read_text())["cells"]:
        text = "".join(cell["source"])
        parts.append(text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```")
    # The title first.
    parts[0], parts[1] = parts[1], parts[0]
    return "\n\n".join(parts) + "\n"


def decisions(files):
    lines = ["# Decisions", "", "What a newcomer would question, and why it is so.", ""]
    for file in sorted(files.documentation_pages(), key=lambda file: file.src_uri):
        if file.src_uri.startswith("adr/"):
            title = file.content_string.split("\n", 1)[0].removeprefix("# ")
            lines.append(f"* [{title}]({file.src_uri.removeprefix('adr/')})")
    return "\n".join(lines) + "\n"


def on_files(files, config):
    def add(uri, **content):
        files.append(File.generated(config, uri, **content))

    for source, page in PAGES.items():
        if (REPOSITORY / source).is_file():
            add(page, abs_src_path=str(REPOSITORY / source))
        else:
            log.warning("%s is missing", source)
    add(CONTRACT, content=contract.page(REPOSITORY / "wit/0.2.0"))
    add(NOTEBOOK, content=notebook())
    add(DECISIONS, content=decisions(files))

    repository = files_of_repository()
    folders = {str(folder) for path in repository for folder in Path(path).parents}

    def check(link, file):
        path = linked_path(link, folder_of(file))
        if path is None or path.startswith("docs/"):
            return  # MkDocs looks at these
        if path not in repository and path not in folders:
            log.warning("%s links to '%s': the repository has no %s", file.src_uri, link, path)
            return
        uri = page_of(path)
        if files.get_file_from_path(uri) is not None:
            return
        if path in repository:
            add(uri, content=(REPOSITORY / path).read_bytes())
            return
        below = [each for each in repository if each.startswith(path + "/")]
        add(uri, content=listing(path, below))
        for each in below:
            if files.get_file_from_path(f"source/{each}.txt") is None:
                add(f"source/{each}.txt", content=(REPOSITORY / each).read_bytes())

    def check_line(line, file):
        for link in LINK.findall(CODE.sub("", line)):
            check(link, file)
        return line

    for file in list(files.documentation_pages()):
        outside_code(file.content_string, lambda line: check_line(line, file))  # noqa: B023
    return files


def on_page_markdown(markdown, page, config, files):
    if page.file.src_uri.startswith("source/"):  # a listing
        return markdown
    here = posixpath.dirname(page.file.src_uri)

    def rewritten(match):
        link = match.group()
        path = linked_path(link, folder_of(page.file))
        if path is None:
            return link
        fragment = urlsplit(link).fragment
        return posixpath.relpath(page_of(path), here or ".") + (f"#{fragment}" if fragment else "")

    def change(line):
        line = LINK.sub(rewritten, line)
        # In a table GitHub wants a | of code escaped; Python-Markdown shows the backslash.
        return CODE.sub(lambda code: code[0].replace(r"\|", "|"), line) if line.startswith("|") else line

    try:
        markdown = charts.add_to(markdown)
    except charts.Error as error:
        log.warning("%s: %s", page.file.src_uri, error)
    return outside_code(markdown, change)
