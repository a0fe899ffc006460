#!/usr/bin/env python3
"""Writes what a package must say of the code inside it: `copyright`, with every licence's text, and `sbom.cdx.json`, a
bill of materials in CycloneDX.

    notices.py --version VERSION --crates METADATA --rust VERSION --wgpu-native FOLDER VERSION WHEEL
               --python FOLDER NAME --licence FILE --output FOLDER

METADATA is what `cargo metadata` prints of the crate that Wasmtime is linked by. What is compiled in from Debian is read
from the installed packages, and so is the Python package NAME, installed in FOLDER, whose headers are in the wheel.
"""

import argparse
import email
import json
import pathlib
import subprocess
import uuid
from urllib.parse import quote

# Compiled in, or, in the .tar.gz, beside the program. libc++ and wasi-libc are in the module.
DEBIAN_PACKAGES = {
    "nlohmann-json3-dev": "MIT",
    "libcli11-dev": "BSD-3-Clause",
    "libhwy-dev": "Apache-2.0",
    "libxxhash-dev": "BSD-2-Clause",
    "libfmt9": "MIT",
    "libspdlog1.10": "MIT",
    "libtbb12": "Apache-2.0",
    "wasi-libc": "Apache-2.0 WITH LLVM-exception",
    "libc++-19-dev-wasm32": "Apache-2.0 WITH LLVM-exception",
    "libclang-rt-19-dev-wasm32": "Apache-2.0 WITH LLVM-exception",
}


def crates_inside(metadata):
    """The packages that the root crate links, by its resolved dependencies: neither those for builds nor for tests."""
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"]
    found, todo = set(), [root]
    while todo:
        for dependency in nodes[todo.pop()]["deps"]:
            is_linked = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            if is_linked and dependency["pkg"] not in found:
                found.add(dependency["pkg"])
                todo.append(dependency["pkg"])
    return sorted((packages[identity] for identity in found), key=lambda package: (package["name"], package["version"]))


def licence_texts(folder):
    """What the files of a folder say that are named as licences are."""
    names = ("license", "licence", "copying", "copyright", "notice", "unlicense")
    files = [path for path in sorted(folder.iterdir()) if path.is_file() and path.name.lower().startswith(names)]
    files += sorted(folder.glob("LICENSES/*"))
    return [path.read_text(errors="replace").strip() for path in files]


def component(name, version, licence, purl_type, **more):
    """A part of the bill. `purl_type`: such as cargo, or deb/debian."""
    purl = f"pkg:{purl_type}/{quote(name, safe='')}@{quote(version, safe='')}"
    licences = {"licenses": [{"expression": licence.replace("/", " OR ")}]} if licence else {}
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl, **licences, **more}


def of_crates(metadata):
    """Crates with their texts; those that come without one have that of another crate under the same licence."""
    packages = crates_inside(metadata)
    texts = {p["id"]: licence_texts(pathlib.Path(p["manifest_path"]).parent) for p in packages}
    of_licence = {p["license"]: texts[p["id"]] for p in reversed(packages) if texts[p["id"]]}
    for p in packages:
        yield component(p["name"], p["version"], p["license"], "cargo"), texts[p["id"]] or of_licence.get(p["license"], [])


def of_debian():
    for name, licence in DEBIAN_PACKAGES.items():
        query = ["dpkg-query", "--show", "--showformat=${Version}", name]
        version = subprocess.run(query, check=True, capture_output=True, text=True).stdout
        text = pathlib.Path("/usr/share/doc", name, "copyright").read_text(errors="replace").strip()
        yield component(name, version, licence, "deb/debian"), [text]


def of_python(folder, name):
    (found,) = pathlib.Path(folder).glob(f"{name}-*.dist-info")
    metadata = email.message_from_string((found / "METADATA").read_text())
    licence = metadata["License-Expression"] or metadata["License"]
    return component(name, metadata["Version"], licence, "pypi"), licence_texts(found / "licenses")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", required=True)
    parser.add_argument("--crates", required=True, type=argparse.FileType())
    parser.add_argument("--rust", required=True, metavar="VERSION")
    parser.add_argument("--wgpu-native", required=True, nargs=3, metavar=("FOLDER", "VERSION", "WHEEL"))
    parser.add_argument("--python", required=True, nargs=2, metavar=("FOLDER", "NAME"))
    parser.add_argument("--licence", required=True, type=pathlib.Path)
    parser.add_argument("--output", required=True, type=pathlib.Path)
    arguments = parser.parse_args()

    own_text = arguments.licence.read_text().strip()  # Apache-2.0
    folder, version, wheel = arguments.wgpu_native
    parts = [
        *of_crates(json.load(arguments.crates)),
        (component("rust-std", arguments.rust, "MIT OR Apache-2.0", "generic"), [own_text]),
        (component("wgpu-native", version, "MIT OR Apache-2.0", "github/gfx-rs",
                   description="With the crates that it links, from the Python package wgpu."), [own_text]),
        (component("wgpu", wheel, "BSD-2-Clause", "pypi"), licence_texts(pathlib.Path(folder))),
        of_python(*arguments.python),
        *of_debian(),
    ]

    arguments.output.mkdir(parents=True, exist_ok=True)
    name = "wasmtime-gpu-host"
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        # The same contents have the same number: packages can be built again, bit by bit.
        "serialNumber": "urn:uuid:" + str(uuid.uuid5(uuid.NAMESPACE_URL, json.dumps([part for part, _ in parts]))),
        "version": 1,
        "metadata": {
            "component": {"type": "application", "name": name, "version": arguments.version,
                          "licenses": [{"expression": "Apache-2.0"}]},
        },
        "components": [part for part, _ in parts],
    }
    (arguments.output / "sbom.cdx.json").write_text(json.dumps(bill, indent=1) + "\n")

    # Many crates have the same text: each is printed once, below the names of all that it covers.
    covered = {}
    for part, texts in parts:
        if not texts:
            licence = part.get("licenses", [{"expression": "unknown"}])[0]["expression"]
            texts = [f"Its licence is {licence}; the source has no file with the text."]
        for text in texts:
            covered.setdefault(text, []).append(f"{part['name']} {part['version']}")
    with open(arguments.output / "copyright", "w") as file:
        file.write(f"{name} {arguments.version}\n\n{own_text}\n")
        for text, names in covered.items():
            file.write(f"\n{'=' * 80}\nOf {', '.join(names)}:\n\n{text}\n")
    print(f"{len(parts)} parts, {len(covered)} texts")


if __name__ == "__main__":
    main()
