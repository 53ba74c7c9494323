"""The fine-tuning APIs: one port, one transport, one dialect a wire format."""
