"""Nebius Token Factory's `/v1/fine_tuning/jobs`."""
