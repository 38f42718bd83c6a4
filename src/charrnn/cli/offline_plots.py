"""``charrnn offline-plots``: let the pages of ``dvc plots`` hold their scripts.

DVC fills a template that loads its scripts from the web.  This command writes a template with
the scripts of the package vl-convert-python and names it in DVC's local settings.  Git
ignores both files.
"""

import argparse
import base64
import hashlib
import json
import subprocess
import sys
from pathlib import Path

from charrnn.cli import interrupts
from charrnn.errors import ArtifactError, CharRnnError
from charrnn.files.artifacts import write_text

PAGE = Path(".dvc/tmp/offline_plots.html")  # ignored by git, not removed by `dvc gc`
_OPTION = "plots.html_template"
_VALUE = PAGE.relative_to(".dvc").as_posix()  # as DVC reads it

# DVC writes each chart as a script, with the values of the curves unescaped.  These scripts
# are read and not run: the browser runs only the script whose digest the template names.
# DVC's charts ask for Vega-Lite 5; the package's version 6 draws the same charts, but warns.
_DRAW = """
const plots = document.querySelector("template").content;
const scripts = [...plots.querySelectorAll("script")];
const charts = scripts.map(script => [script.parentElement, script.textContent]);
scripts.forEach(script => script.remove());
plots.querySelectorAll("[style]").forEach(box => box.removeAttribute("style"));
document.querySelector("main").append(plots);
charts.forEach(async ([box, text]) => {
  const spec = JSON.parse(text.match(/{.*}/s)[0]);
  spec.$schema = spec.$schema?.replace("vega-lite/v5", "vega-lite/v6");
  await vegaEmbed(box, spec, {renderer: "svg", actions: {editor: false}});
});
"""
_TEMPLATE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none';
  img-src 'self' file: data:; style-src 'unsafe-inline';
  script-src 'unsafe-eval' 'sha256-DIGEST'">
<meta name="viewport" content="width=device-width, initial-scale=1">
{refresh_tag}
<title>DVC plots</title>
<style>
body { margin: 1.5rem; font: 15px/1.4 sans-serif; }
main > div { max-width: 100%; margin-bottom: 2rem; overflow: auto; }
p { overflow-wrap: anywhere; }
img { max-width: 100%; }
</style>
</head>
<body>
<main></main>
<template>{plot_divs}</template>
<script>SCRIPT</script>
</body>
</html>
"""


def run(options: argparse.Namespace) -> int:
    """Install the template or remove it, and print what was done."""
    with interrupts.as_exception():
        said = _remove() if options.remove else _install()
    sys.stdout.write(f"{said}\n")
    return 0


def _install() -> str:
    value = _local_value()
    if value not in (None, _VALUE):
        message = (
            f".dvc/config.local: {_OPTION} is {value!r}, a template of your own, and "
            f"is not replaced: dvc config --local --unset {_OPTION}"
        )
        raise CharRnnError(message)
    try:
        import vl_convert
    except ImportError:
        message = (
            "the package vl-convert-python, which holds the scripts of the charts, is "
            "not installed: pip install -e '.[offline]'"
        )
        raise CharRnnError(message) from None
    # As an escaped string the code can neither end the element nor hold a placeholder.
    code = json.dumps(vl_convert.javascript_bundle(_DRAW))
    script = "Function(" + code.replace("<", r"\u003c").replace("{", r"\u007b") + ")()"
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    write_text(PAGE, _TEMPLATE.replace("DIGEST", digest).replace("SCRIPT", script))
    _dvc("config", "--local", _OPTION, _VALUE)
    return f"wrote {PAGE}: dvc plots show and dvc plots diff need no network"


def _remove() -> str:
    is_named, is_there = _local_value() == _VALUE, PAGE.exists()
    if is_named:
        _dvc("config", "--local", "--unset", _OPTION)
    try:
        PAGE.unlink(missing_ok=True)
    except OSError as error:
        message = f"{PAGE}: cannot be removed: {error.strerror}"
        raise ArtifactError(message) from None
    if is_named or is_there:
        return "removed: dvc plots loads its scripts from the web again"
    return "there was nothing to remove"


def _local_value() -> str | None:
    """Return the template that .dvc/config.local names, if any."""
    if not Path(".dvc").is_dir():
        message = f"{Path.cwd()}: has no folder .dvc: run the command in the folder of dvc.yaml"
        raise CharRnnError(message)
    lines = _dvc("config", "--local", "--list").splitlines()
    return dict(line.split("=", 1) for line in lines).get(_OPTION)


def _dvc(*arguments: str) -> str:
    command = [sys.executable, "-m", "dvc", *arguments]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        reason = said[0].removeprefix("ERROR: ") if said else "no reason given"
        message = f"dvc {' '.join(arguments)}: {reason}"
        raise CharRnnError(message)
    return done.stdout
