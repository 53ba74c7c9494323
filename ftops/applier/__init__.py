"""Carry out a plan. Knows the ports of providers and state, never an implementation."""
