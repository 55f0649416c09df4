"""What is measured on: photos and their halves, and what is done to them before a merchant sees them."""
