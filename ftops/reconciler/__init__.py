"""The straight line: load, observe, plan, review, apply. `line` is the whole of it at a glance."""
