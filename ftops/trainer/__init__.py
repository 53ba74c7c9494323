"""The reference trainer, which engines run where no ftops is: job document in, events and result out.

It travels as a top-level package `ftops_trainer`: it imports nothing else of ftops, and itself only by
relative imports. What a trainer of your own needs of the contract is named here and imports nothing but the
standard library; torch and what stands on it are imported where training begins.
"""

from .codes import Exit, Refused, Stopped
from .contract import Outcome, Run, main
from .job import Job
from .rows import read_rows

__all__ = ["Exit", "Job", "Outcome", "Refused", "Run", "Stopped", "main", "read_rows"]
