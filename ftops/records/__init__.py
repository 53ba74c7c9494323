"""The life of a record: how it is settled, matched, changed and brought back. Pure; knows no planner."""
