"""How fast ftops is, beside what others do with as much: whole processes, measured from outside.

Nothing here is part of the package, and no test asks how long anything took.
"""
