"""What was laid over a photo openly, and what explains a difference without a forger."""
