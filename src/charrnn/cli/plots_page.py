"""The page of `dvc plots` without a network: its scripts stand in the page itself.

`dvc plots show` and `dvc plots diff` fill a template whose scripts come from the web.
Here a template is made with the scripts of an installed package inside, and DVC's local
settings are pointed at it.  Both stay out of git: no third party's code is committed.
"""

import re
import subprocess
import sys
from pathlib import Path

from charrnn.errors import ArtifactError, CharRnnError
from charrnn.files.artifacts import write_text

# Git ignores .dvc/tmp, and `dvc gc` leaves it alone.
PAGE = Path(".dvc/tmp/offline_plots.html")
_OPTION = "plots.html_template"
_VALUE = PAGE.relative_to(".dvc").as_posix()  # as DVC reads it

# DVC's charts call vegaEmbed(element, spec) as soon as they have been read.  Drawn as
# SVG they are sharp on every screen; the menu leaves out an editor that is a web site.
# They say that they are written in Vega-Lite 5, which 6 draws alike, but with a warning.
_SNIPPET = """
window.vegaEmbed = (element, spec) => vegaEmbed(
  element,
  {...spec, $schema: spec.$schema?.replace("vega-lite/v5", "vega-lite/v6")},
  {renderer: "svg", actions: {editor: false}},
);
"""

# DVC replaces {refresh_tag} and {plot_divs}, wherever they stand.  Its boxes of images
# have styles of their own that do not let them shrink, hence the !important.
_TEMPLATE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
{refresh_tag}
<title>DVC plots</title>
<style>
:root { color-scheme: light; }
body {
  margin: 0; padding: 1.5rem; background: #fff; color: #222;
  font: 15px/1.4 system-ui, sans-serif;
}
main > div {
  max-width: 100%; margin: 0 0 2rem; border: 0 !important;
  text-align: start !important; white-space: normal !important;
}
main > div.vega-embed { display: block; width: fit-content; }
.chart-wrapper { max-width: 100%; overflow-x: auto; }
main > div[style] > div {
  box-sizing: border-box; max-width: 100%; margin: 0 1rem 1rem 0 !important;
  border: 1px solid #ddd !important; vertical-align: top;
}
main p { margin: 0.5rem; overflow-wrap: anywhere; }
main > div > p { margin: 0 0 0.5rem; font-weight: 600; }
img { display: block; max-width: 100%; height: auto; }
@media (max-width: 40rem) { body { padding: 0.75rem; } }
</style>
<script>
(() => {
SCRIPTS
})();
</script>
</head>
<body>
<main>
{plot_divs}
</main>
</body>
</html>
"""


def install() -> Path:
    """Make `dvc plots` of the current folder work without a network.

    Writes the template and sets ``plots.html_template`` in ``.dvc/config.local``.  Doing
    it again renews the template, for example after its package was updated.

    Returns
    -------
    Path
        The template, relative to the current folder.

    Raises
    ------
    CharRnnError
        If the current folder has no ``.dvc``, if the package with the scripts is not
        installed, if a template of the user's own is set there already, or if DVC
        refuses.
    ArtifactError
        If the template cannot be written.
    """
    value = _local_value()
    if value not in (None, _VALUE):
        message = (
            f".dvc/config.local: {_OPTION} is {value!r}, a template of your own, which "
            f"is not replaced: dvc config --local --unset {_OPTION}"
        )
        raise CharRnnError(message)
    write_text(PAGE, _TEMPLATE.replace("SCRIPTS", harmless(_scripts())))
    if value is None:
        _dvc("config", "--local", _OPTION, _VALUE)
    return PAGE


def remove() -> bool:
    """Undo `install`; a template of the user's own stays.

    Returns
    -------
    bool
        Whether there was anything to undo.

    Raises
    ------
    CharRnnError
        If the current folder has no ``.dvc``, or if DVC refuses.
    ArtifactError
        If the template cannot be removed.
    """
    was_set = _local_value() == _VALUE
    if was_set:
        _dvc("config", "--local", "--unset", _OPTION)
    try:
        PAGE.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return was_set
    except OSError as error:
        message = f"{PAGE}: cannot be removed: {error.strerror}"
        raise ArtifactError(message) from None
    return True


def harmless(script: str) -> str:
    """Return a script that does the same inside of a template and of a page.

    Neither can it end the page's ``<script>`` early, nor does DVC take any of it for one
    of its placeholders; the escapes are valid in strings, patterns and names alike.
    """
    script = re.sub("<(?=/script|!--)", r"\\x3c", script, flags=re.IGNORECASE)
    return re.sub(
        r"\{([spr])(?=(cripts|lot_divs|efresh_tag)\})",
        lambda found: rf"{{\u{ord(found[1]):04x}",
        script,
    )


def _scripts() -> str:
    try:
        import vl_convert
    except ImportError:
        message = (
            "the package vl-convert-python is not installed: it holds the scripts that "
            "draw the charts: pip install -e '.[offline]'"
        )
        raise CharRnnError(message) from None
    return vl_convert.javascript_bundle(_SNIPPET)


def _local_value() -> str | None:
    """Return what the local settings of this folder say, if they do."""
    if not Path(".dvc").is_dir():
        message = f"{Path.cwd()}: has no folder .dvc: run this where dvc.yaml stands"
        raise CharRnnError(message)
    for line in _dvc("config", "--local", "--list").splitlines():
        option, _, value = line.partition("=")
        if option == _OPTION:
            return value
    return None


def _dvc(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *arguments],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        reason = said[0].removeprefix("ERROR: ") if said else "no reason given"
        message = f"dvc {' '.join(arguments)}: {reason}"
        raise CharRnnError(message)
    return done.stdout
