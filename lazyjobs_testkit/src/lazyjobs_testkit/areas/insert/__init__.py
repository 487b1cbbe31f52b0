"""What insert promises."""
