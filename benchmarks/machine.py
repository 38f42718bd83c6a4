"""What the figures were measured on."""

import platform
from pathlib import Path


def processor() -> str:
    """Return the processor's name, as far as the system tells it."""
    information = Path("/proc/cpuinfo")
    fields: dict[str, str] = {}
    if information.exists():
        for line in information.read_text().splitlines():
            name, _, value = line.partition(":")
            fields[name.strip()] = value.strip()
    model = fields.get("model name", platform.processor() or platform.machine())
    if "cpu family" in fields:
        model += f" (family {fields['cpu family']}, model {fields['model']})"
    return model
