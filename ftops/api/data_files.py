"""What a person means by a word: a fine-tune of the project, or a data file, in it or anywhere."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct, field

from ftops.errors import FtopsError, InvalidInput, Problem
from ftops.files.confinement import confine, is_inside, is_special
from ftops.manifests.parser import load_fine_tunes
from ftops.manifests.project import PROJECT_FILE, load_project
from ftops.model.finetune import DataFile, FineTune, Method, root_model
from ftops.model.nearest import did_you_mean
from ftops.model.observation import ProviderFacts
from ftops.model.project import Project
from ftops.model.value import replace
from ftops.providers.registry import all_capabilities, dialects, facts_of
from ftops.reconciler.elsewhere import bring

_MOST_NAMES = 200
"""Entries of a folder among which a misspelt file is looked for."""

_OF_DATA = ("spec.training_file", "spec.validation_file")


class DeclaredData(Struct, frozen=True):
    """What a project declares, as far as it can be read; empty where there is no project.

    `absent` are data files that are not there, and `of_data` says so for each fine-tune that names one.
    """

    root: Path
    project: Project | None = None
    facts: Mapping[str, ProviderFacts] = field(default_factory=dict)
    fine_tunes: Mapping[str, FineTune] = field(default_factory=dict)
    misdeclared: tuple[Problem, ...] = ()
    absent: frozenset[str] = frozenset()
    of_data: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)

    def named(self, word: str) -> FineTune | str:
        """Return the fine-tune, or the path of the file, that a word means.

        A path is project-relative where the file is in the project. Raises FtopsError, and InvalidInput
        where it may be a fine-tune whose manifest does not load, or one that a data file was left out of.
        """
        if word in self.fine_tunes:
            fine_tune = self.fine_tunes[word]
            left_out = self._left_out(fine_tune)
            if left_out:
                raise InvalidInput(left_out)
            return fine_tune
        if self.misdeclared and Path(word).name == word and not (self.root / word).exists():
            raise InvalidInput(self.misdeclared)
        return self.path(word)

    def _left_out(self, fine_tune: FineTune) -> tuple[Problem, ...]:
        """Return the problems of data files in a manifest: one that leads out of the project is left out."""
        file = fine_tune.source.file
        return tuple(
            one for one in self.misdeclared if one.file == file and (one.path or "").startswith(_OF_DATA)
        )

    def path(self, word: str) -> str:
        """Return the path of a file. Raises FtopsError where there is none that can be read as data.

        In CI one that is named inside the project must not lead out of it: a branch can make it a link.
        """
        path = self.root / word
        if any(os.path.realpath(above) == str(self.root) for above in _above(path)):
            confine(self.root, path, word, os.environ)
        try:
            found = path.exists()
        except (OSError, ValueError):
            found = False
        if not found:
            known = (*self.fine_tunes, *_beside(self.root, word))
            what = "neither a fine-tune nor a file" if self.project else "not a file"
            raise FtopsError(f"{word} is {what}", hint=did_you_mean(word, known))
        if path.is_dir():
            raise FtopsError(f"{word} is a directory", hint="name a file in it")
        if is_special(path):
            raise FtopsError(f"{word} is a device, a FIFO or a socket", hint="it must be a regular file")
        if self.project is None or not is_inside(self.root, path):
            return word
        # As manifests are read: the last part stays as it is, not as its link leads.
        return (path.parent.resolve() / path.name).relative_to(self.root).as_posix()

    def check_copies(self, fine_tune: FineTune) -> None:
        """Raise InvalidInput where a copy of data stored elsewhere is not here."""
        if any(file.remote and file.path in self.absent for _, file in fine_tune.data_files):
            raise InvalidInput(self.of_data[fine_tune.name])

    def users(self, path: str) -> tuple[FineTune, ...]:
        """Return the fine-tunes that use a file."""
        return tuple(one for one in self.fine_tunes.values() if path in data_paths(one))

    def rooted(self, fine_tune: FineTune) -> FineTune:
        """Return a fine-tune with the model that its chain begins with, so that it can be judged alone."""
        model = root_model(fine_tune, self.fine_tunes)
        return replace(fine_tune, model=model)


def declared_data(root: Path) -> DeclaredData:
    """Read what a project declares, and no data. Raises InvalidInput for a broken `ftops.yaml`."""
    root = root.resolve()
    if not os.path.lexists(root / PROJECT_FILE):
        return DeclaredData(root)
    project, document = load_project(root, dialects())
    facts = {name: facts_of(settings) for name, settings in project.providers.items()}
    loaded = load_fine_tunes(root, project, document, facts, others=all_capabilities)
    # A copy is trusted only as a plan trusts it: a branch can bring a file in its place.
    brought = bring(root, loaded.fine_tunes, document, None)
    names = (*loaded.of_data, *(name for name in brought.problems if name not in loaded.of_data))
    return DeclaredData(
        root,
        project,
        facts,
        {one.name: one for one in loaded.fine_tunes},
        loaded.misdeclared,
        loaded.absent | brought.absent,
        {name: (*loaded.of_data.get(name, ()), *brought.problems.get(name, ())) for name in names},
    )


def data_paths(fine_tune: FineTune) -> tuple[str, ...]:
    """Return the paths of a fine-tune's files, training first."""
    return tuple(file.path for _, file in fine_tune.data_files if file.path is not None)


def lone_use(path: str, provider: str, method: Method, model: str) -> FineTune:
    """Return what stands for the use of a file that nothing declares."""
    return FineTune("", provider, model, (DataFile(path),), method=method)


def _above(path: Path) -> Iterator[str]:
    """Yield the folders above a path as it is written, but for what a zero byte makes no path."""
    written = Path(os.path.abspath(path))  # noqa: PTH100 - as it is written: no link is followed
    return (str(above) for above in written.parents if "\0" not in str(above))


def _beside(root: Path, word: str) -> Iterator[str]:
    """Yield the names of the folder in which a file was looked for, as they would be typed."""
    folder = os.path.dirname(word)  # noqa: PTH120 - as it was typed
    try:
        with os.scandir(root / folder) as entries:
            for _, entry in zip(range(_MOST_NAMES), entries, strict=False):
                yield os.path.join(folder, entry.name)  # noqa: PTH118
    except (OSError, ValueError):
        return


def training_path(root: Path, word: str) -> str:
    """Return the path of the file that is meant: a fine-tune's only training file, or a file itself.

    The project is read only for a word that is not a file. Raises FtopsError.
    """
    if os.path.lexists(root / word) and not (root / word).is_dir():
        return DeclaredData(root.resolve()).path(word)
    declared = declared_data(root)
    meant = declared.named(word)
    if isinstance(meant, str):
        return meant
    declared.check_copies(meant)
    paths = [file.path for file in meant.training_files if file.path is not None]
    if not paths:
        raise FtopsError(f"{meant.name} trains on a file stored at its provider, which cannot be read here")
    if len(paths) > 1:
        named = f"name one of them: {', '.join(paths)}"
        raise FtopsError(f"{meant.name} trains on several files", hint=named)
    return paths[0]
