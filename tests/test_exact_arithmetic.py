"""An allow-list, compared with the source: only arithmetic that is exact everywhere.

BLAS, libm and NumPy's reductions round differently on another processor, system or
version.  Code reaches them by an import, a builtin, an operator or an attribute, so each
of these that the lists below do not name is refused, whether it is called or passed on:

- imports from outside the project, and members of NumPy and other computing modules;
- builtins (Python 3.12 changed how `sum` adds floats);
- attributes with a name that NumPy, its types or `math` use, whatever they belong to: the
  source does not tell the type of ``x`` in ``x.sum()``;
- ``@``, which is BLAS, and ``**``, which is libm's pow, except between integer literals.

All modules of the library and the stages are checked: those on the path from book to
artifact, and the commands, whose figures are compared with the artifacts.
"""

import ast
import builtins
import math
import re
from pathlib import Path

import numpy as np
import pytest

from charrnn.network import reference
from tests.imports import SOURCES


def words(text: str) -> set[str]:
    return set(text.split())


OWN = {
    ".".join(path.relative_to(folder).with_suffix("").parts): path
    for name, folder in SOURCES.items()
    for path in sorted((folder / name).rglob("*.py"))
}
EXEMPT = Path(reference.__file__)  # compared within tolerances; makes no artifact

IMPORTS = words("""
    annotated_types argparse base64 bisect charset_normalizer codecs collections concurrent configparser contextlib csv
    dask dataclasses decimal difflib distributed enum errno filelock functools hashlib importlib inspect io
    itertools jinja2 json llvmlite logging markupsafe matplotlib numba operator os pathlib
    pathspec pickle pydantic queue re safetensors select shlex signal stat subprocess sys textwrap tempfile threading time tqdm
    types typing unicodedata vl_convert yaml zipfile""")
MEMBERS = {
    "math": words("ceil floor fsum inf isfinite nan prod sqrt"),
    # Of floats: one IEEE operation for each element, or sums in the order of the elements.
    "numpy": words("""
        abs add append arange argmax argmin argsort argwhere array asarray
        ascontiguousarray atleast_1d bincount bool_ concatenate count_nonzero cumsum
        dtype empty errstate finfo flatnonzero float32 float64 frombuffer full inf int32
        int64 integer isfinite isin lib.format linspace maximum memmap min_scalar_type minimum
        isnan nan nan_to_num newaxis ones random.Generator random.default_rng repeat
        searchsorted sort sqrt square stack typing.ArrayLike typing.DTypeLike
        typing.NDArray uint32 uint64 uint8 unique unsignedinteger where zeros zeros_like"""),
    "statistics": words("median"),
    "torch": words("from_numpy save"),
}
BUILTINS = words("""
    __name__ abs all any bool bytes chr classmethod dict divmod enumerate float frozenset
    getattr hasattr int isinstance len list map max min next object open ord property range repr
    reversed round set setattr slice sorted str super tuple type vars zip""")
# Of arrays: sizes, moves, comparisons; `reduceat` of extremes and of counts; draws that
# are uniform, or rounded from float64.  The last two lines are not of arrays.
ATTRIBUTES = words("""
    T all argmin astype base choice copy ctypes data dtype flat itemsize max min random
    ravel reduceat reshape shape size sort standard_normal strides tobytes tolist view
    __file__ add append at clip floor fromstring info load number partition put save seed
    select split test""")
# Sums and powers of whole numbers, which are exact, and what the numbers are.
WHOLE = {
    "2 ** digits": "Python's, digits of a float's fraction",
    "K ** order": "Python's, of n-grams",
    "vocabulary_size ** order": "Python's, of n-grams",
    "(x * x).sum": "int64, ranks",
    "(x * y).sum": "int64, ranks",
    "(y * y).sum": "int64, ranks",
    "difference.mean": "a field, not a method",
    "ranks[:, has].sum": "int64, ranks",
    "values.sum": "bool or int64, a property's values",
    "which.sum": "bool, chosen elements",
    "spread.mean": "a field, not a method",
    "sum(array.size)": "Python's, weights",
    "sum(end - start)": "Python's, characters",
    "sum(character in known)": "bool, characters",
    "sum(min)": "Python's, chosen elements",
    "sum(int)": "Python's, made by int",
    "sum(judge)": "Python's, judged updates",
    "sum(unknown.values)": "Python's, counted characters",
}

TYPES = (np.ndarray, np.float64, np.ufunc, np.random.Generator)
NAMES = {name for known in (math, np, np.random, *TYPES) for name in dir(known)}
REFUSED_ATTRIBUTES = NAMES - set(dir(type)) - ATTRIBUTES
REFUSED_BUILTINS = {name for name in dir(builtins) if name.islower()} - BUILTINS


def is_allowed(dotted: str, *, is_base: bool) -> bool:
    """Return whether a module or a member may be used, or may stand before a dot."""
    module, _, member = dotted.partition(".")
    if module not in MEMBERS:
        return module in SOURCES or module in IMPORTS
    above = ("", *(name.rpartition(".")[0] for name in MEMBERS[module]))
    return member in MEMBERS[module] or (is_base and member in above)


