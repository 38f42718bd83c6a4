"""Within the package a module, a class or a public function has its name alone."""

import ast
from collections import defaultdict

import pytest

from tests.imports import ROOT

PACKAGE = ROOT / "src" / "charrnn"
# Of each command, which main calls; the command of a whole package.
SHARED = {"run", "sweep"}


def names() -> dict[str, list[tuple[str, str]]]:
    """Return the names of each kind, each with the file that defines the name."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        file = path.relative_to(PACKAGE).as_posix()
        is_package = path.name == "__init__.py"
        found["module"].append((path.parent.name if is_package else path.stem, file))
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                found["class"].append((node.name, file))
            elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                found["function"].append((node.name, file))
    return found


@pytest.mark.parametrize("kind", ["module", "class", "function"])
def test_no_two_have_the_same_name(kind: str) -> None:
    files = defaultdict(list)
    for name, file in names()[kind]:
        files[name].append(file)
    assert len(files) > 10
    shared = {name: found for name, found in files.items() if len(found) > 1}
    assert {name: shared[name] for name in shared.keys() - SHARED} == {}
