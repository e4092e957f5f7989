"""A CycloneDX bill of materials of the program, from `cargo metadata` and the lock file's checksums: METADATA LOCK."""

import json
import sys
import tomllib


def walk(nodes, root):
    """Everything that `root` is built of or with; what only tests use is left out."""
    seen, waiting = {}, [root]
    while waiting:
        package = waiting.pop()
        if package in seen:
            continue
        wanted = [
            dependency["pkg"]
            for dependency in nodes[package]["deps"]
            if any(kind["kind"] in (None, "build") for kind in dependency["dep_kinds"])
        ]
        seen[package] = sorted(wanted)
        waiting += wanted
    return seen


def reference(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package, checksums):
    found = {
        "type": "library",
        "bom-ref": reference(package),
        "name": package["name"],
        "version": package["version"],
        "purl": reference(package),
    }
    if package["license"]:
        # Old manifests write a slash for a choice.
        found["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    if package["repository"] and package["repository"].startswith("http"):
        found["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    checksum = checksums.get((package["name"], package["version"]))
    if checksum:
        found["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    return found


def main():
    with open(sys.argv[1]) as file:
        metadata = json.load(file)
    with open(sys.argv[2], "rb") as file:
        locked = tomllib.load(file)["package"]
    checksums = {(it["name"], it["version"]): it.get("checksum") for it in locked}
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    (root,) = (it["id"] for it in metadata["packages"] if it["name"] == "gametape" and it["source"] is None)
    graph = walk(nodes, root)
    program = component(packages[root], checksums) | {"type": "application"}
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": program},
        "components": [
            component(packages[it], checksums)
            for it in sorted(graph, key=lambda it: (packages[it]["name"], packages[it]["version"]))
            if it != root
        ],
        "dependencies": [
            {"ref": reference(packages[it]), "dependsOn": sorted({reference(packages[to]) for to in graph[it]})}
            for it in sorted(graph)
        ],
    }
    json.dump(bom, sys.stdout, indent=1)
    print()


main()
