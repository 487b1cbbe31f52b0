"""What two namespaces know of one another: nothing."""
