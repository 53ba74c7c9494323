"""The fine-tuning APIs: one port, one transport, one dialect per wire format."""
