"""What repeated JPEG saves leave behind."""
