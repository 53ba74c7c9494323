"""Find the manifests of a project: directories, files and globs; nothing hidden, nothing outside.

What is not seen is not removed: where a pattern finds nothing, or git left files out of the checkout, that
is reported, because a fine-tune whose manifest is not seen would look as if somebody had removed it.
"""

from __future__ import annotations

import glob
import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from ftops.errors import Problem
from ftops.files.checkout import Missing, left_out
from ftops.manifests.document import Document
from ftops.manifests.patterns import Pattern, is_glob

SUFFIXES = (".yaml", ".yml")
PROJECT_FILE = "ftops.yaml"
POLICIES = "policies"
"""A folder that is read if it is there, whatever `manifests` says, so that code owners can guard it."""
_ACCEPT = "if that is intended, pass --allow-empty"


class Discovered(Struct, frozen=True):
    """The project-relative path of every manifest, sorted, each file once, links followed.

    `problems` are mistakes. `unseen` says where manifests may be that were not seen: only a person who says
    that nothing is meant to be there (`--allow-empty`) may continue, since what is gone is cancelled.
    """

    files: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    unseen: tuple[Problem, ...] = ()


def manifest_files(root: Path, patterns: Sequence[str], document: Document) -> Discovered:
    """Find every manifest. `root` is resolved; `document` is the project file, with the patterns' places."""
    search = _Search(str(root))
    # Not being there is no mistake; being left out of a checkout is. A file of that name is somebody else's.
    if not os.path.isfile(f"{root}/{POLICIES}"):  # noqa: PTH113 - as in file_stamp
        search.collect((POLICIES,))
    unseen: list[Problem] = []
    for index, written in enumerate(patterns):
        pattern = posixpath.normpath(written)
        path = ("spec", "manifests", index)
        if pattern.startswith(("/", "../")) or pattern == "..":
            hint = "a project holds its own manifests"
            search.problems.append(document.problem(f"{written} lies outside the project", path, hint))
        elif not search.collect_written(pattern):
            absent = not is_glob(written) and not os.path.lexists(f"{root}/{pattern}")
            message = f"{written} does not exist" if absent else f"{written} matches no file"
            unseen.append(document.problem(message, path, f"correct it in {PROJECT_FILE}; {_ACCEPT}"))
    unseen += _not_checked_out(search, left_out(root))
    problems = tuple(dict.fromkeys(search.problems))
    return Discovered(tuple(sorted(search.found)), problems, tuple(dict.fromkeys(unseen)))


class _Entry(Struct, frozen=True, gc=False):
    """Something in a folder: its name there, and where it really is."""

    name: str
    target: str
    is_folder: bool


