"""What stands twice in one photo."""
