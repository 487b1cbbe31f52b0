"""What it costs a worker to be watched: the page open and refreshing, and telemetry on."""
