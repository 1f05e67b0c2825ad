"""Parts of the verdict's screen."""
