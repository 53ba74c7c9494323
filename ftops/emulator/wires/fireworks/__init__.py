"""Fireworks' managed fine-tuning jobs, its datasets and models."""
