"""What checks rest on: licence terms, patterns of personal data, what pixels and samples tell."""
