"""The shop's own systems: read and changed safely, whoever the vendor is."""
