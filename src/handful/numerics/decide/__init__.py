"""From scores to decisions: calibration, selective risk, prediction sets, off-topic, shares."""
