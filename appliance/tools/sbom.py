"""Prints the bill of materials of what is shipped: a CycloneDX 1.6 document, the same for the same locks.

The Python part is what `sysmon-appliance` and all below it ask for on this machine, in the versions and with the
checksums of requirements.lock. The console's part is what its package-lock.json ships to browsers. Tools for building
and testing are in neither. There is no time and no random number in the document, so that two can be compared.
"""

import base64
import json
import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
OURS = ("sysmon-agent", "sysmon-appliance")
LICENCE_OF_OURS = [{"license": {"id": "Apache-2.0"}}]

Component = dict[str, Any]
Needs = dict[str, set[str]]
"""Which packages each one depends on, by their package URLs."""


def main() -> None:
    """Print the document, or say which command makes it possible."""
    try:
        print(json.dumps(document(), indent=2, ensure_ascii=False))
    except PackageNotFoundError as error:
        sys.exit(f"error: {error.name} is not installed\nhint: make up")


def document() -> Component:
    python, python_needs = _python()
    console, console_needs = _console()
    version = distribution(OURS[0]).version
    product = _component("application", "sysmonitor", version, purl="pkg:generic/sysmonitor@" + version)
    parts = {*map(_purl, OURS), _npm_purl("sysmon-console", version)}
    needs = {product["bom-ref"]: parts} | python_needs | console_needs
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": product | {"licenses": LICENCE_OF_OURS}},
        "components": sorted(python + console, key=lambda component: str(component["purl"])),
        "dependencies": [{"ref": ref, "dependsOn": sorted(needs[ref])} for ref in sorted(needs)],
    }


def _python() -> tuple[list[Component], Needs]:
    """Walk what the two distributions require here, and below."""
    packages: dict[str, Distribution] = {}
    needs: Needs = {}
    waiting, seen = [Requirement(name) for name in OURS], set()
    while waiting:
        asked = waiting.pop()
        name = canonicalize_name(asked.name)
        if (name, frozenset(asked.extras)) in seen:
            continue
        seen.add((name, frozenset(asked.extras)))
        packages[name] = distribution(name)
        below = _required(packages[name], asked.extras)
        needs.setdefault(_purl(name), set()).update(_purl(canonicalize_name(other.name)) for other in below)
        waiting += below
    return [_package(found, name) for name, found in packages.items()], needs


def _required(found: Distribution, extras: set[str]) -> list[Requirement]:
    requirements = [Requirement(text) for text in found.requires or ()]
    return [
        requirement
        for requirement in requirements
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": it}) for it in ("", *extras))
    ]


def _package(found: Distribution, name: str) -> Component:
    component = _component("library", name, found.version, purl=_purl(name)) | _licences(found)
    if name in OURS:
        return component | {"licenses": LICENCE_OF_OURS}
    # Named without an address: a mirror serves the same files, and the checksums say so.
    source = {"type": "distribution", "url": _purl(name)}
    return component | {"externalReferences": [source | {"hashes": _locked(name, found.version)}]}


def _locked(name: str, version: str) -> list[dict[str, str]]:
    """Return the checksums that the lock has for a package."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entry = re.search(rf"^{re.escape(name)}=={re.escape(version)}(?: ;.*)?((?: \\\n.*)+)", lock, re.MULTILINE)
    if entry is None:
        sys.exit(f"error: {name} {version} is installed and not in requirements.lock\nhint: make clean up")
    return [{"alg": "SHA-256", "content": digest} for digest in re.findall(r"sha256:([0-9a-f]{64})", entry[1])]


def _licences(found: Distribution) -> dict[str, list[Component]]:
    """Return what a package says about its licence: an expression, else its classifiers, else its first line."""
    said = found.metadata.json
    if expression := said.get("license_expression"):
        return {"licenses": [{"expression": expression}]}
    classifiers = [entry for entry in said.get("classifier", ()) if entry.startswith("License ::")]
    names = [entry.rpartition(" :: ")[2] for entry in classifiers] or str(said.get("license", "")).splitlines()[:1]
    return {"licenses": [{"license": {"name": name}} for name in names]}


def _console() -> tuple[list[Component], Needs]:
    """Read what the console's lock does not mark as a tool."""
    lock = json.loads((ROOT / "appliance" / "console" / "package-lock.json").read_text(encoding="utf-8"))
    packages = dict(_shipped(lock["packages"]))
    refs = {name: _npm_purl(name, entry["version"]) for name, entry in packages.items()}
    needs = {refs[name]: {refs[other] for other in entry.get("dependencies", ())} for name, entry in packages.items()}
    return [_module(name, entry) for name, entry in packages.items()], needs


def _shipped(packages: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for place, entry in packages.items():
        if not entry.get("dev"):
            yield entry.get("name") or place.removeprefix("node_modules/"), entry


def _module(name: str, entry: dict[str, Any]) -> Component:
    component = _component("library", name, entry["version"], purl=_npm_purl(name, entry["version"]))
    component["licenses"] = [{"license": {"id": entry["license"]}}]
    if "integrity" in entry:
        algorithm, _, digest = entry["integrity"].partition("-")
        alg = {"sha512": "SHA-512", "sha256": "SHA-256"}[algorithm]
        component["hashes"] = [{"alg": alg, "content": base64.b64decode(digest).hex()}]
    return component


def _component(kind: str, name: str, version: str, *, purl: str) -> Component:
    return {"type": kind, "bom-ref": purl, "name": name, "version": version, "purl": purl}


def _purl(name: str) -> str:
    return f"pkg:pypi/{name}@{distribution(name).version}"


def _npm_purl(name: str, version: str) -> str:
    return f"pkg:npm/{name.replace('@', '%40')}@{version}"


if __name__ == "__main__":
    main()
