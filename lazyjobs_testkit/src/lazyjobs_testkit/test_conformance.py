"""What `pytest --pyargs lazyjobs_testkit` collects: the plugin puts a suite here for each `--lazyjobs-backend`."""
