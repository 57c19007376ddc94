"""The project: settings, addresses, the application."""
