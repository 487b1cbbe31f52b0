"""What closing gives back."""