class _Search(Struct):
    """Walks the folders, each once for each place of a pattern, by whichever links it is reached.

    So loops end, and no link hides a folder from another way to it.
    """

    root: str
    found: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    walks: list[tuple[Pattern, dict[str, set[int]]]] = field(default_factory=list)

    def collect_written(self, pattern: str) -> bool:
        """Add what a pattern means, and what is called just so: a folder may be named `jobs[1]`."""
        parts = tuple(part for part in pattern.split("/") if part != ".")
        literal = is_glob(pattern) and os.path.lexists(self._full(pattern))
        found = literal and self.collect(tuple(map(glob.escape, parts)))
        return self.collect(parts) or found

    def collect(self, parts: tuple[str, ...]) -> bool:
        """Add what one pattern means. False: nothing that is there fits, and no problem explains it."""
        pattern, seen = Pattern(parts), dict[str, set[int]]()
        self.walks.append((pattern, seen))
        known, files = len(self.problems), set[str]()
        waiting = [("", pattern.opened([0]))]
        while waiting:
            folder, places = waiting.pop()
            new = places - seen.setdefault(folder, set())
            seen[folder] |= new
            for entry in self._entries(folder, pattern, new) if new else ():
                if entry.is_folder and (below := pattern.below(new, entry.name)):
                    waiting.append((entry.target, below))
                elif not entry.is_folder and pattern.takes(new, entry.name):
                    files.add(entry.target)
        self.found |= files
        folder_fits = any(len(parts) in places for places in seen.values())
        return bool(files) or folder_fits or len(self.problems) > known

    def may_hold(self, missing: Missing) -> bool:
        """Return whether a pattern would find a manifest at, or in, what git did not check out."""
        return any(_leads_to(pattern, seen, missing) for pattern, seen in self.walks)

    def _entries(self, folder: str, pattern: Pattern, places: set[int]) -> Iterator[_Entry]:
        """Yield what the pattern may mean of a folder."""
        named = pattern.named(places)
        for name in named:
            real = _joined(folder, name)
            if os.path.lexists(self._full(real)):
                yield from self._entry(real, Path(self._full(real)), chosen=True)
        if all(place < pattern.end and pattern.parts[place] in named for place in places):
            return
        for found in self._scanned(folder):
            if found.name[0] != "." and found.name not in named:
                yield from self._listed(folder, found, pattern, places)

    def _listed(
        self, folder: str, found: os.DirEntry[str], pattern: Pattern, places: set[int]
    ) -> Iterator[_Entry]:
        """Yield something that was found in a folder, if the pattern may mean it."""
        name = found.name
        if target := _plain_file(folder, found):
            if pattern.takes(places, name):
                yield _Entry(name, target, is_folder=False)
        elif (ending := _misspelt(name)) and pattern.takes(places, ending) and not found.is_dir():
            hint = f"rename it to {posixpath.basename(ending)}"
            message = f"is not read: its ending is not {' or '.join(SUFFIXES)}"
            self.problems.append(Problem(message, _printable(_joined(folder, name)), hint=hint))
        elif (found.is_symlink() or found.is_dir() or _is_yaml(name)) and (
            pattern.takes(places, name) or pattern.below(places, name)
        ):
            yield from self._entry(_joined(folder, name), found, chosen=False)

    def _entry(self, real: str, found: Path | os.DirEntry[str], *, chosen: bool) -> Iterator[_Entry]:
        """Yield a folder, or a file that may be a manifest, at the place where it really is."""
        target = self._inside(real) if found.is_symlink() else real
        if target is None:
            return
        if found.is_symlink() and not os.path.exists(self._full(real)):  # noqa: PTH110 - as in file_stamp
            self.problems.append(Problem("is a broken link", _printable(real)))
        elif found.is_dir():
            yield _Entry(found.name, target, is_folder=True)
        elif (chosen or _is_yaml(found.name)) and target != PROJECT_FILE:
            if _printable(target) != target:
                self.problems.append(Problem("has a name that is not UTF-8", _printable(target)))
            elif not found.is_file():
                self.problems.append(Problem("is not a regular file", target))
            else:
                yield _Entry(found.name, target, is_folder=False)

    def _scanned(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self._full(folder)) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self.problems.append(Problem(f"cannot be read: {error.strerror}", _printable(folder) or "."))
            return []

    def _inside(self, path: str) -> str | None:
        """Follow links; None, and a problem, for what lies outside the project."""
        root = self.root.rstrip("/")
        real = os.path.realpath(self._full(path))
        if real == root or real.startswith(f"{root}/"):
            inside = real[len(root) + 1 :]
            if ".git" not in inside.split("/"):
                return inside
            # A checkout keeps tokens there, which must not come into any message.
            self.problems.append(
                Problem("points into .git, which is not part of the project", _printable(path))
            )
            return None
        hint = "copy its target into the project"
        self.problems.append(
            Problem("is a link that points outside the project", _printable(path), hint=hint)
        )
        return None

    def _full(self, path: str) -> str:
        return f"{self.root.rstrip('/')}/{path}"


def _leads_to(pattern: Pattern, seen: Mapping[str, set[int]], missing: Missing) -> bool:
    """Go on from the last folder that is there: the walk has been to it, by whichever links."""
    *folders, last = missing.path.split("/")
    there = max(count for count in range(len(folders) + 1) if "/".join(folders[:count]) in seen)
    places = seen["/".join(folders[:there])]
    for name in folders[there:]:
        places = pattern.below(pattern.meaning(places, name), name)
    places = pattern.meaning(places, last)
    if missing.folder:
        return bool(pattern.below(places, last))
    return pattern.takes(places, last) and (_is_yaml(last) or last in pattern.named(places))


def _not_checked_out(search: _Search, missing: Iterable[Missing]) -> Iterator[Problem]:
    """Yield what git left out where manifests may be, by the topmost folder that is not there."""
    for one in missing:
        if not search.may_hold(one):
            continue
        if one.folder:
            hint = f"`git submodule update --init {_printable(one.path)}`; {_ACCEPT}"
            yield Problem("is a submodule that is not checked out", _printable(one.path), hint=hint)
            continue
        hint = f"check it out (`git sparse-checkout add FOLDER`), or correct {PROJECT_FILE}; {_ACCEPT}"
        yield Problem("is left out of this sparse checkout", _printable(one.top), hint=hint)


def _plain_file(folder: str, found: os.DirEntry[str]) -> str | None:
    """Return the path of a manifest like nearly all of them: nothing has to be followed, and nothing said."""
    if not (_is_yaml(found.name) and found.is_file(follow_symlinks=False)):
        return None
    target = _joined(folder, found.name)
    return target if target.isascii() and target != PROJECT_FILE else None


def _is_yaml(name: str) -> bool:
    return name.endswith(SUFFIXES)


def _misspelt(name: str) -> str | None:
    """Return the name as it would be read, for one whose ending is only written otherwise (`.YAML`)."""
    stem, ending = os.path.splitext(name)  # noqa: PTH122 - as in file_stamp
    return stem + ending.lower() if ending.lower() in SUFFIXES and ending not in SUFFIXES else None


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _printable(name: str) -> str:
    """Replace what a name has that is not UTF-8."""
    return name.encode(errors="surrogateescape").decode(errors="replace")
