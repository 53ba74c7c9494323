"""The columns and rows of the table: which clients there are, and what each of them must have driven."""

from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SPECIFICATIONS = REPOSITORY.parent / "shared" / "specs"
"""The providers' OpenAPI files lie beside the checkout, where there are any."""

NOT_SERVED = "not served: clean 404"
FINE_TUNES = tuple(
    f"fine-tunes {what}"
    for what in ("create", "list", "retrieve", "events", "stream", "broken stream", "cancel")
)
JOBS = tuple(f"jobs {what}" for what in ("create", "list", "all pages", "retrieve", "events", "cancel"))
LATER_JOBS = tuple(f"jobs {what}" for what in ("metadata filter", "checkpoints", "pause", "resume"))
FILES = tuple(f"files {what}" for what in ("create", "list", "retrieve", "content", "results", "delete"))
MODELS = tuple(f"models {what}" for what in ("list", "retrieve", "delete"))
ERRORS = tuple(f"errors {status}" for status in (400, 401, 404, 429))
REFUSED = ("fine-tunes delete (refused)", "jobs delete (refused)")
"""Only Azure has them; the client of all providers sends them to whomever it talks to."""
COMPLETE = "every public method is driven"
EXPIRY = "files expiry"
OPERATIONS = (
    *FINE_TUNES,
    REFUSED[0],
    *JOBS,
    *LATER_JOBS,
    REFUSED[1],
    *FILES,
    EXPIRY,
    *MODELS,
    *ERRORS,
    COMPLETE,
    NOT_SERVED,
)
"""The rows, in order."""
UNTRIED_BY_SCHEMATHESIS = frozenset(
    {
        "fine-tunes stream",
        "fine-tunes broken stream",
        "jobs all pages",
        "jobs metadata filter",
        "files results",
    }
)
"""What is no operation of its own in an OpenAPI file, or is described there in prose only."""


@dataclass(frozen=True, slots=True)
class Client:
    """One column: a program that speaks a provider's API, and the script that makes it do so."""

    name: str
    requirements: tuple[str, ...]
    """What pip installs; the text is the key of the cached environment."""
    driver: str
    """A module, run by the environment's own Python."""
    operations: tuple[str, ...]
    """The cells that must be reported; one that is missing has failed."""
    specification: str | None = None
    """An OpenAPI file to be tested against; without it the column is skipped."""
    dialect: str = "openai"
    """What the emulator speaks to it."""


def _specified(*operations: str) -> tuple[str, ...]:
    return tuple(each for each in operations if each not in UNTRIED_BY_SCHEMATHESIS)


DRIVERS = "tests.conformance.drivers"
OPENAI_0 = ("openai==0.28.1",)
CLIENTS = (
    Client(
        "openai 0.28",
        OPENAI_0,
        f"{DRIVERS}.openai_0_28",
        (*FINE_TUNES, *JOBS, *REFUSED, *FILES, *MODELS, *ERRORS, COMPLETE),
    ),
    Client(
        "openai 0.28 command",
        OPENAI_0,
        f"{DRIVERS}.openai_0_28_command",
        (*FINE_TUNES, "files results", "errors 401", "errors 404"),
    ),
    Client(
        "openai 1.3",
        ("openai==1.3.9", "httpx<0.28"),
        f"{DRIVERS}.openai_1_3",
        (*FINE_TUNES, *JOBS, *FILES, *MODELS, *ERRORS),
    ),
    Client(
        "openai newest",
        ("openai",),
        f"{DRIVERS}.openai_newest",
        (*JOBS, *LATER_JOBS, *FILES, EXPIRY, *MODELS, *ERRORS),
    ),
    Client(
        "openai newest at Nebius",
        ("openai",),
        f"{DRIVERS}.openai_at_nebius",
        (
            *(each for each in JOBS if each != "jobs all pages"),
            "jobs checkpoints",
            "files create",
            "errors 404",
        ),
        dialect="nebius",
    ),
    Client(
        "dashscope newest",
        ("dashscope",),
        f"{DRIVERS}.dashscope_newest",
        (
            *(each for each in FINE_TUNES if "stream" not in each),
            REFUSED[0],
            *(f"files {what}" for what in ("create", "list", "retrieve", "delete")),
            *ERRORS,
        ),
        dialect="alibaba",
    ),
    Client(
        "openai.yaml",
        ("schemathesis>=4",),
        f"{DRIVERS}.openapi",
        _specified(*JOBS, *LATER_JOBS, *FILES, *MODELS, NOT_SERVED),
        "openai.yaml",
    ),
    Client(
        "openai_legacy.yaml",
        ("schemathesis>=4",),
        f"{DRIVERS}.openapi",
        _specified(*FINE_TUNES, *FILES, *MODELS),
        "openai_legacy.yaml",
    ),
)
