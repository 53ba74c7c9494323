"""GitOps for fine-tuning jobs: declare them in YAML, plan, apply; never create one twice.

    with ftops.open_project("path") as project:
        plan = project.plan()
        project.apply(plan)

The names of `__all__` are public and stay; each is imported when it is first used, so that `import ftops`
costs nothing.
"""

from ftops.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ftops.api.adoption import ImportedJob
    from ftops.api.cancelling import Cancellation
    from ftops.api.converting import Conversion
    from ftops.api.importing import Imported, PassedOver
    from ftops.api.one_provider import open_provider
    from ftops.api.plans import ApplyResult, ReviewedPlan
    from ftops.api.project import Project, open_project
    from ftops.api.project_state import ProjectState
    from ftops.api.reading import load, read_costs, read_outputs
    from ftops.api.state_access import StateVersion
    from ftops.api.state_edit import StateEdit
    from ftops.errors import (
        Ambiguous,
        ExitCode,
        Failure,
        Forbidden,
        ForgeError,
        FtopsError,
        Interrupted,
        InvalidInput,
        LeaseLost,
        LockHeld,
        NeedsPerson,
        NoModel,
        NotFound,
        NotReady,
        NotSent,
        Problem,
        ProviderError,
        RateLimited,
        Refused,
        Rejected,
        SecretExposed,
        StateConflict,
        StateError,
        StateMoved,
        StateUncertain,
        Unauthorized,
        Unpaid,
        Unsupported,
        UsageError,
    )
    from ftops.model.cancelling import Cancelled, Fate
    from ftops.model.change import Action, Change, FieldDifference, Reason, Then
    from ftops.model.dataset import Dataset
    from ftops.model.event import ChangeResult, Event, EventKind, Outcome
    from ftops.model.finetune import DataFile, FineTune, Method, Upstream
    from ftops.model.job import Job, JobError, JobEvent, JobList, JobStatus, UploadedFile
    from ftops.model.request import JobRequest, RequestFile
    from ftops.model.review import CostEstimate, Violation
    from ftops.model.spending import Amount, ChargeSource
    from ftops.model.spent import Spending, Waste
    from ftops.providers.provider import Provider, Reply
    from ftops.reconciler.values import Loaded
    from ftops.records.serving import Output
    from ftops.report.status import Acknowledged, StatusRow
    from ftops.review.costs import CostReport, Tally

__all__ = [
    "Acknowledged",
    "Action",
    "Ambiguous",
    "Amount",
    "ApplyResult",
    "Cancellation",
    "Cancelled",
    "Change",
    "ChangeResult",
    "ChargeSource",
    "Conversion",
    "CostEstimate",
    "CostReport",
    "DataFile",
    "Dataset",
    "Event",
    "EventKind",
    "ExitCode",
    "Failure",
    "Fate",
    "FieldDifference",
    "FineTune",
    "Forbidden",
    "ForgeError",
    "FtopsError",
    "Imported",
    "ImportedJob",
    "Interrupted",
    "InvalidInput",
    "Job",
    "JobError",
    "JobEvent",
    "JobList",
    "JobRequest",
    "JobStatus",
    "LeaseLost",
    "Loaded",
    "LockHeld",
    "Method",
    "NeedsPerson",
    "NoModel",
    "NotFound",
    "NotReady",
    "NotSent",
    "Outcome",
    "Output",
    "PassedOver",
    "Problem",
    "Project",
    "ProjectState",
    "Provider",
    "ProviderError",
    "RateLimited",
    "Reason",
    "Refused",
    "Rejected",
    "Reply",
    "RequestFile",
    "ReviewedPlan",
    "SecretExposed",
    "Spending",
    "StateConflict",
    "StateEdit",
    "StateError",
    "StateMoved",
    "StateUncertain",
    "StateVersion",
    "StatusRow",
    "Tally",
    "Then",
    "Unauthorized",
    "Unpaid",
    "Unsupported",
    "UploadedFile",
    "Upstream",
    "UsageError",
    "Violation",
    "Waste",
    "__version__",
    "load",
    "open_project",
    "open_provider",
    "read_costs",
    "read_outputs",
]

_ROOMS = {
    "ftops.api.cancelling": ("Cancellation",),
    "ftops.api.plans": (
        "ApplyResult",
        "ReviewedPlan",
    ),
    "ftops.api.adoption": ("ImportedJob",),
    "ftops.api.converting": ("Conversion",),
    "ftops.api.importing": (
        "Imported",
        "PassedOver",
    ),
    "ftops.api.one_provider": ("open_provider",),
    "ftops.api.project": (
        "Project",
        "open_project",
    ),
    "ftops.api.project_state": ("ProjectState",),
    "ftops.api.reading": (
        "load",
        "read_costs",
        "read_outputs",
    ),
    "ftops.api.state_access": ("StateVersion",),
    "ftops.api.state_edit": ("StateEdit",),
    "ftops.errors": (
        "Ambiguous",
        "ExitCode",
        "Failure",
        "Forbidden",
        "ForgeError",
        "FtopsError",
        "Interrupted",
        "InvalidInput",
        "LeaseLost",
        "LockHeld",
        "NeedsPerson",
        "NoModel",
        "NotFound",
        "NotReady",
        "NotSent",
        "Problem",
        "ProviderError",
        "RateLimited",
        "Refused",
        "Rejected",
        "SecretExposed",
        "StateConflict",
        "StateError",
        "StateMoved",
        "StateUncertain",
        "Unauthorized",
        "Unpaid",
        "Unsupported",
        "UsageError",
    ),
    "ftops.model.cancelling": (
        "Cancelled",
        "Fate",
    ),
    "ftops.model.change": (
        "Action",
        "Change",
        "FieldDifference",
        "Reason",
        "Then",
    ),
    "ftops.model.dataset": ("Dataset",),
    "ftops.model.event": (
        "ChangeResult",
        "Event",
        "EventKind",
        "Outcome",
    ),
    "ftops.model.finetune": (
        "DataFile",
        "FineTune",
        "Method",
        "Upstream",
    ),
    "ftops.model.job": (
        "Job",
        "JobError",
        "JobEvent",
        "JobList",
        "JobStatus",
        "UploadedFile",
    ),
    "ftops.model.request": (
        "JobRequest",
        "RequestFile",
    ),
    "ftops.model.review": (
        "CostEstimate",
        "Violation",
    ),
    "ftops.model.spending": (
        "Amount",
        "ChargeSource",
    ),
    "ftops.model.spent": (
        "Spending",
        "Waste",
    ),
    "ftops.records.serving": ("Output",),
    "ftops.review.costs": (
        "CostReport",
        "Tally",
    ),
    "ftops.providers.provider": (
        "Provider",
        "Reply",
    ),
    "ftops.reconciler.line": ("Loaded",),
    "ftops.report.status": ("Acknowledged", "StatusRow"),
}
_HOMES = {name: room for room, names in _ROOMS.items() for name in names}

# Type checkers see the imports above; this would make them believe that every name exists.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import a public name when it is first used."""
        if name not in _HOMES:
            raise AttributeError(f"module 'ftops' has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """Return the public names, imported or not."""
    return sorted({*globals(), *__all__})
