"""Pages of HTML from templates: the only importer of jinja2.

``templates/`` holds the style sheets that all pages share.
"""

from pathlib import Path
from typing import Any

import jinja2

from charrnn.html import formats

SHARED = Path(__file__).parent / "templates"

_FILTERS = ("count", "fixed", "percent", "scientific", "power", "value", "visible")


def rendered(templates: Path, name: str, context: dict[str, Any]) -> str:
    """Return the HTML of a template; a missing variable or None is an error.

    Parameters
    ----------
    templates : Path
        The folder of the template, which may include others of it and those of `SHARED`.
    name : str
    context : dict
        The variables; each is escaped.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([templates, SHARED]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_something,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        newline_sequence="\n",
    )
    for one in _FILTERS:
        environment.filters[one] = getattr(formats, one)
    return environment.get_template(name).render(context)


def _something(content: Any) -> Any:
    """Refuse to print None."""
    assert content is not None
    return content
