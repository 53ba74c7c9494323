"""Man pages, in the macros of man(7). Our own few lines: the library for it, click-man, stands still."""

from __future__ import annotations

import re

from docs.generator.commands import Command
from ftops import __version__
from ftops.errors import EXIT_CODE_ORDER, ExitCode


def man_page(command: Command) -> str:
    """Draw one page. It carries the version and no date, so that it changes only with the command."""
    lines = [
        f'.TH "{command.page.upper()}" 1 "" "ftops {__version__}" "ftops manual"',
        ".SH NAME",
        f"{_text(command.page)} \\- {_text(command.summary.split('. ')[0].rstrip('.'))}",
        ".SH SYNOPSIS",
        # A long choice of words may break after each of them, and has no spaces to be stretched.
        ".ad l",
        f".B {_text(command.words)}",
        _text(command.usage.removeprefix(command.words).strip()).replace("|", "|\\:") or ".br",
        ".ad b",
        ".SH DESCRIPTION",
    ]
    for paragraph in command.paragraphs:
        lines += [".PP", _text(paragraph)]
    lines += [".SH OPTIONS"]
    for option in command.options:
        lines += [".TP", f".B {_text(option.names)}", _text(option.help)]
    if command.children:
        lines += [".SH COMMANDS"]
        for word, summary in command.children:
            lines += [".TP", f".BR {_text(f'{command.page}-{word}')} (1)", _text(summary)]
    lines += [".SH EXIT STATUS"]
    for code in sorted(ExitCode):
        lines += [".TP", f".B {code.value}", _text(code.meaning)]
    order = ", ".join(str(code.value) for code in EXIT_CODE_ORDER)
    lines += [".PP", f"Where several apply, the first in this order is returned: {order}."]
    if command.words != "ftops":
        parent = command.page.rsplit("-", 1)[0]
        lines += [".SH SEE ALSO", f".BR {_text(parent)} (1)"]
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    """Escape what roff would read as orders."""
    escaped = re.sub(r"`([^`]*)`", r"\1", text).replace("\\", "\\e").replace("-", "\\-")
    escaped = escaped.replace("'", "\\(aq").replace("~", "\\(ti").replace("^", "\\(ha")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