def imports(node: ast.AST) -> dict[str, str]:
    """Return the names that an import binds, each with the full name behind it."""
    match node:
        case ast.Import(names):
            return {one.asname or one.name: one.name for one in names}
        case ast.ImportFrom(module, names, level):
            base = "." * level + (module or "")
            return {one.asname or one.name: f"{base}.{one.name}" for one in names}
    return {}


def refused(source: str) -> list[tuple[int, str]]:
    """Return the line and the text of all in a module that is not listed."""
    tree = ast.walk(ast.parse(source))
    nodes = [node for node in tree if isinstance(node, ast.stmt | ast.expr)]
    imported = {name: whole for node in nodes for name, whole in imports(node).items()}
    bases = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
    sums: dict[int, str] = {}
    found = []

    def full_name(node: ast.expr) -> str:
        """Return by what dots an import is followed; '' for all that is not imported."""
        if isinstance(node, ast.Attribute):
            return (base := full_name(node.value)) and f"{base}.{node.attr}"
        return imported.get(node.id, "") if isinstance(node, ast.Name) else ""

    for node in nodes:
        is_base, wrong = id(node) in bases, False
        match node:
            case ast.Import() | ast.ImportFrom():
                names = imports(node).values()
                wrong = not all(is_allowed(name, is_base=True) for name in names)
            case ast.Name(name) if name in imported:
                wrong = not is_allowed(imported[name], is_base=is_base)
            case ast.Name(name):
                wrong = name in REFUSED_BUILTINS
            case ast.Attribute(value, name):
                base = full_name(value)
                module = base.partition(".")[0]
                if module in MEMBERS and not is_allowed(base, is_base=False):
                    wrong = not is_allowed(f"{base}.{name}", is_base=is_base)
                elif base not in OWN and module not in IMPORTS:
                    wrong = name in REFUSED_ATTRIBUTES
            case ast.Call(ast.Name("getattr"), [_, ast.Constant(name), *_]):
                wrong = name in REFUSED_ATTRIBUTES
            case ast.Call(ast.Name("sum") as function, [ast.GeneratorExp(one) | one]):
                one = one.func if isinstance(one, ast.Call) else one
                sums[id(function)] = f"sum({ast.unparse(one)})"
            case ast.BinOp(ast.Constant(int()), ast.Pow(), ast.Constant(int())):
                pass
            case ast.BinOp(op=operator) | ast.AugAssign(op=operator):
                wrong = isinstance(operator, ast.Pow | ast.MatMult)
        if wrong:
            found.append((node.lineno, sums.get(id(node), ast.unparse(node))))
    return found


def test_nothing_is_computed_that_differs_between_machines() -> None:
    found = [
        (text, f"{path}:{line}: {text}")
        for path in set(OWN.values()) - {EXEMPT}
        for line, text in refused(path.read_text(encoding="utf-8"))
    ]
    assert [place for text, place in found if text not in WHOLE] == []
    assert WHOLE.keys() <= {text for text, _ in found}, "an exception is idle"


SPELLINGS = """
    x.sum() | x.mean() | x.dot(y) | a.std() | x.var() | x.prod() | np.linalg.norm(x)
    np.add.reduce(x) | numpy.exp(x) | math.log(x) | pow(x, y) | sum(x) | x **= 2 | a @= b
    x ** 0.5 | 2.5 ** 2 | a @ b | from math import exp | from math import * | import cmath
    from numpy import exp as e | from numpy.linalg import norm | import numpy.linalg
    from numpy import random as r; r.normal() | from . import numpy as np | f = np
    import numpy as n; n.exp(x) | import numpy.random as r; r.rand() | f = np.exp
    f = x.sum | map(np.exp, x) | f(y, key=sum) | getattr(np, name) | getattr(x, 'sum')()
    np.float64.mean(x) | x.T.dot | rng.normal() | np.random.normal() | exact.np.exp(x)
    f(x).sum() | f'{x.sum()}' | lambda x: x.mean() | x.__pow__(y) | __import__('scipy')"""


@pytest.mark.parametrize("spelling", re.split(r" \| |\n +", SPELLINGS.strip()))
def test_a_spelling_is_found_on_its_line(spelling: str) -> None:
    source = f"import math, numpy, numpy as np\nfrom charrnn import exact\n{spelling}"
    assert {line for line, _ in refused(source)} == {3}


def test_exact_arithmetic_passes() -> None:
    source = """import math, json, numpy as np
from charrnn import exact
from charrnn.exact import exp
from numpy.typing import NDArray
y = exact.exp(x) + exp(x) * np.sqrt(x) - math.fsum(x) / 2 ** 32
y += np.cumsum(x)[-1] + x.max() + len(json.dumps(x).split())
rng: np.random.Generator = np.random.default_rng(1)
np.lib.format.write_array(file, rng.standard_normal(3).astype(np.float32))
"""
    assert refused(source) == []
