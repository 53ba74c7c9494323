"""`ftops.forge` and `ftops comment` against a strict server that speaks as GitHub and as GitLab."""
