"""GitOps for fine-tuning jobs: declare them in YAML, plan, apply; never create one twice."""

__version__ = "0.1.0"
