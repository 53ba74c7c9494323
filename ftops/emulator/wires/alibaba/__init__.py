"""Alibaba Model Studio's `/api/v1/fine-tunes` and `/api/v1/files`."""
