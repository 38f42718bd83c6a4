"""Which of the project's source files a stage imports."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = {"charrnn": ROOT / "src", "stages": ROOT}


def closure(module: str) -> set[str]:
    """Return the files, relative to the root, that importing a module executes.

    Files with only a docstring are left out: they execute nothing.
    """
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        for path in _files(waiting.pop()):
            if path not in found:
                found.add(path)
                waiting += _imported(path)
    return {
        path.relative_to(ROOT).as_posix() for path in found if _does_something(path)
    }


def _files(module: str) -> list[Path]:
    """Return the file of a module and the files of its packages."""
    parts = module.split(".")
    if parts[0] not in SOURCES:
        return []
    files = []
    for length in range(1, len(parts) + 1):
        path = SOURCES[parts[0]].joinpath(*parts[:length])
        candidates = (path.with_suffix(".py"), path / "__init__.py")
        files += [candidate for candidate in candidates if candidate.is_file()]
    return files


def _does_something(path: Path) -> bool:
    return len(ast.parse(path.read_text(encoding="utf-8")).body) > 1


def _imported(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            # A name imported from a package may be a module or an object.
            names += [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
    return names
