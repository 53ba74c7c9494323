"""Stores of state; each implements `ftops.state.backend` and passes its contract tests."""
