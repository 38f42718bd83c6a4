"""Scripts, styles and data inside a page, and the policy that allows only these."""

import base64
import hashlib
import json
import re
from typing import Any

from markupsafe import Markup


def as_is(code: str) -> Markup:
    """Return a script, a style or a figure as it stands."""
    assert not re.search(r"</(?:script|style)|<!--", code, re.IGNORECASE)
    return Markup(code)  # our own files


def as_data(content: Any) -> Markup:
    """Return a value as JSON for an element that no browser runs, in ASCII without ``<``."""
    text = json.dumps(content, sort_keys=True, allow_nan=False)
    return Markup(text.replace("<", "\\u003c"))  # nothing ends the element


def allowed(code: str) -> str:
    """Return how a Content-Security-Policy names a script or a style: by its digest."""
    digest = hashlib.sha256(code.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
