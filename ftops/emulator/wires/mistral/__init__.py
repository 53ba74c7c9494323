"""Mistral's `/v1/fine_tuning/jobs`, its files and models."""
