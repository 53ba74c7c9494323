"""The founding `/fine-tunes` format."""
