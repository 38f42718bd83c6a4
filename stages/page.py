"""Write the page in which the network writes and reads in a browser."""

from stages.runtime import signals

if __name__ == "__main__":  # before the slow imports
    signals.end_at_once("page")

from pathlib import Path

from charrnn.errors import ArtifactError
from charrnn.files.metrics.inspection_metrics import InspectionMetrics
from charrnn.files.metrics.schema import read_metrics
from charrnn.files.models import load_model
from charrnn.files.params import load_section
from charrnn.files.prepared import load_vocabulary
from charrnn.html.rendering import SHARED
from charrnn.page.building import SCRIPTS, TEMPLATES, Presented, build_page
from charrnn.settings import PrepareConfig, SampleConfig
from stages.runtime.inputs import Inputs
from stages.runtime.paths import BEST, INSPECTION, PAGE, SAMPLE, VOCABULARY
from stages.runtime.running import log, run
from stages.runtime.texts import read_text


def main() -> None:
    """Run the stage ``page``."""
    code = [one for folder in (SCRIPTS, SHARED, TEMPLATES) for one in folder.iterdir()]
    inputs = Inputs(
        [SampleConfig, "prepare.book"],
        [VOCABULARY, BEST, INSPECTION, SAMPLE],
        code=sorted(code),
    )
    vocabulary, sample = load_vocabulary(VOCABULARY), load_section(SampleConfig)
    written, begin = read_text(SAMPLE).removesuffix("\n"), sample.prime or ""
    if not written.startswith(begin):
        message = f"{SAMPLE}: does not begin with sample.prime, {begin!r}"
        raise ArtifactError(message)
    page = build_page(
        Presented(
            book_name=Path(load_section(PrepareConfig).book).name,
            model=load_model(BEST, vocabulary).model,
            vocabulary=vocabulary,
            sample=sample,
            written=written.removeprefix(begin),
            inspection=read_metrics(InspectionMetrics, INSPECTION),
        )
    )
    with inputs.outputs() as out:
        out.write(PAGE, page)
    log.info("%s bytes", f"{len(page):,}")


if __name__ == "__main__":
    run("page", main)
