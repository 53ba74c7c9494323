"""The one door to the network and to credentials; nothing here knows a provider's wire format."""
