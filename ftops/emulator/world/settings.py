"""What an emulator is started with."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class EmulatorSettings:
    """Where an emulator keeps its world, and how it behaves."""

    database: Path
    """Files are kept beside it, in the folder `<database>.files`."""
    speed: float = 1.0
    """Emulated seconds per real second."""
    api_key: str | None = None
    """When set, any other bearer key gets the provider's 401."""
    organization: str = "org-emulator"
    by_the_book: bool = False
    """Keep to the API's own OpenAPI file: leave out where the real API deviates from it (null
    hyperparameters, half-empty errors on healthy jobs, the status `paused`, refused unknown parameters, files
    as bytes)."""
    control: bool = True
    """Whether `/_emulator` is there, which no provider has."""
    dialect: str = "openai"
    """Which wire format is spoken (`wires.wire.FOLDERS`); OpenAI's two are spoken together."""
    open: bool = False
    """Take new jobs as a provider did before it closed: without it, those formats refuse as they do today."""
    max_file_bytes: int = 512 * 1024 * 1024

    @property
    def files(self) -> Path:
        """The folder that holds the contents of uploaded files."""
        return self.database.with_name(self.database.name + ".files")
