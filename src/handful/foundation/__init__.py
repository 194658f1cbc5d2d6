"""The ground floor: what every other wing stands on; it knows nothing about models."""
