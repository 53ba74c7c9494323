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
TOGETHER = tuple(
    f"fine-tunes {what}"
    for what in (
        *("create (dpo)", "from a checkpoint", "metrics", "checkpoints", "delete", "price", "limits"),
    )
)
"""What Together's `/fine-tunes` has beside the founding format's."""
OTHER_UPLOADS = ("files there already", "files in parts")
TOGETHER_YAML = ("fine-tunes supported models", "files in one form", "files preprocess")
"""What its document has, and its client never asks for by itself."""
JOBS = tuple(f"jobs {what}" for what in ("create", "list", "all pages", "retrieve", "events", "cancel"))
LATER_JOBS = tuple(f"jobs {what}" for what in ("metadata filter", "checkpoints", "pause", "resume"))
FILES = tuple(f"files {what}" for what in ("create", "list", "retrieve", "content", "results", "delete"))
MODELS = tuple(f"models {what}" for what in ("list", "retrieve", "delete"))
ERRORS = tuple(f"errors {status}" for status in (400, 401, 404, 429))
REFUSED = ("fine-tunes delete (refused)", "jobs delete (refused)")
"""Only Azure has them; the client of all providers sends them to whomever it talks to."""
DELETED = "jobs delete"
CLOSED = ("jobs create (closed)", "files create (closed)")
"""How a provider that has stopped taking jobs answers today."""
MISTRAL = ("jobs start", "jobs similar (refused)", "jobs metrics")
FIREWORKS = ("jobs create (dpo)", "jobs of a taken id (refused)")
UNFIT = "errors 422"
COMPLETE = "every public method is driven"
EXPIRY = "files expiry"
OPERATIONS = (
    *FINE_TUNES,
    *TOGETHER,
    TOGETHER_YAML[0],
    REFUSED[0],
    *JOBS,
    *LATER_JOBS,
    *MISTRAL,
    *FIREWORKS,
    CLOSED[0],
    REFUSED[1],
    DELETED,
    *FILES,
    CLOSED[1],
    *OTHER_UPLOADS,
    *TOGETHER_YAML[1:],
    EXPIRY,
    *MODELS,
    *ERRORS,
    UNFIT,
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
        "fine-tunes create (dpo)",
        "fine-tunes from a checkpoint",
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
    opened: bool = True
    """Whether it answers as it did before it took no more jobs, where it is one that has closed."""


def _specified(*operations: str) -> tuple[str, ...]:
    return tuple(each for each in operations if each not in UNTRIED_BY_SCHEMATHESIS)


DRIVERS = "tests.conformance.drivers"
OPENAI_0 = ("openai==0.28.1",)
AZURE = (*JOBS, *LATER_JOBS[1:], *FILES, *MODELS[:2], *ERRORS)
"""Without a filter of the list, and without a way to delete a model: Azure has neither."""
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
        "AzureOpenAI",
        ("openai",),
        f"{DRIVERS}.azure_openai_dated",
        (*AZURE, DELETED),
        dialect="azure_openai",
    ),
    Client(
        "openai at Azure v1",
        ("openai",),
        f"{DRIVERS}.azure_openai_v1",
        (*AZURE, REFUSED[1]),
        dialect="azure_openai",
    ),
    Client(
        "together newest",
        ("together",),
        f"{DRIVERS}.together_newest",
        (
            *(each for each in FINE_TUNES if "stream" not in each),
            *TOGETHER,
            *(each for each in FILES if each != "files results"),
            *OTHER_UPLOADS,
            *(each for each in ERRORS if each != "errors 400"),
        ),
        dialect="together",
    ),
    Client(
        "mistralai 2.4.13",
        ("mistralai==2.4.13",),
        f"{DRIVERS}.mistralai_2_4",
        (
            *JOBS,
            *MISTRAL,
            *(each for each in FILES if each != "files results"),
            *MODELS,
            *(each for each in ERRORS if each != "errors 400"),
            UNFIT,
        ),
        dialect="mistral",
    ),
    Client(
        "mistralai today",
        ("mistralai==2.4.13",),
        f"{DRIVERS}.mistralai_today",
        (CLOSED[0], "jobs list"),
        dialect="mistral",
        opened=False,
    ),
    Client(
        "fireworks newest",
        ("fireworks-ai",),
        f"{DRIVERS}.fireworks_newest",
        (
            *(each for each in JOBS if each != "jobs events"),
            *FIREWORKS,
            DELETED,
            *(each for each in FILES if each not in ("files content", "files results")),
            *MODELS,
            *ERRORS,
        ),
        dialect="fireworks",
    ),
    Client(
        "fireworks today",
        ("fireworks-ai",),
        f"{DRIVERS}.fireworks_today",
        (*CLOSED, "jobs list"),
        dialect="fireworks",
        opened=False,
    ),
    Client(
        "openai.yaml",
        ("schemathesis>=4",),
        f"{DRIVERS}.openapi",
        _specified(*JOBS, *LATER_JOBS, *FILES, *MODELS, NOT_SERVED),
        "openai.yaml",
    ),
    Client(
        "azure_openai.yaml",
        ("schemathesis>=4",),
        f"{DRIVERS}.openapi",
        (*_specified(*JOBS, *LATER_JOBS, DELETED, *FILES[:3], FILES[5], *MODELS[:2]), NOT_SERVED),
        "azure_openai.yaml",
        dialect="azure_openai",
    ),
    Client(
        "openai_legacy.yaml",
        ("schemathesis>=4",),
        f"{DRIVERS}.openapi",
        _specified(*FINE_TUNES, *FILES, *MODELS),
        "openai_legacy.yaml",
    ),
    Client(
        "together.yaml",
        ("schemathesis>=4",),
        f"{DRIVERS}.openapi",
        (
            *_specified(*FINE_TUNES, *FILES),
            *(each for each in TOGETHER if each not in UNTRIED_BY_SCHEMATHESIS),
            *TOGETHER_YAML,
            "files in parts",
            "models list",
            NOT_SERVED,
        ),
        "together.yaml",
        dialect="together",
    ),
    Client(
        "mistral.yaml",
        ("schemathesis>=4",),
        f"{DRIVERS}.mistral_openapi",
        (
            *(each for each in JOBS if each not in ("jobs all pages", "jobs events")),
            "jobs start",
            *(each for each in FILES if each != "files results"),
            *MODELS,
            NOT_SERVED,
        ),
        "mistral.yaml",
        dialect="mistral",
    ),
    Client(
        "fireworks.yaml",
        ("schemathesis>=4",),
        f"{DRIVERS}.fireworks_openapi",
        (
            *(each for each in JOBS if each not in ("jobs all pages", "jobs events")),
            DELETED,
            *(each for each in FILES if each not in ("files content", "files results")),
            *MODELS,
            NOT_SERVED,
        ),
        "fireworks.yaml",
        dialect="fireworks",
    ),
)
